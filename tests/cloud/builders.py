"""Small things the cloud tests need: pictures to send, cards, stores."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from app.analysis.cards import ModelCard
from app.analysis.source import Picture
from app.metering import Answers, Budget, Ledger, MeterStore, shipped_prices
from app.photos import CleanJpeg, Photo
from tests.builders import a_drawing, encoded


def a_picture(name: str = "one", jpeg: bytes | None = None) -> Picture:
    """Something to send; the sources never look inside."""
    return Picture(jpeg or b"jpeg of " + name.encode(), 400, 200, name)


def a_photo(shape: str = "ball", ink: str = "red", seed: int = 0) -> Photo:
    """A drawn photo with its clean JPEG."""
    pixels = a_drawing(shape, ink, seed=seed)
    return Photo(pixels, CleanJpeg(encoded(pixels)), "jpeg", pixels.shape[1], pixels.shape[0])


def a_card(provider: str = "vertex", kind: str = "classification", **changes: object) -> ModelCard:
    """The card of a material model (or of a detector, or of an embedder)."""
    models = {
        ("vertex", "classification"): "projects/p/locations/us-central1/endpoints/1",
        ("vertex", "detection"): "projects/p/locations/us-central1/endpoints/iod2",
        ("vertex", "embedding"): "projects/p/locations/us-central1/publishers/google/models/multimodalembedding@001",
        ("google_automl", "classification"): "projects/p/locations/us-central1/models/ICN1",
        ("google_automl", "detection"): "projects/p/locations/us-central1/models/IOD1",
        ("rekognition", "classification"): "arn:aws:rekognition:us-east-1:1:project/m/version/1/1",
    }
    fields: dict[str, object] = {
        "name": "materials", "provider": provider, "kind": kind, "model": models[provider, kind], "version": "1",
        "attribute": "material" if kind == "classification" else None, "meanings": {"armchair": ("type", "armchair")},
        "fingerprint": f"{provider}{kind}",
    }  # fmt: skip
    return ModelCard(**{**fields, **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def metering(
    folder: Path, budget: Budget | None = None, *, ttl_s: float = 3600.0
) -> AsyncIterator[tuple[Ledger, Answers, MeterStore]]:
    """Ledger and answers in a file of the folder."""
    store = MeterStore(folder / "cloud.db")
    ledger = Ledger(store, shipped_prices(), budget or Budget())
    try:
        yield ledger, Answers(store, ttl_s=ttl_s), store
        await ledger.flush()
    finally:
        await store.close()


async def until(true: Callable[[], bool], patience_s: float = 20.0) -> None:
    """Wait until something is so; fails when it never is."""
    async with asyncio.timeout(patience_s):
        while not true():  # noqa: ASYNC110 - what is waited for happens in a fake, which knows no events of ours
            await asyncio.sleep(0.01)
