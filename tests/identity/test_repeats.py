"""A write that is sent again under its Idempotency-Key: done once, answered as before."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.idempotency import Answer, Fingerprint, RepeatStore
from app.identity import Scope
from app.settings import Settings
from tests.edge.conftest import serving
from tests.edge.problems import assert_problem
from tests.identity.builders import a_key, bearer, code_of
from tests.identity.operations import operations

pytestmark = pytest.mark.anyio

SEARCHES = {"searchByPhoto", "searchInLab"}
"""Posted, because a photo is long; they change nothing."""
KEYS = {"createKey", "rotateKey", "revokeKey"}
"""The answers of the first two hold a secret, which is kept nowhere; a key that is revoked again stays revoked."""
FEED = b"id\ttitle\n1\tone\n"


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(settings) as made:
        yield made


def keyed(key: str, **more: str) -> dict[str, str]:
    """The header, and others."""
    return {"idempotency-key": key, **more}


def test_every_operation_that_changes_something_takes_a_key() -> None:
    writes = {one.id: one for one in operations() if one.method != "GET"}
    without = set()
    for name, one in writes.items():
        taken = {header["name"] for header in one.document.get("parameters", []) if header["in"] == "header"}
        if "Idempotency-Key" not in {header.title() for header in taken}:
            without.add(name)
        else:
            assert {"409", "422"} <= set(one.document["responses"]), name
    assert without == SEARCHES | KEYS


async def test_a_method_that_does_not_exist_is_said_whatever_the_key_was_used_for(client: httpx.AsyncClient) -> None:
    assert (await client.patch("/products/ball-red", json={"title": "A"}, headers=keyed("used"))).status_code == 200
    for method, path in (("POST", "/search"), ("DELETE", "/loads"), ("POST", "/products/ball-red")):
        assert_problem(await client.request(method, path, headers=keyed("used")), "method-not-allowed")
    assert (await client.put("/nowhere", json={}, headers=keyed("used"))).status_code == 404


async def test_what_is_sent_again_is_answered_again_and_not_done_again(client: httpx.AsyncClient) -> None:
    first = await client.patch("/products/ball-red", json={"title": "First"}, headers=keyed("k1"))
    assert first.status_code == 200
    assert "idempotent-replayed" not in first.headers
    await client.patch("/products/ball-red", json={"title": "Meanwhile"})
    again = await client.patch("/products/ball-red", json={"title": "First"}, headers=keyed("k1"))
    assert (again.status_code, again.content, again.headers["etag"]) == (200, first.content, first.headers["etag"])
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert (await client.get("/products/ball-red")).json()["title"] == "Meanwhile"


async def test_an_error_of_work_that_was_begun_is_its_answer(client: httpx.AsyncClient) -> None:
    first = await client.delete("/products/ring-teal", headers=keyed("gone"))
    again = await client.delete("/products/ring-teal", headers=keyed("gone"))
    assert (first.status_code, again.status_code) == (204, 204)
    lost = await client.delete("/products/ring-teal", headers=keyed("gone-2"))
    assert_problem(lost, "product-not-found")
    replayed = await client.delete("/products/ring-teal", headers=keyed("gone-2"))
    assert (replayed.status_code, replayed.headers["idempotent-replayed"]) == (404, "true")
    assert replayed.json()["code"] == "product-not-found"


async def test_what_was_refused_unbegun_may_be_mended_under_its_key(client: httpx.AsyncClient) -> None:
    wrong = await client.patch("/products/ball-red", json={"titel": "x"}, headers=keyed("k"))
    assert_problem(wrong, "invalid-request")
    stale = await client.patch("/products/ball-red", json={"title": "x"}, headers=keyed("k", **{"if-match": '"old"'}))
    assert_problem(stale, "precondition-failed")
    mended = await client.patch("/products/ball-red", json={"title": "x"}, headers=keyed("k"))
    assert (mended.status_code, mended.headers.get("idempotent-replayed")) == (200, None)


async def test_a_key_belongs_to_one_request(client: httpx.AsyncClient) -> None:
    body = {"title": "One"}
    assert (await client.patch("/products/ball-red", json=body, headers=keyed("k"))).status_code == 200
    others: list[tuple[str, str, Any]] = [
        ("PATCH", "/products/ball-red", {"title": "Two"}),
        ("PATCH", "/products/ball-teal", body),
        ("PUT", "/products/ball-red", body),
        ("PATCH", "/products/ball-red?x=1", body),
    ]
    for method, path, sent in others:
        answer = await client.request(method, path, json=sent, headers=keyed("k"))
        assert_problem(answer, "idempotency-mismatch")
    assert (await client.get("/products/ball-red")).json()["title"] == "One"


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "\x7f"])
async def test_what_is_no_key_is_refused_and_nothing_done(client: httpx.AsyncClient, key: str) -> None:
    answer = await client.delete("/products/ball-red", headers=keyed(key))
    assert_problem(answer, "invalid-request")
    assert (await client.get("/products/ball-red")).status_code == 200


async def test_of_many_at_once_one_is_done(client: httpx.AsyncClient) -> None:
    """A load is started once, whoever wins; the others are told to wait, or are told its id."""
    codes: list[str] = []
    ids: set[str] = set()

    async def send() -> None:
        files: dict[str, Any] = {"feed": ("x.tsv", FEED), "dry_run": (None, "true")}
        answer = await client.post("/loads", files=files, headers=keyed("once"))
        codes.append(code_of(answer))
        if answer.is_success:
            ids.add(answer.json()["id"])

    async with anyio.create_task_group() as group:
        for _ in range(30):
            group.start_soon(send)
    assert len((await client.get("/loads")).json()["loads"]) == 1
    assert set(codes) <= {"", "repeat-running", "load-running", "loads-unavailable"}
    again = await client.post(
        "/loads", files={"feed": ("x.tsv", FEED), "dry_run": (None, "true")}, headers=keyed("once")
    )
    assert again.status_code == 202, "the same form, with another boundary"
    assert {again.json()["id"]} == ids
    assert again.headers["location"] == f"/loads/{again.json()['id']}"
    other: dict[str, Any] = {"feed": ("x.tsv", FEED + b"2\ttwo\n"), "dry_run": (None, "true")}
    assert_problem(await client.post("/loads", files=other, headers=keyed("once")), "idempotency-mismatch")


async def test_a_key_of_another_scope_is_not_told_the_answer(settings: Settings) -> None:
    texts = {scope: a_key(settings.keys, scope) for scope in (Scope.CATALOG_WRITE, Scope.SEARCH)}
    async with serving(settings) as client:
        write = {**bearer(texts[Scope.CATALOG_WRITE]), **keyed("k")}
        assert (await client.delete("/products/ball-red", headers=write)).status_code == 204
        read = {**bearer(texts[Scope.SEARCH]), **keyed("k")}
        assert_problem(await client.delete("/products/ball-red", headers=read), "scope-missing")


async def test_a_server_that_ended_in_the_middle_does_it_no_second_time(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    """What a killed process leaves: a claim that nobody keeps."""
    dead = RepeatStore(settings.writes, clock=lambda: 1_000.0)
    finger = Fingerprint("DELETE", "/products/ball-red", "", "").digest()
    now = RepeatStore(settings.writes)
    assert await now.begin("default", "mine", finger, "catalog:write") is None
    assert_problem(await client.delete("/products/ball-red", headers=keyed("mine")), "repeat-running")
    await asyncio.gather(dead.keep("default", "mine"))  # its lease ended long ago
    assert_problem(await client.delete("/products/ball-red", headers=keyed("mine")), "write-outcome-unknown")
    assert (await client.get("/products/ball-red")).status_code == 200
    await now.close()
    await dead.close()


async def test_answers_are_kept_for_a_day(tmp_path: Path) -> None:
    at = 1_000_000.0
    store = RepeatStore(tmp_path / "writes.db", clock=lambda: at)
    assert await store.begin("a", "k", b"x", "") is None
    await store.finish("a", "k", Answer(200, {"etag": '"1"'}, b"done"))
    at += 86_399
    kept = await store.find("a", "k")
    assert kept is not None
    assert kept.answer == Answer(200, {"etag": '"1"'}, b"done")
    assert await store.find("b", "k") is None, "another shop's"
    at += 2
    assert await store.find("a", "k") is None
    assert await store.begin("a", "k", b"y", "") is None
    await store.close()


async def test_a_thing_is_held_by_one_at_a_time_also_between_processes(tmp_path: Path) -> None:
    stores = [RepeatStore(tmp_path / "writes.db") for _ in range(2)]
    inside = 0
    most = 0

    async def change(store: RepeatStore) -> None:
        nonlocal inside, most
        async with store.alone("a", "product x"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.005)
            inside -= 1

    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(change, stores[number % 2])
    assert most == 1
    for store in stores:
        await store.close()


@given(
    parts=st.lists(st.binary(max_size=40), min_size=1, max_size=5),
    boundaries=st.tuples(st.text("ab-", min_size=1, max_size=8), st.text("ab-", min_size=1, max_size=8)),
    cuts=st.lists(st.integers(1, 9), min_size=1, max_size=40),
)
def test_a_form_is_the_same_whatever_its_boundary_and_however_it_is_cut(
    parts: list[bytes], boundaries: tuple[str, str], cuts: list[int]
) -> None:
    def taken(boundary: bytes, sizes: list[int]) -> bytes:
        body = b"".join(b"--" + boundary + b"\r\n" + part + b"\r\n" for part in parts) + b"--" + boundary + b"--\r\n"
        finger, at = Fingerprint("POST", "/loads", boundary=boundary), 0
        while at < len(body):
            size = sizes[at % len(sizes)]
            finger.update(body[at : at + size])
            at += size
        return finger.digest()

    first, second = (f"={one}=".encode() for one in boundaries)
    if any(one in part for one in (first, second) for part in parts):
        return
    assert taken(first, [10_000]) == taken(first, cuts) == taken(second, cuts)
