"""Versions of the catalog: see them, publish one, go back, delete those nobody needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response

from app.api import load_examples as examples
from app.api.load_schemas import GenerationList, KeptGeneration, Pruned
from app.api.openapi import example, problems
from app.api.preconditions import IfMatchDep, IfNoneMatch, etag_of, unchanged, version_headers
from app.catalog import (
    Catalog,
    CatalogUnavailable,
    Generation,
    GenerationConflict,
    GenerationNotFound,
    before_published,
)
from app.edge import AloneDep, BeginDep, CatalogDep, InvalidRequest, WriterDep

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
    response_model=GenerationList,
    responses={
        304: {"description": "The list is the one named in `If-None-Match`."},
        **example("two", "The present one and the one before", examples.GENERATIONS),
        **problems(InvalidRequest, CatalogUnavailable),
    },
)
async def list_generations(catalog: CatalogDep, response: Response, if_none_match: IfNoneMatch = None) -> Any:
    """All kept versions, newest first, with their states: one is published, at most one is being loaded."""
    shown = await _shown(catalog)
    response.headers.update(version_headers(etag_of(shown)))
    return unchanged(if_none_match, etag_of(shown)) or shown


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
async def roll_back(catalog: CatalogDep, alone: AloneDep, expected: IfMatchDep, begin: BeginDep) -> KeptGeneration:
    """Publish the version that was published before the present one, as it was when it was replaced."""
    async with _as_expected(catalog, alone, expected):
        earlier = before_published(await catalog.generations())
        await begin()
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
async def prune(
    catalog: CatalogDep,
    writer: WriterDep,
    alone: AloneDep,
    expected: IfMatchDep,
    begin: BeginDep,
    keep: Keep = 3,
) -> Pruned:
    """Delete retired versions but the newest ones, and those that were given up; their space is free afterwards."""
    async with _as_expected(catalog, alone, expected):
        await begin()
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
async def publish(
    generation_id: GenerationId, catalog: CatalogDep, alone: AloneDep, expected: IfMatchDep, begin: BeginDep
) -> KeptGeneration:
    """Make a verified or retired version the published one, at once; every server process serves it within 2 seconds.

    No search ever sees two versions. A retired version comes back as it was when it was replaced.
    """
    async with _as_expected(catalog, alone, expected):
        await begin()
        return kept_generation(await catalog.publish(generation_id))


@router.delete(
    "/{generation_id}",
    operation_id="abandonGeneration",
    summary="Give up an unfinished version",
    status_code=204,
    responses=problems(*STEP_PROBLEMS),
)
async def abandon(
    generation_id: GenerationId,
    catalog: CatalogDep,
    writer: WriterDep,
    alone: AloneDep,
    expected: IfMatchDep,
    begin: BeginDep,
) -> None:
    """Give up what an interrupted load left, or a verified version nobody wants. Never one that is or was published."""
    async with _as_expected(catalog, alone, expected):
        await begin()
        await writer.abandon(generation_id)


@asynccontextmanager
async def _as_expected(catalog: Catalog, alone: AloneDep, expected: IfMatchDep) -> AsyncIterator[None]:
    """Hold the versions while one step is done. Raises PreconditionFailed when the list is not as the caller saw it."""
    async with alone("generations"):
        if expected.any:
            expected.check(etag_of(await _shown(catalog)))
        yield


async def _shown(catalog: Catalog) -> GenerationList:
    return GenerationList(generations=[kept_generation(one) for one in await catalog.generations()])


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
