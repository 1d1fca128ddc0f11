"""Checks of a generation as a whole, before it may be published: by the very searches that will serve it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import numpy as np

from app.catalog.elasticsearch import queries
from app.catalog.elasticsearch.connection import Connection
from app.catalog.elasticsearch.ledger import Entry
from app.catalog.elasticsearch.retrieval import Retrieval
from app.catalog.elasticsearch.searching import Searcher
from app.catalog.elasticsearch.store import Store
from app.catalog.errors import VerificationFailed
from app.catalog.facets import facet_values
from app.catalog.model import Channel, FacetField, ImageEvidence, OneOf, Product, Query, QueryVector

SAMPLE = 50
"""Products that are looked up; evenly spread."""
NEEDED_SHARE = 0.9
"""How many of the sample must find themselves by their own picture: one odd picture must not stop a whole load."""

_TIE = 1e-3
_AT_ONCE = 10


class Verification:
    """The checks of one generation; its indices are refreshed."""

    def __init__(self, connection: Connection, store: Store, entry: Entry) -> None:
        self._store = store
        self._entry = entry
        self._options = connection.options
        self._searcher = Searcher(connection, store.products_index(entry))

    async def figures(self, expected_products: int) -> None:
        """Count, and vectors: what can be told of all pictures at once. Raises VerificationFailed."""
        (found,) = await self._searcher.search(queries.sizes() | {"aggs": _FLAWS})
        if found.total != expected_products:
            figures = f"{found.total} products are stored, {expected_products} were expected"
            raise _failed("count", figures, found.total)
        pictures = found.aggregations["pictures"]
        odd = {bucket["key"]: bucket["doc_count"] for bucket in pictures["flaws"]["buckets"]}
        total = pictures["vectors"]["doc_count"] + sum(odd.values())
        if wrong := odd.get("not finite", 0):
            raise _failed("finite vectors", f"{wrong} of {total} pictures' vectors are not finite", wrong)

    async def samples(self, sample: Sequence[str], pictured: Sequence[str]) -> None:
        """Look sampled products up by their title, their filters and their own picture. Raises VerificationFailed.

        sample: ids of any products. pictured: ids of products with a picture.
        """
        products = await self._store.products(self._entry, sample)
        await self._text(products)
        await self._filters(products)
        await self._look(await self._store.products(self._entry, pictured))

    async def _text(self, products: Sequence[Product]) -> None:
        wanted = {product.id: queries.text_clause(product.title) for product in products}
        bodies = {one: queries.scored([one], clause) for one, clause in wanted.items() if "match_none" not in clause}
        if bodies:
            found = await self._searcher.search(*bodies.values())
            if missing := sum(not answer.hits for answer in found):
                figures = f"{missing} of {len(found)} sampled products are not found by their title"
                raise _failed("text", figures, missing)

    async def _filters(self, products: Sequence[Product]) -> None:
        bodies = [
            queries.counted(queries.conditions([OneOf(field, values[-1:])]), [queries.of_ids([product.id])], 1)
            for product in products
            for field in FacetField
            if (values := facet_values(product, field))
        ]
        if bodies:
            found = await self._searcher.search(*bodies)
            if missing := sum(not answer.total for answer in found):
                figures = f"{missing} of {len(found)} filters do not find the product they were taken from"
                raise _failed("filters", figures, missing)

    async def _look(self, products: Sequence[Product]) -> None:
        images = [(product.id, place) for product in products for place in range(len(product.images))]
        evidence = dict(zip(images, await self._store.evidence(self._entry, images), strict=True))
        first: dict[str, ImageEvidence] = {}
        for (product_id, _), seen in evidence.items():
            if seen is not None:
                first.setdefault(product_id, seen)
        limit = asyncio.Semaphore(_AT_ONCE)

        async def lost(product_id: str, seen: ImageEvidence) -> bool:
            async with limit:
                return not await self._finds_itself(product_id, seen)

        answers = await asyncio.gather(*(lost(*item) for item in first.items()))
        if sum(answers) > (1 - NEEDED_SHARE) * len(answers):
            figures = f"{sum(answers)} of {len(answers)} sampled products are not found by their own picture"
            raise _failed("look", figures, sum(answers))

    async def _finds_itself(self, product_id: str, seen: ImageEvidence) -> bool:
        if abs(float(np.linalg.norm(seen.embedding)) - 1.0) > _TIE * 10:
            return False
        query = Query(vector=QueryVector(self._entry.embedder, seen.embedding), limit=10)
        found = await Retrieval(self._searcher, query, exactly=False, oversample=self._options.oversample).answer()
        looks = {item.product_id: item.signals.get(Channel.LOOK, -2.0) for item in found.items}
        ties = [one for one, look in looks.items() if look >= 1.0 - _TIE]
        return product_id in ties or len(ties) == len(found.items) > 0


_FLAWS: dict[str, Any] = {
    "pictures": {
        "nested": {"path": "images"},
        "aggs": {
            "flaws": {"terms": {"field": "images.flaw"}},
            "vectors": {"filter": {"exists": {"field": "images.vector"}}},
        },
    }
}


def _failed(check: str, figures: str, wrong: int) -> VerificationFailed:
    return VerificationFailed(
        f"The check '{check}' failed: {figures}.",
        fix="Nothing was published. Load the feed again; if the check fails again, report it with this message.",
        check=check,
        wrong=wrong,
    )
