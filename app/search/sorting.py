"""In which order a result set is shown: by score, or by what a shopper pays. The set itself stays the same."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from app.search.model import Sort
from app.search.rank import Scored

LAST = -1e18
"""Place of a product without a price: behind all others, whichever way prices are sorted."""


def placed(results: Sequence[Scored], sort: Sort, prices: Mapping[str, Decimal | None]) -> list[tuple[float, Scored]]:
    """(place, result), the largest place first, ties by product id; a cursor continues after a place.

    prices: product id -> what a shopper pays; read only where prices are sorted by, then one without is last.
    """
    if sort is Sort.MATCH:
        return [(one.score, one) for one in results]
    sign = -1.0 if sort is Sort.PRICE_ASC else 1.0
    return sorted(_with_places(results, sign, prices), key=lambda pair: (-pair[0], pair[1].product_id))


def _with_places(
    results: Iterable[Scored], sign: float, prices: Mapping[str, Decimal | None]
) -> Iterable[tuple[float, Scored]]:
    for one in results:
        price = prices.get(one.product_id)
        yield (LAST if price is None else sign * float(price)), one
