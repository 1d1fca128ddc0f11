"""Two shops on one server, and every operation asked of the one for what belongs to the other."""

import json
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import httpx

from app.settings import Settings
from app.shops import shops_of
from tests.builders import a_photo_file
from tests.edge.conftest import serving, settings_in
from tests.edge.test_generations_api import load
from tests.identity.builders import a_key, bearer
from tests.identity.operations import Operation, operations

MARK = "of-nordhem-only"
"""Stands in everything nordhem keeps, and in nothing that fjell sends."""
PHOTO = a_photo_file("ring", "teal", seed=7)
ONLY_NORDHEMS = "ball-red"
"""A product that fjell does not have; all others are in both, under the same ids."""
STATE = ("/products", "/generations", "/loads", "/judged-photos", "/evaluations")


@dataclass(frozen=True, slots=True)
class TwoShops:
    """A server of nordhem and fjell. names: ids that are nordhem's, by the names the document gives them."""

    client: httpx.AsyncClient
    settings: Settings
    nordhem: dict[str, str]
    fjell: dict[str, str]
    names: dict[str, str]


def settings_of_two(folder: Path, shop_file: Path) -> Settings:
    """Settings of a server of two shops, each with a copy of the drawn shop."""
    tables = ""
    for shop in ("nordhem", "fjell"):
        shutil.copy(shop_file, folder / f"{shop}.db")
        tables += f'[{shop}]\ncatalog = "sqlite:///{folder / shop}.db"\n'
    (folder / "shops.toml").write_text(tables, encoding="utf-8")
    return settings_in(folder, shops=folder / "shops.toml", rate_per_key=0)


@asynccontextmanager
async def two_shops(folder: Path, shop_file: Path) -> AsyncIterator[TwoShops]:
    """Serve both, fill nordhem with things of every kind, and wait for what was started."""
    settings = settings_of_two(folder, shop_file)
    keys = {shop: bearer(a_key(settings.keys, shop=shop)) for shop in ("nordhem", "fjell")}
    async with serving(settings) as client:
        names = await _filled(client, settings, keys["nordhem"])
        await _settled(client, keys["nordhem"])
        assert (await client.delete(f"/products/{ONLY_NORDHEMS}", headers=keys["fjell"])).status_code == 204
        yield TwoShops(client, settings, keys["nordhem"], keys["fjell"], names)
        for key in keys.values():
            await _settled(client, key)


async def _filled(client: httpx.AsyncClient, settings: Settings, key: Mapping[str, str]) -> dict[str, str]:
    """Things of every kind in nordhem, all with the mark in them; their ids."""

    async def ask(method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = await client.request(method, path, headers=key, **body)
        assert answer.is_success, answer.text
        told: dict[str, Any] = answer.json()
        return told

    for product in (await ask("GET", "/products?limit=100"))["items"]:
        await ask("PATCH", f"/products/{product['id']}", json={"title": f"{product['title']} {MARK}", "brand": MARK})
    searched = await ask("POST", "/search-by-photo", files={"photo": ("x.jpg", PHOTO), "limit": (None, "1")})
    listed = await ask("GET", "/products?limit=1")
    judged = json.dumps({"name": MARK, "product": ONLY_NORDHEMS})
    feed = f"id\ttitle\n1\t{MARK}\n".encode()
    judgment = await ask("POST", "/judged-photos", files={"judged": (None, judged), "photo": ("x.jpg", PHOTO)})
    started = await ask("POST", "/loads", files={"feed": (f"{MARK}.tsv", feed), "dry_run": (None, "true")})
    evaluated = await ask("POST", "/evaluations", json={"name": MARK})
    return {
        "product_id": ONLY_NORDHEMS,
        "key_id": (await ask("GET", "/keys"))["keys"][0]["id"],
        "load_id": started["id"],
        "generation_id": await load(shops_of(settings)["nordhem"], "a"),
        "search_id": searched["search_id"],
        "photo_id": searched["photo_id"],
        "judged_id": judgment["id"],
        "evaluation_id": evaluated["id"],
        "earlier": evaluated["id"],
        "cursor": searched["next_cursor"] or listed["next_cursor"],
    }


async def _settled(client: httpx.AsyncClient, key: Mapping[str, str]) -> None:
    """Wait for what a shop was told to do and does on its own."""
    with anyio.fail_after(120):
        while await _works(client, key):
            await anyio.lowlevel.checkpoint()


async def _works(client: httpx.AsyncClient, key: Mapping[str, str]) -> bool:
    told = [(await client.get(path, headers=key)).json() for path in ("/loads", "/evaluations")]
    return any(one["state"] in {"running", "cancelling"} for part in told for many in part.values() for one in many)


async def leaks(shops: TwoShops) -> tuple[int, list[str]]:
    """(answers looked at, what leaked): every operation, with fjell's key and nordhem's ids."""
    await _settled(shops.client, shops.nordhem)
    before = await _state(shops, shops.nordhem)
    assert all(MARK in before[path] for path in STATE if path != "/generations")
    looked, found = 0, []
    for operation in operations():
        for with_ in ("", *operation.takes(shops.names)):
            request = operation.request(shops.client, shops.names, shops.fjell, with_)
            answer = await shops.client.send(request)
            looked += 1
            found += [f"{operation.id} {with_}: {why}" for why in _wrong(operation, with_, answer)]
    await _settled(shops.client, shops.fjell)
    after = await _state(shops, shops.nordhem)
    return looked, found + [f"{path} of nordhem was changed" for path in STATE if after[path] != before[path]]


def _wrong(operation: Operation, with_: str, answer: httpx.Response) -> list[str]:
    why = []
    if MARK.encode() in answer.content or any(MARK in value for value in answer.headers.values()):
        why.append("shows what is nordhem's")
    of_nordhem = operation.parts and operation.id != "putProduct"  # whoever puts a product names it as he likes
    if answer.is_success and (of_nordhem or with_ in {"photo_id", "earlier"}):
        why.append(f"{answer.status_code} for an id that is nordhem's")
    if answer.status_code >= 500:
        why.append(f"{answer.status_code} {answer.text}")
    return why


async def _state(shops: TwoShops, key: Mapping[str, str]) -> dict[str, str]:
    """All that a shop keeps, as its own key is told it."""
    return {path: (await shops.client.get(path, headers=key)).text for path in STATE}
