"""Which pages may read answers: exactly the listed origins, on every answer, also on errors and crashes."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.edge.headers import SECURITY_HEADERS
from app.settings import InvalidSettings, Settings, load_settings
from tests.edge.conftest import serving
from tests.edge.test_error_shape import Broken

pytestmark = pytest.mark.anyio

SHOP = "https://shop.example"


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that one origin may call; its catalog fails."""
    listed = settings.model_copy(update={"cors_origins": (SHOP,)})
    async with serving(listed, catalog=Broken()) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "status"), [("/live", 200), ("/nothing", 404), ("/search", 422), ("/products/p", 500)]
)
async def test_a_listed_origin_may_read_every_answer(client: httpx.AsyncClient, path: str, status: int) -> None:
    response = await client.get(path, headers={"origin": SHOP})
    assert response.status_code == status
    assert response.headers["access-control-allow-origin"] == SHOP
    assert "X-Request-Id" in response.headers["access-control-expose-headers"]
    assert "Origin" in response.headers["vary"]
    assert "access-control-allow-credentials" not in response.headers
    assert SECURITY_HEADERS.keys() <= response.headers.keys()


@pytest.mark.parametrize(
    "origin",
    [
        "https://shop.example.evil.example",
        "http://shop.example",
        "https://shop.example:8443",
        "null",
        "*",
        "",
        SHOP + "/",
    ],
)
async def test_another_origin_may_read_none(client: httpx.AsyncClient, origin: str) -> None:
    for path in ("/live", "/nothing", "/products/p"):
        response = await client.get(path, headers={"origin": origin})
        assert "access-control-allow-origin" not in response.headers
        assert "Origin" in response.headers["vary"], "a cache must not hand one origin's answer to another"


async def test_a_preflight_is_answered_for_listed_origins(client: httpx.AsyncClient) -> None:
    asks = {"access-control-request-method": "PUT", "access-control-request-headers": "authorization"}
    yes = await client.options("/products/p", headers={"origin": SHOP, **asks})
    assert yes.status_code == 204
    assert yes.headers["access-control-allow-origin"] == SHOP
    assert "PUT" in yes.headers["access-control-allow-methods"]
    assert "Authorization" in yes.headers["access-control-allow-headers"]
    no = await client.options("/products/p", headers={"origin": "https://evil.example", **asks})
    assert not [name for name in no.headers if name.startswith("access-control")]
    assert SECURITY_HEADERS.keys() <= no.headers.keys()


@pytest.mark.parametrize("origins", ["*", "shop.example", "https://shop.example/", "https://*.shop.example", "null"])
def test_what_is_no_origin_stops_the_start(origins: str) -> None:
    with pytest.raises(InvalidSettings, match="AKIN_CORS_ORIGINS"):
        load_settings(cors_origins=origins)


def test_what_is_no_network_stops_the_start() -> None:
    with pytest.raises(InvalidSettings, match="AKIN_TRUSTED_PROXIES"):
        load_settings(trusted_proxies="10.0.0.0/8, proxy.local")
