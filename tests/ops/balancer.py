"""A small load balancer and its callers: asks every server's /ready, sends to those that say yes, tries another one
where a connection is refused, and sends nothing twice that may have arrived. Open-loop: requests leave by the clock."""

import asyncio
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

LOOK_EVERY_S = 0.25


@dataclass
class Traffic:
    """What became of the requests. failures: why, of those that got no answer below 500."""

    sent: int = 0
    answered: Counter[int] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Balancer:
    """Sends requests to the servers at these addresses; `ready` are those that said so last."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses
        self.ready: set[str] = set()
        self.seen: dict[str, list[int]] = {address: [] for address in addresses}
        self.traffic = Traffic()
        self._turn = itertools.count()
        self._all_ready = asyncio.Event()
        # A connection is opened anew for each request as often as it is used again: both must survive.
        self._kept = httpx.AsyncClient(timeout=60)
        self._once = httpx.AsyncClient(timeout=60, headers={"connection": "close"})
        self._prober = httpx.AsyncClient(timeout=10, headers={"connection": "close"})

    @asynccontextmanager
    async def running(self, rate: float, make: Callable[[int], httpx.Request]) -> AsyncIterator[None]:
        """Send `rate` requests a second (make: number -> request with a path only), from when all servers are ready to
        the end of the block."""
        probes = [asyncio.create_task(self._probe(address)) for address in self._addresses]
        load = asyncio.create_task(self._load(rate, make))
        try:
            yield
        finally:
            load.cancel()
            await asyncio.gather(load, return_exceptions=True)
            for probe in probes:
                probe.cancel()
            await asyncio.gather(*probes, return_exceptions=True)
            for client in (self._kept, self._once, self._prober):
                await client.aclose()

    async def until_all_are_ready(self) -> None:
        """Wait until every server says that it is ready."""
        while len(self.ready) < len(self._addresses):  # noqa: ASYNC110 - they come and go; an event would be the past
            await asyncio.sleep(LOOK_EVERY_S)

    async def _probe(self, address: str) -> None:
        while True:
            try:
                status = (await self._prober.get(f"{address}/ready")).status_code
            except httpx.TransportError:
                status = 0
            self.seen[address].append(status)
            (self.ready.add if status == 200 else self.ready.discard)(address)
            if len(self.ready) == len(self._addresses):
                self._all_ready.set()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _load(self, rate: float, make: Callable[[int], httpx.Request]) -> None:
        await self._all_ready.wait()
        loop = asyncio.get_running_loop()
        began = loop.time()
        under_way: set[asyncio.Task[None]] = set()
        try:
            for number in itertools.count():
                await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
                task = asyncio.create_task(self._send(make(number), number))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        finally:
            await asyncio.gather(*under_way)

    async def _send(self, request: httpx.Request, number: int) -> None:
        self.traffic.sent += 1
        body = request.read()
        client = self._kept if number % 2 else self._once
        for _ in range(len(self._addresses)):
            choice = sorted(self.ready) or list(self._addresses)
            address = choice[next(self._turn) % len(choice)]
            whole = client.build_request(
                request.method, address + request.url.raw_path.decode(), headers=request.headers, content=body
            )
            try:
                answer = await client.send(whole)
            except httpx.ConnectError:
                self.ready.discard(address)  # nothing was sent: another one may have it
                continue
            except httpx.TransportError as error:
                self.traffic.failures.append(f"{type(error).__name__} from {address}")
                return
            self.traffic.answered[answer.status_code] += 1
            if answer.status_code >= 500:
                self.traffic.failures.append(f"{answer.status_code} from {address}: {answer.text[:120]}")
            return
        self.traffic.failures.append("no server took the connection")
