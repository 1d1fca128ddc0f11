"""Keys over HTTP: which key opens which operation, for all operations of the OpenAPI document."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.lowlevel
import httpx
import pytest
from fastapi.routing import iter_route_contexts

from app.api import SCOPES
from app.identity import KeyStore, Scope
from app.main import create_app
from app.settings import Settings
from tests.edge.conftest import serving, settings_in
from tests.edge.problems import assert_problem
from tests.identity.builders import a_key, bearer, code_of
from tests.identity.operations import Operation, operations

pytestmark = pytest.mark.anyio

REFUSED = {"key-missing", "key-invalid", "scope-missing", "origin-not-allowed", "shop-not-served"}
NAMES = {"product_id": "ring-teal", "load_id": "no-such-load", "generation_id": "no-such-generation"}
OPERATIONS = operations()
REFUSED_HERE = {f"/products/{{product_id:path}}/{part}" for part in ("similar", "seen")}
"""Paths whose undocumented methods refuse everybody."""
PAGES = {"/docs", "/openapi.json"}
"""What anybody may read, because it holds nothing of a shop. A page that shows data asks an operation for it."""


@pytest.fixture(scope="module")
def folder(shop_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a server that all tests share: what they change, none of them looks at."""
    made = tmp_path_factory.mktemp("guarded")
    shutil.copy(shop_file, made / "akin.db")
    return made


@pytest.fixture(scope="module")
def keys(folder: Path) -> dict[Scope, str]:
    """A key for each scope."""
    return {scope: a_key(folder / "keys.db", scope) for scope in Scope}


