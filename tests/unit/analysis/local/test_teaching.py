"""What a catalog teaches: right where it can know, honest where it cannot, and never an error for an odd shop."""

import time
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from app.analysis.local import Teaching, TeachingMismatch

DIMS = 96
TYPES = ("armchair", "kettle", "lamp", "mug", "rug", "vase")


def a_shop(
    products: int, views: int = 2, noise: float = 0.09, seed: int = 0
) -> tuple[NDArray[np.float32], list[str | None], list[Mapping[str, str]], list[str]]:
    """Vectors that spread around their type's and their material's direction, and around the product's own."""
    fixed = np.random.default_rng(99)
    kinds, materials = fixed.normal(0, 1, (len(TYPES), DIMS)), fixed.normal(0, 1, (2, DIMS))
    rng = np.random.default_rng(seed)
    vectors, types, attributes, groups = [], [], [], []
    for number in range(products):
        kind, material = int(rng.integers(len(TYPES))), int(rng.integers(2))
        own = kinds[kind] + 0.6 * materials[material] + rng.normal(0, 0.5, DIMS)
        for _ in range(views):
            vector = own + rng.normal(0, noise * 5, DIMS)
            vectors.append(vector / np.linalg.norm(vector))
            types.append(TYPES[kind])
            attributes.append({"material": ("oak", "steel")[material]})
            groups.append(f"p{number}")
    return np.array(vectors, np.float32), list(types), list(attributes), groups


def test_types_and_materials_of_new_products_are_told() -> None:
    teaching = Teaching.fit(*a_shop(120))
    vectors, types, attributes, _ = a_shop(60, views=1, seed=7)
    taught = [teaching.guess(vector) for vector in vectors]
    right = [told.type is not None and told.type[0] == name for told, name in zip(taught, types, strict=True)]
    assert np.mean(right) > 0.95
    materials = [{name: value for name, value, _ in told.attributes}.get("material") for told in taught]
    assert np.mean([found == given["material"] for found, given in zip(materials, attributes, strict=True)]) > 0.85


def test_confidence_means_how_often_it_is_right() -> None:
    teaching = Teaching.fit(*a_shop(150, noise=0.35))
    vectors, types, _, _ = a_shop(300, views=1, noise=0.35, seed=8)
    told = [teaching.guess(vector).type for vector in vectors]
    sure = np.array([guess[1] for guess in told if guess])
    right = np.array([guess[0] == name for guess, name in zip(told, types, strict=True) if guess])
    assert abs(float(sure.mean()) - float(right.mean())) < 0.12


def test_alternatives_are_ordered_and_sum_to_at_most_one() -> None:
    shop = a_shop(60)
    taught = Teaching.fit(*shop).guess(shop[0][0])
    chances = [chance for _, chance in taught.type_alternatives]
    assert taught.type == taught.type_alternatives[0]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) <= 1.0005
    assert len(chances) <= 5


def test_what_the_shop_does_not_sell_is_more_novel_than_what_it_sells() -> None:
    teaching = Teaching.fit(*a_shop(120))
    sold = [teaching.guess(vector).novelty for vector in a_shop(40, views=1, seed=0)[0]]
    foreign = np.random.default_rng(5).normal(0, 1, (40, DIMS)).astype(np.float32)
    foreign /= np.linalg.norm(foreign, axis=1, keepdims=True)
    strange = [teaching.guess(vector).novelty for vector in foreign]
    assert np.median(sold) < 0.3
    assert np.median(strange) > 0.8
    assert all(0 <= value <= 1 for value in sold + strange)


def test_bytes_bring_the_same_answers_back_and_are_reproducible() -> None:
    shop = a_shop(80)
    teaching = Teaching.fit(*shop)
    data = teaching.to_bytes()
    assert data == Teaching.fit(*shop).to_bytes()
    again = Teaching.from_bytes(data)
    for vector in shop[0][:10]:
        first, second = teaching.guess(vector), again.guess(vector)
        assert first.type is not None
        assert second.type is not None
        assert first.type[0] == second.type[0]
        assert first.type[1] == pytest.approx(second.type[1], abs=0.02)


@pytest.mark.parametrize("data", [b"", b"no teaching", b"PK\x03\x04broken"])
def test_foreign_bytes_are_a_clear_mismatch(data: bytes) -> None:
    with pytest.raises(TeachingMismatch) as refused:
        Teaching.from_bytes(data)
    assert refused.value.fix


def test_another_embedder_is_a_clear_mismatch() -> None:
    data = Teaching.fit(*a_shop(10), embedder="onnx-abc/1").to_bytes()
    with pytest.raises(TeachingMismatch, match="onnx-abc/1"):
        Teaching.from_bytes(data)
    teaching = Teaching.from_bytes(data, embedder="onnx-abc/1")
    with pytest.raises(TeachingMismatch, match="96"):
        teaching.guess(np.ones(10, np.float32))


def rows(count: int, types: Sequence[str | None]) -> Teaching:
    vectors = np.random.default_rng(1).normal(0, 1, (count, DIMS)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return Teaching.fit(vectors, list(types), [{"material": "oak"}] * count, [str(row) for row in range(count)])


@pytest.mark.parametrize(
    ("count", "types"),
    [
        (0, []),
        (1, [None]),
        (1, ["mug"]),
        (2, ["mug", "mug"]),
        (3, ["mug", "rug", "vase"]),
        (40, ["mug"] * 40),
        (40, [None] * 40),
        (40, [f"type {number}" for number in range(40)]),
    ],
)
def test_an_odd_shop_is_no_error(count: int, types: list[str | None]) -> None:
    teaching = rows(count, types)
    taught = Teaching.from_bytes(teaching.to_bytes()).guess(np.full(DIMS, DIMS**-0.5, np.float32))
    assert 0 <= taught.novelty <= 1
    assert (taught.type is None) == (not any(types))


def test_one_hundred_thousand_images_are_learned_in_a_minute() -> None:
    """With room to spare: at most 12,000 rows are fitted to."""
    vectors, types, attributes, groups = a_shop(1500, views=2)
    repeat = 34
    many = np.tile(vectors, (repeat, 1)).astype(np.float16)
    names = [f"{group}/{turn}" for turn in range(repeat) for group in groups]
    start = time.perf_counter()
    Teaching.fit(many, types * repeat, attributes * repeat, names)
    assert time.perf_counter() - start < 60
