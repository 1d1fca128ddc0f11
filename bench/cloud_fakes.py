"""The fakes of tests/cloud in a process of their own, told what to do and asked what they saw over a pipe.

python -m bench.cloud_fakes        # prints its endpoints as one line of JSON, then reads one command a line
"""

import asyncio
import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.cloud.fakes import google, http

NAMES = ("vision", "vertex", "rekognition")


class Fakes:
    """The other process, seen from here. endpoints: name -> address."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.endpoints: dict[str, str] = self._line()

    def plan(self, name: str, then: str | float | None) -> None:
        """What the fake does from now on; see tests/cloud/fakes/faults.py. Forgets what it saw."""
        self._say({"plan": name, "then": then})

    def know(self, truth: Mapping[str, tuple[str, Sequence[float]]]) -> None:
        """What Vision sees from now on: hex digest of a clean JPEG -> the thing's name and its box (x, y, width,
        height in 0..1). Of other pictures it says what it said before."""
        self._say({"know": truth})

    def seen(self, name: str) -> dict[str, Any]:
        """calls, units, cancelled, and at: the monotonic times of the calls."""
        return self._say({"seen": name})

    def keep(self, name: str, folder: Path) -> int:
        """Write every picture received into the folder; how many."""
        return int(self._say({"keep": name, "folder": str(folder)})["pictures"])

    def _say(self, command: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the fakes ended")
        found: dict[str, Any] = json.loads(line)
        return found


@contextmanager
def fakes() -> Iterator[Fakes]:
    """Start the fakes, end them afterwards."""
    command = [sys.executable, "-m", "bench.cloud_fakes"]
    root = Path(__file__).parent.parent
    with subprocess.Popen(
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            yield Fakes(process)
        finally:
            process.kill()


async def serve() -> None:
    """The process itself."""
    parts: dict[str, Any] = {
        "vision": google.FakeVision(), "vertex": http.FakeVertex(), "rekognition": http.FakeRekognition(),
    }  # fmt: skip
    async with AsyncExitStack() as stack:
        endpoints = {"vision": await stack.enter_async_context(google.serving(parts["vision"]))}
        for name in NAMES[1:]:
            endpoints[name] = await stack.enter_async_context(http.serving(parts[name]))
        print(json.dumps(endpoints), flush=True)
        while True:
            line = await asyncio.to_thread(sys.stdin.readline)
            if not line:
                return
            print(json.dumps(_done(json.loads(line), parts)), flush=True)


def _done(command: dict[str, Any], parts: dict[str, Any]) -> dict[str, Any]:
    if "plan" in command:
        script = parts[command["plan"]].script
        script.reset()
        script.then = command["then"]
        return {}
    if "know" in command:
        _taught(parts["vision"], command["know"])
        return {}
    if "keep" in command:
        pictures = parts[command["keep"]].script.pictures
        for number, picture in enumerate(pictures):
            (Path(command["folder"]) / f"{command['keep']}-{number}.jpg").write_bytes(picture)
        return {"pictures": len(pictures)}
    script = parts[command["seen"]].script
    return {"calls": script.calls, "units": script.units, "cancelled": script.cancelled, "at": script.at}


def _taught(vision: google.FakeVision, truth: dict[str, tuple[str, list[float]]]) -> None:
    labels, things = vision.labels, vision.things

    def known(content: bytes) -> tuple[str, list[float]] | None:
        return truth.get(hashlib.sha256(content).hexdigest())

    vision.labels = lambda content: [("", one[0], 0.95)] if (one := known(content)) else labels
    vision.things = lambda content: [("", one[0], 0.93, tuple(one[1]))] if (one := known(content)) else things


if __name__ == "__main__":
    asyncio.run(serve())
