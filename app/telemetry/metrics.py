"""Every figure Akin tells Prometheus: its name, its labels, and nothing that grows with what callers send.

A Metrics belongs to one application. Where several server processes share a port (`share_between_processes`), each
writes its figures into files of one folder, and whichever process is scraped answers for all of them.
"""

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""The library's own name for the folder; read when it is imported, so only children started after setting it share."""

REQUEST_S = (0.005, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 2.0, 5.0, 10.0)
STAGE_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0)
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})
UNMATCHED = "(none)"
"""The route of a request no route takes: paths are the caller's words and would make a series each."""


class Metrics:
    """All metrics of one application. Labels take values from closed sets only: route templates, codes, part names."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = self._counter("http_requests", "Answered requests.", "method", "route", "status")
        self.request_s = self._histogram("http_request", "Time to answer.", REQUEST_S, "method", "route")
        self.in_progress = self._sum("http_requests_in_progress", "Requests being answered now.")
        self.problems = self._counter("problems", "Problem answers by code (docs/errors.md).", "code")
        self.searches = self._counter("searches", "Searches by how they ended: found, empty.", "kind", "outcome")
        self.degraded = self._counter("degraded", "Searches that lacked a part, by part and reason.", "part", "reason")
        self.stage_s = self._histogram("search_stage", "Time of each stage of a search.", STAGE_S, "stage")
        self.engine_s = self._histogram(
            "engine", "Time of calls to the catalog's engine.", STAGE_S, "engine", "operation"
        )
        self.engine_failures = self._counter("engine_failures", "Failed calls to the engine.", "engine", "code")
        self.decode_slots = self._sum("decode_slots", "Photos that can be decoded at once.")
        self.decode_busy = self._sum("decode_busy", "Photos being decoded now.")
        self.decode_waiting = self._sum("decode_waiting", "Photos that wait for a slot.")
        self.decode_waiting_limit = self._sum("decode_waiting_limit", "Photos that may wait; more are refused.")
        self.search_slots = self._sum("search_slots", "Searches that can be worked on at once.")
        self.searches_working = self._sum("searches_working", "Searches worked on now.")
        self.searches_waiting = self._sum("searches_waiting", "Searches that wait for a slot.")
        self.searches_refused = self._counter("searches_refused", "Searches for which there was no place.")
        self.search_load = self._one("search_load", "Slots wanted by all searches that came, for each slot.")
        self.upload_bytes = self._sum("upload_bytes", "Bytes of uploads held in memory.")
        self.upload_bytes_limit = self._sum("upload_bytes_limit", "Bytes of uploads that may be held.")
        self.generation_products = self._one("generation_products", "Products of the published generation.")
        self.generation_published = self._one(
            "generation_published_timestamp_seconds", "When the published generation was published."
        )
        self.loads = self._one("loads", "Kept loads by state.", "state")
        self.source_calls = self._counter("source_calls", "Calls made to outside sources.", "source")
        self.source_failures = self._counter("source_failures", "Calls that failed, by reason.", "source", "reason")
        self.breaker_open = self._one("source_breaker_open", "1 while a source is left alone, else 0.", "source")
        self.breaker_opened = self._counter("source_breaker_opened", "Times a breaker opened.", "source")
        self.cloud_units = self._one("cloud_units_today", "Units bought today (UTC), by all processes.")
        self.cloud_usd = self._one("cloud_usd_today", "US dollars spent today (UTC), by all processes.")
        self.part_ready = self._worst("ready", "1 while a part of /ready is well, else 0.", "part")
        self.draining = self._one("draining", "1 from the order to stop until the end.")
        self.processes = self._sum("processes", "Server processes.")
        self.resident = self._sum("resident_bytes", "Resident memory of the server processes.")
        self.open_files = self._sum("open_files", "Open files and sockets of the server processes.")
        self.loop_lag = self._one("event_loop_lag_seconds", "How late the event loop is for what it has to do.")

    def _counter(self, name: str, says: str, *labels: str) -> Counter:
        return Counter(f"akin_{name}", says, labels, registry=self.registry)

    def _histogram(self, name: str, says: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"akin_{name}_seconds", says, labels, buckets=buckets, registry=self.registry)

    def _sum(self, name: str, says: str) -> Gauge:
        """What each process has for itself: added up over those that live."""
        return Gauge(f"akin_{name}", says, registry=self.registry, multiprocess_mode="livesum")

    def _one(self, name: str, says: str, *labels: str) -> Gauge:
        """What all processes see alike, or the worst of which counts: the largest of those that live."""
        return Gauge(f"akin_{name}", says, labels, registry=self.registry, multiprocess_mode="livemax")

    def _worst(self, name: str, says: str, *labels: str) -> Gauge:
        """The smallest of those that live."""
        return Gauge(f"akin_{name}", says, labels, registry=self.registry, multiprocess_mode="livemin")

    @contextmanager
    def engine_call(self, engine: str, operation: str) -> Iterator[None]:
        """Time one call to the catalog's engine; a failure is counted by its code."""
        with self.engine_s.labels(engine, operation).time():
            try:
                yield
            except Exception as error:
                self.engine_failures.labels(engine, str(getattr(error, "code", "internal"))).inc()
                raise

    def searched(
        self, kind: str, *, found: bool, gaps: Iterable[tuple[str, str]], stages_ms: Mapping[str, float]
    ) -> None:
        """Book one answered search. kind: photo, words or similar. gaps: (part, reason). stages_ms: milliseconds."""
        self.searches.labels(kind, "found" if found else "empty").inc()
        for part, reason in gaps:
            self.degraded.labels(part, reason).inc()
        for stage, spent in stages_ms.items():
            self.stage_s.labels(stage).observe(spent / 1000)

    def exposition(self, accept: str) -> tuple[bytes, str]:
        """The figures of all processes as (body, content type), in the format the Accept header asks for.

        Blocks while it reads the other processes' files.
        """
        registry = self.registry
        folder = shared_folder()
        if folder is not None:
            forget_dead_processes(folder)
            registry = CollectorRegistry()
            MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]  # the library's types stop here
        encode, content_type = choose_encoder(accept)
        return encode(registry), content_type


def shared_folder() -> Path | None:
    """Where the processes of this server keep their figures; None where there is one process only."""
    name = os.environ.get(FOLDER_VARIABLE)
    shares = getattr(prometheus_client.values.ValueClass, "_multiprocess", False)
    return Path(name) if name and shares else None


@contextmanager
def share_between_processes() -> Iterator[None]:
    """Processes started inside answer for each other's figures. The folder is removed at the end."""
    folder = tempfile.mkdtemp(prefix="akin-metrics-")
    os.environ[FOLDER_VARIABLE] = folder
    try:
        yield
    finally:
        os.environ.pop(FOLDER_VARIABLE, None)
        shutil.rmtree(folder, ignore_errors=True)


def forget_dead_processes(folder: Path) -> None:
    """Leave out the gauges of processes that have ended. Their counters stay, so that no counter goes back."""
    for pid in {path.stem.rpartition("_")[2] for path in folder.glob("gauge_live*.db")}:
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]
