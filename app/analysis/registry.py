"""Analyzers and outside sources by the names of AKIN_ANALYZERS."""

import importlib
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, cast

from app.analysis.analyzer import Analyzer
from app.analysis.leader import EmbeddingSource, Leader
from app.analysis.looks import Looks
from app.analysis.source import BadCard, Source
from app.errors import BadRequest, MissingDependency

T = TypeVar("T")


class UnknownAnalyzer(BadRequest):
    """The settings name an analyzer that does not exist."""

    code = "unknown-analyzer"
    title = "There is no such analyzer"


@dataclass(frozen=True, slots=True)
class Means:
    """What analyzers are built with; each takes what it needs. executor: where local looking runs. leader: a model
    elsewhere whose vector leads the embedding. looks: where it is kept what was seen in photos."""

    executor: Executor
    embedder: str = "local"
    leader: Leader | None = None
    looks: Looks | None = None


@dataclass(frozen=True, slots=True)
class SourceMeans:
    """What outside sources are built with; each takes what it needs.

    Endpoints: None is the vendor's own; "http://127.0.0.1:PORT" is a fake on this machine, spoken to without
    encryption and credentials. attributes: those a model card may name. batch: pictures put into one call (a loader).
    """

    attributes: frozenset[str] = frozenset()
    cards: Path | None = None
    batch: int = 1
    google_features: tuple[str, ...] = ("labels", "objects")
    google_endpoint: str | None = None
    google_product_set: str | None = None
    google_product_categories: tuple[str, ...] = ()
    vertex_endpoint: str | None = None
    aws_region: str | None = None
    aws_endpoint: str | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """What a name stands for: its sources, and those whose model card cannot be used."""

    usable: tuple[Source, ...]
    bad: tuple[tuple[str, BadCard], ...] = ()


FACTORIES = {"local": "app.analysis.providers.local:from_means"}
"""Name -> "module:factory", imported when asked for: a shop without a vendor needs none of its packages."""

SOURCES = {
    "google_vision": ("google", "app.analysis.providers.google_vision:from_means"),
    "google_automl": ("google", "app.analysis.providers.google_automl:from_means"),
    "vertex": ("vertex", "app.analysis.providers.vertex:from_means"),
    "rekognition": ("aws", "app.analysis.providers.rekognition:from_means"),
}
"""Name -> (extra, "module:factory")."""

EMBEDDERS = {"vertex": ("vertex", "app.analysis.providers.vertex:embedder_from_means")}
"""Models elsewhere that AKIN_EMBEDDER may name -> (extra, "module:factory")."""


def analyzer_named(name: str, means: Means) -> Analyzer:
    """Build one analyzer. Raises UnknownAnalyzer, MissingDependency, and what the provider itself refuses."""
    module, _, factory = _known(name, FACTORIES).partition(":")
    build = cast("Callable[[Means], Analyzer]", getattr(importlib.import_module(module), factory))
    return build(means)


def sources_named(name: str, means: SourceMeans) -> Sources:
    """Build the sources of a name; nothing is connected yet. Raises UnknownAnalyzer, MissingDependency."""
    build = cast("Callable[[SourceMeans], Sources]", _factory(name, *_known(name, SOURCES)))
    return build(means)


def embedder_named(name: str, means: SourceMeans, card: str = "") -> EmbeddingSource:
    """Build the embedding source of AKIN_EMBEDDER=name:card. Raises UnknownAnalyzer, MissingDependency, BadCard."""
    build = cast("Callable[[SourceMeans, str], EmbeddingSource]", _factory(name, *_known(name, EMBEDDERS)))
    return build(means, card)


def _factory(name: str, extra: str, path: str) -> object:
    module, _, factory = path.partition(":")
    try:
        return getattr(importlib.import_module(module), factory)
    except ImportError as missing:
        raise MissingDependency(
            f"{name} needs a package that is not installed: {missing.name}.",
            fix=f"Install it: pip install 'akin[{extra}]'.",
        ) from missing


def _known(name: str, table: Mapping[str, T]) -> T:
    try:
        return table[name]
    except KeyError:
        raise UnknownAnalyzer(
            f"There is no analyzer {name!r}.",
            fix=f"Set AKIN_ANALYZERS to names from: {', '.join(sorted({*FACTORIES, *SOURCES}))}.",
        ) from None
