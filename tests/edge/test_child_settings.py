"""A loader that a server starts has the server's settings, whatever they are and wherever they came from."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from app import wiring
from app.analysis.local import Teaching
from app.settings import Settings, load_settings

GIVEN: dict[str, object] = {
    "catalog": "sqlite:////srv/a%20b.db",
    "fetch_private": True,
    "decode_timeout_s": 2.5,
    "loads": Path("some where/loads"),
    "media": None,
    "port": 8123,
}


def test_settings_come_back_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every type; none of ours that were set otherwise stays."""
    settings = load_settings(**GIVEN)
    monkeypatch.setenv("AKIN_WORKERS", "7")
    monkeypatch.setenv("SOMETHING_ELSE", "kept")
    environment = wiring.environment_of(settings)
    assert environment["SOMETHING_ELSE"] == "kept"
    monkeypatch.delenv("AKIN_WORKERS")
    for name, value in environment.items():
        if name.startswith("AKIN_"):
            monkeypatch.setenv(name, value)
    assert load_settings() == settings


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_can_be_handed_on(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its default, as an example of its type."""
    default = Settings.model_fields[name].default
    if default is None or SecretStr in get_args(Settings.model_fields[name].annotation):
        return
    environment = wiring.environment_of(load_settings(**{name: default}))
    monkeypatch.setenv(f"AKIN_{name.upper()}", environment[f"AKIN_{name.upper()}"])
    assert getattr(load_settings(), name) == default


@pytest.mark.anyio
async def test_a_teaching_is_usable_by_the_eyes_it_was_fitted_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not one of another embedder, of an older format, or what is none."""
    analyzer = wiring.build_analyzer(settings)
    try:
        is_taught = wiring.build_teaching_check(analyzer)
        fit = wiring.build_fit(analyzer)
        assert is_taught(fit(*_nothing()))
        assert not is_taught(Teaching.fit(*_nothing(), embedder="other/1").to_bytes())
        assert not is_taught(b"junk")
        monkeypatch.setattr("app.analysis.local.teaching.FORMAT", 99)
        newer = fit(*_nothing())
        monkeypatch.undo()
        assert not is_taught(newer)
    finally:
        await analyzer.close()


def _nothing() -> tuple[NDArray[np.float32], list[str | None], list[dict[str, str]], list[str]]:
    return np.zeros((0, 0), np.float32), [], [], []
