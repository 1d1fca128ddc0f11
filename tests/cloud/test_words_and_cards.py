"""The vocabulary, model cards and what leaves: data that people edit, and what is said when they slip."""

import asyncio
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from app import cli
from app.analysis.cards import read_cards
from app.analysis.outgoing import BadFaceModel, BlurredFaces, blurred, clean, faces_by
from app.analysis.sighting import Notebook, Word
from app.analysis.vocabulary import BadVocabulary, Meaning, read_vocabulary
from app.errors import Unavailable
from app.metering import MeterStore, UnplacedWords
from app.photos import MAX_SIDE
from tests.cloud.builders import a_photo

VOCABULARY = read_vocabulary()
KNOWN = VOCABULARY.attributes
CARD = {
    "name": '"m"', "provider": '"vertex"', "kind": '"classification"', "version": '"1"', "attribute": '"material"',
    "model": '"projects/p/locations/l/endpoints/1"',
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("Chairs", Meaning(("chair",))),
        ("CLUB-CHAIR", Meaning(("armchair",))),
        ("Table lamp", Meaning(("lamp",))),
        ("Lamp table", Meaning(("table",))),
        ("teal velvet armchair", Meaning(("armchair",), (("material", "velvet"),))),
        ("Bookshelves", Meaning(("shelf",))),
        ("Furniture", Meaning()),
        ("Ohrensessel", None),
        ("", None),
    ],
)
def test_words_are_found_whatever_their_form(text: str, meaning: Meaning | None) -> None:
    assert VOCABULARY.meaning(Word(text, 1.0)) == meaning


def test_an_id_goes_before_the_word() -> None:
    assert VOCABULARY.meaning(Word("Silla", 0.9, "/m/01mzpv", "es")) == Meaning(("chair",))


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    VOCABULARY.meaning(Word(text, 0.5))
    VOCABULARY.suggestion(text, (), 1)


def test_a_shops_own_file_adds_and_wins(tmp_path: Path) -> None:
    own = tmp_path / "words.toml"
    own.write_text(
        '[types."bar stool"]\nunder = "stool"\nwords = ["counter stool", "furniture"]\n'
        '[attributes.mood]\ncalm = ["serene"]\n'
    )
    words = read_vocabulary(own)
    assert words.meaning(Word("Counter Stools", 1.0)) == Meaning(("bar stool",))
    assert words.meaning(Word("furniture", 1.0)) == Meaning(("bar stool",))
    assert set(words.family("seat")) >= {"seat", "stool", "bar stool", "armchair"}
    assert "mood" in words.attributes


@pytest.mark.parametrize("text", ["x = ", "types = 3", '[types.a]\nunder = "nobody"', "[attributes.a]\nb = 3"])
def test_a_broken_vocabulary_is_refused_with_its_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "words.toml").write_text(text)
    with pytest.raises(BadVocabulary):
        read_vocabulary(tmp_path / "words.toml")


def test_gaps_are_shown_with_suggestions_and_forgotten_once_placed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fill() -> None:
        store = MeterStore(tmp_path / "cloud.db")
        for _ in range(5):
            await UnplacedWords(store).add([("google_vision", "chesterfield"), ("google_vision", "velvett")], "sofa")
        await UnplacedWords(store).add([("google_vision", "qwrtz")], "")
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("AKIN_CLOUD_STORE", str(tmp_path / "cloud.db"))
    shown = CliRunner().invoke(cli.app, ["vocabulary", "gaps"])
    assert "chesterfield" in shown.output
    assert "type=sofa" in shown.output
    lines = CliRunner().invoke(cli.app, ["vocabulary", "gaps", "--toml"]).output
    assert '# "qwrtz": said 1 times' in lines
    (tmp_path / "words.toml").write_text(lines)
    assert read_vocabulary(tmp_path / "words.toml").meaning(Word("Chesterfields", 1.0)) == Meaning(("sofa",))
    monkeypatch.setenv("AKIN_VOCABULARY", str(tmp_path / "words.toml"))
    assert "chesterfield" not in CliRunner().invoke(cli.app, ["vocabulary", "gaps"]).output


def test_cost_shows_what_was_spent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AKIN_CLOUD_STORE", str(tmp_path / "cloud.db"))
    assert json.loads(CliRunner().invoke(cli.app, ["cost", "--json"]).output) == []


