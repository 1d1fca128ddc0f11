"""Outside sources (rows `cloud.*`): overhead, deadline, outage, budget, copies, cascade, privacy, start."""

from bench import cloud_calls, cloud_cascade, cloud_server
from bench.promise import Promise, shared

overhead = shared(cloud_calls.overhead)
request = shared(cloud_server.request)
deadline = shared(cloud_server.deadline)
outage = shared(cloud_calls.outage)
budget = shared(cloud_calls.budget)
copies = shared(cloud_calls.copies)
cascade = shared(cloud_cascade.measure)
privacy = shared(cloud_server.privacy)
importing = shared(cloud_server.importing)
alone = shared(cloud_server.tests_alone)

PROMISES = [
    Promise("cloud.overhead", "at most", 1.0, "ms", overhead("over")),
    Promise("cloud.request", "at most", 0.0, "ms", request("over")),
    Promise("cloud.deadline.late", "at most", 0, "", deadline("late")),
    Promise("cloud.deadline.5xx", "at most", 0, "", deadline("5xx")),
    Promise("cloud.deadline.named", "at least", 0.99, "", deadline("named")),
    Promise("cloud.outage.first_5s", "at most", 1.1, "x", outage("first")),
    Promise("cloud.outage.after", "at most", 1.0, "/s", outage("after")),
    Promise("cloud.budget.units", "at most", 100, "", budget("billed")),
    Promise("cloud.copies.calls", "at most", 1, "", copies("calls")),
    Promise("cloud.cascade.saved", "at least", 0.5, "", cascade("saved")),
    Promise("cloud.cascade.lost", "at most", 0.01, "", cascade("lost")),
    Promise("cloud.privacy.hits", "at most", 0, "", privacy("hits")),
    Promise("cloud.import", "at most", 1.2, "s", importing("cpu")),
    Promise("cloud.tests.alone", "at most", 0, "", alone("failed")),
]
