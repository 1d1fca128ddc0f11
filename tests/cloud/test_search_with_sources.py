"""The whole server with outside sources over their real wires: what a caller of POST /search-by-photo sees."""

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.settings import Settings
from tests.builders import a_photo_file
from tests.cloud.fakes import google, http
from tests.edge.conftest import load_shop, serving, settings_in

pytestmark = pytest.mark.anyio
CARD = """
name = "materials"
provider = "vertex"
kind = "classification"
model = "projects/p/locations/us-central1/endpoints/1"
version = "1"
attribute = "material"
"""
WORDS = """
[types.ball]
words = ["ball", "sphere"]
[types.ring]
[types.box]
[types.plank]
[types.cross]
"""


@pytest.fixture(scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loaded shop's catalog file."""
    path = tmp_path_factory.mktemp("cloud-shop")
    await load_shop(settings_in(path))
    return path / "akin.db"


class Cloud:
    """The fakes, and settings that name them."""

    def __init__(self, folder: Path, vision: google.FakeVision, vertex: http.FakeVertex, ends: tuple[str, str]) -> None:
        self.folder, self.vision, self.vertex, self.ends = folder, vision, vertex, ends

    def settings(self, **changes: object) -> Settings:
        """Settings of a server that asks both."""
        return settings_in(
            self.folder,
            **{
                "analyzers": ("google_vision", "vertex", "local"),
                "google_endpoint": self.ends[0],
                "vertex_endpoint": self.ends[1],
                "model_cards": self.folder / "cards",
                "vocabulary": self.folder / "words.toml",
                "cloud_store": self.folder / "cloud.db",
                "sources_ms": 20_000,
                **changes,
            },
        )


@pytest.fixture
async def cloud(tmp_path: Path, shop: Path) -> AsyncIterator[Cloud]:
    """Fakes that see a ball in the middle of every photo."""
    shutil.copy(shop, tmp_path / "akin.db")
    (tmp_path / "cards").mkdir()
    (tmp_path / "cards" / "materials.toml").write_text(CARD)
    (tmp_path / "words.toml").write_text(WORDS)
    vision, vertex = google.FakeVision(), http.FakeVertex()
    vision.labels = [("", "Sphere", 0.9), ("", "Gizmo", 0.8)]
    vision.things = [("", "Ball", 0.9, (0.1, 0.1, 0.8, 0.8))]
    async with AsyncExitStack() as stack:
        ends = (await stack.enter_async_context(google.serving(vision)),
                await stack.enter_async_context(http.serving(vertex)))  # fmt: skip
        yield Cloud(tmp_path, vision, vertex, ends)


async def post(client: httpx.AsyncClient, shape: str = "ball", seed: int = 7, **form: str) -> dict[str, Any]:
    answer = await client.post("/search-by-photo", files={"photo": a_photo_file(shape, seed=seed)}, data=form)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def reasons(answer: dict[str, Any]) -> dict[str, str]:
    return {gap["part"]: gap["reason"] for gap in answer["degraded"] if gap["part"] != "calibration"}


async def test_what_sources_say_is_in_the_answer_with_its_source(cloud: Cloud) -> None:
    async with serving(cloud.settings()) as client:
        answer = await post(client)
    assert reasons(answer) == {}
    analysis = answer["analysis"]
    assert {"name": "sphere", "confidence": pytest.approx(0.9), "source": "google_vision"}.items() <= next(
        label for label in analysis["labels"] if label["name"] == "sphere"
    ).items()
    material = next(one for one in analysis["attributes"] if one["value"] == "velvet")
    assert (material["name"], material["source"]) == ("material", "vertex/materials")
    assert any(one["type"] == "ball" for one in analysis["objects"])
    assert analysis["type"]["name"] == "ball"


async def test_photo_id_with_a_box_costs_no_second_analysis(cloud: Cloud) -> None:
    async with serving(cloud.settings()) as client:
        first = await post(client)
        box = first["analysis"]["objects"][0]["box"]
        crop = ",".join(f"{box[side]:.4f}" for side in ("x", "y", "width", "height"))
        form = {"photo_id": (None, first["photo_id"]), "crop": (None, crop)}
        answer = await client.post("/search-by-photo", files=form)
    assert answer.status_code == 200, answer.text
    assert answer.json()["analysis"]["region"]["width"] == pytest.approx(box["width"], abs=1e-3)
    assert (cloud.vision.script.calls, cloud.vertex.script.calls) == (1, 1)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("denied", "credentials"),
        ("missing", "missing-model"),
        ("unavailable", "unavailable"),
        ("garbage", "bad-answer"),
        ("nan", "bad-answer"),
        ("flood", "bad-answer"),
        ("nothing", "nothing-seen"),
        ("german", "unknown-words"),
    ],
)
async def test_bad_input_is_named_in_degraded_logged_and_search_still_answers(
    cloud: Cloud, caplog: pytest.LogCaptureFixture, fault: str, reason: str
) -> None:
    cloud.vision.script.then = fault
    async with serving(cloud.settings()) as client:
        answer = await post(client)
    assert reasons(answer)["google_vision"] == reason
    assert answer["items"]
    assert any("google_vision" in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("denied", "credentials"),
        ("missing", "missing-model"),
        ("garbage", "bad-answer"),
        ("nan", "bad-answer"),
        ("flood", "bad-answer"),
        ("nothing", "nothing-seen"),
        ("german", "unknown-words"),
    ],
)
@pytest.mark.parametrize("source", ["vertex/materials", "rekognition"])
async def test_so_it_is_for_own_models_and_rekognition(
    cloud: Cloud, caplog: pytest.LogCaptureFixture, source: str, fault: str, reason: str
) -> None:
    rekognition = http.FakeRekognition()
    fake: Any = rekognition if source == "rekognition" else cloud.vertex
    (cloud.folder / "cards" / "materials.toml").write_text(CARD.replace('attribute = "material"', ""))
    if fault == "german":
        fake.labels = [("Ohrensessel", 97.0)] if source == "rekognition" else [("Ohrensessel", 0.97)]
    else:
        fake.script.then = fault
    async with http.serving(rekognition) as at:
        names = ("rekognition", "vertex", "local")
        async with serving(cloud.settings(analyzers=names, aws_endpoint=at, aws_region="eu-west-1")) as client:
            answer = await post(client)
    assert {"part": source, "reason": reason} in answer["degraded"]
    assert answer["items"]
    assert any(source in record.getMessage() for record in caplog.records)


