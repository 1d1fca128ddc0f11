"""Merchandising rules: they move places within the result set, leave scores alone and are named."""

import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import Candidate, FacetField, OneOf
from app.catalog.sqlite import SqliteCatalog
from app.search import BadRules, ReasonCode, Rulebook, SearchResult, Sort, VisualSearch, Wishes, read_rules
from app.search.rank import Scored
from app.search.rules import Action, Rule, placing
from tests.builders import a_product
from tests.unit.search.shop import STEADY, ScriptedAnalyzer, a_photo, open_shop, seen, stock

pytestmark = pytest.mark.anyio
TODAY = date(2026, 11, 21)


def rule(action: str = "boost", name: str = "Sale", more: str = "", where: str = 'brand = "Alba"') -> str:
    return f'[[rule]]\nname = "{name}"\naction = "{action}"\n{more}\n[rule.where]\n{where}\n'


def file(folder: Path, *rules: str) -> Path:
    path = folder / "rules.toml"
    path.write_text("\n".join(rules), encoding="utf-8")
    return path


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[SqliteCatalog]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_shop(tmp_path / "akin.db", stock()))


def searching(catalog: SqliteCatalog, rules: Path | None) -> VisualSearch:
    return VisualSearch(catalog, ScriptedAnalyzer(seen()), STEADY, rulebook=Rulebook(rules))


def order(result: SearchResult) -> list[str]:
    return [item.product.id for item in result.items]


async def test_a_pin_comes_first_a_bury_last_and_scores_stay(catalog: SqliteCatalog, tmp_path: Path) -> None:
    whole = Wishes(limit=100)
    plain = await searching(catalog, None).by_photo(a_photo(), whole)
    last, first = plain.items[-1].product, plain.items[0].product
    rules = file(
        tmp_path, rule("pin", "Star", where=f'id = "{last.id}"'), rule("bury", "Away", where=f'id = "{first.id}"')
    )
    ruled = await searching(catalog, rules).by_photo(a_photo(), whole)
    assert (order(ruled)[0], order(ruled)[-1]) == (last.id, first.id)
    assert sorted(order(ruled)) == sorted(order(plain))
    assert ruled.total == plain.total
    assert ruled.facets == plain.facets
    scores = {item.product.id: item.score for item in plain.items}
    for item in ruled.items:
        assert item.score == scores[item.product.id]
        assert sum(reason.weight for reason in item.reasons) == pytest.approx(item.score, abs=1e-6)
    named = {
        item.product.id: [one.value for one in item.reasons if one.code is ReasonCode.RULE] for item in ruled.items
    }
    assert {key: value for key, value in named.items() if value} == {last.id: ["Star (pin)"], first.id: ["Away (bury)"]}


@pytest.mark.parametrize("fold", [False, True])
async def test_pages_of_a_ruled_search_hold_each_item_once(catalog: SqliteCatalog, tmp_path: Path, fold: bool) -> None:
    search = searching(catalog, file(tmp_path, rule(), rule("bury", "Old", where='brand = "Kivi"')))
    wishes = Wishes(limit=100, fold=fold)
    whole = order(await search.by_photo(a_photo(), wishes))
    paged: list[str] = []
    wishes = replace(wishes, limit=3)
    while True:
        page = await search.by_photo(a_photo(), wishes)
        paged += order(page)
        if page.next_cursor is None:
            break
        wishes = replace(wishes, cursor=page.next_cursor)
    assert paged == whole


async def test_shoppers_own_order_and_unruled_searches_are_left_alone(catalog: SqliteCatalog, tmp_path: Path) -> None:
    rules = file(tmp_path, rule("bury"))
    for wishes in (Wishes(limit=100, sort=Sort.PRICE_ASC), Wishes(limit=100, ruled=False)):
        plain = await searching(catalog, None).by_photo(a_photo(), wishes)
        assert order(await searching(catalog, rules).by_photo(a_photo(), wishes)) == order(plain)


async def test_a_rule_shows_nothing_that_a_filter_or_the_cut_takes_away(catalog: SqliteCatalog, tmp_path: Path) -> None:
    rules = file(tmp_path, rule("pin"))
    wishes = Wishes(limit=100, filters=(OneOf(FacetField.BRAND, ("Kivi",)),))
    result = await searching(catalog, rules).by_photo(a_photo(), wishes)
    assert {item.product.brand for item in result.items} == {"Kivi"}


