"""A public endpoint that stays up (rows `edge.*`): what the edge promises under load, attack and nonsense."""

from bench import edge_identity, edge_overload, edge_rate, edge_schema, edge_ssrf
from bench.promise import Promise, shared

schema = shared(edge_schema.measure)
overload = shared(edge_overload.measure)
rate = shared(edge_rate.measure)
ssrf = shared(edge_ssrf.measure)
keys = shared(edge_identity.keys)
tenants = shared(edge_identity.tenants)
idempotency = shared(edge_identity.idempotency)

PROMISES = [
    Promise("edge.schema.failures", "at most", 0, "", schema("failures")),
    Promise("edge.overload.goodput", "at least", 0.9, "of the peak", overload("goodput")),
    Promise("edge.overload.accepted_p99", "at most", 2.0, "x normal", overload("accepted_p99")),
    Promise("edge.overload.shed_p99", "at most", 50, "ms", overload("shed_ms")),
    Promise("edge.overload.bare", "at most", 0, "", overload("bare")),
    Promise("edge.overload.live_failures", "at most", 0, "", overload("live")),
    Promise("edge.overload.recovery", "at most", 5, "s", overload("recovery_s")),
    Promise("edge.rate.off", "at most", 1, "of 60", rate("off")),
    Promise("edge.rate.bare", "at most", 0, "", rate("bare")),
    Promise("edge.ssrf.private", "at most", 0, "connections", ssrf("private")),
    Promise("edge.ssrf.fetched", "at most", 0, "", ssrf("fetched")),
    Promise("edge.keys.wrong_scope", "at most", 0, "", keys("wrong_scope")),
    Promise("edge.keys.revoked_s", "at most", 5, "s", keys("revoked_s")),
    Promise("edge.keys.rotation_failures", "at most", 0, "", keys("rotation_failures")),
    Promise("edge.tenants.leaks", "at most", 0, "", tenants("leaks")),
    Promise("edge.idempotency.executions", "at most", 1, "", idempotency("executions")),
    Promise("edge.idempotency.kill_effects", "at most", 1, "", idempotency("kill_effects")),
]
