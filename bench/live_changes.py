"""How soon a change that one server process took is found by a search of another, on one SQLite file.

python -m bench.live_changes
"""

import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path

import httpx

from app.benchmark import RunningServer, running_server
from bench.drawn_shop import run_loader, write_shop

CHANGES = 20
PRODUCTS = 200
PATIENCE_S = 30.0


def measure(changes: int = CHANGES) -> Mapping[str, float]:
    """visible_s: the longest of `changes` PATCHes and as many DELETEs, from the moment each was sent."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        write_shop(folder, PRODUCTS)
        run_loader(folder, "load", "feed.tsv")
        settings = {
            "AKIN_CATALOG": f"sqlite:///{folder / 'akin.db'}",
            "AKIN_PHOTO_STORE": str(folder / "photos.db"),
            "AKIN_EVENTS": str(folder / "events.db"),
        }
        logs = (folder / "one.log", folder / "other.log")
        one, other = (stack.enter_context(running_server(settings, log)) for log in logs)
        client = stack.enter_context(httpx.Client(timeout=PATIENCE_S))
        taken = [_seconds_until_seen(client, one, other, number) for number in range(changes)]
    return {"visible_s": max(taken)}


def _seconds_until_seen(client: httpx.Client, one: RunningServer, other: RunningServer, number: int) -> float:
    """Change a product here until a search there finds it by its new word, then delete it until it finds none."""
    address, word = f"{one.address}/products/p{number}", f"xylo{number}q"

    def found() -> int:
        answer = client.get(f"{other.address}/search", params={"text": word}).raise_for_status().json()
        return int(answer["total"])

    began = time.perf_counter()
    client.patch(address, json={"title": f"Changed {word}"}).raise_for_status()
    _wait(lambda: found() == 1)
    changed = time.perf_counter()
    client.delete(address).raise_for_status()
    _wait(lambda: found() == 0)
    return max(changed - began, time.perf_counter() - changed)


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        if time.monotonic() > deadline:
            raise TimeoutError(f"a change was not seen within {PATIENCE_S:.0f} s")
        time.sleep(0.01)


if __name__ == "__main__":
    print(dict(measure()))
