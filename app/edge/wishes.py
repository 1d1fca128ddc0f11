"""What a caller wants besides the photo, read from text: crop, filters, page size. Everybody gets the same messages."""

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.analysis import Box, InvalidBox
from app.catalog import Availability, FacetField, Filter, HasAttribute, HasLabel, OneOf, PriceBetween, UnknownFilter
from app.edge.errors import InvalidJson, InvalidRequest
from app.search import Sort, Wishes

MAX_TEXT = 500
MAX_VALUES = 50
MAX_VALUE_LENGTH = 200
MAX_AMOUNT = 10**12
DEFAULT_LIMIT = 24
VARIANTS = ("together", "apart")
MAX_LIMIT = 100

_FIELDS: Mapping[str, FacetField] = {
    "category": FacetField.CATEGORY,
    "brand": FacetField.BRAND,
    "type": FacetField.TYPE,
    "color": FacetField.COLOR,
    "material": FacetField.MATERIAL,
    "pattern": FacetField.PATTERN,
    "availability": FacetField.AVAILABILITY,
}
FILTER_NAMES = (*_FIELDS, "label", "label_confidence", "price_min", "price_max", "attributes")


def read_wishes(values: Mapping[str, str]) -> Wishes:
    """Wishes from the texts of a form or a query string; each may be missing: crop, text, filters, limit, cursor, sort,
    variants.

    Raises InvalidBox, UnknownFilter, InvalidJson, InvalidRequest.
    """
    return Wishes(
        crop=read_crop(values["crop"]) if values.get("crop") else None,
        text=read_text(values.get("text", "")),
        filters=read_filters(values.get("filters", "")),
        limit=read_limit(values.get("limit", "")),
        cursor=values.get("cursor") or None,
        sort=read_sort(values.get("sort", "")),
        fold=read_variants(values.get("variants", "")),
    )


def refuse_unknown(given: Iterable[str], known: Iterable[str]) -> None:
    """Raise InvalidRequest when a name is given that this call does not know; a wish is never silently dropped."""
    unknown = sorted(set(given) - set(known))
    if unknown:
        raise InvalidRequest(
            f"Unknown: {', '.join(name[:64] for name in unknown[:10])}.",
            fix=f"Known here: {', '.join(known)}. Brand, price and the like go into `filters`.",
            known=list(known),
        )


def read_crop(text: str) -> Box:
    """`x,y,width,height` as fractions of the upright photo. Raises InvalidBox."""
    parts = text.split(",")
    try:
        if len(parts) != 4:
            raise ValueError
        x, y, width, height = (float(part) for part in parts)
    except ValueError:
        raise InvalidBox(
            "The crop is not four numbers.", fix="Write crop=x,y,width,height, e.g. crop=0.1,0.2,0.6,0.7."
        ) from None
    return Box(x, y, width, height)


def read_text(text: str) -> str:
    """The words, with spaces made single. Raises InvalidRequest when there are too many."""
    if len(text) > MAX_TEXT:
        raise _invalid("text", f"is longer than {MAX_TEXT} characters", "Use fewer words.")
    return " ".join(text.replace("\0", " ").split())


def read_limit(text: str) -> int:
    """Items a page, 1..100; 24 where nothing is given. Raises InvalidRequest."""
    if not text:
        return DEFAULT_LIMIT
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and 1 <= int(text) <= MAX_LIMIT):
        raise _invalid("limit", f"is not a whole number from 1 to {MAX_LIMIT}", "Ask for 1 to 100 items a page.")
    return int(text)


def read_variants(text: str) -> bool:
    """Whether variants share a card: `together` (where nothing is given) or `apart`. Raises InvalidRequest."""
    if text not in ("", *VARIANTS):
        raise _invalid("variants", "is no way to show variants", f"Use: {', '.join(VARIANTS)}.")
    return text != "apart"


def read_sort(text: str) -> Sort:
    """The order; by score where nothing is given. Raises InvalidRequest."""
    if text and text not in set(Sort):
        raise _invalid("sort", "is no order", f"Use: {', '.join(Sort)}.")
    return Sort(text or Sort.MATCH)


