"""Loads over HTTP, done by the real loader in a process of its own, with pictures that come over a real wire."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.catalog import holder_name, running_pid
from app.catalog.sqlite import open_writer
from app.settings import Settings
from tests.builders import INKS, SHAPES
from tests.edge.conftest import serving
from tests.edge.picture_server import PictureServer
from tests.edge.problems import assert_problem

pytestmark = pytest.mark.anyio

COLUMNS = "id\ttitle\timage_link\tprice\tavailability\tproduct_type"
KINDS = [(shape, ink) for shape in SHAPES for ink in INKS]


@pytest.fixture
def open_settings(settings: Settings) -> Settings:
    """Settings of a shop whose pictures lie in its own network; written as if they were given, for the loader."""
    return settings.model_copy(update={"fetch_private": True})


@pytest.fixture
async def client(open_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A client of such a shop, whose catalog has ten products of another feed."""
    async with serving(open_settings) as made:
        yield made


def feed(shop: PictureServer, count: int = 12, *more: str, price: str = "5.00 USD") -> bytes:
    """A feed of `count` products, a picture each, and rows as they are given."""
    rows = [COLUMNS]
    for number in range(count):
        shape, ink = KINDS[number % len(KINDS)]
        link = f"{shop.address}/{shape}-{ink}-{number}.jpg"
        rows.append(f"n{number}\tA {ink} {shape} {number}\t{link}\t{price}\tin stock\tToys > {shape.title()}s")
    return "\n".join([*rows, *more, ""]).encode()


async def send(client: httpx.AsyncClient, content: bytes, name: str = "shop.tsv", **wishes: str) -> httpx.Response:
    """POST a feed; nothing published before is missed."""
    return await client.post("/loads", files={"feed": (name, content)}, data={"yes": "true", **wishes})


async def ended(client: httpx.AsyncClient, load_id: str) -> dict[str, Any]:
    """The load once it is over."""
    return await until(client, load_id, lambda load: load["state"] not in {"running", "cancelling"})


async def until(client: httpx.AsyncClient, load_id: str, done: Any) -> dict[str, Any]:
    """The load once `done` holds for it."""
    for _ in range(1200):
        load: dict[str, Any] = (await client.get(f"/loads/{load_id}")).json()
        if done(load):
            return load
        await asyncio.sleep(0.1)
    raise AssertionError((await client.get(f"/loads/{load_id}")).text)


async def begun(client: httpx.AsyncClient, shop: PictureServer, content: bytes, **wishes: str) -> dict[str, Any]:
    """A load that waits for its pictures."""
    shop.open.clear()
    response = await send(client, content, **wishes)
    assert response.status_code == 202, response.text
    load: dict[str, Any] = response.json()
    for _ in range(600):
        if shop.asked:
            return load
        await asyncio.sleep(0.1)
    raise AssertionError((await client.get(f"/loads/{load['id']}")).text)


async def test_a_feed_is_loaded_mended_and_rolled_back(client: httpx.AsyncClient, shop: PictureServer) -> None:
    bad = f"bad\tNo price\t{shop.address}/ring-red-7.jpg\tmuch\tin stock\tToys > Rings"
    sent = await send(client, feed(shop, 12, bad))
    assert sent.status_code == 202, sent.text
    load = sent.json()
    assert (load["state"], load["name"], load["dry_run"]) == ("running", "shop.tsv", False)
    assert sent.headers["location"] == f"/loads/{load['id']}"
    done = await ended(client, load["id"])
    assert (done["state"], done["problem"]) == ("published", None), done
    summary = done["summary"]
    assert (summary["products"], summary["gone"]) == (12, 10)
    assert summary["rows"] == {
        "total": 13, "analyzed": 12, "reused": 0, "unchanged": 0, "resumed": 0, "refused": 1, "warned": 0, "departed": 0
    }  # fmt: skip
    assert summary["problems"] == {"bad-price": 1}
    assert str(os.sep) + "loads" + str(os.sep) not in str(done["summary"])
    found = (await client.get("/search", params={"text": "teal cross"})).json()
    assert found["generation"]["id"] == summary["generation"]

    rejects = await client.get(done["rejects"])
    assert rejects.content == f"{COLUMNS}\n{bad}\n".encode()
    assert 'filename="shop.rejects.tsv"' in rejects.headers["content-disposition"]
    reasons = (await client.get(done["rejects"], params={"reasons": "true"})).text
    assert "bad-price" in reasons
    mended = await send(client, rejects.content.replace(b"much", b"7.00 USD"), "shop.rejects.tsv", delta="true")
    done = await ended(client, mended.json()["id"])
    assert (done["state"], done["summary"]["products"], done["rejects"]) == ("published", 13, None)
    assert_problem(await client.get(f"/loads/{done['id']}/rejects"), "no-rejects")

    listed = (await client.get("/generations")).json()["generations"]
    assert [(one["state"], one["products"]) for one in listed][:2] == [("published", 13), ("retired", 12)]
    back = await client.post("/generations/rollback")
    assert back.json()["id"] == listed[1]["id"]
    assert [one["id"] for one in (await client.get("/loads")).json()["loads"]] == [done["id"], load["id"]]


