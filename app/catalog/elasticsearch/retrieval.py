"""A query answered: one request asks every channel, a second one compares what was chosen exactly."""

from collections.abc import Iterable, Mapping, Sequence

from app.catalog.elasticsearch import queries
from app.catalog.elasticsearch.documents import from_facts
from app.catalog.elasticsearch.queries import Clause
from app.catalog.elasticsearch.searching import Found, Hit, Searcher
from app.catalog.errors import EmbeddingMismatch
from app.catalog.model import MAX_CANDIDATES, Candidate, Candidates, Channel, Query

Signals = dict[Channel, float]


def check(query: Query, embedder: str, dims: int) -> None:
    """Refuse a query this generation cannot answer."""
    if not 1 <= query.limit <= MAX_CANDIDATES:
        raise ValueError(f"limit is 1..{MAX_CANDIDATES}, not {query.limit}")
    if query.vector is None:
        return
    made_by, size = query.vector.embedder, query.vector.values.shape
    if made_by != embedder or size != (dims,):
        raise EmbeddingMismatch(
            f"The photo was seen by {made_by} ({size[0]} numbers), the catalog by "
            f"{embedder or 'nothing'} ({dims} numbers).",
            fix="Load the catalog again with the embedder that the server uses, or set AKIN_EMBEDDER back.",
            query=made_by,
            catalog=embedder,
        )


