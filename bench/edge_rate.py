"""Four server processes, one key, 60 units a minute, 50 clients who make up addresses: how many requests get through.

python -m bench.edge_rate
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Mapping
from urllib.parse import urlsplit

from bench.edge_server import EdgeServer, edge_server
from bench.open_loop import head, send

LIMIT, CLIENTS, EACH = 60, 50, 20


def measure() -> Mapping[str, float]:
    """For `make prove`: "accepted" requests, "off" the limit by, and "bare": refusals that lack a header."""
    with edge_server(keyed=True, workers="4", rate_per_key=str(LIMIT)) as server:
        return asyncio.run(_measured(server))


async def _measured(server: EdgeServer) -> Mapping[str, float]:
    host = urlsplit(server.address).netloc
    statuses, bare = Counter[int](), 0

    async def client(number: int) -> None:
        nonlocal bare
        for step in range(EACH):
            made_up = {"x-forwarded-for": f"198.51.{number}.{step}", "forwarded": f"for=203.0.113.{step}"}
            answer = await send(server.address, head("GET", "/products/none", host, {**server.headers, **made_up}))
            statuses[answer.status] += 1
            if answer.status == 429:
                bare += not {b"retry-after", b"ratelimit", b"ratelimit-policy"} <= answer.headers.keys()

    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    accepted = statuses[404]
    odd = sum(count for status, count in statuses.items() if status not in (404, 429))
    return {"accepted": float(accepted), "off": float(abs(accepted - LIMIT)), "bare": float(bare + odd)}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
    sys.exit(0)