async def test_a_dry_run_changes_nothing(client: httpx.AsyncClient, shop: PictureServer) -> None:
    before = (await client.get("/generations")).json()
    bad = f"bad\tNo picture\t{shop.address}/broken.jpg\t5.00 USD\tin stock\tToys"
    sent = await client.post(
        "/loads", files={"feed": ("a.tsv", feed(shop, 3, bad))}, data={"dry_run": "true", "images": "true"}
    )
    done = await ended(client, sent.json()["id"])
    assert (done["state"], done["summary"]["rows"]["refused"]) == ("checked", 1), done
    assert (await client.get(done["rejects"])).content.endswith(f"{bad}\n".encode())
    assert (await client.get("/generations")).json() == before


async def test_the_second_of_two_loads_is_refused_and_told_who_loads(
    client: httpx.AsyncClient, shop: PictureServer, open_settings: Settings
) -> None:
    """Also by another server process; a dry run may run beside it; a change made meanwhile is published with it."""
    first = await begun(client, shop, feed(shop))
    second = assert_problem(await send(client, feed(shop, 3)), "load-running")
    assert second["extra"]["load"] == first["id"]
    assert "catalog-loader load shop.tsv" in second["extra"]["holder"]
    async with serving(open_settings) as other:
        assert_problem(await send(other, feed(shop, 3)), "load-running")
        assert (await other.get(f"/loads/{first['id']}")).json()["state"] == "running"
    dry = await client.post("/loads", files={"feed": ("a.tsv", feed(shop, 3))}, data={"dry_run": "true"})
    assert (await ended(client, dry.json()["id"]))["state"] == "checked"
    added = await client.put("/products/live", json={"title": "Put while a load ran", "images": []})
    assert added.status_code in {201, 422}, added.text
    gone = await client.delete("/products/ring-teal")
    assert gone.status_code == 204
    patched = await client.patch("/products/ball-red", json={"title": "Patched while a load ran"})
    assert patched.status_code == 200
    shop.open.set()
    done = await ended(client, first["id"])
    assert done["state"] == "published", done
    shown = await client.get("/products/ball-red")
    assert shown.json()["title"] == "Patched while a load ran"
    assert_problem(await client.get("/products/ring-teal"), "product-not-found")
    assert (await client.get("/products/n3")).status_code == 200


async def test_a_load_of_the_command_line_is_in_the_way_too(
    client: httpx.AsyncClient, shop: PictureServer, open_settings: Settings
) -> None:
    """Its holder runs on this machine: this test's own process here."""
    assert open_settings.sqlite_path is not None
    writer = open_writer(open_settings.sqlite_path)
    try:
        holder = holder_name("catalog-loader load other.tsv")
        await writer.begin(embedder="x/1", dims=8, source="other", holder=holder)
        problem = assert_problem(await send(client, feed(shop, 3)), "generation-conflict")
        assert problem["extra"]["holder"] == holder
    finally:
        await writer.close()


