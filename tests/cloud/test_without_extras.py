"""A shop without a cloud installs none of its packages: everything starts, and what is missing is said."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
ABSENT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"google", "grpc", "proto", "boto3", "botocore"}:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
"""


def without_extras(code: str) -> str:
    """What the code prints where no cloud package can be imported."""
    command = [sys.executable, "-c", ABSENT + code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_server_and_programs_start() -> None:
    assert without_extras("import app.main, app.cli, catalog_loader.cli; print('well')") == "well\n"


def test_a_missing_package_is_named_with_the_command_that_installs_it() -> None:
    said = without_extras("""
from app.analysis.registry import SourceMeans, sources_named
from app.errors import MissingDependency
for name in ("google_vision", "google_automl", "vertex", "rekognition"):
    try:
        sources_named(name, SourceMeans())
    except MissingDependency as missing:
        print(name, missing.fix)
""")
    assert said.splitlines() == [
        "google_vision Install it: pip install 'akin[google]'.",
        "google_automl Install it: pip install 'akin[google]'.",
        "vertex Install it: pip install 'akin[vertex]'.",
        "rekognition Install it: pip install 'akin[aws]'.",
    ]