async def test_several_things_are_several_regions_that_can_be_searched_on(cloud: Cloud) -> None:
    cloud.vision.things = [
        ("", "Ball", 0.9, (0.05, 0.1, 0.4, 0.8)),
        ("", "Ring", 0.8, (0.55, 0.1, 0.4, 0.8)),
    ]
    async with serving(cloud.settings()) as client:
        answer = await post(client)
        kinds = {one["type"]: one["box"] for one in answer["analysis"]["objects"]}
        ring = ",".join(f"{kinds['ring'][side]:.4f}" for side in ("x", "y", "width", "height"))
        form = {"photo_id": (None, answer["photo_id"]), "crop": (None, ring)}
        closer = await client.post("/search-by-photo", files=form)
    assert {"ball", "ring"} <= kinds.keys()
    assert closer.status_code == 200
    assert closer.json()["analysis"]["region"]["x"] == pytest.approx(0.55, abs=1e-3)
    assert cloud.vision.script.calls == 1


async def test_a_late_source_is_cancelled_and_named(cloud: Cloud) -> None:
    cloud.vision.script.then = "hang"
    async with serving(cloud.settings(sources_ms=4000)) as client:
        answer = await post(client)
    assert reasons(answer) == {"google_vision": "deadline"}
    assert answer["items"]
    assert any(one["source"] == "vertex/materials" for one in answer["analysis"]["attributes"])


async def test_a_card_with_an_unknown_attribute_is_named_and_the_rest_works(cloud: Cloud) -> None:
    (cloud.folder / "cards" / "materials.toml").write_text(CARD.replace('"material"', '"flavor"'))
    async with serving(cloud.settings()) as client:
        answer = await post(client)
    assert reasons(answer) == {"vertex": "bad-card"}
    assert any(label["source"] == "google_vision" for label in answer["analysis"]["labels"])


async def test_a_spent_budget_buys_nothing_and_survives_a_restart(cloud: Cloud) -> None:
    settings = cloud.settings(budget_units_per_day=5)
    answers: list[dict[str, Any]] = []
    for seed in range(2):
        async with serving(settings) as client:
            answers = [await post(client, seed=10 * seed + more) for more in range(3)]
    assert reasons(answers[-1]) == {"google_vision": "budget", "vertex/materials": "budget"}
    assert cloud.vision.script.units + cloud.vertex.script.units <= 5


async def test_ready_shows_how_the_breaker_stands(cloud: Cloud) -> None:
    cloud.vision.script.then = "denied"
    async with serving(cloud.settings()) as client:
        answers = [await post(client, seed=seed) for seed in range(6)]
        ready = await client.get("/ready")
    assert reasons(answers[-1]) == {"google_vision": "resting"}
    assert cloud.vision.script.calls == 5
    parts = ready.json()["parts"]
    assert ready.status_code == 200
    assert "open after credentials" in parts["google_vision"]["detail"]
    assert "closed" in parts["vertex/materials"]["detail"]


@pytest.mark.parametrize(("below", "calls"), [(0.0, 0), (0.9999, 1)])
async def test_a_cascade_asks_only_where_the_type_is_unsure(cloud: Cloud, below: float, calls: int) -> None:
    async with serving(cloud.settings(cascade=below)) as client:
        answer = await post(client)
    assert (cloud.vision.script.calls, cloud.vertex.script.calls) == (calls, calls)
    assert answer["items"]


async def test_only_the_clean_jpeg_leaves(cloud: Cloud) -> None:
    async with serving(cloud.settings()) as client:
        await post(client)
    for picture in (*cloud.vision.script.pictures, *cloud.vertex.script.pictures):
        assert picture[:2] == b"\xff\xd8"
        assert b"Exif" not in picture


async def test_without_credentials_the_server_starts_and_says_so_in_every_answer(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # else Google's library looks for a metadata server
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(cloud.folder / "nowhere.json"))
    async with serving(cloud.settings(google_endpoint=None)) as client:
        answer = await post(client)
    assert reasons(answer) == {"google_vision": "credentials"}
    assert answer["items"]
    assert any("(credentials)" in record.getMessage() for record in caplog.records)
