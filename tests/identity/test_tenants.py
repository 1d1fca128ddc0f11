"""Shops of one server: what is one's, the other never sees, changes, continues or pays for."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.settings import InvalidSettings, load_settings
from app.shops import FILES, load_shop_settings, shops_of
from app.wiring import environment_of
from tests.edge.conftest import serving, settings_in
from tests.edge.problems import assert_problem
from tests.edge.test_cli import akin
from tests.identity.builders import a_key, bearer
from tests.identity.operations import operations
from tests.identity.two_shops import MARK, ONLY_NORDHEMS, PHOTO, TwoShops, leaks, settings_of_two, two_shops

pytestmark = pytest.mark.anyio

TWO = '[nordhem]\ncatalog = "sqlite:///nordhem.db"\n[fjell]\ncatalog = "sqlite:///fjell.db"\n'


def file_of(folder: Path, text: str) -> Path:
    """A file of shops."""
    path = folder / "shops.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
async def shops(shop_file: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[TwoShops]:
    """Two shops on one server, for the tests that ask it one after the other."""
    async with two_shops(tmp_path_factory.mktemp("shops"), shop_file) as made:
        yield made


async def test_the_same_photo_finds_each_shops_own_products(shops: TwoShops) -> None:
    found = {}
    for name, key in (("nordhem", shops.nordhem), ("fjell", shops.fjell), ("again", shops.nordhem)):
        answer = await shops.client.post("/search-by-photo", files={"photo": ("x.jpg", PHOTO)}, headers=key)
        found[name] = [item["product"]["title"] for item in answer.json()["items"]]
    assert found["again"] == found["nordhem"]
    assert all(MARK in title for title in found["nordhem"])
    assert found["fjell"]
    assert not any(MARK in title for title in found["fjell"])


async def test_a_load_is_its_shops_alone(shops: TwoShops) -> None:
    """Both shops load at once: neither holds the other up, and neither lists the other's."""
    sent: dict[str, httpx.Response] = {}
    for name, key in (("nordhem", shops.nordhem), ("fjell", shops.fjell)):
        files = {"feed": ("x.tsv", b"id\ttitle\n1\tone\n")}
        sent[name] = await shops.client.post("/loads", files=files, headers=key)
    assert [one.status_code for one in sent.values()] == [202, 202]
    listed = (await shops.client.get("/loads", headers=shops.fjell)).json()["loads"]
    assert [one["id"] for one in listed] == [sent["fjell"].json()["id"]]


async def test_no_operation_shows_or_changes_what_is_another_shops(shops: TwoShops) -> None:
    """Generated from the document: an operation or a kind of id that is new is in it, or this fails."""
    needed = {part for one in operations() for part in one.parts}
    assert needed <= set(shops.names), "a new kind of id: make one in nordhem (two_shops.py)"
    looked, found = await leaks(shops)
    assert found == []
    assert looked >= len(operations())
    for key, marked in ((shops.nordhem, True), (shops.fjell, False)):
        answer = await shops.client.get(f"/products/{ONLY_NORDHEMS}", headers=key)
        assert (MARK in answer.text, answer.status_code == 200) == (marked, marked)


async def test_ready_tells_anybody_how_many_shops_are_well_and_names_none(shop_file: Path, tmp_path: Path) -> None:
    settings = settings_of_two(tmp_path, shop_file)
    (tmp_path / "fjell.db").unlink()
    a_key(settings.keys, shop="nordhem")
    async with serving(settings) as client:
        answer = await client.get("/ready")
    assert answer.json()["status"] == "ready", "one shop's trouble takes no other out of service"
    assert answer.json()["parts"]["generation"]["detail"] == "Well for 1 of 2 shops."
    assert "nordhem" not in answer.text + str(answer.headers)


async def test_a_key_of_a_shop_that_is_served_no_more_opens_nothing(shop_file: Path, tmp_path: Path) -> None:
    settings = settings_of_two(tmp_path, shop_file)
    gone = a_key(settings.keys, shop="closed-down")
    async with serving(settings) as client:
        for path in ("/search?text=ring", "/products", "/loads", "/generations"):
            assert_problem(await client.get(path, headers=bearer(gone)), "shop-not-served")


async def test_shops_without_a_key_are_not_served(shop_file: Path, tmp_path: Path) -> None:
    with pytest.raises(BaseException) as failed:  # noqa: PT011 - the lifespan wraps it in a group
        async with serving(settings_of_two(tmp_path, shop_file)):
            pytest.fail("nobody could say which shop is meant")
    assert "akin keys create --shop" in str(getattr(failed.value, "fix", failed.value))


