"""What a product counts for: its facet values, its sparse weights, its price bucket. One truth for every engine."""

import re
from collections.abc import Iterable
from decimal import Decimal

from app.catalog.errors import UnknownFilter
from app.catalog.model import LABEL_CONFIDENCE, Channel, FacetField, Product

CATEGORY_SEPARATOR = " > "

_LIST_SEPARATOR = re.compile(r"\s*[/,;]\s*")
_BUCKET = re.compile(r"([0-9]{1,40})-([0-9]{1,40})")


def facet_values(product: Product, field: FacetField) -> tuple[str, ...]:
    """The values a product has in a field, as written, without repeats; () when it has none.

    CATEGORY: every level of the path, the whole path last. COLOR and MATERIAL: the parts of a list ("Red/Blue"), lower
    case. PRICE: the one bucket of what a shopper pays. LABEL: the case-folded names of its labels that somebody gave a
    confidence of at least LABEL_CONFIDENCE.
    """
    match field:
        case FacetField.BRAND:
            return _one(product.brand)
        case FacetField.TYPE:
            return _one(product.type or "")
        case FacetField.PATTERN:
            return _one(product.pattern.lower())
        case FacetField.AVAILABILITY:
            return (product.availability.value,)
        case FacetField.COLOR:
            return _parts(product.color)
        case FacetField.MATERIAL:
            return _parts(product.material)
        case FacetField.CATEGORY:
            levels = [level.strip() for level in product.category if level.strip()]
            return tuple(CATEGORY_SEPARATOR.join(levels[: depth + 1]) for depth in range(len(levels)))
        case FacetField.PRICE:
            pays = product.sells_for
            return () if pays is None else (price_bucket(pays.amount),)
        case FacetField.LABEL:
            weights = sparse_weights(product, Channel.LABELS)
            return tuple(name for name, confidence in weights.items() if confidence >= LABEL_CONFIDENCE)


def sparse_weights(product: Product, channel: Channel) -> dict[str, float]:
    """term -> weight (> 0) of a product in one of SPARSE_CHANNELS; terms are case-folded.

    TYPE: 1.0 for its type. LABELS and ATTRIBUTES ("name=value"): the greatest confidence anybody gave the term.
    COLORS: the greatest share among colors of that name.
    """
    match channel:
        case Channel.TYPE:
            return {product.type.strip().casefold(): 1.0} if product.type and product.type.strip() else {}
        case Channel.LABELS:
            return _greatest((label.name, label.confidence) for label in product.labels)
        case Channel.ATTRIBUTES:
            return _greatest((f"{said.name}={said.value}", said.confidence) for said in product.attributes)
        case Channel.COLORS:
            return _greatest((color.name, color.share) for color in product.colors)
        case _:
            raise ValueError(f"{channel} is not a sparse channel")


def price_bucket(amount: Decimal) -> str:
    """The bucket of a price: "0-1", "1-2", "2-5", "5-10", "10-20", … in steps of 1, 2, 5 per decade.

    The low end belongs to the bucket, the high end to the next one. Raises ValueError for a negative or endless amount.
    """
    if not amount.is_finite() or amount < 0:
        raise ValueError(f"a price is a finite amount >= 0, not {amount}")
    if amount < 1:
        return "0-1"
    exponent = amount.adjusted()
    lead = amount.scaleb(-exponent)
    low, high = (1, 2) if lead < 2 else (2, 5) if lead < 5 else (5, 10)
    return f"{low * 10**exponent}-{high * 10**exponent}"


def bucket_bounds(bucket: str) -> tuple[Decimal, Decimal]:
    """The low (included) and high (excluded) end of a price bucket. Raises UnknownFilter for any other string."""
    found = _BUCKET.fullmatch(bucket)
    if found is not None and price_bucket(Decimal(found[1])) == bucket:
        return Decimal(found[1]), Decimal(found[2])
    raise UnknownFilter(
        f"'{bucket}' is not a price bucket.",
        fix="Use a bucket as the price facet gives it, like '20-50', or a price range.",
    )


def _one(value: str) -> tuple[str, ...]:
    value = value.strip()
    return (value,) if value else ()


def _parts(value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part for part in _LIST_SEPARATOR.split(value.strip().lower()) if part))


def _greatest(pairs: Iterable[tuple[str, float]]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for name, weight in pairs:
        term = name.strip().casefold()
        if term.strip("=") and weight > weights.get(term, 0.0):
            weights[term] = weight
    return weights
