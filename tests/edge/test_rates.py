"""Limits hold exactly, across processes and stores, and are told in headers; a store that fails stops nobody."""

import asyncio
import multiprocessing
import re
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from multiprocessing.queues import SimpleQueue
from pathlib import Path

import httpx
import pytest

from app.benchmark import free_port
from app.edge.rate_store import SqliteWindows
from app.edge.rates import Rates, cost_of
from app.identity import Scope
from app.settings import Settings, load_settings
from app.wiring_edge import build_rates
from tests.builders import a_photo_file
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem
from tests.identity.builders import a_key
from tests.real_redis import redis_server

pytestmark = pytest.mark.anyio

HOME = "192.0.2.1"


@pytest.fixture(params=["sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """What AKIN_RATE_STORE says, for each kind of store."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rates.db'}"
    address: str = request.getfixturevalue("real_redis")
    return address


@pytest.fixture
async def rates(store: str) -> AsyncIterator[Rates]:
    """Ten units a minute per key, six per address."""
    made = build_rates(load_settings(rate_store=store, rate_per_key=10, rate_per_address=6), patience_s=60)
    yield made
    await made.close()


async def allowed(rates: Rates, key: str, cost: int = 1) -> bool:
    """Whether a request with this key fits."""
    standing = await rates.take_for_key(key, cost)
    return standing is not None and standing.allowed


async def allowed_from(rates: Rates, address: str, cost: int = 1) -> bool:
    """Whether a request from this address fits."""
    standing = await rates.take_for_address(address, cost)
    return standing is not None and standing.allowed


async def test_no_more_than_the_limit_is_allowed(rates: Rates, request: pytest.FixtureRequest) -> None:
    key = request.node.name
    asked = await asyncio.gather(*(allowed(rates, key) for _ in range(50)))
    assert sum(asked) == 10


async def test_a_dear_request_takes_more_and_one_that_does_not_fit_takes_nothing(
    rates: Rates, request: pytest.FixtureRequest
) -> None:
    key = request.node.name
    assert await allowed(rates, key, cost=7)
    assert not await allowed(rates, key, cost=7)
    assert await allowed(rates, key, cost=3)
    standing = await rates.take_for_key(key, 1)
    assert standing is not None
    assert (standing.policy, standing.units, standing.left, standing.allowed) == ("key", 10, 0, False)
    assert 1 <= standing.full_in_s <= 60


async def test_addresses_are_limited_each_by_itself(rates: Rates) -> None:
    assert [await allowed_from(rates, HOME) for _ in range(7)] == [True] * 6 + [False]
    assert await allowed_from(rates, "192.0.2.2"), "another shopper with the same app"
    assert await allowed_from(rates, "2001:db8:1:2::1", cost=6)
    assert not await allowed_from(rates, "2001:db8:1:2:ffff::1"), "the same network"


async def test_this_machine_is_not_limited_by_its_address(rates: Rates) -> None:
    assert await rates.take_for_address("127.0.0.1", 1000) is None
    assert await rates.take_for_address("::1", 1000) is None
    assert await rates.take_for_key(None, 1000) is None


async def test_units_come_back_when_the_minute_is_over(tmp_path: Path) -> None:
    now = [1_000_000.0]
    windows = SqliteWindows(tmp_path / "rates.db", clock=lambda: now[0])
    try:
        assert await windows.acquire_entry("a", 2, 60)
        now[0] += 30
        assert await windows.acquire_entry("a", 2, 60)
        assert not await windows.acquire_entry("a", 2, 60)
        now[0] += 30.1
        assert await windows.acquire_entry("a", 2, 60), "the first is over"
        assert not await windows.acquire_entry("a", 2, 60)
        assert await windows.get_moving_window("a", 2, 60) == (1_000_030.0, 2)
        now[0] += 3600
        assert await windows.acquire_entry("b", 2, 60)
        assert await windows.get("a") == 0, "nothing older than the window is kept"
        await windows.clear("b")
        assert await windows.get_moving_window("b", 2, 60) == (now[0], 0)
    finally:
        await windows.close()


async def test_the_file_is_its_owners_and_a_restart_forgives_nothing(tmp_path: Path) -> None:
    path = tmp_path / "rates.db"
    for expected in (True, False):
        windows = SqliteWindows(path)
        assert await windows.acquire_entry("a", 1, 60) is expected
        await windows.close()
    assert path.stat().st_mode & 0o077 == 0


async def ask_fifty_times(store: str) -> int:
    """How many of fifty requests at once one process allows."""
    rates = build_rates(load_settings(rate_store=store, rate_per_key=60), patience_s=60)
    asked = await asyncio.gather(*(allowed(rates, "shared") for _ in range(50)))
    await rates.close()
    return sum(asked)


def in_a_process(store: str, counts: "SimpleQueue[int]") -> None:
    """What each of the processes does."""
    counts.put(asyncio.run(ask_fifty_times(store)))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # these forks use no thread of the parent's
def test_four_processes_together_allow_the_limit_and_no_more(store: str) -> None:
    processes = multiprocessing.get_context("fork")
    counts: SimpleQueue[int] = processes.SimpleQueue()
    running = [processes.Process(target=in_a_process, args=(store, counts)) for _ in range(4)]
    for one in running:
        one.start()
    allowed = [counts.get() for _ in running]
    for one in running:
        one.join(60)
    assert sum(allowed) == 60, allowed


async def test_a_store_that_is_gone_keeps_nobody_from_searching_and_is_used_again(
    tmp_path: Path, real_redis: str, caplog: pytest.LogCaptureFixture
) -> None:
    now = [0.0]
    program, port = shutil.which("redis-server"), free_port()
    assert program is not None
    rates = build_rates(load_settings(rate_store=f"redis://127.0.0.1:{port}/0", rate_per_key=3), patience_s=60)
    rates._clock = lambda: now[0]
    assert [await allowed(rates, "k") for _ in range(4)] == [True, True, True, False]
    assert caplog.text.count("counts requests by itself") == 1
    with redis_server(program, tmp_path, port):
        now[0] = 6.0
        assert await allowed(rates, "k"), "counted by the store again"
    await rates.close()


def test_a_file_that_cannot_be_used_is_no_reason_to_refuse(tmp_path: Path) -> None:
    (tmp_path / "rates.db").mkdir()

    async def scenario() -> None:
        rates = build_rates(load_settings(rate_store=f"sqlite:///{tmp_path / 'rates.db'}", rate_per_key=1))
        assert await allowed(rates, "k")
        assert not await allowed(rates, "k")
        await rates.close()

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("method", "path", "units"),
    [
        ("POST", "/search-by-photo", 10),
        ("GET", "/search", 2),
        ("GET", "/products/a/b/similar", 2),
        ("GET", "/products", 2),
        ("GET", "/products/a", 1),
        ("PUT", "/products/a", 5),
        ("POST", "/loads", 20),
        ("GET", "/nothing", 1),
        ("GET", "/live", 0),
        ("GET", "/ready", 0),
        ("GET", "/metrics", 0),
    ],
)
def test_what_requests_cost(method: str, path: str, units: int) -> None:
    assert cost_of(method, path) == units


@pytest.fixture
async def client(settings: Settings, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a key, behind a trusted proxy: 12 units a minute for each address, 100 for each key."""
    limited = settings.model_copy(
        update={
            "keys": tmp_path / "keys.db",
            "rate_store": f"sqlite:///{tmp_path / 'rates.db'}",
            "rate_per_address": 12,
            "rate_per_key": 100,
            "trusted_proxies": ("127.0.0.1",),
        }
    )
    key = a_key(limited.keys, Scope.SEARCH)
    async with serving(limited) as made:
        made.headers["authorization"] = f"Bearer {key}"
        yield made


async def test_every_answer_says_how_one_stands_and_too_many_are_refused(client: httpx.AsyncClient) -> None:
    shopper = {"x-forwarded-for": f"10.9.9.9, {HOME}"}
    first = await client.post("/search-by-photo", files={"photo": ("a.jpg", a_photo_file())}, headers=shopper)
    assert first.status_code == 200
    assert first.headers["ratelimit-policy"] == '"key";q=100;w=60, "address";q=12;w=60'
    assert re.fullmatch(r'"key";r=90;t=\d+, "address";r=2;t=\d+', first.headers["ratelimit"])
    again = await client.post("/search-by-photo", files={"photo": ("a.jpg", a_photo_file())}, headers=shopper)
    problem = assert_problem(again, "rate-limited")
    assert problem["extra"] == {"policy": "address", "units": 12, "left": 2, "cost": 10}
    assert 1 <= int(again.headers["retry-after"]) <= 60
    assert again.headers["ratelimit"].startswith('"address";r=2;t=')
    assert (await client.get("/products", headers=shopper)).status_code == 200, "what is left is left"
    assert (await client.get("/live", headers=shopper)).status_code == 200
    other = await client.get("/products", headers={"x-forwarded-for": "192.0.2.9"})
    assert other.headers["ratelimit"].startswith('"key";r=86;')


async def test_making_up_addresses_helps_nobody(client: httpx.AsyncClient) -> None:
    statuses = Counter[int]()
    for number in range(30):
        made_up = {"x-forwarded-for": f"198.51.100.{number}, 203.0.113.5"}
        statuses[(await client.get("/products/none", headers=made_up)).status_code] += 1
    assert statuses == {404: 12, 429: 18}


async def test_many_addresses_do_not_help_one_key(client: httpx.AsyncClient) -> None:
    statuses = Counter[int]()
    for number in range(130):
        from_there = {"x-forwarded-for": f"203.0.113.{number}"}
        statuses[(await client.get("/products/none", headers=from_there)).status_code] += 1
    assert statuses == {404: 100, 429: 30}


async def test_guessing_keys_is_limited(client: httpx.AsyncClient) -> None:
    guess = {"x-forwarded-for": HOME, "authorization": "Bearer akin_live_guess"}
    statuses = [(await client.get("/products", headers=guess)).status_code for _ in range(8)]
    assert statuses == [401] * 6 + [429] * 2


@pytest.mark.parametrize("store", ["memory://", "http://127.0.0.1", "sqlite://x/y"])
def test_a_store_that_none_knows_stops_the_start(store: str) -> None:
    with pytest.raises(Exception, match="AKIN_RATE_STORE"):
        load_settings(rate_store=store)
