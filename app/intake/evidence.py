"""What analysis saw in a product's pictures, in the catalog's words. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.analysis import PhotoAnalysis
from app.catalog import ImageEvidence, Product, SeenAttribute, SeenColor, SeenLabel
from app.intake.validate import feed_attributes

MOST_COLORS = 8
MOST_LABELS = 30
MOST_ATTRIBUTES = 30
LEAST_CONFIDENCE = 0.05
"""What the pictures together support less than this is left out."""


@dataclass(frozen=True, slots=True)
class SeenImage:
    """One picture as it was seen: what the catalog keeps of it, and the words that go to the product."""

    evidence: ImageEvidence
    attributes: tuple[SeenAttribute, ...] = ()
    labels: tuple[SeenLabel, ...] = ()


def seen_image(analysis: PhotoAnalysis) -> SeenImage | None:
    """The analysis in the catalog's words; None when there is no embedding, without which nothing finds the picture."""
    if analysis.embedding is None:
        return None
    evidence = ImageEvidence(
        embedder=analysis.embedding.model,
        embedding=analysis.embedding.values,
        region=analysis.region.as_tuple(),
        features=analysis.features,
        colors=tuple(SeenColor(color.name, color.hex, color.share) for color in analysis.colors),
    )
    return SeenImage(
        evidence,
        tuple(SeenAttribute(seen.name, seen.value, seen.confidence, seen.source) for seen in analysis.attributes),
        tuple(SeenLabel(seen.name, seen.confidence, seen.source) for seen in analysis.labels),
    )


def with_seen(product: Product, seen: Sequence[SeenImage]) -> Product:
    """The product with what its pictures show, taken together.

    The merchant's own words come first, with source "feed" and confidence 1. What analyzers say of single pictures is
    averaged over all pictures, a picture that does not show it counting as 0: a lamp beside the sofa on one picture of
    four stays a faint hint.
    """
    attributes = averaged(
        (((s.name, s.value, s.source), s.confidence) for image in seen for s in image.attributes), len(seen)
    )
    labels = averaged((((s.name, s.source), s.confidence) for image in seen for s in image.labels), len(seen))
    return replace(
        product,
        attributes=feed_attributes(product)
        + tuple(
            SeenAttribute(name, value, sure, source) for (name, value, source), sure in attributes[:MOST_ATTRIBUTES]
        ),
        labels=tuple(SeenLabel(name, sure, source) for (name, source), sure in labels[:MOST_LABELS]),
        colors=product_colors([image.evidence.colors for image in seen]),
    )


def averaged(found: Iterable[tuple[tuple[str, ...], float]], pictures: int) -> list[tuple[tuple[str, ...], float]]:
    """Per key the mean confidence over all pictures, strongest first, ties by key."""
    sums: defaultdict[tuple[str, ...], float] = defaultdict(float)
    for key, confidence in found:
        sums[key] += confidence
    means = ((key, round(min(1.0, total / max(1, pictures)), 4)) for key, total in sums.items())
    return sorted((item for item in means if item[1] >= LEAST_CONFIDENCE), key=lambda item: (-item[1], item[0]))


def product_colors(pictures: Sequence[Sequence[SeenColor]]) -> tuple[SeenColor, ...]:
    """The colors of all pictures: mean share per name, largest first; the hex of the picture that shows most of it."""
    strongest: dict[str, SeenColor] = {}
    for color in (color for colors in pictures for color in colors):
        if color.name not in strongest or color.share > strongest[color.name].share:
            strongest[color.name] = color
    shares = averaged((((color.name,), color.share) for colors in pictures for color in colors), len(pictures))
    return tuple(SeenColor(name, strongest[name].hex, share) for (name,), share in shares[:MOST_COLORS])
