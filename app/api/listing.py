"""Products by filters alone: a list in the order of ids, and exact counts for charts."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request

from app.api import examples
from app.api.openapi import example, problems
from app.api.schemas import FacetCountModel, GenerationModel, ProductList
from app.api.search import CursorParameter, FiltersParameter, LimitParameter
from app.api.shapes import product_card
from app.catalog import AfterProduct, Catalog, CatalogUnavailable, FacetField, Filter, NothingPublished, UnknownFilter
from app.catalog import Query as CatalogQuery
from app.edge import CatalogDep, InvalidJson, InvalidRequest, Overloaded, WorkDep, read_wishes, refuse_unknown
from app.search import DeadlineExceeded, InvalidCursor, Wishes

MOST_FACET_VALUES = 1_000
_FIELDS = ("filters", "limit", "cursor", "facets", "facet_limit")

FacetsParameter = Annotated[
    str,
    Query(
        description=f"Fields whose values are counted, separated by commas: {', '.join(FacetField)}.",
        examples=["label,brand"],
    ),
]
FacetLimitParameter = Annotated[
    int, Query(ge=1, le=MOST_FACET_VALUES, description="Most values of a field, those of the most products.")
]

router = APIRouter(prefix="/products", tags=["products"])


@router.get(
    "",
    operation_id="listProducts",
    summary="List and count products",
    responses={
        **example("labeled", "Products labeled as a chair with a confidence of 0.9 or more", examples.LISTED),
        **problems(
            InvalidRequest,
            InvalidJson,
            UnknownFilter,
            InvalidCursor,
            DeadlineExceeded,
            Overloaded,
            NothingPublished,
            CatalogUnavailable,
        ),
    },
)
async def list_products(
    request: Request,
    catalog: CatalogDep,
    work: WorkDep,
    filters: FiltersParameter = "",
    limit: LimitParameter = "",
    cursor: CursorParameter = "",
    facets: FacetsParameter = "",
    facet_limit: FacetLimitParameter = 20,
) -> ProductList:
    """All products that pass the filters, by id, page by page, however many there are.

    `total` and `facets` are exact over all of them: the data of a bar chart, a pie or a tag cloud.
    """
    refuse_unknown(request.query_params, _FIELDS)
    wishes = read_wishes({"filters": filters, "limit": limit})
    fields = _fields(facets)
    page = (*wishes.filters, AfterProduct(_after(cursor)))
    return await work.do(lambda _: _listed(catalog, wishes, page, fields, facet_limit))


async def _listed(
    catalog: Catalog, wishes: Wishes, page: Sequence[Filter], fields: Sequence[FacetField], facet_limit: int
) -> ProductList:
    snapshot = await catalog.snapshot()
    found = await snapshot.retrieve(CatalogQuery(filters=tuple(page), limit=wishes.limit))
    counts = await snapshot.count(wishes.filters, fields, facet_limit)
    products = await snapshot.products([item.product_id for item in found.items])
    return ProductList(
        items=[product_card(product) for product in products],
        total=counts.products,
        facets={
            field.value: [FacetCountModel(value=one.value, count=one.count) for one in values]
            for field, values in counts.facets.items()
        },
        next_cursor=None if found.complete else _cursor(found.items[-1].product_id),
        generation=GenerationModel(id=snapshot.generation.id, published_at=snapshot.generation.published_at),
    )


def _fields(text: str) -> list[FacetField]:
    names = [name for name in (part.strip() for part in text.split(",")) if name]
    unknown = sorted(set(names) - set(FacetField))
    if unknown:
        raise InvalidRequest(
            f"These are no fields to count: {', '.join(name[:64] for name in unknown[:10])}.",
            fix=f"Use: {', '.join(FacetField)}.",
            errors=[{"field": "facets", "message": "names an unknown field"}],
        )
    return [FacetField(name) for name in dict.fromkeys(names)]


def _cursor(product_id: str) -> str:
    return urlsafe_b64encode(product_id.encode()).decode().rstrip("=")


def _after(cursor: str) -> str:
    """The id a page begins after; "" for the first page. Raises InvalidCursor."""
    try:
        return urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise InvalidCursor("The cursor is none of this call.", fix="Send `next_cursor` as it was given.") from None
