"""What is true of a photo: read from JSON Lines, and compared with a product.

One object a line: `photo` (path, relative to the file), `product` (id, or null), `group`, `type`, `color`, `box`
([x, y, width, height] in 0..1, or an object with these names), `sold` (default: whether a product is named), `split`
("fit", "test", or neither), `conditions` (words, or an object of names and readings), `text` (words asked beside the
photo), `judgments` (product id -> grade 0..3, or the letters of ESCI, when people judged the photo).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.catalog import Product
from app.errors import BadRequest

SAME_PRODUCT, SAME_GROUP, SAME_TYPE = 3.0, 2.0, 1.0
SIMILAR = 2.0
"""The lowest judged grade that counts as "a shopper would call it similar"."""
LETTERS: Mapping[str, float] = {"E": 3.0, "S": 2.0, "C": 1.0, "I": 0.0}
"""Exact, substitute, complement, irrelevant: the grades of ESCI (Reddy et al., 2022)."""
FIT = "fit"
"""The split whose photos are used to fit, where a file names splits at all."""
HELD_OUT = "test"
"""The split that is never fitted to."""


class InvalidQueries(BadRequest):
    """The file of judged photos cannot be used."""

    code = "invalid-queries"
    title = "The judged photos cannot be read"


@dataclass(frozen=True, slots=True)
class JudgedPhoto:
    """One photo and what is true of it; see the module for the fields. number: its line in the file, from 1."""

    number: int
    photo: Path
    product: str | None = None
    group: str = ""
    type: str = ""
    color: str = ""
    box: tuple[float, float, float, float] | None = None
    sold: bool = True
    split: str = ""
    text: str = ""
    conditions: tuple[str, ...] = ()
    judgments: Mapping[str, float] = field(default_factory=dict)

    @property
    def searchable(self) -> bool:
        """Whether there is something right to be found."""
        return self.sold and (self.product is not None or bool(self.judgments))


def read_judged_photos(path: Path) -> list[JudgedPhoto]:
    """All judged photos of a file, in its order. Raises InvalidQueries naming the first line that does not fit."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidQueries(f"{path.name} cannot be read: {error}", fix="Give a JSON Lines file in UTF-8.") from error
    photos = [parsed(line, number, path.parent) for number, line in enumerate(lines, start=1) if line.strip()]
    if not photos:
        raise InvalidQueries(f"{path.name} names no photo.", fix="Write one JSON object a line, with at least `photo`.")
    return photos


def parsed(line: str, number: int, folder: Path) -> JudgedPhoto:
    """One line. Raises InvalidQueries."""
    try:
        row = json.loads(line, object_pairs_hook=_each_once)
        product = row.get("product")
        box = row.get("box")
        return JudgedPhoto(
            number=number,
            photo=folder / str(row["photo"]),
            product=str(product) if product is not None else None,
            group=str(row.get("group") or ""),
            type=str(row.get("type") or ""),
            color=str(row.get("color") or ""),
            box=_box(box) if box is not None else None,
            sold=bool(row.get("sold", product is not None or bool(row.get("judgments")))),
            split=str(row.get("split") or ""),
            text=str(row.get("text") or ""),
            conditions=_conditions(row.get("conditions") or ()),
            judgments={str(key): _grade(value) for key, value in (row.get("judgments") or {}).items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InvalidQueries(
            f"Line {number}: {error!r}.", fix="See docs/evaluation.md for the fields of a judged photo.", line=number
        ) from error


def grade(truth: JudgedPhoto, product: Product) -> float:
    """0..3: the judged grade where people judged; else 3 the product, 2 its variant group, 1 its type, 0 anything."""
    if truth.judgments:
        return truth.judgments.get(product.id, 0.0)
    if not truth.sold:
        return 0.0
    if truth.product == product.id:
        return SAME_PRODUCT
    if truth.group and truth.group == product.item_group_id:
        return SAME_GROUP
    return SAME_TYPE if truth.type and truth.type == product.type else 0.0


def similar(truth: JudgedPhoto, shown: Product, sold: Product | None) -> bool:
    """Whether a shopper would call the shown product similar to the photographed one; see `similarity`."""
    return similarity(truth, shown, sold) is True


def similarity(truth: JudgedPhoto, shown: Product, sold: Product | None) -> bool | None:
    """Whether a shopper would call the shown product similar; None where nobody can tell.

    By people's grades (>= SIMILAR) where there are any. Else by a proxy: the same product or variant group, or the same
    type with at least two of main color, material and pattern equal. A type that agrees while traits that could decide
    are not known cannot be told. sold: the photographed product.
    """
    if truth.judgments or grade(truth, shown) >= SAME_GROUP:
        return grade(truth, shown) >= SIMILAR
    if not truth.sold or sold is None or not shown.type or shown.type != sold.type:
        return False
    traits = list(zip(_traits(sold), _traits(shown), strict=True))
    equal = sum(bool(one) and one == other for one, other in traits)
    unknown = sum(not one or not other for one, other in traits)
    return True if equal >= 2 else None if equal + unknown >= 2 else False


def right_rank(truth: JudgedPhoto, ids: Sequence[str]) -> list[bool]:
    """Per item, whether it is the very product (the best judged grade, where people judged)."""
    if truth.judgments:
        best = max(truth.judgments.values())
        return [best > 0 and truth.judgments.get(product_id, 0.0) == best for product_id in ids]
    return [product_id == truth.product for product_id in ids]


def _traits(product: Product) -> tuple[str, str, str]:
    return _color(product), product.material.casefold(), product.pattern.casefold()


def _color(product: Product) -> str:
    """The main color: of "Red/Blue" the red."""
    return product.color.casefold().split("/")[0].strip()


def _box(value: Mapping[str, float] | Sequence[float]) -> tuple[float, float, float, float]:
    sides = [value[side] for side in ("x", "y", "width", "height")] if isinstance(value, Mapping) else value
    x, y, width, height = (float(side) for side in sides)
    return x, y, width, height


def _conditions(value: Mapping[str, object] | Sequence[object]) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(f"{name} {reading}" for name, reading in value.items())
    return tuple(str(word) for word in value)


def _each_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """An object; JSON itself would silently keep the last of two grades of one product."""
    row = dict(pairs)
    if len(row) < len(pairs):
        twice = sorted({name for name, _ in pairs if sum(name == other for other, _ in pairs) > 1})
        raise ValueError(f"named twice: {', '.join(twice)}")
    return row


def _grade(value: object) -> float:
    if isinstance(value, str) and value.upper() in LETTERS:
        return LETTERS[value.upper()]
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= SAME_PRODUCT:
        raise ValueError(f"a grade is a number from 0 to 3, or E, S, C or I, not {value!r}")
    return float(value)
