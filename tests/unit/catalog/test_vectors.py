"""The int8 scan with float16 rescore finds what exact comparison finds, with and without the compiled kernels."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from app.catalog import MAX_CANDIDATES, Channel, FacetField, OneOf, Query, QueryVector
from app.catalog.sqlite.index import Index, IndexedProduct
from app.catalog.sqlite.retrieval import retrieve
from app.catalog.sqlite.vectors import SHARED_FROM, VectorQuery, quantize

COUNT, DIMS = 6_000, 96


def unit(values: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows of unit length."""
    return np.asarray(values / np.linalg.norm(values, axis=-1, keepdims=True), dtype=np.float32)


def clustered(rng: np.random.Generator) -> NDArray[np.float32]:
    """Rows around centers, as pictures of similar things are: near neighbors differ little."""
    centers = rng.standard_normal((60, DIMS))
    return unit(centers[rng.integers(0, 60, COUNT)] + 0.3 * rng.standard_normal((COUNT, DIMS)))


def lopsided(rng: np.random.Generator) -> NDArray[np.float32]:
    """Few large numbers and many small ones: the hard case for one scale per vector."""
    return unit(np.abs(rng.standard_normal((COUNT, DIMS))) ** 4)


def alike(rng: np.random.Generator) -> NDArray[np.float32]:
    """All rows near one direction: cosines differ in the third digit only."""
    return unit(rng.standard_normal(DIMS) + 0.05 * rng.standard_normal((COUNT, DIMS)))


def an_index(vectors: NDArray[np.float32]) -> Index:
    """An index of one picture a product; every tenth product is a lamp."""
    facets = {name: "lamp" if name == "type" else "" for name in FacetField}

    def entry(number: int) -> IndexedProduct:
        kind = list((facets if number % 10 == 0 else dict.fromkeys(facets, "")).values())
        return IndexedProduct(number + 1, f"{number:06d}", ("", None, kind, [{}] * 4), [(0, halves[number].tobytes())])

    halves = vectors.astype("<f2")
    index = Index(generation=1, embedder="t/1", dims=DIMS, products=COUNT, images=COUNT)
    index.read((entry(number) for number in range(len(vectors))), sequence=0)
    return index


@pytest.mark.parametrize("shape", [clustered, lopsided, alike])
def test_the_nearest_are_all_found(shape: object, rng: np.random.Generator) -> None:
    """Recall at 10, 100 and the guaranteed half is 1.0, unfiltered and filtered, up to float16 ties."""
    vectors = shape(rng)  # type: ignore[operator]
    index = an_index(vectors)
    exact = vectors.astype(np.float16).astype(np.float64)
    lamps = (OneOf(FacetField.TYPE, ("lamp",)),)
    for query in unit(vectors[:: COUNT // 8] + 0.1 * rng.standard_normal((8, DIMS)) / np.sqrt(DIMS)):
        truth = exact @ query.astype(np.float64)
        for filters, among in (((), np.arange(COUNT)), (lamps, np.arange(0, COUNT, 10))):
            for limit in (20, 200, MAX_CANDIDATES):
                answer = retrieve(index.view, Query(QueryVector("t/1", query), filters=filters, limit=limit), None)
                got = [int(item.product_id) for item in answer.items]
                assert len(set(got)) == min(limit, among.size)
                best = np.sort(truth[among])[::-1]
                edge = best[min(limit, among.size) // 2 - 1]
                missing = set(among[truth[among] > edge + 1e-4].tolist()) - set(got)
                assert not missing
                for item, number in zip(answer.items, got, strict=True):
                    assert item.signals[Channel.LOOK] == pytest.approx(truth[number], abs=1e-3)


def test_numpy_and_the_compiled_kernels_agree(rng: np.random.Generator) -> None:
    vectors = clustered(rng)
    coded, halves = quantize(vectors), vectors.astype(np.float16)
    fast, plain = VectorQuery(vectors[3], simd=True), VectorQuery(vectors[3], simd=False)
    np.testing.assert_allclose(fast.scan(coded.codes, coded.scales), plain.scan(coded.codes, coded.scales), atol=1e-6)
    some = np.arange(0, COUNT, 7, dtype=np.int32)
    np.testing.assert_array_equal(
        fast.scan_rows(coded.codes, coded.scales, some), fast.scan(coded.codes, coded.scales)[some]
    )
    np.testing.assert_allclose(fast.exact(halves), plain.exact(halves), atol=2e-6)
    assert plain.exact(halves).argmax() == fast.exact(halves).argmax() == 3
    for query in (fast, plain):
        assert query.scan(coded.codes[:0], coded.scales[:0]).shape == query.exact(halves[:0]).shape == (0,)


def test_equal_pictures_tie_exactly_wherever_they_stand(rng: np.random.Generator) -> None:
    same = np.repeat(unit(rng.standard_normal((1, DIMS))), 1_001, axis=0).astype(np.float16)
    for simd in (True, False):
        assert np.unique(VectorQuery(unit(rng.standard_normal(DIMS)), simd=simd).exact(same)).size == 1


def test_the_rounding_error_stays_within_the_margin(rng: np.random.Generator) -> None:
    """Six standard deviations: none of 18,000 differences may exceed it."""
    for shape in (clustered, lopsided, alike):
        vectors = shape(rng)
        coded = quantize(vectors)
        query = VectorQuery(vectors[5])
        wrong = np.abs(query.scan(coded.codes, coded.scales) - vectors @ vectors[5])
        assert wrong.max() < query.margin(float(coded.errors.max()))


def test_a_vector_of_zeros_or_not_finite_numbers_is_coded_as_zero() -> None:
    rows = np.array([[0.0, 0.0], [np.nan, 1.0], [np.inf, -np.inf]], dtype=np.float32)
    coded = quantize(rows)
    assert coded.codes.tolist() == [[0, 0], [0, 127], [0, 0]]
    assert np.isfinite(coded.errors).all()


def test_a_large_scan_shared_by_two_threads_gives_what_one_gives() -> None:
    """Whether the second thread is free or busy with others' scans."""
    rng = np.random.default_rng(5)
    codes = rng.integers(-127, 128, (SHARED_FROM + 101, 64), dtype=np.int8)
    scales = np.ones(len(codes), dtype=np.float32)
    query = VectorQuery(unit(rng.standard_normal(64)))
    alone = np.concatenate([query.scan(part, scales[: len(part)]) for part in np.array_split(codes, 4)])
    with ThreadPoolExecutor(6) as callers:
        for scores in callers.map(lambda _: query.scan(codes, scales), range(24)):
            assert np.array_equal(scores, alone)
