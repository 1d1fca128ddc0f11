"""Insights over HTTP: what keeps products from being found, doubles, what was seen, how the server is."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Body, Query

from app.api import insight_examples as examples
from app.api.insight_schemas import (
    CauseWord,
    FindabilityModel,
    HardToFind,
    HindranceModel,
    SeenPicture,
    SeenPictures,
    TwinList,
    TwinModel,
    Verdict,
)
from app.api.openapi import body_problems, example, problems
from app.api.products import READ_PROBLEMS, ProductId
from app.api.shapes import analysis_model, product_card
from app.catalog import CatalogUnavailable, NothingPublished, ProductImage, ProductNotFound
from app.edge import BeginDep, CatalogDep, InsightsDep, InvalidJson, InvalidRequest, UnsupportedMediaType, image_address
from app.insights import InsightsUnavailable, PairNotFound, PictureNote, Progress

OffsetParameter = Annotated[int, Query(ge=0, le=1_000_000, description="`next_offset` of the page before.")]
PageParameter = Annotated[int, Query(ge=1, le=100, description="Items a page.")]
CauseParameter = Annotated[CauseWord | None, Query(description="Only products with this cause.")]
AnewParameter = Annotated[bool, Query(description="Survey the shop anew; else a survey is kept for ten minutes.")]
DecidedParameter = Annotated[
    str, Query(pattern="^(open|same|different|all)$", description="open, same, different or all.")
]
SURVEY_PROBLEMS = (InvalidRequest, NothingPublished, CatalogUnavailable, InsightsUnavailable)

router = APIRouter(tags=["insights"])


@router.get(
    "/insights/findability",
    operation_id="getFindability",
    summary="Products that are hard to find, and why",
    responses={**example("blurred", "One product", examples.FINDABILITY), **problems(*SURVEY_PROBLEMS)},
)
async def get_findability(
    insights: InsightsDep,
    cause: CauseParameter = None,
    limit: PageParameter = 24,
    offset: OffsetParameter = 0,
    anew: AnewParameter = False,
) -> FindabilityModel:
    """Every product of the published version is looked at: its pictures as they were seen, its words, what was shown.

    The worst come first, each hindrance with what to do. A large shop takes a while: `state` then says `surveying`.
    """
    made = await insights.survey.report(anew=anew)
    if isinstance(made, Progress):
        return FindabilityModel(
            state="surveying",
            done=made.done,
            products=made.whole,
            generation=None,
            made_at=None,
            items=[],
            total=0,
            causes={},
            unknown_pictures=0,
            answers=0,
            next_offset=None,
        )
    rows = [row for row in made.rows if cause is None or any(one.cause == cause for one in row.hindrances)]
    shown = rows[offset : offset + limit]
    return FindabilityModel(
        state="ready",
        done=made.products,
        products=made.products,
        generation=made.generation,
        made_at=made.made_at,
        items=[
            HardToFind(
                product=product_card(row.product),
                harm=row.harm,
                hindrances=[
                    HindranceModel(cause=one.cause.value, detail=one.detail, fix=one.fix) for one in row.hindrances
                ],
            )
            for row in shown
        ],
        total=len(rows),
        causes={name.value: count for name, count in sorted(made.causes.items())},
        unknown_pictures=made.unknown,
        answers=made.answers,
        next_offset=offset + limit if offset + limit < len(rows) else None,
    )


@router.get(
    "/insights/duplicates",
    operation_id="listDuplicates",
    summary="Products that look the same",
    responses={**example("mugs", "Two mugs", examples.TWINS), **problems(*SURVEY_PROBLEMS)},
)
async def list_duplicates(
    insights: InsightsDep, decided: DecidedParameter = "open", limit: PageParameter = 24, offset: OffsetParameter = 0
) -> TwinList:
    """Pairs of one type, and not of one variant group, whose main pictures look the same, the likest first."""
    made = await insights.survey.report()
    if isinstance(made, Progress):
        return TwinList(state="surveying", pairs=[], total=0, complete=False)
    wanted = {"open": (None,), "same": (True,), "different": (False,), "all": (None, True, False)}[decided]
    pairs = [pair for pair in made.pairs if pair.same in wanted]
    return TwinList(
        state="ready",
        pairs=[
            TwinModel(
                one=product_card(made.twins[pair.one]),
                other=product_card(made.twins[pair.other]),
                likeness=pair.likeness,
                same=pair.same,
            )
            for pair in pairs[offset : offset + limit]
            if pair.one in made.twins and pair.other in made.twins
        ],
        total=len(pairs),
        complete=made.all_compared,
    )


@router.put(
    "/insights/duplicates",
    operation_id="decideDuplicate",
    summary="Decide whether two products are the same",
    status_code=204,
    responses=body_problems(
        InvalidJson,
        InvalidRequest,
        UnsupportedMediaType,
        PairNotFound,
        NothingPublished,
        CatalogUnavailable,
        InsightsUnavailable,
    ),
)
async def decide_duplicate(
    verdict: Annotated[Verdict, Body(openapi_examples={"different": {"value": examples.VERDICT}})],
    catalog: CatalogDep,
    insights: InsightsDep,
    begin: BeginDep,
) -> None:
    """Decided once, by the products' ids: later loads do not ask again. Null takes a decision back."""
    there = {one.id for one in await (await catalog.snapshot()).products([verdict.one, verdict.other])}
    if len(there) != 2:
        missing = next(one for one in (verdict.one, verdict.other) if one not in there or verdict.one == verdict.other)
        raise PairNotFound(
            f"{missing!r} is no product, or named twice.", fix="Name two different products of the shop."
        )
    await begin()
    await insights.verdicts.decide(verdict.one, verdict.other, verdict.same)


@router.get(
    "/products/{product_id:path}/seen",
    operation_id="getSeen",
    summary="What was seen in each picture of a product",
    responses={**example("one", "One picture", examples.SEEN), **problems(*READ_PROBLEMS, InsightsUnavailable)},
)
async def get_seen(product_id: ProductId, catalog: CatalogDep, insights: InsightsDep) -> SeenPictures:
    """Type, attributes, labels, colors and boxes by source, as they were seen when the picture was last looked at.

    The product itself holds what its pictures say together.
    """
    found = await (await catalog.snapshot()).products([product_id])
    if not found:
        raise ProductNotFound(f"There is no product {product_id!r}.", fix="Use the id of a product of the shop.")
    images = found[0].images
    notes = await insights.notes.of([image.sha256 for image in images])
    return SeenPictures(pictures=_pictures(images, [notes.get(image.sha256) for image in images]))


def _pictures(images: Sequence[ProductImage], notes: Sequence[PictureNote | None]) -> list[SeenPicture]:
    return [
        SeenPicture(
            image=image_address(image.url),
            width=note.width if note is not None else None,
            height=note.height if note is not None else None,
            blur=note.blur if note is not None else None,
            writing=note.text if note is not None else None,
            seen_at=note.seen_at if note is not None else None,
            analysis=analysis_model(note.analysis) if note is not None else None,
        )
        for image, note in zip(images, notes, strict=True)
    ]
