"""AKIN_EMBEDDER=vertex over its real wire: catalog and photos, a cloud that is away, another model, a bulk load."""

import asyncio
import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from app import cli
from app.settings import Settings
from bench.drawn_shop import run_loader, write_shop
from tests.builders import a_photo_file
from tests.cloud.fakes import http
from tests.edge.conftest import load_shop, serving, settings_in
from tests.edge.picture_server import picture_server
from tests.edge.test_products_api import LAMP

pytestmark = pytest.mark.anyio
CARD = """
name = "products"
provider = "vertex"
kind = "embedding"
model = "projects/p/locations/us-central1/publishers/google/models/multimodalembedding@001"
version = "1"
dims = 128
"""


def by_cells(picture: bytes, dims: int) -> list[float]:
    """What is where in the picture: its brightness and color in 6 x 6 cells, around their mean."""
    cells = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB").resize((6, 6)), dtype=np.float64).ravel()
    return list(np.resize(cells - cells.mean(), dims))


class Cloud:
    """A fake that embeds, and settings of a shop that uses it."""

    def __init__(self, folder: Path, vertex: http.FakeVertex, at: str) -> None:
        self.folder, self.vertex, self.script, self.at = folder, vertex, vertex.script, at

    def settings(self, **changes: object) -> Settings:
        return settings_in(
            self.folder,
            **{
                "embedder": "vertex",
                "vertex_endpoint": self.at,
                "model_cards": self.folder / "cards",
                "cloud_store": self.folder / "cloud.db",
                "sources_ms": 20_000,
                "fetch_private": True,
                **changes,
            },
        )


