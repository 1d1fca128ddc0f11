"""A thing that looks like nothing it is (turned, half hidden) is found by its print, where nothing else is close."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from app.analysis import PhotoAnalysis
from app.analysis.local import LocalEyes
from app.catalog import Catalog, ImageEvidence, Product, ProductImage
from app.search import Feature, Match, Stage, VisualSearch, Weights
from app.search.finding import CLOSER_LOOKS
from tests.unit.analysis.local.drawings import a_print, as_jpeg, on_ground, turned
from tests.unit.search.shop import EMBEDDER, STEADY, ScriptedAnalyzer, a_photo, open_shop, seen, stock

pytestmark = pytest.mark.anyio

EYES = LocalEyes()
PRINTS = [EYES.see(on_ground(a_print(seed))).features for seed in range(9)]
TURNED = EYES.see(as_jpeg(turned(on_ground(a_print(0)), 90, 0.9), 70)).features
PROVING = replace(
    STEADY,
    stages={
        **STEADY.stages,
        Stage.FINE: Weights(-6.0, {**STEADY.stages[Stage.FINE].weights, Feature.VERIFIED: 8.0}),
    },
)


def with_print(product: Product, features: bytes, *, away: bool = False) -> Product:
    """The product with a print on its first picture only; away: and a look that is the opposite of its own."""
    first = product.images[0].evidence
    assert first is not None
    look = -first.embedding if away else first.embedding
    evidence = ImageEvidence(EMBEDDER, look, features=features, colors=first.colors)
    return replace(product, images=(ProductImage(product.images[0].url, "", evidence),))


def shelf() -> list[Product]:
    """120 products with prints of others; p001, the vase that is looked for, stands last by look."""
    products = [with_print(one, PRINTS[1 + number % 8]) for number, one in enumerate(stock(120))]
    return [with_print(one, PRINTS[0], away=True) if one.id == "p001" else one for one in products]


def unlike(features: bytes = TURNED) -> PhotoAnalysis:
    """A photo of which nobody can tell what it shows, but for its print."""
    return replace(seen("vase", novelty=0.9), type=None, type_alternatives=(), colors=(), features=features)


class Counting:
    """A catalog whose snapshots count how many pictures' evidence was asked for."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.asked: list[int] = []

    def __getattr__(self, name: str) -> object:
        return getattr(self._catalog, name)

    async def snapshot(self) -> object:
        """See Catalog.snapshot."""
        snapshot = await self._catalog.snapshot()
        counting = self

        class Watched:
            def __getattr__(self, name: str) -> object:
                return getattr(snapshot, name)

            async def evidence(self, images: Sequence[tuple[str, int]]) -> Sequence[ImageEvidence | None]:
                counting.asked.append(len(images))
                return await snapshot.evidence(images)

        return Watched()


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(open_shop(tmp_path / "akin.db", shelf()))


async def test_a_print_finds_its_product_far_beyond_the_closer_looks(catalog: Catalog) -> None:
    watched = Counting(catalog)
    found = await VisualSearch(watched, ScriptedAnalyzer(unlike()), PROVING).by_photo(a_photo())  # type: ignore[arg-type]
    assert found.items[0].product.id == "p001"
    assert found.items[0].evidence is not None
    assert found.items[0].evidence.features[Feature.VERIFIED] > 0.5
    assert watched.asked == [CLOSER_LOOKS, 120 - CLOSER_LOOKS]


async def test_a_print_that_nobody_sells_proves_nothing(catalog: Catalog) -> None:
    strange = EYES.see(on_ground(a_print(77))).features
    found = await VisualSearch(catalog, ScriptedAnalyzer(unlike(strange)), PROVING).by_photo(a_photo())
    assert "p001" not in {one.product.id for one in found.items}
    assert Match.EXACT not in {one.match for one in found.items}


async def test_where_something_close_was_found_no_more_is_read(catalog: Catalog) -> None:
    watched = Counting(catalog)
    sure = replace(seen("armchair", "teal"), features=TURNED)
    found = await VisualSearch(watched, ScriptedAnalyzer(sure), PROVING).by_photo(a_photo())  # type: ignore[arg-type]
    assert found.items[0].score >= PROVING.close
    assert watched.asked == [CLOSER_LOOKS]
