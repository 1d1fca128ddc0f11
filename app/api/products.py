"""Single products: read, change, remove, and what looks like them."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, HTTPException, Path, Response
from starlette.requests import Request

from app.api import examples
from app.api.noting import worded
from app.api.openapi import body_problems, example, keep_nulls, problems
from app.api.preconditions import IfMatchDep, IfNoneMatch, PutConditionsDep, etag_of, unchanged, version_headers
from app.api.product_data import patched, problem_entry, product_from, refused, with_known_pictures
from app.api.schemas import ProductChange, ProductDetail, ProductWarning, ProductWrite, SearchAnswer
from app.api.search import (
    SEARCH_PROBLEMS,
    WORD_FIELDS,
    CursorParameter,
    FiltersParameter,
    LimitParameter,
    SortParameter,
    TextParameter,
    VariantsParameter,
    tell,
)
from app.api.shapes import product_detail
from app.catalog import Catalog, CatalogUnavailable, EmbeddingMismatch, NothingPublished, Product, ProductNotFound
from app.edge import (
    AloneDep,
    BeginDep,
    CatalogDep,
    EventsDep,
    IntakeDep,
    InvalidJson,
    InvalidProduct,
    InvalidRequest,
    MetricsDep,
    SearchDep,
    UnsupportedMediaType,
    WorkDep,
    read_wishes,
    refuse_unknown,
)
from app.events import Asked
from app.intake import Checked, Intake, Prepared
from app.photos import DecoderBusy

ProductId = Annotated[
    str,
    Path(min_length=1, max_length=200, description="The product's id in the feed.", examples=["lund-chair-teal"]),
]
READ_PROBLEMS = (InvalidRequest, ProductNotFound, NothingPublished, CatalogUnavailable)
WRITE_PROBLEMS = (
    InvalidJson,
    InvalidRequest,
    InvalidProduct,
    UnsupportedMediaType,
    EmbeddingMismatch,
    NothingPublished,
    CatalogUnavailable,
    DecoderBusy,
)

_PATCH_CONTENT = {
    "schema": {"$ref": "#/components/schemas/ProductWrite"},
    "examples": {"reduced": {"summary": "Reduced and on backorder", "value": keep_nulls(examples.PATCH)}},
}
_PATCH_BODY = {
    "required": True,
    "content": {"application/merge-patch+json": _PATCH_CONTENT, "application/json": _PATCH_CONTENT},
}

router = APIRouter(prefix="/products", tags=["products"])

# The converter `path` lets an id hold a slash; /similar comes first, or it would be taken for the end of an id.


@router.get(
    "/{product_id:path}/similar",
    operation_id="findSimilar",
    summary="Find products like this one",
    responses={
        **example("match", "A chair of the same make", examples.SIMILAR_ANSWER),
        **problems(ProductNotFound, *SEARCH_PROBLEMS),
    },
)
async def find_similar(
    request: Request,
    product_id: ProductId,
    search: SearchDep,
    events: EventsDep,
    work: WorkDep,
    metrics: MetricsDep,
    text: TextParameter = "",
    filters: FiltersParameter = "",
    limit: LimitParameter = "",
    cursor: CursorParameter = "",
    sort: SortParameter = "",
    variants: VariantsParameter = "",
) -> SearchAnswer:
    """Compares the product's main picture with all others; the product itself is not in the answer."""
    refuse_unknown(request.query_params, WORD_FIELDS)
    wishes = read_wishes(
        {"text": text, "filters": filters, "limit": limit, "cursor": cursor, "sort": sort, "variants": variants}
    )
    found = await work.do(lambda deadline: search.similar_to(product_id, wishes, deadline_s=deadline.left_s))
    tell(metrics, Asked.SIMILAR, found)
    return await worded(events, found, Asked.SIMILAR)


@router.api_route("/{product_id:path}/seen", methods=["PUT", "PATCH", "DELETE"], include_in_schema=False)
@router.api_route("/{product_id:path}/similar", methods=["PUT", "PATCH", "DELETE"], include_in_schema=False)
async def change_similar(product_id: ProductId) -> None:
    """Refuse: without this it would be a change of a product whose id ends so, which nobody could read."""
    raise HTTPException(405, headers={"allow": "GET"})


@router.get(
    "/{product_id:path}",
    operation_id="getProduct",
    summary="Read one product",
    response_model=ProductDetail,
    responses={
        **example("product", "An armchair", examples.DETAIL),
        304: {"description": "The version named in `If-None-Match` is still the present one."},
        **problems(*READ_PROBLEMS),
    },
)
async def get_product(
    product_id: ProductId, catalog: CatalogDep, response: Response, if_none_match: IfNoneMatch = None
) -> Any:
    """All that is known of the product: what the feed says, and what its pictures show."""
    shown = product_detail(await _product(catalog, product_id))
    response.headers.update(version_headers(etag_of(shown)))
    return unchanged(if_none_match, etag_of(shown)) or shown


