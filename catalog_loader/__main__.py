"""python -m catalog_loader"""

from catalog_loader.cli import main

if __name__ == "__main__":
    main()
