"""A public endpoint that stays up (rows `edge.*`): what the edge promises under load, attack and nonsense."""

from bench import (
    edge_identity,
    edge_leaks,
    edge_overload,
    edge_phones,
    edge_rate,
    edge_schema,
    edge_ssrf,
    edge_strain,
    edge_uploads,
    mutated_uploads,
)
from bench.promise import Promise, shared

schema = shared(edge_schema.measure)
overload = shared(edge_overload.measure)
rate = shared(edge_rate.measure)
ssrf = shared(edge_ssrf.measure)
keys = shared(edge_identity.keys)
tenants = shared(edge_identity.tenants)
idempotency = shared(edge_identity.idempotency)
uploads = shared(edge_uploads.measure)
memory = shared(edge_strain.memory)
hang = shared(edge_strain.hang)
forms = shared(edge_strain.forms)
many = shared(edge_leaks.uploads)
looks = shared(edge_leaks.looks)
phones = shared(edge_phones.measure)
mutants = shared(lambda: mutated_uploads.measure(MUTANTS, seed=2))
MUTANTS = 50_000
"""Ten thousand of each of five formats."""

PROMISES = [
    Promise("edge.schema.failures", "at most", 0, "", schema("failures")),
    Promise("edge.schema.untested", "at most", 0, "operations", schema("untested")),
    Promise("edge.overload.goodput", "at least", 0.9, "of the peak", overload("goodput")),
    Promise("edge.overload.accepted_p99", "at most", 2.0, "x normal", overload("accepted_p99")),
    Promise("edge.overload.shed_p99", "at most", 50, "ms", overload("shed_ms")),
    Promise("edge.overload.bare", "at most", 0, "", overload("bare")),
    Promise("edge.overload.live_failures", "at most", 0, "", overload("live")),
    Promise("edge.overload.live_p99", "at most", 50, "ms", overload("live_p99_ms")),
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
    Promise("edge.t1.5xx", "at most", 0, "", mutants("5xx")),
    Promise("edge.t1.dead", "at most", 0, "", mutants("dead")),
    Promise("edge.t1.grown", "at most", 20, "MB", mutants("grown_mb")),
    Promise("edge.t1.p99", "at most", 1000, "ms", mutants("p99_ms")),
    Promise("edge.t3.refused_within", "at most", 100, "ms", uploads("t3_ms")),
    Promise("edge.t3.grown", "at most", 30, "MB", uploads("t3_mb")),
    Promise("edge.t3.wrong", "at most", 0, "", uploads("t3_wrong")),
    Promise("edge.t4.over", "at most", 0, "MB", memory("over_mb")),
    Promise("edge.t4.wrong", "at most", 0, "", memory("wrong")),
    Promise("edge.t5.off", "at most", 0.5, "s", hang("off_s")),
    Promise("edge.t5.back", "at most", 2, "s", hang("back_s")),
    Promise("edge.t5.others", "at most", 2, "x before", hang("others")),
    Promise("edge.t5.wrong", "at most", 0, "", hang("wrong")),
    Promise("edge.t6.wrong", "at most", 0, "", uploads("t6_wrong")),
    Promise("edge.t6.programs", "at most", 0, "", uploads("t6_programs")),
    Promise("edge.t7.files", "at least", 60, "", phones("files")),
    Promise("edge.t7.refused", "at most", 0, "", phones("refused")),
    Promise("edge.t7.cosine", "at least", 0.99, "", phones("cosine")),
    Promise("edge.t8.hits", "at most", 0, "", uploads("t8_hits")),
    Promise("edge.t9.wrong", "at most", 0, "", uploads("t9_wrong")),
    Promise("edge.t10.late", "at most", 0.5, "s", forms("late_s")),
    Promise("edge.t10.wrong", "at most", 0, "", forms("wrong")),
    Promise("edge.t10.grown", "at most", 40, "MB", forms("grown_mb")),
    Promise("edge.t10.live_p99", "at most", 50, "ms", forms("live_p99_ms")),
    Promise("edge.t11.slope", "at most", 1, "KB/upload", many("slope_kb")),
    Promise("edge.t11.files", "at most", 5, "", many("files")),
    Promise("edge.t11.wrong", "at most", 0, "", many("wrong")),
    Promise("edge.t12.slope", "at most", 0.02, "MB/look", looks("mb_a_look")),
]
