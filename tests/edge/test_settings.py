"""Settings: what is refused and how it is said; docs/settings.md is compared with the code."""

import re
from pathlib import Path

import pytest

from app.settings import InvalidSettings, Settings, load_settings

DOCS = Path(__file__).parents[2] / "docs" / "settings.md"


def test_the_defaults_need_no_environment() -> None:
    settings = load_settings()
    assert settings.sqlite_path == Path("data/akin.db")
    assert settings.host == "127.0.0.1"
    assert settings.decode_processes >= 1


def test_four_slashes_name_an_absolute_file() -> None:
    assert load_settings(catalog="sqlite:////srv/a%20b.db").sqlite_path == Path("/srv/a b.db")


@pytest.mark.parametrize("url", ["https://search.example:9200", "sqlite://host/akin.db", "sqlite:///", "akin.db"])
def test_other_catalogs_are_no_sqlite_file(url: str) -> None:
    assert load_settings(catalog=url).sqlite_path is None


def test_the_environment_is_read_and_options_win_over_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKIN_PORT", "8100")
    monkeypatch.setenv("AKIN_DEADLINE_MS", "2500")
    settings = load_settings(port=8200)
    assert (settings.port, settings.deadline_ms) == (8200, 2500)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load_settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AKIN_PORT", "eighty"),
        ("AKIN_PORT", "70000"),
        ("AKIN_DEADLINE_MS", "-1"),
        ("AKIN_EMBEDDER", "clip"),
        ("AKIN_EMBEDDER", "onnx:"),
        ("AKIN_ANALYZERS", "local,local"),
        ("AKIN_ANALYZERS", ","),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InvalidSettings, match=name) as refusal:
        load_settings()
    assert "docs/settings.md" in (refusal.value.fix or "")


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKIN_PORT", "eighty")
    monkeypatch.setenv("AKIN_WORKERS", "0")
    with pytest.raises(InvalidSettings, match=r"AKIN_PORT.*AKIN_WORKERS"):
        load_settings()


def test_a_mistyped_name_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKIN_DEADLIN_MS", "100")
    with pytest.raises(InvalidSettings, match="AKIN_DEADLIN_MS"):
        load_settings()


def test_every_setting_is_documented_with_its_default() -> None:
    rows = re.findall(
        r"^\| `(AKIN_\w+)` \| (?:`(.*?)`|none) \| (.+) \|$", DOCS.read_text(encoding="utf-8"), re.MULTILINE
    )
    documented = {name: (default, meaning) for name, default, meaning in rows}
    expected = {
        f"AKIN_{name.upper()}": (_as_written(field.default), field.description or "")
        for name, field in Settings.model_fields.items()
    }
    assert documented == expected


def _as_written(default: object) -> str:
    if default is None:
        return ""
    if isinstance(default, tuple):
        return ",".join(default)
    return str(default).lower() if isinstance(default, bool) else str(default)
