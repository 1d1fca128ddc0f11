"""An OTLP collector on this machine: the real wire, everything kept."""

import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector(ThreadingHTTPServer):
    """An OTLP collector: keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.spans: list[Span] = []
        self.bodies = b""
        self.came = threading.Condition()

    def until(self, name: str, count: int = 1) -> list[Span]:
        """Wait for so many spans of that name; returns all there are."""
        with self.came:
            enough = self.came.wait_for(lambda: sum(one.name == name for one in self.spans) >= count, timeout=60)
        assert enough, [one.name for one in self.spans]
        return list(self.spans)


class _Taking(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Take one export."""
        collector = self.server
        assert isinstance(collector, Collector)
        body = self.rfile.read(int(self.headers["content-length"]))
        request = ExportTraceServiceRequest.FromString(body)
        with collector.came:
            collector.bodies += body
            for resource in request.resource_spans:
                for scope in resource.scope_spans:
                    collector.spans += scope.spans
            collector.came.notify_all()
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Silent."""


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens."""
    with Collector() as collector, futures.ThreadPoolExecutor(1) as threads:
        threads.submit(collector.serve_forever)
        try:
            yield collector
        finally:
            collector.shutdown()
