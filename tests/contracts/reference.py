"""What the docstrings of the ports say, worked out the slow and plain way; and random shops to try it on."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.catalog import (
    SPARSE_CHANNELS,
    AfterProduct,
    Availability,
    Channel,
    FacetField,
    Filter,
    HasAttribute,
    HasLabel,
    ImageEvidence,
    Money,
    NotProduct,
    OneOf,
    PriceBetween,
    Product,
    ProductImage,
    Query,
    QueryVector,
    SeenAttribute,
    SeenColor,
    SeenLabel,
)
from tests.contracts.conftest import DIMS, EMBEDDER

_BRANDS = ("Nordhem", "NORDHEM", "Luma", "Corvet", "")
_TYPES = ("armchair", "lamp", "mug", None)
_PATHS = (("Furniture",), ("Furniture", "Chairs"), ("Furniture", "Chairs", "Armchairs"), ("Light",), ())
_COLORS = ("teal", "Red/Blue", "red", "")
_MATERIALS = ("velvet", "oak / steel", "")
_PRICES = (None, "0.50", "9.99", "10", "20", "49.95", "50.00", "129")


def passes(product: Product, filters: Sequence[Filter]) -> bool:
    """Whether all filters hold."""
    return all(_holds(product, wish) for wish in filters)


def signals(product: Product, query: Query) -> dict[Channel, float]:
    """The signals of all asked channels but TEXT, whose scale is the engine's own."""
    found: dict[Channel, float] = {}
    cosines = picture_cosines(product, query)
    if cosines:
        found[Channel.LOOK] = max(cosines.values())
    for channel in SPARSE_CHANNELS:
        if terms := query.terms.get(channel):
            own = _weights(product, channel)
            found[channel] = sum(weight * own.get(term.casefold(), 0.0) for term, weight in terms.items())
    return found


def picture_cosines(product: Product, query: Query) -> dict[int, float]:
    """position -> cosine of each picture with evidence, from vectors rounded to float16."""
    if query.vector is None:
        return {}
    return {
        position: float(np.dot(_half(image.evidence.embedding), query.vector.values.astype(np.float64)))
        for position, image in enumerate(product.images)
        if image.evidence is not None
    }


def matches(product: Product, query: Query) -> bool:
    """Whether a product that passes the filters matches a query without a text."""
    asked = query.vector is not None or any(query.terms.values())
    return not asked or any(channel is Channel.LOOK or value > 0 for channel, value in signals(product, query).items())


def a_random_product(rng: np.random.Generator, product_id: str) -> Product:
    """A product with none to three pictures, and every field sometimes empty."""

    def pick(values: Sequence[Any]) -> Any:
        return values[int(rng.integers(len(values)))]

    price = pick(_PRICES)
    return Product(
        id=product_id,
        title=f"{pick(('soft', 'big', 'plain'))} {pick(('chair', 'lamp', 'mug'))}",
        brand=pick(_BRANDS),
        type=pick(_TYPES),
        category=pick(_PATHS),
        price=None if price is None else Money(Decimal(price), "USD"),
        sale_price=Money(Decimal("5.00"), "USD") if price == "129" else None,
        availability=pick(tuple(Availability)),
        color=pick(_COLORS),
        material=pick(_MATERIALS),
        pattern=pick(("striped", "")),
        item_group_id=pick(("g1", "g2", "")),
        images=tuple(_a_random_image(rng) for _ in range(int(rng.integers(4)))),
        attributes=tuple(
            SeenAttribute(
                pick(("material", "shape")), pick(("velvet", "round", "Oak")), round(float(rng.random()), 2), "t"
            )
            for _ in range(int(rng.integers(4)))
        ),
        labels=tuple(
            SeenLabel(pick(("chair", "seat", "light")), round(float(rng.random()), 2), pick(("a", "b")))
            for _ in range(int(rng.integers(5)))
        ),
        colors=tuple(
            SeenColor(pick(("teal", "red")), "#000000", round(float(rng.random()), 2))
            for _ in range(int(rng.integers(3)))
        ),
    )


