"""The use case over the real embedded catalog: one result set that page, total and facets agree on."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from app.analysis import Box, Gap, PhotoAnalysis
from app.catalog import (
    Catalog,
    EmbeddingMismatch,
    FacetField,
    Filter,
    Money,
    NothingPublished,
    OneOf,
    PriceBetween,
    ProductNotFound,
)
from app.catalog.sqlite import SqliteCatalog, open_catalog
from app.errors import Unavailable
from app.search import (
    CursorExpired,
    DeadlineExceeded,
    EmptyQuery,
    InvalidCursor,
    InvalidLimit,
    Match,
    RankedProduct,
    ReasonCode,
    Sort,
    VisualSearch,
    Wishes,
)
from tests.unit.search.shop import STEADY, ScriptedAnalyzer, a_photo, open_shop, publish, seen, stock

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "akin.db"


@pytest.fixture
async def catalog(path: Path) -> AsyncIterator[SqliteCatalog]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_shop(path, stock()))


def searching(catalog: Catalog, answer: PhotoAnalysis | Exception | None = None, wait_s: float = 0.0) -> VisualSearch:
    return VisualSearch(catalog, ScriptedAnalyzer(answer or seen(), wait_s), STEADY)


async def whole_set(search: VisualSearch, wishes: Wishes) -> list[RankedProduct]:
    """Every page of a search, one after the other."""
    items: list[RankedProduct] = []
    while True:
        page = await search.by_photo(a_photo(), wishes)
        items += page.items
        if page.next_cursor is None:
            return items
        wishes = replace(wishes, cursor=page.next_cursor)


async def test_the_best_items_are_of_the_type_and_color_each_with_reasons(catalog: Catalog) -> None:
    result = await searching(catalog).by_photo(a_photo())
    best = result.items[0]
    assert (best.product.type, best.product.color) == ("armchair", "teal")
    assert best.match in (Match.EXACT, Match.CLOSE)
    assert [item.score for item in result.items] == sorted((item.score for item in result.items), reverse=True)
    for item in result.items:
        assert sum(reason.weight for reason in item.reasons) == pytest.approx(item.score, abs=1e-6)
        assert 2 <= len(item.reasons) <= 5
        assert item.score >= STEADY.loose
    assert result.analysis is not None
    assert {"analyze", "retrieve", "rank", "verify"} <= set(result.timings_ms)


async def test_a_product_with_several_pictures_comes_once_with_its_best(catalog: Catalog) -> None:
    items = await whole_set(searching(catalog), Wishes(limit=100))
    assert max(Counter(item.product.id for item in items).values()) == 1
    assert {item.image for item in items} == {0, 1}


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
async def test_the_pages_hold_the_result_set_once_in_order(catalog: Catalog, limit: int) -> None:
    search = searching(catalog)
    first = await search.by_photo(a_photo(), Wishes(limit=limit))
    items = await whole_set(search, Wishes(limit=limit))
    assert len(items) == first.total == len({item.product.id for item in items})
    assert first.total > 7
    keys = [(-item.score, item.product.id) for item in items]
    assert keys == sorted(keys)


@pytest.mark.parametrize("sort", [Sort.PRICE_ASC, Sort.PRICE_DESC])
async def test_sorting_by_price_orders_the_same_set_over_all_pages(path: Path, sort: Sort) -> None:
    goods = stock()
    goods[0] = replace(goods[0], price=None, sale_price=None)
    async with open_shop(path, goods) as catalog:
        search = searching(catalog)
        by_score = await whole_set(search, Wishes(limit=100))
        items = await whole_set(search, Wishes(limit=3, sort=sort))
    assert {item.product.id: item.score for item in items} == {item.product.id: item.score for item in by_score}
    paid = [item.product.sells_for.amount for item in items if item.product.sells_for is not None]
    assert paid == sorted(paid, reverse=sort is Sort.PRICE_DESC)
    assert len(set(paid)) > 3
    assert items[-1].product.id == goods[0].id


async def test_a_cursor_belongs_to_its_order(catalog: Catalog) -> None:
    search = searching(catalog)
    page = await search.by_photo(a_photo(), Wishes(limit=2))
    with pytest.raises(InvalidCursor):
        await search.by_photo(a_photo(), Wishes(limit=2, cursor=page.next_cursor, sort=Sort.PRICE_ASC))


@pytest.mark.parametrize(
    "filters",
    [
        (),
        (OneOf(FacetField.BRAND, ("alba", "Kivi")),),
        (PriceBetween(Decimal(20), Decimal(40)),),
        (OneOf(FacetField.COLOR, ("teal",)), PriceBetween(high=Decimal(50))),
        (OneOf(FacetField.BRAND, ("nobody",)),),
    ],
)
async def test_facets_and_total_are_those_of_the_whole_result_set(
    catalog: Catalog, filters: tuple[Filter, ...]
) -> None:
    search = searching(catalog)
    page = await search.by_photo(a_photo(), Wishes(filters=filters, limit=2))
    items = await whole_set(search, Wishes(filters=filters, limit=100))
    assert page.total == len(items)
    for field, of in ((FacetField.BRAND, "brand"), (FacetField.COLOR, "color"), (FacetField.TYPE, "type")):
        counted = {count.value: count.count for count in page.facets[field]}
        assert counted == Counter(getattr(item.product, of) for item in items)


async def test_a_filter_takes_products_away_and_changes_no_score(catalog: Catalog) -> None:
    search = searching(catalog)
    everything = {item.product.id: item for item in await whole_set(search, Wishes(limit=100))}
    alba = await whole_set(search, Wishes(filters=(OneOf(FacetField.BRAND, ("Alba",)),), limit=100))
    expected = {key: item.score for key, item in everything.items() if item.product.brand == "Alba"}
    assert {item.product.id: item.score for item in alba} == pytest.approx(expected)


async def test_a_count_of_a_facet_is_the_total_behind_it(catalog: Catalog) -> None:
    search = searching(catalog)
    page = await search.by_photo(a_photo())
    for count in page.facets[FacetField.BRAND]:
        behind = await search.by_photo(a_photo(), Wishes(filters=(OneOf(FacetField.BRAND, (count.value,)),)))
        assert behind.total == count.count


async def test_a_photo_of_something_else_gets_an_honest_empty_answer(catalog: Catalog) -> None:
    stranger = replace(seen(novelty=1.0), type=None, type_alternatives=(), colors=(), attributes=())
    assert stranger.embedding is not None
    stranger = replace(stranger, embedding=replace(stranger.embedding, values=-stranger.embedding.values))
    result = await searching(catalog, stranger).by_photo(a_photo())
    assert (result.items, result.total, result.next_cursor) == ((), 0, None)
    assert not any(result.facets.values())


async def test_words_beside_a_photo_refine_and_no_words_change_nothing(catalog: Catalog) -> None:
    search = searching(catalog)
    plain = await search.by_photo(a_photo())
    blank = await search.by_photo(a_photo(), Wishes(text="  "))
    assert [(i.product.id, i.score) for i in blank.items] == [(i.product.id, i.score) for i in plain.items]
    red = await search.by_photo(a_photo(), Wishes(text="red"))
    assert red.total <= plain.total
    assert red.items[0].product.color == "red"


@pytest.mark.parametrize("limit", [1, 4, 100])
async def test_folded_there_is_one_card_a_group_opened_on_the_most_alike(catalog: Catalog, limit: int) -> None:
    search = searching(catalog)
    apart = await whole_set(search, Wishes(limit=100))
    cards = await whole_set(search, Wishes(limit=limit, fold=True))
    groups = [card.product.item_group_id for card in cards]
    assert len(groups) == len(set(groups)) == (await search.by_photo(a_photo(), Wishes(fold=True))).total
    assert set(groups) == {item.product.item_group_id for item in apart}
    for card in cards:
        own = [item for item in apart if item.product.item_group_id == card.product.item_group_id]
        assert card.product.id == own[0].product.id
        assert [(one.product_id, one.score) for one in card.variants] == [(i.product.id, i.score) for i in own[1:]]


async def test_folded_a_count_of_a_facet_is_the_total_behind_it(catalog: Catalog) -> None:
    search = searching(catalog)
    page = await search.by_photo(a_photo(), Wishes(fold=True))
    for field in (FacetField.BRAND, FacetField.COLOR, FacetField.TYPE):
        for count in page.facets[field]:
            wishes = Wishes(filters=(OneOf(field, (count.value,)),), fold=True)
            assert (await search.by_photo(a_photo(), wishes)).total == count.count


async def test_a_product_listed_twice_is_one_card(catalog: Catalog) -> None:
    first = (await searching(catalog).by_photo(a_photo())).items[0].product
    again = replace(next(one for one in stock() if one.id == first.id), id="again", item_group_id="elsewhere")
    await catalog.put(again)
    cards = await whole_set(searching(catalog), Wishes(fold=True, limit=100))
    # Drawn vectors have no local features to decide it by: nothing is folded without evidence.
    assert {"again", first.id} <= {card.product.id for card in cards}


async def test_words_never_lead_away_from_the_photo(catalog: Catalog) -> None:
    """Whatever is asked for beside the photo, only what the photo alone would show is shown."""
    search = searching(catalog)
    alone = {item.product.id for item in await whole_set(search, Wishes(limit=100))}
    for text in ("red", "mustard vase", "lamp", "no teal", "under $30", "velvet without arms", "xyzzy", "mustrd vase"):
        shown = await whole_set(search, Wishes(text=text, limit=100))
        assert {item.product.id for item in shown} <= alone, text
        assert [item.score for item in shown] == sorted((item.score for item in shown), reverse=True)
        for item in shown:
            assert sum(reason.weight for reason in item.reasons) == pytest.approx(item.score, abs=1e-6)


async def test_words_that_say_nothing_change_nothing(catalog: Catalog) -> None:
    search = searching(catalog)
    plain = await search.by_photo(a_photo())
    for text in ("", "  ", "the same one please", "!?"):
        filled = await search.by_photo(a_photo(), Wishes(text=text))
        assert [(i.product.id, i.score) for i in filled.items] == [(i.product.id, i.score) for i in plain.items], text


async def test_the_same_in_another_color_comes_first_and_its_reasons_say_so(catalog: Catalog) -> None:
    result = await searching(catalog).by_photo(a_photo(), Wishes(text="same but in mustrd"))
    best = result.items[0]
    assert (best.product.type, best.product.color) == ("armchair", "mustard")
    assert "mustard" in {reason.value for reason in best.reasons if reason.code is ReasonCode.TEXT}
    assert result.reading.corrected == (("mustrd", "mustard"),)
    assert best.match in (Match.EXACT, Match.CLOSE)


async def test_what_is_not_wanted_goes_behind_and_a_price_takes_away(catalog: Catalog) -> None:
    search = searching(catalog)
    plain = await search.by_photo(a_photo())
    assert plain.items[0].product.color == "teal"
    unteal = await search.by_photo(a_photo(), Wishes(text="not teal"))
    assert unteal.items[0].product.color != "teal"
    cheap = await whole_set(search, Wishes(text="under $30"))
    assert cheap
    assert all(item.product.price is not None and item.product.price.amount <= 30 for item in cheap)


async def test_words_alone_know_negation_prices_and_typos(catalog: Catalog) -> None:
    search = searching(catalog)
    vases = await search.by_text(Wishes(text="vasse not mustard under $40", limit=100))
    assert vases.items
    for item in vases.items:
        assert item.product.color != "mustard"
        assert item.product.price is not None
        assert item.product.price.amount <= 40
    assert vases.items[0].product.type == "vase"
    cheap = await search.by_text(Wishes(text="under $12", limit=100))
    assert {item.product.id for item in cheap.items} == {"p000", "p001", "p002"}


async def test_a_crop_reaches_the_analyzer(catalog: Catalog) -> None:
    analyzer = ScriptedAnalyzer(seen())
    crop = Box(0.2, 0.2, 0.5, 0.5)
    await VisualSearch(catalog, analyzer, STEADY).by_photo(a_photo(), Wishes(crop=crop))
    assert analyzer.crops == [crop]


async def test_words_find_by_title_and_by_the_color_shown(catalog: Catalog) -> None:
    result = await searching(catalog).by_text(Wishes(text="mustard vase"))
    assert (result.items[0].product.type, result.items[0].product.color) == ("vase", "mustard")
    assert result.analysis is None
    for item in result.items:
        assert sum(reason.weight for reason in item.reasons) == pytest.approx(item.score, abs=1e-6)


async def test_no_words_are_no_search(catalog: Catalog) -> None:
    with pytest.raises(EmptyQuery):
        await searching(catalog).by_text(Wishes(text=" \n"))


async def test_similar_products_are_of_its_kind_and_never_itself(catalog: Catalog) -> None:
    search = searching(catalog)
    result = await search.similar_to("p004")
    assert result.total > 0
    assert "p004" not in {item.product.id for item in result.items}
    assert (result.items[0].product.type, result.items[0].product.color) == ("vase", "red")
    with pytest.raises(ProductNotFound):
        await search.similar_to("p999")


async def test_a_product_without_a_picture_still_has_its_like(catalog: Catalog) -> None:
    bare = replace(stock(1)[0], id="bare", images=())
    await catalog.put(bare)
    result = await searching(catalog).similar_to("bare")
    assert result.timings_ms
    assert "bare" not in {item.product.id for item in result.items}


async def test_a_cursor_fits_only_the_search_it_came_from(catalog: Catalog) -> None:
    search = searching(catalog)
    cursor = (await search.by_photo(a_photo(), Wishes(limit=2))).next_cursor
    assert cursor is not None
    await search.by_photo(a_photo(), Wishes(limit=5, cursor=cursor))
    filters = (OneOf(FacetField.BRAND, ("Alba",)),)
    for photo, wishes in [
        (a_photo("other"), Wishes(cursor=cursor)),
        (a_photo(), Wishes(cursor=cursor, text="red")),
        (a_photo(), Wishes(cursor=cursor, filters=filters)),
        (a_photo(), Wishes(cursor=cursor, crop=Box(0, 0, 0.5, 0.5))),
        (a_photo(), Wishes(cursor="nonsense")),
    ]:
        with pytest.raises(InvalidCursor):
            await search.by_photo(photo, wishes)
    with pytest.raises(InvalidCursor):
        await search.by_text(Wishes(text="red", cursor=cursor))


async def test_a_cursor_does_not_outlive_its_generation(catalog: Catalog, path: Path) -> None:
    search = searching(catalog)
    cursor = (await search.by_photo(a_photo(), Wishes(limit=2))).next_cursor
    await publish(catalog, path, stock(30), source="second")
    with pytest.raises(CursorExpired):
        await search.by_photo(a_photo(), Wishes(limit=2, cursor=cursor))


@pytest.mark.parametrize("limit", [0, -1, 101])
async def test_a_page_size_out_of_range_is_refused(catalog: Catalog, limit: int) -> None:
    for call in (searching(catalog).by_photo(a_photo(), Wishes(limit=limit)),
                 searching(catalog).by_text(Wishes(text="red", limit=limit)),
                 searching(catalog).similar_to("p001", Wishes(limit=limit))):  # fmt: skip
        with pytest.raises(InvalidLimit):
            await call


async def test_a_late_answer_is_given_up_with_its_own_error(catalog: Catalog) -> None:
    with pytest.raises(DeadlineExceeded) as late:
        await searching(catalog, wait_s=5.0).by_photo(a_photo(), deadline_s=0.05)
    assert (late.value.code, late.value.extra) == ("deadline", {"deadline_s": 0.05})


async def test_a_time_out_of_a_part_is_not_called_the_deadline(catalog: Catalog) -> None:
    with pytest.raises(TimeoutError):
        await searching(catalog, TimeoutError("a part's own")).by_photo(a_photo(), deadline_s=5.0)


async def test_what_the_analyzer_refuses_and_what_it_missed_reach_the_caller(catalog: Catalog) -> None:
    with pytest.raises(Unavailable, match="no eyes"):
        await searching(catalog, Unavailable("no eyes")).by_photo(a_photo())
    gap = Gap("google_vision", "deadline")
    result = await searching(catalog, replace(seen(), gaps=(gap,))).by_photo(a_photo())
    assert result.degraded == (gap,)


async def test_another_embedder_than_the_catalogs_is_a_clear_error(catalog: Catalog) -> None:
    answer = seen()
    assert answer.embedding is not None
    foreign = replace(answer, embedding=replace(answer.embedding, model="other/1"))
    with pytest.raises(EmbeddingMismatch):
        await searching(catalog, foreign).by_photo(a_photo())


async def test_a_calibration_for_another_embedder_is_said_to_be_so(catalog: Catalog) -> None:
    search = VisualSearch(catalog, ScriptedAnalyzer(seen()), replace(STEADY, embedder="older/1"))
    assert (await search.by_photo(a_photo())).degraded == (Gap("calibration", "other-embedder"),)


async def test_without_an_embedding_type_and_colors_still_find(catalog: Catalog) -> None:
    result = await searching(catalog, replace(seen(), embedding=None)).by_photo(a_photo())
    assert {item.product.type for item in result.items} <= {"armchair"}


async def test_nothing_published_is_said(path: Path) -> None:
    empty = open_catalog(path)
    try:
        with pytest.raises(NothingPublished):
            await searching(empty).by_photo(a_photo())
    finally:
        await empty.close()


async def test_changes_meanwhile_leave_every_answer_consistent(catalog: Catalog) -> None:
    """A product written between two searches shows in the second; one deleted is gone from page, total and facets."""
    search = searching(catalog)
    before = await search.by_photo(a_photo(), Wishes(limit=100))
    first = before.items[0].product
    await catalog.delete(first.id)
    after = await search.by_photo(a_photo(), Wishes(limit=100))
    assert after.total == before.total - 1 == len(after.items)
    assert sum(count.count for count in after.facets[FacetField.TYPE]) == after.total
    product = next(one for one in stock() if one.id == first.id)
    await catalog.put(replace(product, price=Money(Decimal(1), "USD")))
    assert (await search.by_photo(a_photo(), Wishes(limit=100))).total == before.total


async def test_searches_at_the_same_time_do_not_mix(catalog: Catalog) -> None:
    kinds = ["armchair", "vase", "lamp"] * 4
    found = await asyncio.gather(*(searching(catalog, seen(kind)).by_photo(a_photo(kind)) for kind in kinds))
    assert [result.items[0].product.type for result in found] == kinds
    assert len({result.search_id for result in found}) == len(kinds)
