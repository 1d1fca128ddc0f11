"""What Akin tells of itself: metrics, log lines, and the id that joins what is done for one request."""

from app.telemetry.logs import JsonLines, PlainLines, log_config, told, without_secrets
from app.telemetry.metrics import Metrics, share_between_processes, shared_folder
from app.telemetry.middleware import Observed, route_of, tell
from app.telemetry.request_id import current_request_id, working_for

__all__ = [
    "JsonLines",
    "Metrics",
    "Observed",
    "PlainLines",
    "current_request_id",
    "log_config",
    "route_of",
    "share_between_processes",
    "shared_folder",
    "tell",
    "told",
    "without_secrets",
    "working_for",
]
