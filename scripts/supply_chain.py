"""What Akin is made of: known vulnerabilities (`audit`), a CycloneDX bill of materials (`sbom`), licenses (`licenses`).

The programs behind `make audit`, `make sbom` and `make licenses`. Everything is read from the lock files, so that what
is told is what is installed.
"""

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).parent.parent
RUN_LOCK = ROOT / "requirements" / "run.lock"
NPM_LOCK = ROOT / "web" / "package-lock.json"
WAIVERS = ROOT / "requirements" / "waivers.toml"
LICENSES = ROOT / "docs" / "licenses.md"
GRAVE = ("high", "critical")
_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)
_SPOKEN = {  # trove classifiers -> SPDX
    "Apache Software License": "Apache-2.0", "MIT License": "MIT", "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC", "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-or-later",
}  # fmt: skip
_WRITTEN = {
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD": "BSD-3-Clause",
    "LGPL": "LGPL-3.0-or-later",
}
_NOT_INSTALLED_HERE = {"tzdata": "Apache-2.0"}
"""Locked for other systems."""


class Unreachable(Exception):
    """No advisory source can be asked from here."""


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of a lock. hashes: SHA-256, hexadecimal."""

    name: str
    version: str
    hashes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advisory:
    """One known vulnerability of something we ship."""

    id: str
    package: str
    says: str


def locked(lock: Path = RUN_LOCK) -> list[Locked]:
    """The packages of a lock file."""
    entries = re.split(r"\n(?=\S)", lock.read_text(encoding="utf-8").strip())
    found = []
    for entry in entries:
        match = _ENTRY.match(entry)
        assert match is not None, entry
        found.append(Locked(match[1].lower(), match[2], tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))))
    return found


def license_of(name: str) -> str:
    """The SPDX expression of an installed package, from what it says of itself; "" where it says nothing usable."""
    try:
        said = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return _NOT_INSTALLED_HERE.get(name, "")
    if "License-Expression" in said:
        return str(said["License-Expression"])
    classified = [line.rpartition(" :: ")[2] for line in said.get_all("Classifier") or () if line.startswith("License")]
    spoken = [_SPOKEN[one] for one in classified if one in _SPOKEN]
    written = "".join(said.get_all("License") or ()).strip().partition("\n")[0]
    return " OR ".join(dict.fromkeys(spoken)) or _WRITTEN.get(written, written if len(written) < 40 else "")


def licenses_page() -> str:
    """docs/licenses.md."""
    rows = sorted(f"| {one.name} | {license_of(one.name) or 'unknown'} |" for one in locked())
    rows += sorted(f"| {name} (npm) | {license or 'unknown'} |" for name, _, license, _ in shipped_npm())
    return (
        "# Licenses\nWhat a server is made of, and under which license each part comes. Made by `make licenses` from"
        " `requirements/run.lock` and `web/package-lock.json`; compared by a test.\n\n| package | license (SPDX) |\n"
        "| --- | --- |\n" + "\n".join(rows) + "\n"
    )


def shipped_npm() -> Iterator[tuple[str, str, str, str]]:
    """(name, version, license, integrity) of the packages that end up in the pages."""
    if not NPM_LOCK.is_file():
        return
    packages = json.loads(NPM_LOCK.read_text(encoding="utf-8"))["packages"]
    for path, told in packages.items():
        if path and not told.get("dev") and not told.get("link") and not told.get("optional"):
            yield (
                path.rpartition("node_modules/")[2],
                told["version"],
                told.get("license", ""),
                told.get("integrity", ""),
            )


def bill_of_materials() -> Bom:
    """Everything that is installed for serving and everything in the pages, with digests and licenses."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    bom = Bom()
    bom.metadata.component = akin = Component(
        name="akin", version=version, type=ComponentType.APPLICATION, bom_ref="akin"
    )
    parts = []
    for one in locked():
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in one.hashes]
        purl = PackageURL("pypi", None, one.name, one.version)
        parts.append(_component(one.name, one.version, purl, hashes, license_of(one.name)))
    for name, installed, license, integrity in shipped_npm():
        group, _, short = name.rpartition("/")
        digest = base64.b64decode(integrity.removeprefix("sha512-")).hex() if integrity.startswith("sha512-") else ""
        hashes = [HashType(alg=HashAlgorithm.SHA_512, content=digest)] if digest else []
        parts.append(_component(name, installed, PackageURL("npm", group or None, short, installed), hashes, license))
    bom.components.update(parts)
    bom.register_dependency(akin, parts)
    return bom


