"""A public endpoint that stays up (rows `edge.*`)."""

from bench import edge_schema
from bench.promise import Promise, shared

schema = shared(edge_schema.measure)

PROMISES = [
    Promise("edge.schema.failures", "at most", 0, "", schema("failures")),
]
