"""Analyzers by the names of AKIN_ANALYZERS."""

import importlib
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import cast

from app.analysis.analyzer import Analyzer
from app.errors import BadRequest


class UnknownAnalyzer(BadRequest):
    """The settings name an analyzer that does not exist."""

    code = "unknown-analyzer"
    title = "There is no such analyzer"


@dataclass(frozen=True, slots=True)
class Means:
    """What providers are built with; each takes what it needs. executor: where local looking runs."""

    executor: Executor
    embedder: str = "local"


FACTORIES = {"local": "app.analysis.providers.local:from_means"}
"""Name -> "module:factory", imported when asked for: a shop without a vendor needs none of its packages."""


def analyzer_named(name: str, means: Means) -> Analyzer:
    """Build one analyzer. Raises UnknownAnalyzer, MissingDependency, and what the provider itself refuses."""
    try:
        module, _, factory = FACTORIES[name].partition(":")
    except KeyError:
        raise UnknownAnalyzer(
            f"There is no analyzer {name!r}.", fix=f"Set AKIN_ANALYZERS to names from: {', '.join(sorted(FACTORIES))}."
        ) from None
    build = cast("Callable[[Means], Analyzer]", getattr(importlib.import_module(module), factory))
    return build(means)
