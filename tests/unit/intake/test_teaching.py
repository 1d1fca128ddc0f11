"""What a generation's products teach."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from app.catalog import CatalogWriter, ImageEvidence, Product, SeenAttribute
from app.intake import ARTIFACT, teach
from tests.builders import a_product, evidence

pytestmark = pytest.mark.anyio


class Writer:
    """The two calls of a CatalogWriter that teaching makes."""

    def __init__(self, examples: list[tuple[Product, list[ImageEvidence]]]) -> None:
        self.stored: dict[str, bytes] = {}
        self._examples = examples

    async def examples(self, generation_id: str, limit: int) -> list[tuple[Product, list[ImageEvidence]]]:
        return self._examples[:limit]

    async def attach(self, generation_id: str, name: str, data: bytes) -> None:
        self.stored[name] = data


async def taught(examples: list[tuple[Product, list[ImageEvidence]]]) -> tuple[int, list[object], bytes]:
    seen: list[object] = []

    def fit(
        embeddings: NDArray[np.float32],
        types: Sequence[str | None],
        attributes: Sequence[Mapping[str, str]],
        groups: Sequence[str],
    ) -> bytes:
        seen.extend([embeddings.shape, list(types), list(attributes), list(groups)])
        return b"fitted"

    writer = Writer(examples)
    rows = await teach(_as_writer(writer), "g1", fit)
    return rows, seen, writer.stored[ARTIFACT]


def _as_writer(writer: Writer) -> CatalogWriter:
    return writer  # type: ignore[return-value]  # the rest of the port is not used


async def test_each_picture_is_a_row_with_its_products_words() -> None:
    """Material and pattern by the merchant, not what was only seen; variants are one group."""
    first = a_product("p1", item_group_id="g", attributes=(
        SeenAttribute("color", "teal", 1.0, "feed"), SeenAttribute("material", "velvet", 1.0, "feed"),
        SeenAttribute("material", "oak", 1.0, "feed"), SeenAttribute("pattern", "plain", 0.9, "eyes"),
    ))  # fmt: skip
    second = a_product("p2", type=None, attributes=())
    rows, seen, stored = await taught([(first, [evidence(1), evidence(2)]), (second, [evidence(3)])])
    assert rows == 3
    assert stored == b"fitted"
    assert seen == [
        (3, 16),
        ["armchair", "armchair", None],
        [{"material": "velvet"}, {"material": "velvet"}, {}],
        ["g", "g", "p2"],
    ]


async def test_an_empty_generation_teaches_nothing_but_does_not_fail() -> None:
    """The artifact is there all the same."""
    rows, seen, stored = await taught([])
    assert (rows, seen[1], stored) == (0, [], b"fitted")
