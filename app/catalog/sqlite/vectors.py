"""Vectors in memory: int8 codes that are scanned exactly, float16 values that settle the order.

A code is round(x / scale) with scale = max|x| / 127 of its own vector, so q·x is about
q_scale * scale * (q_code · code). The rounding error of one product is close to normal with standard deviation
sqrt((|ex|² + |eq|²) / dims), where ex and eq are the vectors' own rounding errors; whoever picks the best by codes and
rescores them in float16 leaves a margin of several of those.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

try:
    import numkong

    SIMD = True
except ImportError:  # pragma: no cover - a platform without wheels; every result is the same, only slower
    SIMD = False

FLOAT_BLOCK: Final = 4_096
"""Rows per step where a block is widened or gathered: 2 MB of codes at 512 dimensions fit a second-level cache."""

SHARED_FROM: Final = 32_768
"""Rows from which a scan is shared by two threads: 100,000 rows of 1,300 values take 2.7 ms instead of 4.0."""

_LEVELS = 127.0
_helper = ThreadPoolExecutor(1, thread_name_prefix="scan")


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Quantized rows. codes: (n, dims) int8. scales: (n,) float32. errors: (n,) float32, length of what was lost."""

    codes: NDArray[np.int8]
    scales: NDArray[np.float32]
    errors: NDArray[np.float32]


def quantize(values: NDArray[np.floating]) -> Codes:
    """Quantize rows to int8, each by its own scale. Not finite values count as 0 (verification refuses them)."""
    rows = np.nan_to_num(np.asarray(values, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    peaks = np.abs(rows).max(axis=1, initial=0.0)
    scales = np.where(peaks > 0, peaks / _LEVELS, 1.0).astype(np.float32)
    codes = np.rint(rows / scales[:, None]).astype(np.int8)
    errors = np.linalg.norm(rows - codes * scales[:, None], axis=1).astype(np.float32)
    return Codes(codes, scales, errors)


class VectorQuery:
    """One query vector in every form the scans need. vector: (dims,) float32. simd: use the compiled kernels."""

    def __init__(self, vector: NDArray[np.float32], *, simd: bool = SIMD) -> None:
        self._simd = simd
        coded = quantize(vector[None])
        self._code = coded.codes
        self._scale = float(coded.scales[0])
        self._error = float(coded.errors[0])
        self._half = vector.astype(np.float16)[None]
        self._wide = self._half[0].astype(np.float32)

    def margin(self, worst_error: float) -> float:
        """Six standard deviations of the difference of two approximate scores. worst_error: greatest Codes.errors."""
        return float(6.0 * np.sqrt(2.0 * (worst_error**2 + self._error**2) / self._wide.size))

    def scan(self, codes: NDArray[np.int8], scales: NDArray[np.float32]) -> NDArray[np.float32]:
        """Approximate cosine with every row, (n,) float32."""
        if codes.shape[0] == 0:
            return np.zeros(0, dtype=np.float32)
        scores = self._integer_dots(codes)
        scores *= scales
        scores *= self._scale
        return scores

    def scan_rows(
        self, codes: NDArray[np.int8], scales: NDArray[np.float32], rows: NDArray[np.int32]
    ) -> NDArray[np.float32]:
        """Approximate cosine with these rows only, in their order."""
        parts = [rows[start : start + FLOAT_BLOCK] for start in range(0, rows.size, FLOAT_BLOCK)]
        return np.concatenate([self.scan(codes[part], scales[part]) for part in parts] or [np.zeros(0, np.float32)])

    def exact_rows(self, halves: NDArray[np.float16], rows: NDArray[np.int32]) -> NDArray[np.float64]:
        """exact() of these rows only, in their order."""
        parts = [rows[start : start + FLOAT_BLOCK] for start in range(0, rows.size, FLOAT_BLOCK)]
        return np.concatenate([self.exact(halves[part]) for part in parts] or [np.zeros(0)])

    def exact(self, halves: NDArray[np.float16]) -> NDArray[np.float64]:
        """Cosine with float16 rows, (n,), rounded to 1e-6 so that equal pictures tie on every machine."""
        if halves.shape[0] == 0:
            return np.zeros(0)
        if self._simd:
            scores = np.asarray(numkong.cdist(self._half, halves, metric="dot"), dtype=np.float64)[0]
        else:
            scores = np.concatenate(
                [
                    np.einsum("ij,j->i", halves[start : start + FLOAT_BLOCK].astype(np.float32), self._wide)
                    for start in range(0, halves.shape[0], FLOAT_BLOCK)
                ]
            ).astype(np.float64)
        finite: NDArray[np.float64] = np.nan_to_num(scores, nan=0.0, posinf=0.0, neginf=0.0)
        return np.clip(np.round(finite, 6), -1.0, 1.0)  # float16 of a unit vector may be a little longer than 1

    def _dots(self, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        dots: NDArray[np.float64] = np.asarray(numkong.cdist(self._code, codes, metric="dot"))[0]
        return dots.astype(np.float32)

    def _shared_dots(self, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        """As `_dots`, half of it by a second thread where that is free; where it is not, nobody waits for it."""
        half = codes.shape[0] // 2
        helped = _helper.submit(self._dots, codes[half:])
        first = self._dots(codes[:half])
        return np.concatenate([first, self._dots(codes[half:]) if helped.cancel() else helped.result()])

    def _integer_dots(self, codes: NDArray[np.int8]) -> NDArray[np.float32]:
        if self._simd:
            # float32 holds every sum of int8 products that can matter; an int32 `out` takes a seven times slower path.
            return self._shared_dots(codes) if codes.shape[0] >= SHARED_FROM else self._dots(codes)
        query = self._code[0].astype(np.float32)
        return np.concatenate(
            [
                codes[start : start + FLOAT_BLOCK].astype(np.float32) @ query
                for start in range(0, codes.shape[0], FLOAT_BLOCK)
            ]
        )
