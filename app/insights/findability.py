"""Pure: what keeps a product from being found, each with its cause and what to do."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.catalog import Product
from app.insights.pictures import PictureNote

BLURRED = 0.55
"""Sharp product pictures lie at 0.2 to 0.45, the same ones blurred at 0.6 to 0.85 (decision 152)."""
TINY = 320
"""Longest side in pixels below which a picture has too little to compare."""
WRITTEN = 0.012
"""Share of the picture covered by writing from which it is told."""
TOLD_OF = 200
"""Answers from which "never shown" says something."""
COLORS_LOOKED_AT = 4

ColorFits = Callable[[str, str], bool]
"""(hex, word) -> whether people might use the word for that color, or the word names none (app.search.color_fits)."""


class Cause(StrEnum):
    """Why a product is hard to find, the worst first."""

    NO_PICTURE = "no-picture"
    TINY = "tiny"
    BLURRED = "blurred"
    NEVER_SHOWN = "never-shown"
    COLOR = "color"
    WRITING = "writing"
    DUPLICATE = "duplicate"
    NO_TYPE = "no-type"
    ONE_PICTURE = "one-picture"


HARM: Mapping[Cause, float] = {
    Cause.NO_PICTURE: 1.0,
    Cause.TINY: 0.9,
    Cause.BLURRED: 0.8,
    Cause.NEVER_SHOWN: 0.7,
    Cause.COLOR: 0.6,
    Cause.WRITING: 0.5,
    Cause.DUPLICATE: 0.4,
    Cause.NO_TYPE: 0.4,
    Cause.ONE_PICTURE: 0.3,
}
"""How much each weighs when products are put in order; by judgment, not fitted."""


@dataclass(frozen=True, slots=True)
class Hindrance:
    """One thing that keeps a product from being found. detail: the case; fix: what to do."""

    cause: Cause
    detail: str
    fix: str


def hindrances(
    product: Product,
    notes: Sequence[PictureNote | None],
    *,
    color_fits: ColorFits,
    shown: int,
    answers: int,
) -> tuple[Hindrance, ...]:
    """What is wrong with one product, the worst first.

    notes: of its pictures, in their order; None where nothing is known. shown: answers it was on, of `answers` that
    were looked at.
    """
    found = [*_of_pictures(product, notes), *_of_color(product, color_fits)]
    if shown == 0 and answers >= TOLD_OF:
        found.append(
            Hindrance(
                Cause.NEVER_SHOWN,
                f"None of the last {answers:,} answers showed it.",
                "Search with a photo of it in the lab and see what its score lacks.",
            )
        )
    if not product.type:
        found.append(
            Hindrance(
                Cause.NO_TYPE, "The feed does not say what kind of thing it is.", "Fill product_type in the feed."
            )
        )
    return worst_first(found)


def duplicate_of(twins: Sequence[str]) -> Hindrance:
    """That it looks the same as other products of the shop."""
    return Hindrance(
        Cause.DUPLICATE,
        f"It looks the same as {', '.join(twins[:3])}.",
        "Say whether they are the same product; if so, offer one of them or give both one item_group_id.",
    )


def worst_first(found: Iterable[Hindrance]) -> tuple[Hindrance, ...]:
    """In the order of HARM."""
    return tuple(sorted(found, key=lambda one: -HARM[one.cause]))


def harm_of(found: Sequence[Hindrance]) -> float:
    """How hard to find a product with these is: what products are put in order by."""
    return round(sum(HARM[one.cause] for one in found), 4)


def _of_pictures(product: Product, notes: Sequence[PictureNote | None]) -> list[Hindrance]:
    if not product.images:
        return [Hindrance(Cause.NO_PICTURE, "It has no picture.", "Give image_link in the feed.")]
    found = []
    known = [note for note in notes if note is not None]
    if known and len(known) == len(product.images):
        largest = max(known, key=lambda note: max(note.width, note.height))
        sharpest = min(known, key=lambda note: note.blur)
        if max(largest.width, largest.height) < TINY:
            found.append(
                Hindrance(
                    Cause.TINY,
                    f"Its largest picture is {largest.width} x {largest.height} pixels.",
                    f"Give one of at least {TINY} pixels; 1,024 are enough.",
                )
            )
        if sharpest.blur >= BLURRED:
            found.append(Hindrance(Cause.BLURRED, "No picture of it is sharp.", "Give a sharp picture."))
    main = notes[0] if notes else None
    if main is not None and main.text >= WRITTEN:
        found.append(
            Hindrance(
                Cause.WRITING,
                f"Writing seems to cover {main.text:.0%} of its main picture.",
                "Give a main picture of nothing but the product.",
            )
        )
    if len(product.images) == 1:
        found.append(
            Hindrance(
                Cause.ONE_PICTURE,
                "It has one picture, so it is found from one side only.",
                "Add pictures from other sides with additional_image_link.",
            )
        )
    return found


def _of_color(product: Product, color_fits: ColorFits) -> list[Hindrance]:
    """The first word the merchant says must be one people might use for a color that is seen."""
    word = product.color.casefold().split("/")[0].strip()
    seen = product.colors[:COLORS_LOOKED_AT]
    if not word or not seen or any(color_fits(one.hex, word) for one in seen):
        return []
    return [
        Hindrance(
            Cause.COLOR,
            f"The feed says {word}; the eyes see {', '.join(one.name for one in seen)} in the pictures, and may err.",
            "Look at them: correct the feed or show this variant; where the eyes err, leave it.",
        )
    ]
