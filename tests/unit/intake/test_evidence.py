"""What pictures show, taken together."""

import pytest

from app.analysis import Attribute, Box, Color, Embedding, Label, PhotoAnalysis
from app.catalog import SeenAttribute
from app.intake import SeenImage, seen_image, with_seen
from tests.builders import a_product, a_vector, an_analysis


def seen(**changes: object) -> SeenImage:
    """One picture's evidence."""
    fields = {"region": Box(0.1, 0.2, 0.5, 0.6), "embedding": Embedding("test/1", a_vector(1)), **changes}
    found = seen_image(PhotoAnalysis(**fields))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_evidence_is_what_was_seen() -> None:
    """Vector, embedder, region, features and colors."""
    found = seen(features=b"123", colors=(Color("teal", "#1d7f86", 0.6),)).evidence
    assert found.embedder == "test/1"
    assert found.embedding is not None
    assert found.region == (0.1, 0.2, 0.5, 0.6)
    assert found.features == b"123"
    assert [color.name for color in found.colors] == ["teal"]


def test_a_picture_without_a_vector_is_no_evidence() -> None:
    """Nothing could find it."""
    assert seen_image(PhotoAnalysis(region=Box(0, 0, 1, 1))) is None
    assert seen_image(an_analysis()) is not None


def test_what_one_of_two_pictures_shows_counts_half() -> None:
    """So that a lamp beside the sofa stays a hint."""
    first = seen(
        labels=(Label("sofa", 0.9, "eyes"), Label("lamp", 0.8, "eyes")),
        attributes=(Attribute("material", "linen", 0.6, "eyes"),),
        colors=(Color("teal", "#111111", 0.8), Color("gray", "#999999", 0.2)),
    )
    second = seen(labels=(Label("sofa", 0.7, "eyes"),), colors=(Color("teal", "#222222", 0.4),))
    product = with_seen(a_product(material="velvet", color=""), [first, second])
    assert [(label.name, label.confidence) for label in product.labels] == [("sofa", 0.8), ("lamp", 0.4)]
    assert [(color.name, color.hex) for color in product.colors] == [("teal", "#111111"), ("gray", "#999999")]
    assert [color.share for color in product.colors] == pytest.approx([0.6, 0.1])
    assert product.attributes == (
        SeenAttribute("material", "velvet", 1.0, "feed"),
        SeenAttribute("material", "linen", 0.3, "eyes"),
    )


def test_faint_hints_are_left_out() -> None:
    """They would fill the catalog with noise."""
    product = with_seen(a_product(), [seen(labels=(Label("cat", 0.04, "eyes"),))])
    assert product.labels == ()