def _component(name: str, version: str, purl: PackageURL, hashes: Sequence[HashType], license: str) -> Component:
    return Component(
        name=name,
        version=version,
        type=ComponentType.LIBRARY,
        purl=purl,
        bom_ref=str(purl),
        hashes=hashes,
        licenses=[LicenseExpression(license)] if license else [],
    )


def audit() -> int:
    """Ask for known vulnerabilities of all that is locked. 0: none that is not waived, or nobody to ask; 1: some."""
    grave: list[Advisory] = []
    for what, ask in (("Python packages", python_advisories), ("npm packages", npm_advisories)):
        try:
            found = ask()
        except Unreachable as why:
            print(f"audit: {what} skipped: no advisory source can be reached ({why}).")
            continue
        grave += found
        print(f"audit: {what}: {len(found)} known vulnerabilities.")
    waived = waivers()
    for one in grave:
        until = waived.get(one.id)
        held = until is not None and until >= datetime.now(UTC).date()
        print(f"audit: {one.package}: {one.id} {one.says}" + (f" (waived until {until})" if held else ""))
    return 1 if any((waived.get(one.id) or date.min) < datetime.now(UTC).date() for one in grave) else 0


def waivers() -> dict[str, date]:
    """Advisory id -> the day its waiver ends; each has a reason and lasts at most two weeks from its day."""
    if not WAIVERS.is_file():
        return {}
    told = tomllib.loads(WAIVERS.read_text(encoding="utf-8")).get("waiver", [])
    for one in told:
        if not one.get("reason") or (one["until"] - one["since"]).days > 14:
            raise SystemExit(f"{WAIVERS.name}: {one['id']} needs a reason, and an end within 14 days of its beginning.")
    return {one["id"]: one["until"] for one in told}


def python_advisories() -> list[Advisory]:
    """What pip-audit knows of run.lock. One package is asked about first: where that fails, nobody else is asked."""
    one, *_ = locked()
    with tempfile.TemporaryDirectory() as folder:
        probe = Path(folder) / "probe.txt"
        probe.write_text(f"{one.name}=={one.version}\n", encoding="utf-8")
        if all("skip_reason" in told for told in _pip_audit(probe, "--no-deps")):
            raise Unreachable("the package index gives no advisories")
    return [
        Advisory(found["id"], told["name"], ", ".join(found.get("fix_versions") or ("no fix yet",)))
        for told in _pip_audit(RUN_LOCK, "--require-hashes")
        for found in told.get("vulns", ())
    ]


def _pip_audit(requirements: Path, *options: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements), "--disable-pip", *options]
    done = subprocess.run(  # noqa: S603 - our own tool on our own lock
        [*command, "--format", "json", "--timeout", "10", "--progress-spinner", "off"],
        check=False,
        capture_output=True,
        text=True,
        timeout=600,
    )
    try:
        told: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise Unreachable((done.stderr.strip().splitlines() or ["no answer"])[-1][:120]) from None
    return told


def npm_advisories() -> list[Advisory]:
    """What npm audit knows of the packages in the pages."""
    npm = shutil.which("npm")
    if npm is None or not NPM_LOCK.is_file():
        raise Unreachable("npm is not installed" if npm is None else "there are no pages")
    done = subprocess.run(  # noqa: S603 - our own tool on our own lock
        [npm, "audit", "--json", "--omit=dev", "--package-lock-only"],
        cwd=NPM_LOCK.parent,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    try:
        told = json.loads(done.stdout)
        vulnerable = told["vulnerabilities"]
    except (ValueError, KeyError):
        raise Unreachable("npm's registry gives none") from None
    return [
        Advisory(str(via.get("source")), name, str(via.get("title")))
        for name, one in vulnerable.items()
        if one["severity"] in GRAVE
        for via in one["via"]
        if isinstance(via, dict)
    ]


def main() -> int:
    """Run from the command line."""
    match sys.argv[1:]:
        case ["audit"]:
            return audit()
        case ["licenses"]:
            LICENSES.write_text(licenses_page(), encoding="utf-8")
        case ["sbom", out]:
            Path(out).parent.mkdir(parents=True, exist_ok=True)
            Path(out).write_text(JsonV1Dot6(bill_of_materials()).output_as_string(indent=1) + "\n", encoding="utf-8")
            print(f"Wrote {out}")
        case _:
            print("audit | licenses | sbom FILE", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