async def test_a_cancelled_load_keeps_what_it_did_and_goes_on_when_sent_again(
    client: httpx.AsyncClient, shop: PictureServer
) -> None:
    content = feed(shop, 40)
    load = await begun(client, shop, content)
    cancelled = await client.delete(f"/loads/{load['id']}")
    assert (cancelled.status_code, cancelled.json()["state"]) == (202, "cancelling")
    shop.open.set()
    done = await ended(client, load["id"])
    assert done["state"] == "cancelled"
    assert done["problem"]["code"] == "interrupted"
    assert_problem(await client.delete(f"/loads/{load['id']}"), "load-over")
    again = await ended(client, (await send(client, content)).json()["id"])
    assert again["state"] == "published"
    assert again["summary"]["rows"]["resumed"] == done["summary"]["rows"]["analyzed"] > 0


async def test_a_killed_load_is_told_as_it_is_and_goes_on_when_sent_again(
    client: httpx.AsyncClient, shop: PictureServer, open_settings: Settings
) -> None:
    """kill -9: what serves goes on; nothing has to be cleaned up by hand."""
    content = feed(shop, 5)
    load = await begun(client, shop, content)
    pid = running_pid(load["holder"])
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    done = await ended(client, load["id"])
    assert (done["state"], done["problem"]["code"]) == ("interrupted", "load-ended-early")
    assert "again" in done["problem"]["fix"]
    assert (await client.get("/products/ring-teal")).status_code == 200
    shop.open.set()
    again = await ended(client, (await send(client, content)).json()["id"])
    assert (again["state"], again["summary"]["products"]) == ("published", 5)


async def test_a_load_outlives_the_server_that_started_it(open_settings: Settings, shop: PictureServer) -> None:
    """The next one knows it, from its beginning to its end."""
    async with serving(open_settings) as client:
        load = await begun(client, shop, feed(shop, 4))
    shop.open.set()
    async with serving(open_settings) as client:
        done = await ended(client, load["id"])
        assert (done["state"], done["created_at"]) == ("published", load["created_at"])
        assert (await client.get("/products/n0")).status_code == 200


async def test_a_feed_is_fetched_from_its_address(client: httpx.AsyncClient, shop: PictureServer) -> None:
    """Relative links lead to where it came from."""
    shop.feeds["/feed.tsv"] = feed(shop, 3).replace(f"{shop.address}/".encode(), b"")
    sent = await client.post("/loads", json={"url": f"{shop.address}/feed.tsv", "yes": True})
    done = await ended(client, sent.json()["id"])
    assert (done["state"], done["summary"]["products"]) == ("published", 3), done
    gone = await client.post("/loads", json={"url": f"{shop.address}/nothing.tsv"})
    done = await ended(client, gone.json()["id"])
    assert (done["state"], done["problem"]["code"]) == ("failed", "feed-unreachable")
    assert "404" in done["problem"]["detail"]


async def test_a_stranger_s_feed_reaches_neither_files_nor_private_addresses(
    settings: Settings, shop: PictureServer, tmp_path: Path
) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    async with serving(settings) as client:
        by_address = await client.post("/loads", json={"url": f"{shop.address}/feed.tsv"})
        done = await ended(client, by_address.json()["id"])
        assert (done["state"], done["problem"]["code"]) == ("failed", "feed-unreachable")
        tempting = "\n".join(
            f"x{number}\tTempting\t{link}\t1.00 USD\tin stock\tToys"
            for number, link in enumerate(
                [
                    f"file://{tmp_path}/secret.jpg",
                    "secret.jpg",
                    f"{tmp_path}/secret.jpg",
                    f"{shop.address}/ring-red-1.jpg",
                ]
            )
        )
        done = await ended(client, (await send(client, f"{COLUMNS}\n{tempting}\n".encode())).json()["id"])
        assert done["state"] == "refused" or done["summary"]["products"] == 0, done
        assert set(done["summary"]["problems"]) <= {
            *("image-local-refused", "image-forbidden-address", "image-url-invalid", "bad-url"),
        }
        assert shop.asked == []


async def test_what_is_no_feed_fails_with_the_loader_s_own_words(client: httpx.AsyncClient) -> None:
    done = await ended(client, (await send(client, b"%PDF-1.7 not a feed")).json()["id"])
    assert (done["state"], done["problem"]["code"], done["summary"]) == ("failed", "not-a-feed", None)
    assert "PDF" in done["problem"]["detail"]
