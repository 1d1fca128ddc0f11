"""Words beside a photo, or alone: read with the shop's own names, and laid over what was found."""

import asyncio
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.analysis import Vocabulary
from app.catalog import Candidate, Channel, Product, Query, Snapshot
from app.search.fitting import Fit, fit
from app.search.lexicon import FIELDS, MOST_VALUES, Lexicon, lexicon_of
from app.search.rank import Closeness
from app.search.wording import Reading, read, small_words

KEPT = 4
"""Generations whose names are kept at a time."""


class Wordbook:
    """Reads texts. What a generation's types, colors, materials, patterns and brands are called is asked once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._lexicons: OrderedDict[str, Lexicon] = OrderedDict()

    async def lexicon(self, snapshot: Snapshot) -> Lexicon:
        """The names in this generation. Raises CatalogUnavailable."""
        generation = snapshot.generation.id
        if generation not in self._lexicons:
            counts = await snapshot.count((), tuple(FIELDS.values()), MOST_VALUES)
            built = await asyncio.to_thread(lexicon_of, counts, self._vocabulary, small_words().spellings)
            self._lexicons[generation] = built
            while len(self._lexicons) > KEPT:
                self._lexicons.popitem(last=False)
        return self._lexicons[generation]

    async def read(self, snapshot: Snapshot, text: str) -> Reading:
        """What the text asks for. A word that some product says is no typing mistake. Raises CatalogUnavailable."""
        if not text.strip():
            return Reading()
        lexicon = await self.lexicon(snapshot)
        reading = read(text, lexicon)
        known = {word for word, _ in reading.corrected if await said(snapshot, word)}
        return read(text, lexicon, known.__contains__) if known else reading


async def said(snapshot: Snapshot, word: str) -> bool:
    """Whether some product's words hold it."""
    return bool((await snapshot.retrieve(Query(text=word, limit=1))).items)


def fits_of(
    reading: Reading, products: Sequence[Product], lexicon: Lexicon, pictured: Mapping[str, float]
) -> dict[str, Fit]:
    """How each product meets what was read; blocking, about 0.1 ms a product. pictured: as Pictured.shares."""
    return {product.id: fit(reading, product, lexicon, pictured.get(product.id, 0.0)) for product in products}


def unsaid(candidate: Candidate) -> Candidate:
    """The candidate as it is without words."""
    if Channel.TEXT not in candidate.signals:
        return candidate
    signals: dict[Channel, float] = dict(candidate.signals)
    del signals[Channel.TEXT]
    return candidate._replace(signals=signals)


def met(candidate: Candidate, found: Fit, reading: Reading) -> Candidate:
    """The candidate with its TEXT from what was read, and, where a color was named, its COLORS from that color."""
    signals: dict[Channel, float] = {**candidate.signals, Channel.TEXT: found.share}
    if reading.colors:
        signals[Channel.COLORS] = found.color
    return candidate._replace(signals=signals)


def recolored(closeness: Mapping[str, Closeness], fits: Mapping[str, Fit], reading: Reading) -> dict[str, Closeness]:
    """The closer looks; where a color was named, the photo's own colors say nothing and the named one stands in."""
    if not reading.colors:
        return dict(closeness)
    return {
        product_id: replace(near, hue=fits[product_id].color, palette=fits[product_id].color)
        for product_id, near in closeness.items()
    }