async def test_a_changed_file_is_taken_over_and_a_broken_one_is_not(catalog: SqliteCatalog, tmp_path: Path) -> None:
    path = file(tmp_path, rule("bury"))
    search = searching(catalog, path)

    async def last() -> str:
        return (await search.by_photo(a_photo(), Wishes(limit=100))).items[-1].product.brand

    assert await last() == "Alba"
    file(tmp_path, rule("bury", where='brand = "Kivi"'))
    os.utime(path, (1, 1))
    assert await last() == "Kivi"
    path.write_text("[[rule]]\nname = 3")
    assert await last() == "Kivi"
    path.unlink()
    assert await last() == "Kivi"


@pytest.mark.parametrize(
    ("more", "on"),
    [("", True), ("from = 2026-11-21", True), ("until = 2026-11-21", True), ("from = 2026-11-22", False),
     ("until = 2026-11-20", False), ("from = 2026-01-01\nuntil = 2026-12-31", True)],
)  # fmt: skip
def test_days_are_both_included(tmp_path: Path, more: str, on: bool) -> None:
    rules = read_rules(file(tmp_path, rule(more=more)))
    assert bool(rules.on(TODAY, "chair", "")) is on


def test_a_rule_may_be_about_what_was_seen_or_asked(tmp_path: Path) -> None:
    table = rule() + '[rule.when]\ntype = "Armchair"\ntext = ["gift", "for her"]\n'
    rules = read_rules(file(tmp_path, table))
    assert rules.on(TODAY, "armchair", "a GIFT")
    assert rules.on(TODAY, "armchair", "something for her")
    assert not rules.on(TODAY, "armchair", "")
    assert not rules.on(TODAY, "chair", "gift")


@pytest.mark.parametrize(
    ("where", "about"),
    [('brand = "nordhem"', True), ('brand = ["x", "Nordhem"]', True), ('category = "Furniture"', True),
     ('category = "Furniture > Chairs"', True), ('category = "Chairs"', False), ("price_max = 129", True),
     ("price_max = 128.99", False), ("price_min = 129", True), ('brand = "Nordhem"\ncolor = "red"', False),
     ('id = "P1"', True), ('label = "sale"', True), ('label = "new"', False), ('material = "velvet"', True)],
)  # fmt: skip
def test_what_a_rule_is_about(tmp_path: Path, where: str, about: bool) -> None:
    (found,) = read_rules(file(tmp_path, rule(where=where))).all
    assert found.is_about(a_product("p1", custom_labels=("Sale", ""))) is about


@pytest.mark.parametrize(
    "text",
    ["[[rule]]", "rule = 3", "x = 1", "[[rule]]\nname = 1", rule("promote"), rule(more="strength = 9"), rule(where=""),
     rule(where="brand = 3"), rule(where='brnd = "x"'), rule(where="price_max = -1"), rule(more="from = 3"),
     rule(more="from = 2026-02-01\nuntil = 2026-01-01"), rule() + rule(), rule(more="also = 1"), rule(name="x" * 81),
     rule() + "[rule.when]\nseason = 'x'", rule(more="strength = true"), "\x00"],
)  # fmt: skip
def test_a_file_that_cannot_be_used_is_refused_whole(tmp_path: Path, text: str) -> None:
    with pytest.raises(BadRules) as refused:
        Rulebook(file(tmp_path, text))
    assert refused.value.fix


@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8),
    st.lists(st.tuples(st.sampled_from(Action), st.integers(0, 7), st.floats(0.1, 5.0)), max_size=6),
)
def test_places_keep_the_order_within_each_fate(scores: list[float], about: list[tuple[Action, int, float]]) -> None:
    results = [Scored(Candidate(f"p{n}", "", 0, {}), score) for n, score in enumerate(sorted(scores, reverse=True))]
    products = {one.product_id: a_product(one.product_id) for one in results}
    rules = [Rule(f"r{n}", action, {"id": (f"p{at}",)}, strength=by) for n, (action, at, by) in enumerate(about)]
    put = placing(results, products, rules)
    fate = {
        one.product_id: {rule.action for rule in rules if rule.is_about(products[one.product_id])} for one in results
    }
    for one in results:
        place = put.place[one.product_id]
        if Action.PIN in fate[one.product_id]:
            assert place > 2.0
        elif Action.BURY in fate[one.product_id]:
            assert -1.0 <= place <= 0.0
        else:
            assert one.score - 1e-9 <= place <= 1.0
        assert (one.product_id in put.named) == bool(fate[one.product_id])