def test_each_shop_has_its_own_places_and_the_servers_other_settings(tmp_path: Path) -> None:
    text = TWO + 'analyzers = ["google_vision", "local"]\nbudget_usd_per_day = 5.0\nphoto_store = "elsewhere.db"\n'
    settings = settings_in(tmp_path, shops=file_of(tmp_path, text), rate_per_key=7)
    shops = shops_of(settings)
    places = [getattr(one, name) for one in shops.values() for name in FILES]
    assert len(set(places)) == len(places) == 2 * len(FILES)
    assert shops["nordhem"].photo_store == tmp_path / "shops" / "nordhem" / "photos.db"
    assert shops["fjell"].photo_store == Path("elsewhere.db")
    assert (shops["fjell"].analyzers, shops["fjell"].budget_usd_per_day) == (("google_vision", "local"), 5.0)
    assert (shops["nordhem"].analyzers, shops["nordhem"].budget_usd_per_day) == (("local",), None)
    assert [one.rate_per_key for one in shops.values()] == [7, 7]


def test_one_cluster_holds_shops_under_prefixes_of_their_own(tmp_path: Path) -> None:
    cluster = {"catalog": "https://search.example:9200", "elasticsearch_prefix": "akin"}
    shops = shops_of(load_settings(shops=file_of(tmp_path, "[nord-hem]\n[fjell]\n"), **cluster))
    assert [one.elasticsearch_prefix for one in shops.values()] == ["akin_nord_hem", "akin_fjell"]


def test_a_shops_loader_works_for_that_shop_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the loader's process is given says nothing of the other shops."""
    monkeypatch.setenv("AKIN_SHOPS", str(file_of(tmp_path, TWO)))
    shop = shops_of(load_settings())["fjell"]
    for name, value in environment_of(shop).items():
        if name.startswith("AKIN_"):
            monkeypatch.setenv(name, value)
    assert load_shop_settings() == shop


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("nordhem = 1", "no table"),
        ("[Nordhem]", "no table"),
        ('["a/../b"]', "no table"),
        ("[nordhem]\nport = 80", "port"),
        ("[nordhem]\ncatalog = 'sqlite:///a.db'\nbudget_usd_per_day = 'much'", r"\[nordhem\].*BUDGET_USD_PER_DAY"),
        ("[a]\ncatalog = 'sqlite:///x.db'\n[b]\ncatalog = 'sqlite:///./x.db'", "share"),
        (TWO + "photo_store = 'x.db'\n[c]\ncatalog = 'sqlite:///c.db'\nphoto_store = 'x.db'", "share"),
        ("[a]\n[b]", "share"),
        ("", "no shop"),
        ("[nordhem", "cannot be used"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidSettings, match=words):
        shops_of(load_settings(shops=file_of(tmp_path, text)))


def test_a_command_works_for_the_shop_that_is_named(tmp_path: Path) -> None:
    settings = {"AKIN_SHOPS": str(file_of(tmp_path, TWO)), "AKIN_CATALOG": ""}
    unsaid = akin(tmp_path, "generations", "list", **settings)
    assert (unsaid.returncode, "AKIN_SHOP=ID" in unsaid.stderr) == (2, True)
    said = akin(tmp_path, "generations", "list", "--json", **settings, AKIN_SHOP="fjell")
    assert (said.returncode, json.loads(said.stdout)) == (0, [])
    assert (tmp_path / "fjell.db").exists()
    assert not (tmp_path / "nordhem.db").exists()


def test_keys_are_made_for_shops_that_exist(tmp_path: Path) -> None:
    settings = {"AKIN_SHOPS": str(file_of(tmp_path, TWO)), "AKIN_CATALOG": ""}
    for shop in ((), ("--shop", "other")):
        done = akin(tmp_path, "keys", "create", "--scope", "search", *shop, **settings)
        assert (done.returncode, "nordhem, fjell" in done.stderr) == (2, True), done.stderr
    made = akin(tmp_path, "keys", "create", "--scope", "search", "--shop", "fjell", "--json", **settings)
    assert json.loads(made.stdout)["shop"] == "fjell"
    listed = akin(tmp_path, "keys", "list", "--json", **settings)
    assert [one["shop"] for one in json.loads(listed.stdout)] == ["fjell"]
