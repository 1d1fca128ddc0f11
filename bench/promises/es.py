"""The catalog in Elasticsearch, on a real server (rows `es.*`)."""

from bench import es_100k, es_live, es_nodes
from bench.promise import Promise, shared

_congruence = shared(es_live.congruence)
_live = shared(es_live.live)
_bulk = shared(es_live.troubled_bulk)
_searches = shared(es_nodes.searches)
_loads = shared(es_nodes.loads)
_large = shared(es_100k.figures)

PROMISES = [
    Promise("es.congruence", "at least", 0.99, "of 500 queries", _congruence("share")),
    *(Promise(f"es.recall.filter_{name}%", "at least", 0.98, "", _large(f"recall_{name}")) for name in es_100k.SHARES),
    Promise("es.retrieval_ratio", "at most", 0.8, "of its channels", _large("retrieval_ratio")),
    Promise("es.load_ratio", "at least", 1.0, "of async_streaming_bulk", _large("load_ratio")),
    Promise("es.put_to_searchable", "at most", 2.0, "s", _live("put_s")),
    Promise("es.publish.errors", "at most", 0, "", _live("errors")),
    Promise("es.publish.empty", "at most", 0, "", _live("empty")),
    Promise("es.publish.mixed", "at most", 0, "", _live("mixed")),
    Promise("es.bulk.missing", "at most", 0, "", _bulk("missing")),
    Promise("es.bulk.doubled", "at most", 0, "", _bulk("doubled")),
    Promise("es.node_lost.failed", "at most", 0.005, "of searches", _searches("failed")),
    Promise("es.node_lost.p99_back", "at most", 15.0, "s", _searches("back_s")),
    Promise("es.node_lost.products_lost", "at most", 0, "", _loads("lost")),
    Promise("es.node_lost.products_doubled", "at most", 0, "", _loads("doubled")),
]
