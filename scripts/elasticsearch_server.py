"""One Elasticsearch server process: its folder, its settings, starting and stopping just that one."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

LEAST_JAVA = 21
_START_S = 400.0
_STOP_S = 60.0
_RUN_AS = 10_920
"""Elasticsearch refuses to run as root: then it runs as this user id, which needs no account and owns nothing else."""

_SETTINGS = {
    "cluster.name": "akin",
    "network.host": "127.0.0.1",
    "xpack.security.enabled": False,
    # A laptop's disk is often nearly full; this server holds nothing that cannot be loaded again.
    "cluster.routing.allocation.disk.threshold_enabled": False,
}
_SINGLE = {"discovery.type": "single-node", "transport.port": 0}


_STARTED: list["subprocess.Popen[bytes]"] = []
"""Servers outlive the call that started them; Python would complain of a forgotten process."""


class Cannot(Exception):
    """The server cannot be had on this machine; the text says why and what to do."""


class Server:
    """A server with its own data, logs, configuration and port, in a folder of its own."""

    def __init__(self, folder: Path, distribution: Path) -> None:
        self.folder = folder
        self._distribution = distribution

    @property
    def url(self) -> str | None:
        """Where it answers, or None when it does not run."""
        state = self._state()
        return str(state["url"]) if state and self._process(state) else None

    @property
    def pid(self) -> int | None:
        """The process that was started (the launcher; the Java server is its child), or None."""
        state = self._state()
        process = self._process(state) if state else None
        return process.pid if process else None

    def start(self, *, port: int = 0, heap: str = "1g", settings: Mapping[str, object] | None = None) -> str:
        """Start it unless it runs, wait until it answers, and say where. Raises Cannot.

        port: 0 picks a free one. settings: more lines of elasticsearch.yml; naming discovery settings makes it a node
        of a cluster.
        """
        java = java_home()
        if java is None:
            raise Cannot(f"Elasticsearch needs Java {LEAST_JAVA} or newer, and none was found.")
        with self._locked():
            if running := self.url:
                return running
            port = port or free_port()
            self._configure(port, settings or {})
            process = self._launch(java, heap)
            url = f"http://127.0.0.1:{port}"
            state = {"pid": process.pid, "started": psutil.Process(process.pid).create_time(), "url": url}
            (self.folder / "state.json").write_text(json.dumps(state), encoding="ascii")
            self._await(process, url)
            return url

    def stop(self, *, kill: bool = False) -> bool:
        """End it, and only it; False when it did not run. kill: as a power cut would."""
        state = self._state()
        process = self._process(state) if state else None
        if process is None:
            return False
        family = [process, *process.children(recursive=True)]
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        _, alive = psutil.wait_procs(family, timeout=_STOP_S)
        for member in alive:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.kill()
        psutil.wait_procs(alive, timeout=_STOP_S)
        (self.folder / "state.json").unlink(missing_ok=True)
        return True

    @contextlib.contextmanager
    def shared(self, *, heap: str = "1g", settings: Mapping[str, object] | None = None) -> Iterator[str]:
        """Let several processes use one server: the first starts it, the last stops it. Yields where it answers.

        settings: as start takes them; where it runs already, those of who started it hold.

        Its data end with it, so they lie in memory where the machine allows that: every change of a mapping waits for
        the disk otherwise.
        """
        users = self.folder / "users.json"
        with self._locked():
            _write_users(users, [*_living(users), os.getpid()])
        try:
            memory = self._memory_folder()
            yield self.start(heap=heap, settings={**({"path.data": str(memory)} if memory else {}), **(settings or {})})
        finally:
            with self._locked():
                left = _living(users)
                with contextlib.suppress(ValueError):
                    left.remove(os.getpid())
                _write_users(users, left)
                if not left:
                    self.stop()
                    for folder in (self.folder / "data", self._memory_folder()):
                        if folder is not None:
                            shutil.rmtree(folder, ignore_errors=True)

    def _memory_folder(self) -> Path | None:
        memory = Path("/dev/shm")  # noqa: S108 - a folder of its own in it, as below
        if not os.access(memory, os.W_OK):
            return None
        folder = memory / f"akin-elasticsearch-{self.folder.name}-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(folder, _RUN_AS, _RUN_AS)
        return folder

    def _configure(self, port: int, settings: Mapping[str, object]) -> None:
        for name in ("config", "data", "logs", "tmp"):
            (self.folder / name).mkdir(exist_ok=True)
        for file in (self._distribution / "config").iterdir():
            if file.is_file() and file.name != "elasticsearch.yml":
                shutil.copy(file, self.folder / "config" / file.name)
        paths = {"path.data": str(self.folder / "data"), "path.logs": str(self.folder / "logs")}
        is_node = any(name.startswith(("discovery.", "cluster.initial")) for name in settings)
        lines = {**_SETTINGS, **({} if is_node else _SINGLE), **paths, "http.port": port, **settings}
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in lines.items())
        (self.folder / "config" / "elasticsearch.yml").write_text(text, encoding="utf-8")
        if os.geteuid() == 0:
            for path in (self.folder, *self.folder.rglob("*")):
                os.chown(path, _RUN_AS, _RUN_AS)

    def _launch(self, java: Path, heap: str) -> "subprocess.Popen[bytes]":
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "ES_JAVA_HOME": str(java),
            "ES_PATH_CONF": str(self.folder / "config"),
            "ES_TMPDIR": str(self.folder / "tmp"),
            "ES_JAVA_OPTS": f"-Xms{heap} -Xmx{heap} -XX:ErrorFile={self.folder}/logs/hs_err.log "
            f"-Xlog:disable -Xlog:all=warning:stderr",
        }
        identity = {"user": _RUN_AS, "group": _RUN_AS, "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.folder / "logs" / "console.log").open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(  # type: ignore[call-overload]  # noqa: S603
                [str(self._distribution / "bin" / "elasticsearch")],
                cwd=self.folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, **identity,
            )  # fmt: skip
        _STARTED.append(process)
        return process

    def _await(self, process: "subprocess.Popen[bytes]", url: str) -> None:
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            if _is_well(url):
                return
            time.sleep(0.25)
        tail = (self.folder / "logs" / "console.log").read_text(encoding="utf-8", errors="replace")[-2_000:]
        self.stop()
        raise Cannot(f"Elasticsearch did not come up within {_START_S:.0f} s; the end of its log:\n{tail}")

    def _state(self) -> dict[str, object] | None:
        try:
            return dict(json.loads((self.folder / "state.json").read_text(encoding="ascii")))
        except (OSError, ValueError):
            return None

    @staticmethod
    def _process(state: Mapping[str, object]) -> psutil.Process | None:
        """The process of a state file, unless its number went to another one."""
        try:
            process = psutil.Process(int(str(state["pid"])))
            same = abs(process.create_time() - float(str(state["started"]))) < 1.0
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder.parent / f".{self.folder.name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def java_home() -> Path | None:
    """An installed Java that is new enough: $ES_JAVA_HOME, $JAVA_HOME, then the newest of the usual places."""
    named = [Path(os.environ[name]) for name in ("ES_JAVA_HOME", "JAVA_HOME") if os.environ.get(name)]
    usual = [Path("/usr/lib/jvm"), Path("/opt"), Path.home() / ".sdkman/candidates/java", Path.home() / ".jdks"]
    found = [path for folder in usual if folder.is_dir() for path in folder.iterdir()]
    mac = Path("/Library/Java/JavaVirtualMachines")
    found += [path / "Contents/Home" for path in (mac.iterdir() if mac.is_dir() else ())]
    for home in (*named, *sorted(found, key=_java_version, reverse=True)):
        if _java_version(home) >= LEAST_JAVA and (home / "bin/java").exists():
            return home
    return None


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _java_version(home: Path) -> int:
    try:
        text = (home / "release").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return 0
    found = re.search(r'JAVA_VERSION="(\d+)', text)
    return int(found[1]) if found else 0


def _is_well(url: str) -> bool:
    # No proxy of the environment is asked for an address of this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/_cluster/health?wait_for_status=yellow&timeout=1s", timeout=5) as answer:
            return json.load(answer)["status"] in {"green", "yellow"}
    except (OSError, ValueError, KeyError):
        return False


def _living(users: Path) -> list[int]:
    try:
        pids = json.loads(users.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return []
    return [pid for pid in pids if psutil.pid_exists(pid)]


def _write_users(users: Path, pids: list[int]) -> None:
    users.write_text(json.dumps(pids), encoding="ascii")