@pytest.fixture(scope="module")
async def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a shop whose pictures the fake embedded, the card, and the answers that were paid for."""
    folder = tmp_path_factory.mktemp("vertex-shop")
    (folder / "cards").mkdir()
    (folder / "cards" / "products.toml").write_text(CARD)
    fake = http.FakeVertex()
    fake.embeds = by_cells
    async with http.serving(fake) as at:
        await load_shop(Cloud(folder, fake, at).settings())
    assert fake.script.calls == 20
    return folder


@pytest.fixture
async def cloud(tmp_path: Path, loaded: Path) -> AsyncIterator[Cloud]:
    shutil.copytree(loaded, tmp_path, dirs_exist_ok=True)
    fake = http.FakeVertex()
    fake.embeds = by_cells
    async with http.serving(fake) as at:
        yield Cloud(tmp_path, fake, at)


async def post(client: httpx.AsyncClient, seed: int = 7, status: int = 200, **form: str) -> dict[str, Any]:
    answer = await client.post("/search-by-photo", files={"photo": a_photo_file("ring", "teal", seed=seed)}, data=form)
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


def gaps(answer: dict[str, Any]) -> dict[str, str]:
    return {gap["part"]: gap["reason"] for gap in answer["degraded"] if gap["part"] != "calibration"}


async def test_photos_and_catalog_meet_in_the_models_space_and_a_photo_is_paid_for_once(cloud: Cloud) -> None:
    async with serving(cloud.settings()) as client:
        first, again = await post(client), await post(client)
        ready = (await client.get("/ready")).json()
    assert gaps(first) == {}
    assert first["items"][0]["product"]["id"] == "ring-teal"
    assert again["items"] == first["items"]
    assert cloud.script.calls == 1
    assert cloud.script.asked[0][1] == {"dimension": 128}
    assert "closed" in ready["parts"]["vertex/products"]["detail"]
    store = {"AKIN_CLOUD_STORE": str(cloud.folder / "cloud.db")}
    spent = await asyncio.to_thread(CliRunner().invoke, cli.app, ["cost", "--json"], env=store)
    assert '"vertex.embedding": 21' in spent.output  # with the 20 pictures of the shop


async def test_only_the_clean_jpeg_of_the_thing_leaves(cloud: Cloud) -> None:
    async with serving(cloud.settings()) as client:
        photo_id = (await post(client, crop="0.25,0.25,0.5,0.5"))["photo_id"]
        box = {"photo_id": (None, photo_id), "crop": (None, "0.25,0.25,0.5,0.5")}
        assert (await client.post("/search-by-photo", files=box)).status_code == 200
    (picture,) = cloud.script.pictures  # the same crop of the same photo was paid for already
    assert b"Exif" not in picture
    assert max(Image.open(io.BytesIO(picture)).size) < 0.6 * 240


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("unavailable", "unavailable"),
        ("denied", "credentials"),
        ("missing", "missing-model"),
        ("garbage", "bad-answer"),
        ("nan", "bad-answer"),
        ("nothing", "bad-answer"),
        ("hang", "deadline"),
    ],
)
async def test_without_the_cloud_the_eyes_alone_find_and_it_is_said(cloud: Cloud, fault: str, reason: str) -> None:
    cloud.script.then = fault
    async with serving(cloud.settings(sources_ms=1000)) as client:
        answer = await post(client)
        cloud.script.then = None
        better = await post(client)
    assert gaps(answer) == {"vertex/products": reason}
    assert answer["items"][0]["product"]["id"] == "ring-teal"
    assert answer["items"][0]["match"] in {"exact", "close"}  # half a vector is no worse look
    assert answer["analysis"]["type"]["name"] == "ring"
    assert gaps(better) == {}  # a failure is not kept


async def test_a_spent_budget_buys_no_vector(cloud: Cloud) -> None:
    async with serving(cloud.settings(budget_units_per_day=21)) as client:  # 20 went into the catalog
        answers = [await post(client, seed) for seed in (11, 12)]
    assert [gaps(answer) for answer in answers] == [{}, {"vertex/products": "budget"}]
    assert cloud.script.calls == 1


async def test_half_a_picture_is_not_put_into_the_catalog(cloud: Cloud) -> None:
    cloud.script.then = "unavailable"
    with picture_server() as pictures:
        row = {**LAMP, "images": [f"{pictures.address}/plank-yellow-1.jpg"]}
        async with serving(cloud.settings(sources_ms=1000)) as client:
            away = await client.put("/products/lamp", json=row)
            cloud.script.then = "refused"
            refused = await client.put("/products/lamp", json=row)
            cloud.script.then = None
            put = await client.put("/products/lamp", json=row)
    assert (away.status_code, away.json()["code"]) == (503, "embedder-away")
    assert refused.status_code == 422
    assert "picture-refused" in refused.text
    assert put.status_code == 201, put.text


async def test_another_size_of_vectors_is_refused_and_ready_says_so(cloud: Cloud) -> None:
    (cloud.folder / "cards" / "products.toml").write_text(CARD.replace("128", "256"))
    async with serving(cloud.settings()) as client:
        problem = await post(client, status=409)
        ready = await client.get("/ready")
    assert problem["code"] == "embedder-mismatch"
    assert ready.status_code == 503
    assert "vertex-256-" in ready.json()["parts"]["embedder"]["detail"]


@pytest.mark.parametrize(
    ("cards", "which", "words"),
    [
        ([], "vertex", "no card of an embedding model"),
        ([CARD], "vertex:other", "no card of an embedding model named other"),
        ([CARD, CARD.replace('"products"', '"more"')], "vertex", "could mean any of products, more"),
        ([CARD.replace("128", "100")], "vertex", "dims not 128, 256, 512 or 1408"),
    ],
)
def test_doctor_says_which_card_is_missing(tmp_path: Path, cards: list[str], which: str, words: str) -> None:
    for number, card in enumerate(cards):
        (tmp_path / f"{number}.toml").write_text(card)
    said = CliRunner().invoke(
        cli.app, ["doctor"], env={"AKIN_EMBEDDER": which, "AKIN_MODEL_CARDS": str(tmp_path), "COLUMNS": "400"}
    )
    assert said.exit_code == 1
    assert words in " ".join(said.output.split())


async def test_reembed_waits_for_the_quota_says_the_price_and_refuses_what_the_model_refuses(tmp_path: Path) -> None:
    write_shop(tmp_path, 6)
    (tmp_path / "products.toml").write_text(CARD)
    feed = ("feed.tsv", "--type-from", "custom_label_0")
    assert (await asyncio.to_thread(run_loader, tmp_path, "load", *feed)).returncode == 0
    fake = http.FakeVertex()
    fake.embeds = by_cells
    fake.script.plan("throttled", "throttled", "refused")
    async with http.serving(fake) as at:
        settings = {"AKIN_EMBEDDER": "vertex", "AKIN_VERTEX_ENDPOINT": at, "AKIN_MODEL_CARDS": str(tmp_path),
                    "AKIN_CLOUD_STORE": str(tmp_path / "cloud.db"), "AKIN_LOADER_ASK_ABOVE_USD": "0.0001"}  # fmt: skip
        dear = await asyncio.to_thread(run_loader, tmp_path, "reembed", *feed, "--publish", **settings)
        assert dear.returncode == 3, dear.stderr
        assert "up to 6 pictures" in dear.stdout + dear.stderr
        assert fake.script.calls == 0
        done = await asyncio.to_thread(run_loader, tmp_path, "reembed", *feed, "--publish", "--yes", **settings)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "vertex/products does not take this picture" in done.stdout + done.stderr
    assert "AKIN_EMBEDDER=vertex" in done.stdout
    assert fake.script.units == 8  # six pictures, and two that met the quota
