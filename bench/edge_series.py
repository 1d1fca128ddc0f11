"""20,000 made-up paths: how many series /metrics has afterwards. python -m bench.edge_series"""

import asyncio
import json
import os
import random
import string
from collections.abc import Mapping

import httpx

from bench.edge_server import EdgeServer, edge_server

PATHS = int(os.environ.get("SERIES_PATHS", "20000"))
AT_ONCE = 16


def measure() -> Mapping[str, float]:
    """ "series": lines of the exposition that are figures; "counted": requests counted as 404 under no route."""
    with edge_server(rate_per_address="0") as server:
        return asyncio.run(_asked(server))


async def _asked(server: EdgeServer) -> Mapping[str, float]:
    rng = random.Random(4)
    numbers = iter(range(PATHS))

    async def ask(client: httpx.AsyncClient) -> None:
        for number in numbers:
            path = "".join(rng.choices(string.ascii_letters + string.digits + "/-._~", k=rng.randint(1, 80)))
            await client.request(rng.choice(("GET", "GET", "GET", "POST", "BREW", "PROPFIND")), f"/x{number}{path}")

    async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(ask(client))
        text = (await client.get("/metrics")).text
    figures = [line for line in text.splitlines() if line and not line.startswith("#")]
    unmatched = [line for line in figures if line.startswith("akin_http_requests_total") and 'route="(none)"' in line]
    counted = sum(float(line.rpartition(" ")[2]) for line in unmatched)
    return {"series": float(len(figures)), "counted": counted}


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
