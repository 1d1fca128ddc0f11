"""`akin trust` against fakes that boast: they are believed less, by as much as what they said turned out wrong."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app import cli
from app.analysis.trust import read_trust
from bench.drawn_shop import run_loader, write_shop
from tests.cloud.fakes import google, http

pytestmark = pytest.mark.anyio
PHOTOS = 40
CARD = """
name = "inks"
provider = "vertex"
kind = "classification"
model = "projects/p/locations/us-central1/endpoints/1"
version = "1"
attribute = "color"
"""
WORDS = "".join(f"[types.{kind}]\n" for kind in ("ball", "box", "plank", "ring", "cross"))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty drawn products, each with its picture judged as a photo of it."""
    folder = tmp_path_factory.mktemp("trust")
    write_shop(folder, PHOTOS)
    done = run_loader(folder, "load", "feed.tsv", "--type-from", "custom_label_0")
    assert done.returncode == 0, done.stderr
    rows = [line.split("\t") for line in (folder / "feed.tsv").read_text().splitlines()[1:]]
    judged = [json.dumps({"photo": row[2], "product": row[0], "type": row[7]}) for row in rows]
    (folder / "judged.jsonl").write_text("\n".join(judged))
    (folder / "inks.toml").write_text(CARD)
    (folder / "words.toml").write_text(WORDS)
    return folder


class Asked:
    """The command with both fakes. Vision says "ball" of everything, 0.95 sure; the shop's own model "red", 0.9."""

    def __init__(self, shop: Path, folder: Path, vision: google.FakeVision, vertex: http.FakeVertex) -> None:
        self.shop, self.out, self.vision, self.vertex = shop, folder / "trust.toml", vision, vertex
        self.environment = {
            "AKIN_CATALOG": f"sqlite:///{shop / 'akin.db'}", "AKIN_ANALYZERS": "google_vision,vertex,local",
            "AKIN_MODEL_CARDS": str(shop), "AKIN_VOCABULARY": str(shop / "words.toml"), "COLUMNS": "200",
            "AKIN_CLOUD_STORE": str(folder / "cloud.db"),
        }  # fmt: skip

    async def run(self, *options: str, **settings: str) -> tuple[int, str]:
        """Exit code and output."""
        arguments = ["trust", str(self.shop / "judged.jsonl"), "--out", str(self.out), *options]
        environment = {**self.environment, **settings}
        done = await asyncio.to_thread(lambda: CliRunner().invoke(cli.app, arguments, env=environment))
        return done.exit_code, done.output


@pytest.fixture
async def asked(shop: Path, tmp_path: Path) -> AsyncIterator[Asked]:
    vision, vertex = google.FakeVision(), http.FakeVertex()
    vision.labels, vision.things = [], [("", "Ball", 0.95, (0.0, 0.0, 1.0, 1.0))]
    vertex.labels = [("red", 0.9)]
    made = Asked(shop, tmp_path, vision, vertex)
    async with AsyncExitStack() as stack:
        made.environment["AKIN_GOOGLE_ENDPOINT"] = await stack.enter_async_context(google.serving(vision))
        made.environment["AKIN_VERTEX_ENDPOINT"] = await stack.enter_async_context(http.serving(vertex))
        yield made


async def test_who_boasts_is_believed_as_often_as_he_was_right(asked: Asked) -> None:
    code, said = await asked.run()
    assert code == 0, said
    assert "up to 40 photos" in said
    before, after = read_trust(), read_trust(asked.out)
    # Every fifth product is a ball; of the forty, ten are red.
    assert after.of("google_vision").calibrated(0.95) == pytest.approx(0.2, abs=0.05)
    assert after.of("vertex/inks").calibrated(0.9) == pytest.approx(0.25, abs=0.05)
    assert before.of("google_vision").calibrated(0.95) > 0.8
    assert "20%" in said


async def test_a_second_fit_buys_nothing_and_one_source_away_is_no_reason_to_stop(asked: Asked) -> None:
    asked.vertex.script.then = "denied"
    code, said = await asked.run()
    assert code == 0, said
    assert "vertex/inks: only 0 statements" in asked.out.read_text()
    assert "google_vision" in asked.out.read_text()
    calls = asked.vision.script.calls
    await asked.run()
    assert (calls, asked.vision.script.calls) == (PHOTOS, PHOTOS)


async def test_what_is_dear_is_agreed_to_first(asked: Asked) -> None:
    assert (await asked.run(AKIN_LOADER_ASK_ABOVE_USD="0.01"))[0] != 0
    assert asked.vision.script.calls == 0
    assert not asked.out.exists()
    assert (await asked.run("--yes", AKIN_LOADER_ASK_ABOVE_USD="0.01"))[0] == 0
