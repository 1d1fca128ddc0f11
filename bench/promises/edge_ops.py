"""A server that is run for real (rows `edge.*`): restarts, the truth of /ready, bounded figures, no secret written."""

from bench import edge_ready, edge_secrets, edge_series, edge_sigterm
from bench.promise import Promise, shared

sigterm = shared(edge_sigterm.measure)
ready = shared(edge_ready.measure)
series = shared(edge_series.measure)
secrets = shared(edge_secrets.measure)

PROMISES = [
    Promise("edge.sigterm.failed", "at most", 0, "", sigterm("failed")),
    Promise("edge.sigterm.exit", "at most", 25, "s", sigterm("slowest_exit")),
    Promise("edge.sigterm.orphans", "at most", 0, "", sigterm("orphans")),
    Promise("edge.ready.missed", "at most", 0, "", ready("missed")),
    Promise("edge.ready.slowest", "at most", 5, "s", ready("slowest")),
    Promise("edge.ready.live_failures", "at most", 0, "", ready("live_failures")),
    Promise("edge.metrics.series", "at most", 200, "", series("series")),
    Promise("edge.secrets.planted", "at least", 50, "", secrets("planted")),
    Promise("edge.secrets.hits", "at most", 0, "", secrets("hits")),
]