def card_file(folder: Path, **changes: str) -> None:
    fields = {name: value for name, value in {**CARD, **changes}.items() if value}
    labels = fields.pop("labels", "")
    text = "\n".join(f"{name} = {value}" for name, value in fields.items())
    (folder / "card.toml").write_text(f"{text}\n[labels]\n{labels}\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"name": '"A b"'}, {"name": ""}, {"kind": '"poetry"'}, {"model": '"endpoints/1"'}, {"threshold": "2"},
        {"attribute": '"flavor"'}, {"labels": 'x = "flavor=sweet"'}, {"labels": 'x = "velvet"'}, {"labels": "x = 3"},
        {"most": "0"}, {"dims": "7"}, {"color": '"red"'}, {"version": "3"},
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_used_says_why(tmp_path: Path, changes: dict[str, str]) -> None:
    card_file(tmp_path, **changes)
    cards, bad = read_cards(tmp_path, "vertex", KNOWN)
    assert cards == []
    ((name, problem),) = bad
    assert name == "card.toml"
    assert "card.toml" in problem.detail
    assert problem.fix


def test_a_card_says_what_labels_mean(tmp_path: Path) -> None:
    card_file(tmp_path, labels='plush = "material=velvet"\nsofa_3 = "type=sofa"\nnone = ""')
    ((card,), bad) = read_cards(tmp_path, "vertex", KNOWN)
    assert bad == []
    notes = Notebook()
    for label in ("plush", "sofa_3", "none", "raw_silk"):
        card.write(notes, label, 0.9)
    assert [(claim.attribute, claim.value) for claim in notes.claims] == [
        ("material", "velvet"), ("type", "sofa"), ("material", "raw silk"),
    ]  # fmt: skip
    assert read_cards(tmp_path, "rekognition", KNOWN) == ([], [])
    fingerprint = card.fingerprint
    card_file(tmp_path, threshold="0.9")
    assert read_cards(tmp_path, "vertex", KNOWN)[0][0].fingerprint != fingerprint


def test_two_cards_of_one_name_are_both_refused(tmp_path: Path) -> None:
    card_file(tmp_path)
    (tmp_path / "again.toml").write_text((tmp_path / "card.toml").read_text())
    cards, bad = read_cards(tmp_path, "vertex", KNOWN)
    assert (cards, len(bad)) == ([], 2)


def test_only_the_bounded_picture_leaves() -> None:
    photo = a_photo()
    picture = asyncio.run(clean(photo))
    assert picture.jpeg == photo.jpeg
    assert max(picture.width, picture.height) <= MAX_SIDE


def test_faces_are_made_unrecognizable_and_nothing_else_is_touched() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (100, 120, 3), dtype=np.uint8)
    out = blurred(pixels, [(30, 20, 20, 20), (110, 90, 30, 30), (0, 0, 0, 0)])
    face = out[15:45, 25:55].astype(int)
    assert np.abs(np.diff(face, axis=1)).mean() < 0.3 * np.abs(np.diff(pixels[15:45, 25:55].astype(int), axis=1)).mean()
    assert np.array_equal(out[60:80, 0:60], pixels[60:80, 0:60])
    assert not np.array_equal(out[95:, 115:], pixels[95:, 115:])


def test_a_photo_with_a_face_leaves_blurred_and_one_without_as_it_is() -> None:
    photo = a_photo()
    assert asyncio.run(BlurredFaces(lambda _: [])(photo)).jpeg == photo.jpeg
    hidden = asyncio.run(BlurredFaces(lambda _: [(50, 50, 80, 80)])(photo))
    assert hidden.jpeg != photo.jpeg
    assert hidden.jpeg[:2] == b"\xff\xd8"
    assert hidden.digest != asyncio.run(clean(photo)).digest


def test_where_faces_cannot_be_looked_for_nothing_leaves() -> None:
    def broken(_: object) -> list[tuple[int, int, int, int]]:
        raise cv2.error("no")

    with pytest.raises(Unavailable):
        asyncio.run(BlurredFaces(broken)(a_photo()))


def test_a_file_that_is_no_face_detector_is_refused(tmp_path: Path) -> None:
    (tmp_path / "yunet.onnx").write_bytes(b"no model")
    with pytest.raises(BadFaceModel):
        faces_by(tmp_path / "yunet.onnx")
