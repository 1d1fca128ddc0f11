"""The pages: the shopper's page, the widget and the console, as `make web` built them; served, never made, here."""

from app.web.built import STATIC, BuiltFile, built_files
from app.web.pages import install_pages

__all__ = ["STATIC", "BuiltFile", "built_files", "install_pages"]
