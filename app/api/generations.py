"""Versions of the catalog: see them, publish one, go back, delete those nobody needs."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from app.api import load_examples as examples
from app.api.load_schemas import GenerationList, KeptGeneration, Pruned
from app.api.openapi import example, problems
from app.catalog import (
    CatalogUnavailable,
    Generation,
    GenerationConflict,
    GenerationNotFound,
    before_published,
)
from app.edge import CatalogDep, InvalidRequest, WriterDep

GenerationId = Annotated[
    str, Path(min_length=1, max_length=200, description="The version's id.", examples=["20261121-030304-9"])
]
Keep = Annotated[int, Query(ge=0, le=1000, description="Retired versions to keep for going back, the newest ones.")]

STEP_PROBLEMS = (InvalidRequest, GenerationNotFound, GenerationConflict, CatalogUnavailable)

router = APIRouter(prefix="/generations", tags=["generations"])


@router.get(
    "",
    operation_id="listGenerations",
    summary="List the versions of the catalog",
    responses={
        **example("two", "The present one and the one before", examples.GENERATIONS),
        **problems(CatalogUnavailable),
    },
)
async def list_generations(catalog: CatalogDep) -> GenerationList:
    """All kept versions, newest first, with their states: one is published, at most one is being loaded."""
    return GenerationList(generations=[kept_generation(one) for one in await catalog.generations()])


# Words before ids, or they would be taken for one.


@router.post(
    "/rollback",
    operation_id="rollBack",
    summary="Go back to the version before",
    responses={
        **example("back", "The version that is published again", examples.PUBLISHED),
        **problems(*STEP_PROBLEMS),
    },
)
async def roll_back(catalog: CatalogDep) -> KeptGeneration:
    """Publish the version that was published before the present one, as it was when it was replaced."""
    earlier = before_published(await catalog.generations())
    return kept_generation(await catalog.publish(earlier.id))


@router.post(
    "/prune",
    operation_id="pruneGenerations",
    summary="Delete old versions",
    responses={
        **example("one", "One version was deleted", examples.PRUNED),
        **problems(InvalidRequest, CatalogUnavailable),
    },
)
async def prune(writer: WriterDep, keep: Keep = 3) -> Pruned:
    """Delete retired versions but the newest ones, and those that were given up; their space is free afterwards."""
    return Pruned(deleted=await writer.prune(keep=keep))


@router.post(
    "/{generation_id}/publish",
    operation_id="publishGeneration",
    summary="Publish a version",
    responses={
        **example("published", "The version that is published now", examples.PUBLISHED),
        **problems(*STEP_PROBLEMS),
    },
)
async def publish(generation_id: GenerationId, catalog: CatalogDep) -> KeptGeneration:
    """Make a verified or retired version the published one, at once; every server process serves it within 2 seconds.

    No search ever sees two versions. A retired version comes back as it was when it was replaced.
    """
    return kept_generation(await catalog.publish(generation_id))


@router.delete(
    "/{generation_id}",
    operation_id="abandonGeneration",
    summary="Give up an unfinished version",
    status_code=204,
    responses=problems(*STEP_PROBLEMS),
)
async def abandon(generation_id: GenerationId, writer: WriterDep) -> None:
    """Give up what an interrupted load left, or a verified version nobody wants. Never one that is or was published."""
    await writer.abandon(generation_id)


def kept_generation(generation: Generation) -> KeptGeneration:
    """A version on the wire."""
    return KeptGeneration(
        id=generation.id,
        state=generation.state.value,
        created_at=generation.created_at,
        published_at=generation.published_at,
        embedder=generation.embedder,
        products=generation.products,
        images=generation.images,
        source=generation.source,
        holder=generation.holder,
    )