@router.put(
    "/{product_id:path}",
    operation_id="putProduct",
    summary="Add a product, or replace it whole",
    responses={
        **example("replaced", "The product was there before", examples.CHANGE),
        201: {
            "model": ProductChange,
            "description": "The product is new.",
            "content": {"application/json": {"examples": {"new": {"value": keep_nulls(examples.CREATED)}}}},
        },
        **body_problems(*WRITE_PROBLEMS),
    },
)
async def put_product(
    product_id: ProductId,
    stated: Annotated[ProductWrite, Body(openapi_examples={"armchair": {"value": examples.WRITE}})],
    response: Response,
    catalog: CatalogDep,
    intake: IntakeDep,
    alone: AloneDep,
    expected: PutConditionsDep,
    begin: BeginDep,
) -> ProductChange:
    """The pictures are fetched and looked at before the answer; members left out are empty.

    Searchable within 2 seconds. A picture that cannot be had or read is a warning while another one can. The next load
    of a feed replaces the product by what that feed says.
    """
    if expected.any:  # before pictures are fetched in vain
        expected.check(await _version(catalog, product_id))
    prepared = await _looked_at(intake, product_from(stated, product_id))
    async with alone(f"product {product_id}"):
        if expected.any:
            expected.check(await _version(catalog, product_id))
        await begin()
        return await _write(catalog, prepared, response)


@router.patch(
    "/{product_id:path}",
    operation_id="patchProduct",
    summary="Change some members of a product",
    openapi_extra={"requestBody": _PATCH_BODY},
    responses={
        **example("changed", "The changed product", examples.CHANGE),
        **body_problems(*WRITE_PROBLEMS, ProductNotFound),
    },
)
async def patch_product(
    product_id: ProductId,
    patch: Annotated[dict[str, Any], Body()],
    response: Response,
    catalog: CatalogDep,
    intake: IntakeDep,
    alone: AloneDep,
    expected: IfMatchDep,
    begin: BeginDep,
) -> ProductChange:
    """A JSON merge patch (RFC 7396): members given replace those stored, null empties them, all others stay.

    Pictures are only fetched again when the patch changes `images`.
    """
    async with alone(f"product {product_id}"):  # two patches at once: the second one changes what the first one left
        snapshot = await catalog.snapshot()
        before = await _product(catalog, product_id)
        expected.check(etag_of(product_detail(before)))
        changed = product_from(patched(before, patch), product_id)
        if [image.url for image in changed.images] == [image.url for image in before.images]:
            evidence = await snapshot.evidence([(product_id, position) for position in range(len(before.images))])
            prepared = Prepared(with_known_pictures(changed, before, evidence))
        else:
            prepared = await _looked_at(intake, changed)
        await begin()
        return await _write(catalog, prepared, response)


@router.delete(
    "/{product_id:path}",
    operation_id="deleteProduct",
    summary="Remove a product",
    status_code=204,
    responses=problems(*READ_PROBLEMS),
)
async def delete_product(
    product_id: ProductId, catalog: CatalogDep, alone: AloneDep, expected: IfMatchDep, begin: BeginDep
) -> None:
    """It is no longer found within 2 seconds. The next load of a feed that names it brings it back."""
    async with alone(f"product {product_id}"):
        if expected.any:
            expected.check(await _version(catalog, product_id))
        await begin()
        await catalog.delete(product_id)


async def _product(catalog: Catalog, product_id: str) -> Product:
    found = await (await catalog.snapshot()).products([product_id])
    if not found:
        raise ProductNotFound(f"There is no product {product_id!r}.", fix="Use the id of a product of the shop.")
    return found[0]


async def _version(catalog: Catalog, product_id: str) -> str | None:
    """The ETag of a product; None where there is none."""
    try:
        return etag_of(product_detail(await _product(catalog, product_id)))
    except ProductNotFound:
        return None


async def _looked_at(intake: Intake, product: Product) -> Prepared:
    prepared = await intake.prepare(product)
    if prepared.product is None:
        raise refused(Checked(None, prepared.problems))
    return prepared


async def _write(catalog: Catalog, prepared: Prepared, response: Response) -> ProductChange:
    assert prepared.product is not None
    created = await catalog.put(prepared.product)
    response.status_code = 201 if created else 200
    response.headers["etag"] = await _version(catalog, prepared.product.id) or ""
    return ProductChange(
        product=product_detail(prepared.product),
        created=created,
        warnings=[ProductWarning.model_validate(problem_entry(problem)) for problem in prepared.problems],
    )