def read_filters(text: str) -> tuple[Filter, ...]:
    """Filters from their JSON text. Raises InvalidJson, UnknownFilter, InvalidRequest."""
    if not text:
        return ()
    try:
        data = json.loads(text, parse_float=Decimal, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise InvalidJson(
            "`filters` is not JSON.", fix='Write one JSON object, e.g. {"brand": ["Nordhem"], "price_max": "200"}.'
        ) from None
    if not isinstance(data, dict):
        raise _invalid("filters", "is not a JSON object", 'Write e.g. {"brand": ["Nordhem"], "price_max": "200"}.')
    return filters_from(data)


def filters_from(data: Mapping[str, Any]) -> tuple[Filter, ...]:
    """Filters from parsed JSON; all must hold, the values of one name are alternatives.

    Raises UnknownFilter naming the known ones, InvalidRequest for values of the wrong form.
    """
    unknown = sorted(str(name) for name in data if name not in FILTER_NAMES)
    if unknown:
        raise UnknownFilter(
            f"There is no filter named {', '.join(name[:64] for name in unknown[:10])}.",
            fix=f"Use one of: {', '.join(FILTER_NAMES)}.",
            known=list(FILTER_NAMES),
        )
    filters: list[Filter] = [
        OneOf(field, _values(name, data[name])) for name, field in _FIELDS.items() if data.get(name) is not None
    ]
    for one in filters:
        if isinstance(one, OneOf) and one.field is FacetField.AVAILABILITY:
            _check_availability(one.values)
    filters += _label(data.get("label"), data.get("label_confidence"))
    filters += _price(data.get("price_min"), data.get("price_max"))
    filters += _attributes(data.get("attributes"))
    return tuple(filters)


def _values(name: str, given: object) -> tuple[str, ...]:
    values = [given] if isinstance(given, str) else given
    if (
        not isinstance(values, list)
        or not 1 <= len(values) <= MAX_VALUES
        or not all(isinstance(value, str) and value.strip() and len(value) <= MAX_VALUE_LENGTH for value in values)
    ):
        raise _invalid(
            f"filters.{name}",
            "is not a text or a list of texts",
            f"Give 1 to {MAX_VALUES} texts of at most {MAX_VALUE_LENGTH} characters.",
        )
    return tuple(value.strip() for value in values)


def _check_availability(values: Iterable[str]) -> None:
    known = [str(word) for word in Availability]
    if any(value.lower() not in known for value in values):
        raise _invalid("filters.availability", "has a word it does not know", f"Use: {', '.join(known)}.")


def _label(names: object, least: object) -> list[Filter]:
    if names is None and least is None:
        return []
    if names is None:
        raise _invalid("filters.label_confidence", "is given without a label", 'Add e.g. {"label": ["chair"]}.')
    if least is None:
        return [HasLabel(_values("label", names))]
    if isinstance(least, bool) or not isinstance(least, (int, Decimal)) or not 0 <= least <= 1:
        raise _invalid("filters.label_confidence", "is not a number from 0 to 1", "Write a number such as 0.9.")
    return [HasLabel(_values("label", names), float(least))]


def _price(low: object, high: object) -> list[Filter]:
    if low is None and high is None:
        return []
    bounds = [None if end is None else _amount(name, end) for name, end in (("price_min", low), ("price_max", high))]
    if bounds[0] is not None and bounds[1] is not None and bounds[0] > bounds[1]:
        raise _invalid("filters.price_min", "is larger than price_max", "Swap them.")
    return [PriceBetween(low=bounds[0], high=bounds[1])]


def _amount(name: str, given: object) -> Decimal:
    wrong = _invalid(f"filters.{name}", "is not an amount", 'Write a number or a text such as "129.00", 0 or more.')
    if isinstance(given, bool) or not isinstance(given, (str, int, Decimal)) or len(str(given)) > 20:
        raise wrong
    try:
        amount = Decimal(given)
    except InvalidOperation:
        raise wrong from None
    # Bounded, because 1e999999999 is a short text and an endless integer.
    if not amount.is_finite() or not 0 <= amount <= MAX_AMOUNT or amount.adjusted() < -6:
        raise wrong
    return amount


def _attributes(given: object) -> list[Filter]:
    if given is None:
        return []
    if not isinstance(given, dict) or not 1 <= len(given) <= MAX_VALUES:
        raise _invalid("filters.attributes", "is not an object", 'Write e.g. {"attributes": {"shape": ["round"]}}.')
    return [
        HasAttribute(name.strip().lower(), tuple(value.lower() for value in _values(f"attributes.{name[:64]}", values)))
        for name, values in given.items()
    ]


def _no_constant(name: str) -> Callable[[], None]:
    raise ValueError(name)


def _invalid(field: str, what: str, fix: str) -> InvalidRequest:
    return InvalidRequest(f"`{field}` {what}.", fix=fix, errors=[{"field": field, "message": what}])
