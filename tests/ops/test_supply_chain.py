"""What Akin is made of is told right: the bill of materials is whole and valid, licenses are known and listed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts import supply_chain

COPYLEFT_OF_THE_WHOLE = ("GPL-2", "GPL-3", "AGPL")


def test_the_bill_of_materials_names_everything_that_is_locked() -> None:
    text = JsonV1Dot6(supply_chain.bill_of_materials()).output_as_string()
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    assert problem is None
    parts = {part["purl"]: part for part in json.loads(text)["components"]}
    for one in supply_chain.locked():
        assert len(parts[f"pkg:pypi/{one.name}@{one.version}"]["hashes"]) == len(one.hashes) > 0
    assert any(purl.startswith("pkg:npm/") for purl in parts)


def test_licenses_are_listed_known_and_let_us_be_sold() -> None:
    assert supply_chain.LICENSES.read_text(encoding="utf-8") == supply_chain.licenses_page(), "run `make licenses`"
    for one in supply_chain.locked():
        license = supply_chain.license_of(one.name)
        assert license, f"{one.name} does not say its license"
        assert not license.removeprefix("L").startswith(COPYLEFT_OF_THE_WHOLE) or license.startswith("LGPL"), one.name


def test_a_vulnerability_fails_the_audit_until_it_is_waived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [supply_chain.Advisory("PYSEC-1", "thing", "2.0")]
    monkeypatch.setattr(supply_chain, "python_advisories", lambda: found)
    monkeypatch.setattr(supply_chain, "npm_advisories", _nobody_to_ask)
    monkeypatch.setattr(supply_chain, "WAIVERS", tmp_path / "waivers.toml")
    assert supply_chain.audit() == 1
    said = capsys.readouterr().out
    assert "PYSEC-1" in said
    assert "npm packages skipped" in said
    waiver = '[[waiver]]\nid = "PYSEC-1"\nreason = "not called"\nsince = {}\nuntil = {}\n'
    today = datetime.now(UTC).date()
    supply_chain.WAIVERS.write_text(waiver.format(today, today), encoding="utf-8")
    assert supply_chain.audit() == 0
    supply_chain.WAIVERS.write_text(waiver.format("2020-01-01", "2020-01-10"), encoding="utf-8")
    assert supply_chain.audit() == 1, "waivers end"
    supply_chain.WAIVERS.write_text(waiver.format("2020-01-01", "2099-01-10"), encoding="utf-8")
    with pytest.raises(SystemExit, match="14 days"):
        supply_chain.audit()


def _nobody_to_ask() -> list[supply_chain.Advisory]:
    raise supply_chain.Unreachable("no network")
