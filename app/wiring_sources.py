"""From settings to outside sources and the ensemble around them: part of the composition root."""

import logging
from collections.abc import AsyncIterator
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from app.analysis import Gap
from app.analysis.asking import Asker
from app.analysis.ensemble import Cascade, Ensemble, Outgoing
from app.analysis.leader import AskedLeader, EmbeddingSource
from app.analysis.local import ModelFolders
from app.analysis.looks import Looks
from app.analysis.outgoing import BlurredFaces, clean, faces_by
from app.analysis.providers.local import LocalAnalyzer
from app.analysis.registry import EMBEDDERS, SourceMeans, embedder_named, sources_named
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
    means = _means(settings, vocabulary, batch)
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


def build_outgoing(settings: Settings) -> Outgoing:
    """What makes of a photo what may leave: the clean JPEG, with faces blurred where that is set. Raises
    BadFaceModel."""
    return BlurredFaces(faces_by(settings.blur_faces)) if settings.blur_faces is not None else clean


def build_leading(settings: Settings, vocabulary: Vocabulary) -> EmbeddingSource | None:
    """The model elsewhere that AKIN_EMBEDDER names; None where it names one on this machine.

    Raises MissingDependency, BadCard."""
    kind, _, card = settings.embedder.partition(":")
    return embedder_named(kind, _means(settings, vocabulary), card) if kind in EMBEDDERS else None


def _means(settings: Settings, vocabulary: Vocabulary, batch: int = 1) -> SourceMeans:
    return SourceMeans(
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


def build_looking(
    settings: Settings,
    executor: Executor,
    folders: ModelFolders | None = None,
    looks: Looks | None = None,
    *,
    batch: int = 1,
) -> tuple[LocalAnalyzer, Outside | None]:
    """The eyes with the embedder that is set, and the ensemble of them with the sources the settings name; None where
    nobody outside is asked.

    executor: where the eyes look. folders: of a model on this machine that the settings name by name. looks: where it
    is kept what was seen in photos. batch: pictures of one call, for a loader. A model card that cannot be used is
    logged and named in every answer's `degraded`; an embedder's is raised. Raises UnknownAnalyzer, MissingDependency,
    BadCard, BadEmbedder, InvalidSettings, MeterUnavailable, and what is wrong with the vocabulary, the prices, the
    trust or the face detector.
    """
    vocabulary = read_vocabulary(settings.vocabulary)
    leading = build_leading(settings, vocabulary)
    embedder = settings.embedder if folders is None else f"fastembed:{folders.pictures}"
    if leading is None and not outside_names(settings):
        return LocalAnalyzer(executor, embedder, looks=looks), None
    trust, prices = read_trust(settings.trust), build_prices(settings)
    outgoing = build_outgoing(settings)
    sources, bad = build_sources(settings, vocabulary, batch=batch)
    for source in (*sources, *([leading] if leading is not None else [])):
        prices.micros(source.units)  # a missing price is said now, not at the first photo
    for name, problem in bad:
        logger.warning("%s has no part in answers (%s): %s %s", name, Reason.BAD_CARD, problem.detail, problem.fix)
    store = MeterStore(settings.cloud_store)
    ledger = Ledger(store, prices, build_budget(settings))
    answers = Answers(store, ttl_s=settings.cloud_cache_days * 86_400, max_bytes=settings.cloud_cache_mb * 1_000_000)
    patience_s = settings.sources_ms / 1000
    leader = None
    if leading is not None:
        asker = Asker(leading, answers=answers, ledger=ledger)
        leader = AskedLeader(leading, asker, outgoing=outgoing, patience_s=patience_s)
    eyes = LocalAnalyzer(executor, LOCAL if leader is not None else embedder, leader, looks)
    ensemble = Ensemble(
        eyes,
        [Asker(source, answers=answers, ledger=ledger) for source in sources],
        vocabulary=vocabulary,
        trust=trust,
        outgoing=outgoing,
        words=UnplacedWords(store),
        broken=[Gap(name, Reason.BAD_CARD.value) for name in dict.fromkeys(name for name, _ in bad)],
        patience_s=patience_s,
        cascade=Cascade(settings.cascade, settings.cascade_attributes),
        hybrid=settings.hybrid_look,
        beside=[leader.asker] if leader is not None else [],
    )
    return eyes, Outside(ensemble, ledger, store)


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
    """US dollars one picture costs a loader at all sources and at the embedder together, by the price table. With a
    cascade a loader asks no source; the embedder it always asks."""
    vocabulary = read_vocabulary(settings.vocabulary)
    asked: list[Source] = [] if settings.cascade < 1 else build_sources(settings, vocabulary)[0]
    leading = build_leading(settings, vocabulary)
    prices = build_prices(settings)
    return sum(prices.micros(one.units) for one in (*asked, *([leading] if leading else []))) / 1_000_000
