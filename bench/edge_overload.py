"""Five times the load a server can serve: what is served meanwhile, how fast, what is refused, and what comes after.

    python -m bench.edge_overload [--seconds 300] [--factor 5]

Capacity is what a closed loop gets whose callers are one more than the slots: always one waits, and nobody is refused,
who would come again at once and take the cores from those who are served. The factor is of it, and normal is an open
loop at 0.7 of it, before and after. The generator of the load runs on the same machine; while capacity is measured it
sends as much to a socket that refuses all.

Peak is the most that is served at any open-loop load, tried at 1 and at 2 times the capacity. A machine's speed may
change by a quarter within five minutes, so goodput is compared where these loads and the great one take turns of some
seconds. What was served over the whole time, beside the closed loops before and after, is told too.
"""

import argparse
import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from bench.edge_server import EdgeServer, cores, edge_server
from bench.open_loop import Answer, closed_loop, head, open_loop_apart, photo_request, quantile, refusing
from bench.promise import NotMeasurable
from tests.builders import a_photo_file

SECONDS = 300.0
FACTOR = 5.0
NORMAL = 0.7
_WARM_S, _CLOSED_S, _NORMAL_S = 15.0, 20.0, 20.0
_RECOVERED_S = 5.0
_RISING = (1.0, 2.0)
_TURNS, _TURN_S, _CALM_S = 8, 9.0, 2.2
_BURST_S = 2.0
"""So long a load that begins is a burst, of which more is taken than can be served for long."""
_LIVE_PER_S = 10.0


def measure(seconds: float = SECONDS, factor: float = FACTOR) -> Mapping[str, float]:
    """For `make prove`: see `figures`."""
    with edge_server() as server:
        return asyncio.run(_measured(server, seconds, factor))


async def _measured(server: EdgeServer, seconds: float, factor: float) -> Mapping[str, float]:
    host = urlsplit(server.address).netloc
    search = photo_request(host, a_photo_file("ring", "teal", side=800, seed=7))
    await _closed(server, search, _WARM_S)
    alone = await _closed(server, search, _CLOSED_S)
    before = await _closed_beside(server, search, factor * alone)
    able = max(alone, before)
    normal = await (await open_loop_apart(server.address, search, per_s=NORMAL * able, seconds=_NORMAL_S))
    live = head("GET", "/live", host)
    probing = await open_loop_apart(server.address, live, per_s=_LIVE_PER_S, seconds=seconds)
    during = await (await open_loop_apart(server.address, search, per_s=factor * able, seconds=seconds))
    probes = await probing
    after = await (await open_loop_apart(server.address, search, per_s=NORMAL * able, seconds=_NORMAL_S))
    again = await _closed_beside(server, search, factor * able)
    statuses = Counter(answer.status for answer in during)
    print(f"capacity {alone:.1f}/s alone, {before:.1f} and {again:.1f} beside the generator", file=sys.stderr)
    print(f"statuses under load {dict(statuses)}: {_served(during) / seconds:.1f}/s", file=sys.stderr)
    rates = [times * able for times in (*_RISING, factor)]
    *rising, great = await _in_turns(server, search, rates)
    print(f"in turns {', '.join(f'{one:.1f}/s' for one in (*rising, great))}", file=sys.stderr)
    return {"peak_per_s": max(rising), "goodput": great / max(rising), **figures(normal, during, probes, after)}


async def _in_turns(server: EdgeServer, search: bytes, rates: Sequence[float]) -> list[float]:
    """Served a second at each of these loads, where they take turns."""
    served = [0.0] * len(rates)
    for _ in range(_TURNS):
        for number, per_s in enumerate(rates):
            await asyncio.sleep(_CALM_S)
            loaded = await open_loop_apart(server.address, search, per_s=per_s, seconds=_BURST_S + _TURN_S)
            served[number] += _served([one for one in await loaded if one.due_s >= _BURST_S]) / _TURN_S / _TURNS
    return served


async def _closed(server: EdgeServer, search: bytes, seconds: float) -> float:
    """Searches served a second by a closed loop. Raises NotMeasurable where one was refused."""
    answers = await closed_loop(server.address, search, callers=cores() + 1, seconds=seconds)
    if _served(answers) < len(answers):
        raise NotMeasurable("callers of the closed loop were refused: what was served is no capacity")
    return len(answers) / seconds


async def _closed_beside(server: EdgeServer, search: bytes, per_s: float) -> float:
    """`_closed` while a generator sends so many requests a second to where they cost next to nothing."""
    with refusing() as elsewhere:
        sending = await open_loop_apart(elsewhere, search, per_s=per_s, seconds=_CLOSED_S)
        able = await _closed(server, search, _CLOSED_S)
        await sending
    return able


def figures(
    normal: Sequence[Answer],
    during: Sequence[Answer],
    probes: Sequence[Answer],
    after: Sequence[Answer],
) -> Mapping[str, float]:
    """accepted_p99: as a multiple of the normal one, which is that of those before, and after once recovered, together.
    shed_ms: the 99th percentile of refusals, from when they were sent. bare: refusals without Retry-After, and answers
    that were neither. live: probes that failed. recovery_s: until all is served as normally again.
    """
    calm = [*normal, *(one for one in after if one.due_s >= _RECOVERED_S)]
    usual = quantile([one.took_s for one in calm if one.status == 200], 0.99)
    accepted = quantile([one.took_s for one in during if one.status == 200], 0.99)
    shed = [one for one in during if one.status == 503]
    slow = [one.due_s for one in after if one.status != 200 or one.took_s > 2 * usual]
    return {
        "normal_p50_ms": quantile([one.took_s for one in calm if one.status == 200], 0.5) * 1000,
        "normal_p99_ms": usual * 1000,
        "accepted_p50_ms": quantile([one.took_s for one in during if one.status == 200], 0.5) * 1000,
        "accepted_p99": accepted / usual,
        "shed": len(shed) / len(during),
        "shed_p50_ms": quantile([one.answered_s for one in shed], 0.5) * 1000,
        "shed_ms": quantile([one.answered_s for one in shed], 0.99) * 1000,
        "bare": float(
            sum(one.status not in (200, 503) for one in during) + sum(b"retry-after" not in one.headers for one in shed)
        ),
        "sent_late_p99_ms": quantile([one.late_s for one in during], 0.99) * 1000,
        "live_p99_ms": quantile([one.answered_s for one in probes], 0.99) * 1000,
        "live": float(sum(one.status != 200 for one in probes)),
        "recovery_s": max(slow, default=0.0),
    }


def _served(answers: Sequence[Answer]) -> int:
    return sum(one.status == 200 for one in answers)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--factor", type=float, default=FACTOR)
    asked = parser.parse_args()
    print(json.dumps(measure(asked.seconds, asked.factor), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
