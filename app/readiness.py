"""What /ready tries, for the server's composition root.

Apart from wiring.py, so that a command that serves nothing does not load the web framework.
"""

import asyncio
import logging
from collections.abc import Mapping

from app.analysis.breaker import Position
from app.analysis.looking import LookingProcesses
from app.analysis.providers.local import glimpse
from app.catalog import Catalog
from app.catalog.fallback import FallbackCatalog
from app.edge.health import Check
from app.errors import AppError, Unavailable
from app.photos import DecoderBusy, PhotoDecoder
from app.settings import InvalidSettings
from app.wiring import OwnedAnalyzer
from app.wiring_sources import Outside

SHARED_PARTS = frozenset({"decoder", "eyes", "queue"})
"""Parts that are the same for every shop."""
LOOKED_AT_S = 1.5
"""How long the catalog's own check may take; less than all of a part's time."""


logger = logging.getLogger("akin.readiness")


def readiness_checks(
    catalog: Catalog, decoder: PhotoDecoder, looking: LookingProcesses | None, analyzer: OwnedAnalyzer
) -> Mapping[str, Check]:
    """What /ready tries: the catalog, its published generation, the embedder against it, the decoder, its queue, the
    processes that look where there are some."""

    async def catalog_answers() -> str:
        try:
            async with asyncio.timeout(LOOKED_AT_S):
                await catalog.ping()
        except (AppError, TimeoutError) as trouble:
            # Searches are answered: taking the server out of service would make it worse.
            if isinstance(catalog, FallbackCatalog) and await catalog.is_answered_by_copy():
                return f"Searches are answered from the copy: {_said(trouble)}"
            raise
        return "It answers."

    async def generation_is_published() -> str:
        generation = (await catalog.snapshot()).generation
        return f"{generation.products} products in generation {generation.id}."

    async def embedder_fits() -> str:
        generation = (await catalog.snapshot()).generation
        if generation.embedder and generation.embedder != analyzer.embedder:
            raise InvalidSettings(
                f"The catalog was loaded with {generation.embedder}, this server looks with {analyzer.embedder}.",
                fix="Load the catalog anew with this embedder, or set AKIN_EMBEDDER to the one it was loaded with.",
            )
        return f"{analyzer.embedder} on both sides."

    async def copy_is_kept() -> str:
        assert isinstance(catalog, FallbackCatalog)
        of = await catalog.copy_of()
        return (
            f"It is a copy of generation {of}." if of else "There is none yet; it is made when something is published."
        )

    async def decoder_decodes() -> str:
        await decoder.warm_up()
        return "It decodes."

    async def eyes_look() -> str:
        assert looking is not None
        await asyncio.wrap_future(looking.submit(glimpse))
        return f"They look in {looking.count} {'process' if looking.count == 1 else 'processes'}."

    async def queue_has_room() -> str:
        queue = decoder.state()
        if queue.waiting >= queue.most_waiting > 0:
            raise DecoderBusy(
                f"{queue.busy} photos are being decoded and {queue.waiting} wait, which is all that may.",
                fix="Add server processes or machines; akin_decode_waiting shows how it came.",
            )
        return f"{queue.waiting} of {queue.most_waiting} places taken."

    return {
        "catalog": catalog_answers,
        "generation": generation_is_published,
        "embedder": embedder_fits,
        "decoder": decoder_decodes,
        **({"eyes": eyes_look} if looking is not None else {}),
        **({"copy": copy_is_kept} if isinstance(catalog, FallbackCatalog) else {}),
        "queue": queue_has_room,
        **source_checks(analyzer.outside),
    }


def checks_of_all(checks_of: Mapping[str, Mapping[str, Check]]) -> Mapping[str, Check]:
    """What /ready tries where one server serves several shops: shop id -> its checks.

    A part is well while it is well for some shop: one shop's trouble must not take the others out of service. Anybody
    may ask, so no shop is named; the log names them.
    """
    if len(checks_of) == 1:
        return next(iter(checks_of.values()))
    names = dict.fromkeys(name for checks in checks_of.values() for name in checks)
    mine = {name: {shop: checks[name] for shop, checks in checks_of.items() if name in checks} for name in names}
    return {
        name: next(iter(shops.values())) if name in SHARED_PARTS else _for_some_shop(name, shops)
        for name, shops in mine.items()
    }


def _for_some_shop(name: str, checks: Mapping[str, Check]) -> Check:
    told: set[str] = set()

    async def well(shop: str, check: Check) -> bool:
        try:
            async with asyncio.timeout(LOOKED_AT_S):
                await check()
        except Exception as trouble:  # noqa: BLE001 - as in Readiness: the report comes whatever is broken
            if shop not in told:
                logger.warning("%s of shop %s is not well: %s", name, shop, _said(trouble))
            told.add(shop)
            return False
        told.discard(shop)
        return True

    async def some_shop_is_well() -> str:
        count = sum(await asyncio.gather(*(well(shop, check) for shop, check in checks.items())))
        detail = f"Well for {count} of {len(checks)} shops."
        if count == 0:
            raise Unavailable(detail, fix="The server's log says what is wrong with each.")
        return detail

    return some_shop_is_well


def _said(trouble: Exception) -> str:
    if isinstance(trouble, AppError):
        return " ".join(part for part in (trouble.detail, trouble.fix) if part)
    return f"the catalog did not answer within {LOOKED_AT_S:g} s."


def source_checks(outside: Outside | None) -> Mapping[str, Check]:
    """How each source is, for /ready. One that rests is no reason to send shoppers elsewhere: searches are answered
    without it, so its part is well and its detail says how it stands."""

    def check(name: str) -> Check:
        async def stands() -> str:
            assert outside is not None
            (state,) = (one for one in outside.ensemble.states() if one.name == name)
            breaker = state.breaker
            if breaker.position is Position.CLOSED:
                return f"Breaker closed; {breaker.failures} of the last {breaker.calls} calls failed."
            return (
                f"Breaker {breaker.position} after {breaker.last_failure}: asked again in {breaker.rests_s:.0f} s;"
                " searches are answered without it."
            )

        return stands

    return {} if outside is None else {one.name: check(one.name) for one in outside.ensemble.states()}
