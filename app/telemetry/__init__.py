"""What Akin tells of itself: metrics, traces, log lines, and the id that joins what is done for one request."""

from app.telemetry.logs import JsonLines, PlainLines, log_config, told, without_secrets
from app.telemetry.metrics import Metrics, share_between_processes, shared_folder
from app.telemetry.middleware import Observed, route_of
from app.telemetry.request_id import current_request_id, working_for
from app.telemetry.tracing import (
    current_trace_id,
    outgoing_headers,
    past_span,
    span,
    start_tracing,
    tracing,
)

__all__ = [
    "JsonLines",
    "Metrics",
    "Observed",
    "PlainLines",
    "current_request_id",
    "current_trace_id",
    "log_config",
    "outgoing_headers",
    "past_span",
    "route_of",
    "share_between_processes",
    "shared_folder",
    "span",
    "start_tracing",
    "told",
    "tracing",
    "without_secrets",
    "working_for",
]