@pytest.fixture(scope="module")
async def guarded(folder: Path, keys: dict[Scope, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that has keys."""
    assert keys
    async with serving(settings_in(folder)) as made:
        yield made


def test_every_operation_names_its_scope_in_the_table_and_in_the_document() -> None:
    assert {one.id for one in OPERATIONS} == set(SCOPES)
    assert {one.id: one.scope for one in OPERATIONS} == dict(SCOPES)
    assert {one.id for one in OPERATIONS if one.scope is None} == {"live", "ready", "metrics"}
    for one in OPERATIONS:
        if one.scope is not None:
            assert {"401", "403"} <= set(one.document["responses"]), one.id


async def test_only_known_pages_are_outside_the_table(guarded: httpx.AsyncClient) -> None:
    """A route that is in no document is open to everybody, so it stands here on purpose or not at all."""
    routes = {context.path: context.include_in_schema for context in iter_route_contexts(create_app().routes)}
    assert {path for path, documented in routes.items() if not documented} == PAGES | REFUSED_HERE
    for page in PAGES:
        assert (await guarded.get(page)).status_code == 200


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.id)
async def test_a_key_opens_what_its_scopes_say_and_nothing_else(
    operation: Operation, guarded: httpx.AsyncClient, keys: dict[Scope, str]
) -> None:
    assert code_of(await guarded.send(operation.request(guarded, NAMES))) == ("key-missing" if operation.scope else "")
    for scope, key in keys.items():
        answer = await guarded.send(with_key(operation.request(guarded, NAMES), key))
        if operation.scope is None or scope in {operation.scope, Scope.ADMIN}:
            assert code_of(answer) not in REFUSED, answer.text
        else:
            problem = assert_problem(answer, "scope-missing")
            assert problem["extra"] == {"needed": operation.scope, "has": [scope.value]}
            assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


def with_key(request: httpx.Request, text: str) -> httpx.Request:
    """The request, carrying a key."""
    request.headers.update(bearer(text))
    return request


@pytest.mark.parametrize(
    "header", ["Basic YTpi", "Bearer", "Bearer ", "Bearer akin_live_x", "akin_live_x", "Bearer a b", "Bearer \xe9"]
)
async def test_what_is_no_key_is_refused_also_where_none_is_needed(guarded: httpx.AsyncClient, header: str) -> None:
    for path in ("/search?text=ring", "/live", "/nothing/here"):
        answer = await guarded.get(path, headers=[(b"authorization", header.encode("latin-1"))])
        assert_problem(answer, "key-invalid")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_body_is_not_read_before_its_sender_is_known(guarded: httpx.AsyncClient) -> None:
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(1000):
            read += 1
            yield b"x" * 1000

    for method, path in (("PUT", "/products/a"), ("POST", "/loads"), ("POST", "/search-by-photo")):
        answer = await guarded.request(method, path, content=body())
        assert_problem(answer, "key-missing")
        assert answer.headers["connection"] == "close"
    assert read <= 1


async def test_a_key_is_never_taken_from_an_address(guarded: httpx.AsyncClient, keys: dict[Scope, str]) -> None:
    for name in ("key", "api_key", "access_token", "authorization"):
        assert code_of(await guarded.get("/search", params={"text": "ring", name: keys[Scope.SEARCH]})) == "key-missing"


async def test_a_browsers_key_works_on_its_own_pages_only(settings: Settings) -> None:
    text = a_key(settings.keys, Scope.SEARCH, origins=("https://shop.example", "http://localhost:3000"))
    async with serving(settings) as client:
        for headers, code in (
            ({"origin": "https://shop.example"}, ""),
            ({"origin": "http://localhost:3000"}, ""),
            ({"sec-fetch-site": "same-origin"}, ""),
            ({}, "origin-not-allowed"),
            ({"origin": "null"}, "origin-not-allowed"),
            ({"origin": "https://shop.example.evil.example"}, "origin-not-allowed"),
            ({"origin": "http://shop.example"}, "origin-not-allowed"),
            ({"origin": "https://evil.example", "sec-fetch-site": "same-origin"}, "origin-not-allowed"),
        ):
            answer = await client.get("/search?text=ring", headers={**bearer(text), **headers})
            assert code_of(answer) == code, headers


async def test_a_revoked_key_is_dead_in_a_running_server_in_five_seconds(settings: Settings) -> None:
    store = KeyStore(settings.keys)
    issued = store.create(name="a", shop="default", scopes=[Scope.SEARCH])
    async with serving(settings.model_copy(update={"rate_per_key": 0})) as client:
        assert (await client.get("/search?text=ring", headers=bearer(issued.text))).status_code == 200
        store.revoke(issued.key.id)
        with anyio.fail_after(5):
            while (await client.get("/search?text=ring", headers=bearer(issued.text))).status_code == 200:
                await anyio.lowlevel.checkpoint()
        answer = await client.get("/search?text=ring", headers=bearer(issued.text))
        assert_problem(answer, "key-invalid")
        assert code_of(await client.get("/search?text=ring")) == "key-missing", "revoked is not open"


async def test_keys_that_cannot_be_read_are_said_not_guessed(settings: Settings) -> None:
    settings.keys.write_bytes(b"this is no database" * 1000)
    with pytest.raises(BaseException) as failed:  # noqa: PT011 - the lifespan wraps it in a group
        async with serving(settings):
            pytest.fail("a server without readable keys must not start")
    assert "keys.db" in repr(failed.value)


async def test_a_page_of_a_browsers_key_may_read_answers_and_other_pages_may_not(settings: Settings) -> None:
    text = a_key(settings.keys, Scope.SEARCH, origins=("https://shop.example",))
    async with serving(settings) as client:
        for origin, told in (("https://shop.example", "https://shop.example"), ("https://evil.example", None)):
            asked = {"origin": origin, "access-control-request-method": "GET"}
            before = await client.options("/search?text=ring", headers=asked)
            answer = await client.get("/search?text=ring", headers={"origin": origin, **bearer(text)})
            assert before.headers.get("access-control-allow-origin") == told
            assert answer.headers.get("access-control-allow-origin") == told
            assert code_of(answer) == ("" if told else "origin-not-allowed")
