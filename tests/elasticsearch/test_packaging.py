"""What is handed out holds what Elasticsearch needs: the wheel its templates, compose.yaml a pair that fits."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import yaml

from app.settings import Settings
from bench.shops import clean_environment
from scripts.elasticsearch import VERSION

ROOT = Path(__file__).parents[2]
PARTS = ("app", "catalog_loader", "es_templates")
_FROM_WHEEL = """
import sys
sys.path.insert(0, sys.argv[1])
import app
from app.catalog.elasticsearch import ElasticsearchOptions
from app.catalog.elasticsearch.templates import template_bodies
assert app.__file__.startswith(sys.argv[1]), app.__file__
bodies = template_bodies(ElasticsearchOptions(hosts=("http://127.0.0.1:9200",), prefix="fjell"))
print(*sorted(name for named in bodies.values() for name in named))
"""


def test_the_wheel_holds_the_templates(tmp_path: Path) -> None:
    """And finds them without the tree."""
    for part in PARTS:
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / file, tmp_path)
    build = "import setuptools.build_meta as builder; builder.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", build], cwd=tmp_path, check=True, capture_output=True)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        held = {name for name in opened.namelist() if name.startswith("es_templates/")}
    wanted = {path.relative_to(ROOT).as_posix() for path in (ROOT / "es_templates").rglob("*.*")}
    assert {name for name in wanted if "__pycache__" not in name} <= held
    found = subprocess.run(
        [sys.executable, "-c", _FROM_WHEEL, str(wheel)],
        cwd=tmp_path / "dist", env=clean_environment(), check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert {"fjell-products", "fjell-products-mappings", "fjell-ledger"} <= set(found.stdout.split())


def test_compose_starts_a_pair_that_fits_together() -> None:
    """The version the tests run against, settings that exist, and nothing published beyond the loopback."""
    composed = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
    services = composed["services"]
    assert services["elasticsearch"]["image"] == f"docker.elastic.co/elasticsearch/elasticsearch:{VERSION}"
    settings = {f"AKIN_{name.upper()}" for name in Settings.model_fields}
    assert set(services["akin"]["environment"]) <= settings
    assert services["akin"]["environment"]["AKIN_CATALOG"] == "http://elasticsearch:9200"
    for service in services.values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        assert {volume.partition(":")[0] for volume in service["volumes"]} <= set(composed["volumes"])
        assert set(service.get("depends_on", ())) <= set(services)
    assert "healthcheck" in services["elasticsearch"], "what akin waits for"
