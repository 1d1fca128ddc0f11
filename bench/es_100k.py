"""The Elasticsearch catalog at 100,000 products: loading beside the client's own helper, recall, a whole retrieval.

python -m bench.es_100k [--count 100000]
"""

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import islice
from typing import Any

import numpy as np
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_streaming_bulk

from app.catalog import (
    Candidates,
    Channel,
    FacetField,
    Filter,
    PriceBetween,
    Product,
    Query,
    QueryVector,
    Snapshot,
)
from app.catalog.elasticsearch import ElasticsearchOptions, open_catalog, open_writer
from app.catalog.elasticsearch.documents import document_id, to_details, to_document
from bench.catalog_100k import DIMS, EMBEDDER, Vectors, products
from bench.es_server import shop_on_real_server

COUNT = 100_000
SHARES = {"50": 0.5, "10": 0.1, "1": 0.01, "0.1": 0.001}
"""Name in percent -> share of the products that a filter passes."""

_PIECE = 5_000
_BATCH = 1_000
_QUESTIONS = 40
_ROUNDS = 30
_FACETS = (FacetField.BRAND, FacetField.CATEGORY, FacetField.COLOR, FacetField.PRICE)


def figures(count: int = COUNT) -> Mapping[str, float]:
    """load_ratio, recall_NAME for each of SHARES, retrieval_ratio, and the milliseconds and rates behind them."""
    return asyncio.run(_measured(count))


async def _measured(count: int) -> dict[str, float]:
    async with shop_on_real_server() as options:
        found = await _loaded(options, count)
        catalog = open_catalog(options)
        snapshot = await catalog.snapshot()
        found |= await _recalls(snapshot, count)
        found |= await _whole_and_parts(snapshot)
        await catalog.close()
        return found


async def _loaded(options: ElasticsearchOptions, count: int) -> dict[str, float]:
    """Publish the products, and write the same documents by the client's helper, a piece of each by turns."""
    writer, catalog = open_writer(options), open_catalog(options)
    ours = helper = 0.0
    begun = await writer.begin(embedder=EMBEDDER, dims=DIMS, source="bench", holder="bench")
    twin = await _twin(options, begun.id)
    stream = products(count)
    async with AsyncElasticsearch(list(options.hosts), request_timeout=120) as client:
        while piece := list(islice(stream, _PIECE)):
            began = time.perf_counter()
            for start in range(0, len(piece), _BATCH):
                await writer.add(begun.id, piece[start : start + _BATCH])
            ours += time.perf_counter() - began
            began = time.perf_counter()
            async for _ in async_streaming_bulk(client, _actions(piece, twin)):
                pass
            helper += time.perf_counter() - began
        await client.indices.delete(index=list(twin))
    await writer.verify(begun.id, expected_products=count)
    await catalog.publish(begun.id)
    await writer.close()
    await catalog.close()
    return {"load_ratio": helper / ours, "ours_per_s": count / ours, "helper_per_s": count / helper}


async def _twin(options: ElasticsearchOptions, generation_id: str) -> tuple[str, str]:
    """Two indices made like those of a generation that is being loaded."""
    async with AsyncElasticsearch(list(options.hosts)) as client:
        made = []
        for name in (options.products_index, options.details_index):
            like, twin = name(generation_id), name("twin")
            found = (await client.indices.get_mapping(index=like))[like]["mappings"]
            await client.indices.create(index=twin, mappings=found, settings={"index": {"refresh_interval": -1}})
            made.append(twin)
    return made[0], made[1]


def _actions(piece: Sequence[Product], twin: tuple[str, str]) -> Iterator[dict[str, Any]]:
    for product in piece:
        for name, document in to_details(product):
            yield {"_index": twin[1], "_id": name, "_source": document}
        yield {"_index": twin[0], "_id": document_id(product.id), "_source": to_document(product)}


async def _recalls(snapshot: Snapshot, count: int) -> dict[str, float]:
    """recall@100 against comparing everything, by share of products that pass."""
    every = list(products(count))
    vectors = np.stack([one.images[0].evidence.embedding for one in every if one.images[0].evidence is not None])
    prices = np.array([float(one.price.amount) for one in every if one.price is not None])
    ids = np.array([one.id for one in every])
    del every
    questions = Vectors().draw(count + _QUESTIONS)[count:]
    found = {}
    for name, share in SHARES.items():
        low = float(np.quantile(prices, 1.0 - share))
        passing = np.flatnonzero(prices >= low)
        filters: tuple[Filter, ...] = (PriceBetween(low=Decimal(str(low))),)
        hits = wanted = 0
        for question in questions:
            near = passing[np.argsort(-(vectors[passing] @ question), kind="stable")[:100]]
            answer = await snapshot.retrieve(Query(vector=QueryVector(EMBEDDER, question), filters=filters, limit=100))
            hits += len(set(ids[near].tolist()) & {item.product_id for item in answer.items})
            wanted += len(near)
        found[f"recall_{name}"] = hits / wanted
    return found


async def _whole_and_parts(snapshot: Snapshot) -> dict[str, float]:
    """How long one retrieval of all channels with its facets takes, beside the sum of its channels alone."""
    look = QueryVector(EMBEDDER, Vectors().draw(1)[0])
    labels = {Channel.LABELS: {"armchair": 0.9, "label 3": 0.5, "label 40": 0.4}}
    attributes = {Channel.ATTRIBUTES: {"material=velvet": 0.7, "color=teal": 0.6}}
    whole = Query(look, terms=labels | attributes, text="teal velvet armchair")
    alone = {
        "look": Query(look),
        "labels": Query(terms=labels),
        "attributes": Query(terms=attributes),
        "text": Query(text=whole.text),
    }
    ids = [item.product_id for item in (await snapshot.retrieve(whole)).items]
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "whole": lambda: _with_facets(snapshot, whole),
        "facets": lambda: snapshot.facets(ids, _FACETS),
        **{name: _asking(snapshot, query) for name, query in alone.items()},
    }
    times: dict[str, list[float]] = {name: [] for name in asked}
    for _ in range(_ROUNDS):
        for name, ask in asked.items():
            began = time.perf_counter()
            await ask()
            times[name].append((time.perf_counter() - began) * 1e3)
    median = {name: statistics.median(own[3:]) for name, own in times.items()}
    parts = sum(value for name, value in median.items() if name != "whole")
    return {"retrieval_ratio": median["whole"] / parts, **{f"{name}_ms": value for name, value in median.items()}}


def _asking(snapshot: Snapshot, query: Query) -> Callable[[], Awaitable[Candidates]]:
    return lambda: snapshot.retrieve(query)


async def _with_facets(snapshot: Snapshot, query: Query) -> None:
    answer = await snapshot.retrieve(query)
    await snapshot.facets([item.product_id for item in answer.items], _FACETS)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=COUNT)
    for name, value in figures(parser.parse_args().count).items():
        print(f"{name:<20} {value:.4g}")


if __name__ == "__main__":
    main()
