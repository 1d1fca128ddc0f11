"""A server without a key: open to this machine's own programs and pages, and to nobody else."""

from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest

from app.main import create_app
from app.settings import Settings
from tests.edge.conftest import WithState, serving
from tests.edge.problems import assert_problem
from tests.edge.test_cli import akin
from tests.identity.builders import a_key, bearer, code_of

pytestmark = pytest.mark.anyio


async def test_everything_works_without_a_key_and_no_file_is_made(settings: Settings) -> None:
    async with serving(settings) as client:
        assert (await client.get("/search?text=ring")).status_code == 200
        assert (await client.get("/generations")).status_code == 200
        assert (await client.delete("/products/ring-teal")).status_code == 204
    assert not settings.keys.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://127.0.0.1.evil.example"},
        {"origin": "null"},
        {"host": "evil.example:8000"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
    ],
)
async def test_a_page_of_the_web_cannot_use_a_visitors_open_server(settings: Settings, headers: dict[str, str]) -> None:
    """A form that a page posts here, and a name that a page lets point here."""
    async with serving(settings) as client:
        for method, path in (("GET", "/search?text=ring"), ("POST", "/generations/rollback"), ("GET", "/live")):
            assert_problem(await client.request(method, path, headers=headers), "origin-not-allowed")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "localhost:8000", "[::1]:8000"])
async def test_this_machines_own_names_are_fine(settings: Settings, host: str) -> None:
    async with serving(settings) as client:
        own = {"host": host, "origin": f"http://{host}"}
        assert (await client.get("/search?text=ring", headers=own)).status_code == 200


@pytest.mark.parametrize("address", ["192.0.2.7", "10.0.0.5", "2001:db8::1", "::ffff:192.0.2.7", "testclient"])
async def test_other_machines_are_refused_however_they_got_here(settings: Settings, address: str) -> None:
    app = create_app(settings)
    async with app.router.lifespan_context(app) as state:
        assert state is not None
        transport = httpx.ASGITransport(WithState(app, state), client=(address, 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as stranger:
            assert_problem(await stranger.get("/search?text=ring"), "key-missing")


async def test_the_first_key_closes_a_running_server(settings: Settings) -> None:
    async with serving(settings) as client:
        assert (await client.get("/search?text=ring")).status_code == 200
        text = a_key(settings.keys)
        with anyio.fail_after(5):
            while code_of(await client.get("/search?text=ring")) != "key-missing":
                await anyio.lowlevel.checkpoint()
        assert (await client.get("/search?text=ring", headers=bearer(text))).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "shop.example"])  # noqa: S104 - refused is the point
def test_no_key_no_other_address(tmp_path: Path, host: str) -> None:
    """Exit code 2, one command that helps, and no server process was started for it."""
    done = akin(tmp_path, "serve", "--host", host)
    assert done.returncode == 2, done.stdout + done.stderr
    assert host in done.stderr
    assert "akin keys create" in done.stderr


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7"])  # noqa: S104 - refused is the point
async def test_nor_when_the_application_is_served_by_other_means(settings: Settings, host: str) -> None:
    with pytest.raises(BaseException) as failed:  # noqa: PT011 - the lifespan wraps it in a group
        async with serving(settings.model_copy(update={"host": host})):
            pytest.fail("an open server must not listen for others")
    assert host in repr(failed.value)
    a_key(settings.keys)
    async with serving(settings.model_copy(update={"host": host})) as client:
        assert code_of(await client.get("/search?text=ring")) == "key-missing"
