"""From settings to outside sources and the ensemble around them: part of the composition root."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.analysis import Gap
from app.analysis.analyzer import Analyzer
from app.analysis.asking import Asker
from app.analysis.ensemble import Cascade, Ensemble
from app.analysis.outgoing import BlurredFaces, clean, faces_by
from app.analysis.registry import SourceMeans, sources_named
from app.analysis.source import BadCard, Reason, Source
from app.analysis.trust import read_trust
from app.analysis.vocabulary import Vocabulary, read_vocabulary
from app.insights import SourceDay, Spending
from app.metering import (
    Answers,
    Budget,
    Ledger,
    MeterStore,
    Prices,
    UnplacedWords,
    read_prices,
    shipped_prices,
)
from app.settings import InvalidSettings, Settings

LOCAL = "local"

logger = logging.getLogger("akin.sources")


@dataclass(frozen=True, slots=True)
class Outside:
    """The ensemble with the file it counts in: closing it closes both."""

    ensemble: Ensemble
    ledger: Ledger
    store: MeterStore

    async def close(self) -> None:
        """Cancel what is on its way, write down what waits."""
        await self.ensemble.close()
        await self.ledger.flush()
        await self.store.close()


def outside_names(settings: Settings) -> tuple[str, ...]:
    """The sources AKIN_ANALYZERS names besides the embedded eyes. Raises InvalidSettings when those are missing."""
    if LOCAL not in settings.analyzers:
        raise InvalidSettings(
            "AKIN_ANALYZERS lacks local, which makes the vectors that products are found by.",
            fix=f"Set AKIN_ANALYZERS={','.join((*settings.analyzers, LOCAL))}.",
        )
    return tuple(name for name in settings.analyzers if name != LOCAL)


def build_sources(
    settings: Settings, vocabulary: Vocabulary, *, batch: int = 1
) -> tuple[list[Source], list[tuple[str, BadCard]]]:
    """All sources the settings name, and the model cards that cannot be used, each as ("vertex", why).

    Raises UnknownAnalyzer, MissingDependency, InvalidSettings.
    """
    means = SourceMeans(
        attributes=vocabulary.attributes,
        cards=settings.model_cards,
        batch=batch,
        google_features=settings.google_features,
        google_endpoint=settings.google_endpoint,
        google_product_set=settings.google_product_set,
        google_product_categories=settings.google_product_categories,
        vertex_endpoint=settings.vertex_endpoint,
        aws_region=settings.aws_region,
        aws_endpoint=settings.aws_endpoint,
    )
    usable: list[Source] = []
    bad: list[tuple[str, BadCard]] = []
    for name in outside_names(settings):
        found = sources_named(name, means)
        usable += found.usable
        bad += [(name, problem) for _, problem in found.bad]
        if not found.usable and not found.bad:
            raise InvalidSettings(
                f"AKIN_ANALYZERS names {name}, but there is no card of a {name} model.",
                fix="Put a card into the folder AKIN_MODEL_CARDS names; docs/cloud.md shows one.",
            )
    return usable, bad


def build_outside(settings: Settings, base: Analyzer, *, batch: int = 1) -> Outside | None:
    """The ensemble of the sources the settings name; None where they name none.

    base: the embedded eyes. batch: pictures of one call, for a loader. A model card that cannot be used is logged and
    named in every answer's `degraded`. Raises UnknownAnalyzer, MissingDependency, InvalidSettings, MeterUnavailable,
    and what is wrong with the vocabulary, the prices, the trust or the face detector.
    """
    if not outside_names(settings):
        return None
    vocabulary = read_vocabulary(settings.vocabulary)
    trust, prices = read_trust(settings.trust), build_prices(settings)
    outgoing = BlurredFaces(faces_by(settings.blur_faces)) if settings.blur_faces is not None else clean
    sources, bad = build_sources(settings, vocabulary, batch=batch)
    for source in sources:
        prices.micros(source.units)  # a missing price is said now, not at the first photo
    for name, problem in bad:
        logger.warning("%s has no part in answers (%s): %s %s", name, Reason.BAD_CARD, problem.detail, problem.fix)
    store = MeterStore(settings.cloud_store)
    ledger = Ledger(store, prices, build_budget(settings))
    answers = Answers(store, ttl_s=settings.cloud_cache_days * 86_400, max_bytes=settings.cloud_cache_mb * 1_000_000)
    ensemble = Ensemble(
        base,
        [Asker(source, answers=answers, ledger=ledger) for source in sources],
        vocabulary=vocabulary,
        trust=trust,
        outgoing=outgoing,
        words=UnplacedWords(store),
        broken=[Gap(name, Reason.BAD_CARD.value) for name in dict.fromkeys(name for name, _ in bad)],
        patience_s=settings.sources_ms / 1000,
        cascade=Cascade(settings.cascade, settings.cascade_attributes),
        hybrid=settings.hybrid_look,
    )
    return Outside(ensemble, ledger, store)


async def spending_of(outside: Outside, settings: Settings) -> Spending:
    """What outside sources cost by now, for people. Raises MeterUnavailable."""
    units, usd = await outside.ledger.spent_today()
    days = await outside.ledger.report(days=14)
    return Spending(
        today_usd=usd,
        today_units=units,
        budget_usd=settings.budget_usd_per_day,
        budget_units=settings.budget_units_per_day,
        breakers={one.name: one.breaker.position.value for one in outside.ensemble.states()},
        days=tuple(SourceDay(one.day, one.source, one.usd, sum(one.units.values()), one.happened) for one in days),
    )


def build_budget(settings: Settings) -> Budget:
    """What outside calls may cost."""
    return Budget(
        units_per_minute=settings.budget_units_per_minute,
        units_per_day=settings.budget_units_per_day,
        usd_per_minute=settings.budget_usd_per_minute,
        usd_per_day=settings.budget_usd_per_day,
    )


def build_prices(settings: Settings) -> Prices:
    """The price table. Raises UnknownPrice."""
    return read_prices(settings.prices) if settings.prices is not None else shipped_prices()


@asynccontextmanager
async def opened_meter(settings: Settings) -> AsyncIterator[tuple[Ledger, UnplacedWords]]:
    """The ledger and the unplaced words, for commands that only look at them. Raises MeterUnavailable."""
    store = MeterStore(settings.cloud_store)
    try:
        yield Ledger(store, build_prices(settings), build_budget(settings)), UnplacedWords(store)
    finally:
        await store.close()


def price_per_picture(settings: Settings) -> float:
    """US dollars one picture costs a loader at all sources together, by the price table; 0 where only the eyes look,
    as they do in a loader with a cascade."""
    if not outside_names(settings) or settings.cascade < 1:
        return 0.0
    sources, _ = build_sources(settings, read_vocabulary(settings.vocabulary))
    prices = build_prices(settings)
    return sum(prices.micros(source.units) for source in sources) / 1_000_000