class Retrieval:
    """One query on one searcher. exactly: compare all pictures instead of asking the graph."""

    def __init__(self, searcher: Searcher, query: Query, *, exactly: bool, oversample: float) -> None:
        self._searcher = searcher
        self._query = query
        self._exactly = exactly
        self._oversample = oversample
        self._filters = queries.conditions(query.filters)
        self._clauses: dict[Channel, Clause] = {
            channel: clause
            for channel in queries.asked_channels(query)
            if (clause := queries.channel_clause(query, channel)) is not None
        }
        self._facts: dict[str, tuple[str, Signals]] = {}
        self._text: dict[str, float] = {}
        self._best_text = 0.0

    async def answer(self) -> Candidates:
        """The candidates, as `Snapshot.retrieve` says."""
        if self._query.vector is not None:
            return await self._with_look()
        if self._clauses:
            return await self._without_look()
        (found,) = await self._searcher.search(queries.listing(self._filters, self._query.limit))
        self._keep(found.hits)
        ids = [hit.id for hit in found.hits]
        return Candidates(self._candidates(ids, {}), found.total <= self._query.limit)

    async def _without_look(self) -> Candidates:
        limit, clauses = self._query.limit, list(self._clauses.values())
        sparse = [clause for channel, clause in self._clauses.items() if channel is not Channel.TEXT]
        bodies = [queries.counted(self._filters, clauses, limit + 1)]
        # A few more than wanted: sparse fields keep weights in nine bits, the order is made from the exact ones.
        bodies.append(queries.matching(self._filters, sparse or clauses, _more_than(limit)))
        bodies += self._bests()
        count, together, *bests = await self._searcher.search(*bodies)
        by_channel = dict(zip(self._clauses, bests, strict=True))
        self._keep(hit for found in (together, *bests) for hit in found.hits)
        self._keep_text(by_channel.get(Channel.TEXT))
        complete = count.total <= limit
        await self._score_missing_texts(by_channel.get(Channel.TEXT))
        order = sorted(self._facts, key=lambda one: (-self._text.get(one, 0.0), -self._sparse_sum(one), one))
        chosen = order if complete else self._chosen(order, limit)
        rank = {product_id: place for place, product_id in enumerate(order)}
        return Candidates(self._candidates(sorted(chosen, key=rank.__getitem__)[:limit], {}), complete)

    async def _with_look(self) -> Candidates:
        assert self._query.vector is not None
        look, limit = self._query.vector.values, self._query.limit
        clauses = list(self._clauses.values())
        near = (
            queries.nearest_exactly(self._filters, look, limit)
            if self._exactly
            else queries.nearest(self._filters, look, limit, self._oversample)
        )
        count = queries.counted(self._filters, [queries.pictured(), *clauses], limit + 1)
        bodies = [near, count]
        bodies += self._bests()
        seen, counted, *bests = await self._searcher.search(*bodies)
        by_channel = dict(zip(self._clauses, bests, strict=True))
        self._keep(hit for found in bests for hit in found.hits)
        self._keep_text(by_channel.get(Channel.TEXT))
        complete = counted.total <= limit
        if complete:
            wanted = queries.any_match(self._filters, clauses)
            looks = await self._compared(wanted, limit + 1, self._filters)
            ids: Iterable[str] = looks
        else:
            first = [hit.id for hit in sorted(seen.hits, key=lambda hit: (-hit.score, hit.id))]
            if len(first) < limit and clauses:
                first += await self._bare(clauses, limit - len(first))
            ids = self._chosen(first, limit)
            looks = await self._compared(queries.of_ids(ids), len(ids), [queries.of_ids(ids)])
        order = sorted((one for one in ids if one in looks), key=lambda one: (-_cosine(looks[one]), one))
        return Candidates(self._candidates(order[:limit], looks), complete)

    async def _bare(self, clauses: Sequence[Clause], size: int) -> list[str]:
        (found,) = await self._searcher.search(queries.bare_matching(self._filters, clauses, size))
        self._keep(found.hits)
        return [hit.id for hit in found.hits]

    async def _compared(
        self, condition: Clause, size: int, filters: Sequence[Clause]
    ) -> dict[str, tuple[float, int] | None]:
        """Look and text of all products under a condition. filters: the same condition, for the text."""
        assert self._query.vector is not None
        bodies = [queries.coded_look(condition, self._query.vector.values, size)]
        text = self._clauses.get(Channel.TEXT)
        if text is not None:
            bodies.append(queries.best(filters, text, size))
        found, *texts = await self._searcher.search(*bodies)
        self._keep(found.hits)
        for scored in texts:
            self._keep_text(scored, best=False)
        return {hit.id: queries.look_of(hit.score) for hit in found.hits}

    async def _score_missing_texts(self, found: Found | None) -> None:
        """The text score of products that another channel found, where the text found more than was returned."""
        if found is None or len(found.hits) < self._best_size(Channel.TEXT):
            return
        missing = [product_id for product_id in self._facts if product_id not in self._text]
        if missing:
            (scored,) = await self._searcher.search(queries.scored(missing, self._clauses[Channel.TEXT]))
            self._keep_text(scored, best=False)

    def _bests(self) -> list[queries.Body]:
        """One search per asked channel for its best."""
        return [
            queries.best(self._filters, clause, self._best_size(channel)) for channel, clause in self._clauses.items()
        ]

    def _best_size(self, channel: Channel) -> int:
        if channel is Channel.TEXT and self._query.vector is None:
            return _more_than(self._query.limit)
        return _more_than(self._query.limit // 10)

    def _chosen(self, first: Sequence[str], limit: int) -> list[str]:
        """The first half, the best tenth of every other channel, and more of the first ones up to `limit`."""
        kept = dict.fromkeys(first[: (limit + 1) // 2])
        for channel in self._clauses:
            strong = [(self._signal(one, channel), one) for one in self._facts]
            strong = sorted(((-value, one) for value, one in strong if value > 0))
            kept |= dict.fromkeys(one for _, one in strong[: limit // 10])
        for product_id in first:
            if len(kept) >= limit:
                break
            kept[product_id] = None
        return list(kept)

    def _keep(self, hits: Iterable[Hit]) -> None:
        for hit in hits:
            if hit.facts and hit.id not in self._facts:
                group_id, weights = from_facts(hit.facts)
                self._facts[hit.id] = (group_id, self._sparse(weights))

    def _keep_text(self, found: Found | None, *, best: bool = True) -> None:
        if found is None:
            return
        self._text |= {hit.id: hit.score for hit in found.hits}
        if best and found.hits:
            self._best_text = max(hit.score for hit in found.hits)

    def _sparse(self, weights: Mapping[Channel, Mapping[str, float]]) -> Signals:
        signals: Signals = {}
        for channel in self._clauses:
            if channel is not Channel.TEXT:
                own = weights[channel]
                asked = self._query.terms[channel].items()
                signals[channel] = sum(weight * own.get(term.strip().casefold(), 0.0) for term, weight in asked)
        return signals

    def _signal(self, product_id: str, channel: Channel) -> float:
        if channel is Channel.TEXT:
            return self._text.get(product_id, 0.0) / self._best_text if self._best_text else 0.0
        return self._facts[product_id][1][channel]

    def _sparse_sum(self, product_id: str) -> float:
        return round(sum(self._facts[product_id][1].values()), 6)  # the order of adding must not decide a tie

    def _candidates(self, ids: Iterable[str], looks: Mapping[str, tuple[float, int] | None]) -> tuple[Candidate, ...]:
        items = []
        for product_id in ids:
            group_id, sparse = self._facts[product_id]
            signals: Signals = {}
            look = looks.get(product_id)
            if look is not None:
                signals[Channel.LOOK] = look[0]
            signals |= sparse
            if Channel.TEXT in self._clauses:
                signals[Channel.TEXT] = self._signal(product_id, Channel.TEXT)
            items.append(Candidate(product_id, group_id, look[1] if look is not None else 0, signals))
        return tuple(items)


def _cosine(look: tuple[float, int] | None) -> float:
    return -2.0 if look is None else look[0]


def _more_than(count: int) -> int:
    return count + count // 4 + 10
