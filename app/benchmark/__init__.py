"""How fast the whole product is, each figure beside the bare parts it is made of."""

from app.benchmark.model import Parts, Report, SizeReport, ThroughputReport
from app.benchmark.report import to_json, to_table
from app.benchmark.run import benchmark
from app.benchmark.server import RunningServer, ServerDidNotStart, free_port, running_server, wait_until_ready
from app.benchmark.synthetic import publish_all
from app.benchmark.timing import Timing, time_awaits, time_calls

__all__ = [
    "Parts",
    "Report",
    "RunningServer",
    "ServerDidNotStart",
    "SizeReport",
    "ThroughputReport",
    "Timing",
    "benchmark",
    "free_port",
    "publish_all",
    "running_server",
    "time_awaits",
    "time_calls",
    "to_json",
    "to_table",
    "wait_until_ready",
]
