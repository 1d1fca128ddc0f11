"""Traces: which parts a request passed and how long each took, for OpenTelemetry.

Off unless `start_tracing` was called; then nothing of OpenTelemetry is imported and a span costs a comparison. One
tracer a process, as OpenTelemetry has it. Attributes are figures and names from closed sets, never a caller's words.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from app.errors import MissingDependency

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

Attributes = Mapping[str, str | int | float | bool]
_NONE: Attributes = {}

_tracer: Tracer | None = None


def start_tracing(
    *, endpoint: str, share: float, version: str, exporter: SpanExporter | None = None
) -> Callable[[], None]:
    """Send spans to the OTLP collector at `endpoint` (http://HOST:4318/v1/traces); returns what ends it.

    share: of the traces that begin here or elsewhere, how many are kept, 0..1; chosen by the trace's id, so that all
    servers choose alike and a caller cannot make us keep more. exporter: instead of the one for `endpoint`.
    Raises MissingDependency.
    """
    global _tracer
    try:
        from opentelemetry import trace
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ParentBased, TraceIdRatioBased

        if exporter is None:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

            exporter = OTLPSpanExporter(endpoint=endpoint, timeout=5)
    except ImportError as missing:
        raise MissingDependency("Traces need OpenTelemetry.", fix="pip install 'akin[tracing]'") from missing
    ratio = TraceIdRatioBased(share)
    provider = TracerProvider(
        sampler=ParentBased(ratio, remote_parent_sampled=ratio, remote_parent_not_sampled=ALWAYS_OFF),
        resource=Resource.create({"service.name": "akin", "service.version": version, "process.pid": os.getpid()}),
        shutdown_on_exit=False,
    )
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    trace.set_tracer_provider(provider)  # the Elasticsearch client's own spans go there too
    _tracer = provider.get_tracer("akin", version)

    def stop() -> None:
        global _tracer
        _tracer = None
        provider.shutdown()

    return stop


def tracing() -> bool:
    """Whether traces are made."""
    return _tracer is not None


@contextmanager
def span(name: str, attributes: Attributes = _NONE) -> Iterator[None]:
    """What happens inside is one step of the trace; a failure is told by its type and code, not by its text."""
    if _tracer is None:
        yield
        return
    from opentelemetry.trace import StatusCode

    with _tracer.start_as_current_span(
        name, attributes=dict(attributes), record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except BaseException as error:
            current.set_status(StatusCode.ERROR, str(getattr(error, "code", type(error).__name__)))
            raise


def past_span(name: str, began_ns: int, ended_ns: int, attributes: Attributes = _NONE) -> None:
    """A step that is over, done elsewhere: in another process that tells when (nanoseconds since the epoch)."""
    if _tracer is not None:
        _tracer.start_span(name, start_time=began_ns, attributes=dict(attributes)).end(end_time=ended_ns)


class ServerSpan:
    """The span of a whole request; `end` names it, for the route is known only then."""

    def __init__(self, method: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
        self._span: object | None = None
        self._method = method
        if _tracer is None:
            return
        from opentelemetry import context, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        carrier = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in headers
            if name in (b"traceparent", b"tracestate")
        }
        parent = TraceContextTextMapPropagator().extract(carrier)
        self._opened = _tracer.start_span(method, parent, trace.SpanKind.SERVER, start_time=time.time_ns())
        self._token = context.attach(trace.set_span_in_context(self._opened, parent))
        self._span = self._opened

    def end(self, *, route: str, status: int, request_id: str) -> None:
        """The request is answered (status 0: it was not)."""
        if self._span is None:
            return
        from opentelemetry import context
        from opentelemetry.trace import StatusCode

        self._opened.update_name(f"{self._method} {route}")
        self._opened.set_attributes(
            {
                "http.request.method": self._method,
                "http.route": route,
                "http.response.status_code": status,
                "akin.request_id": request_id,
            }
        )
        if status >= 500 or status == 0:
            self._opened.set_status(StatusCode.ERROR)
        self._opened.end()
        context.detach(self._token)


def outgoing_headers() -> dict[str, str]:
    """What a call to another service carries, so that its part joins the trace: traceparent; {} without a trace."""
    carrier: dict[str, str] = {}
    if _tracer is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(carrier)
    return carrier


def current_trace_id() -> str:
    """The id of the trace this happens in, 32 hexadecimal digits; "" without one."""
    if _tracer is None:
        return ""
    from opentelemetry import trace

    context = trace.get_current_span().get_span_context()
    return f"{context.trace_id:032x}" if context.is_valid else ""