def a_random_query(rng: np.random.Generator, *, limit: int) -> Query:
    """A query with any of the channels but TEXT, and up to three filters."""
    terms = {
        Channel.TYPE: {"Armchair": 1.0, "lamp": 0.4},
        Channel.LABELS: {"chair": 0.9, "light": 0.3, "nobody says this": 1.0},
        Channel.ATTRIBUTES: {"material=velvet": 0.7, "shape=oak": 0.2},
        Channel.COLORS: {"teal": 0.6},
    }
    filters: list[Filter] = [
        OneOf(FacetField.BRAND, ("nordhem", "no such brand")),
        OneOf(FacetField.CATEGORY, ("furniture > chairs",)),
        OneOf(FacetField.COLOR, ("RED",)),
        OneOf(FacetField.MATERIAL, ("steel", "velvet")),
        OneOf(FacetField.AVAILABILITY, ("in_stock", "preorder")),
        OneOf(FacetField.PRICE, ("5-10", "50-100")),
        PriceBetween(Decimal("9.99"), Decimal("50")),
        PriceBetween(low=Decimal("10")),
        HasAttribute("material", ("velvet", "oak"), 0.3),
        HasLabel(("Chair", "light"), 0.9),
        OneOf(FacetField.LABEL, ("SEAT",)),
        AfterProduct("r007"),
        NotProduct(("r003", "r004", "nobody")),
    ]
    chosen = rng.choice(len(filters), size=int(rng.integers(4)), replace=False)
    return Query(
        vector=QueryVector(EMBEDDER, _a_random_vector(rng)) if rng.random() < 0.7 else None,
        terms={channel: weights for channel, weights in terms.items() if rng.random() < 0.5},
        filters=tuple(filters[place] for place in chosen),
        limit=limit,
    )


def _holds(product: Product, wish: Filter) -> bool:
    match wish:
        case OneOf(field=FacetField.CATEGORY, values=values):
            path = " > ".join(product.category).casefold()
            return any(path == value.casefold() or path.startswith(f"{value.casefold()} > ") for value in values)
        case OneOf(field=FacetField.PRICE, values=values):
            bounds = [tuple(map(Decimal, value.split("-"))) for value in values]
            pays = product.sells_for
            return pays is not None and any(low <= pays.amount < high for low, high in bounds)
        case OneOf(field=FacetField.LABEL, values=values):
            return _holds(product, HasLabel(values))
        case OneOf(field=field, values=values):
            own = {part.strip().casefold() for part in str(getattr(product, field.value) or "").split("/")}
            return not own.isdisjoint(value.casefold() for value in values)
        case PriceBetween(low=low, high=high):
            pays = product.sells_for
            return pays is not None and (low is None or pays.amount >= low) and (high is None or pays.amount <= high)
        case HasAttribute(name=name, values=values, min_confidence=least):
            return any(
                said.name == name and said.value.casefold() in values and said.confidence >= least
                for said in product.attributes
            )
        case HasLabel(names=names, min_confidence=least):
            wanted = {name.casefold() for name in names}
            return any(label.name.casefold() in wanted and label.confidence >= least for label in product.labels)
        case AfterProduct(id=product_id):
            return product.id > product_id
        case NotProduct(ids=ids):
            return product.id not in ids


def _weights(product: Product, channel: Channel) -> dict[str, float]:
    pairs: list[tuple[str, float]]
    match channel:
        case Channel.TYPE:
            pairs = [(product.type, 1.0)] if product.type else []
        case Channel.LABELS:
            pairs = [(label.name, label.confidence) for label in product.labels]
        case Channel.ATTRIBUTES:
            pairs = [(f"{said.name}={said.value}", said.confidence) for said in product.attributes]
        case _:
            pairs = [(color.name, color.share) for color in product.colors]
    return {term.casefold(): max(w for t, w in pairs if t.casefold() == term.casefold()) for term, _ in pairs}


def _a_random_image(rng: np.random.Generator) -> ProductImage:
    number = int(rng.integers(10**9))
    if rng.random() < 0.1:
        return ProductImage(f"https://shop.example/{number}.jpg")
    return ProductImage(
        f"https://shop.example/{number}.jpg", f"{number:064x}", ImageEvidence(EMBEDDER, _a_random_vector(rng))
    )


def _a_random_vector(rng: np.random.Generator) -> NDArray[np.float32]:
    values = rng.standard_normal(DIMS)
    return np.asarray(values / np.linalg.norm(values), dtype=np.float32)


def _half(
    values: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return values.astype(np.float16).astype(np.float64)
