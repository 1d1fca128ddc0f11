"""Is it the same thing? Key points packed into bytes, matched, and checked for one common movement.

Packed form "AKF1": magic (4 bytes), count (uint16), width and height of the canvas (uint16), reserved (2 bytes); then
per point x, y (uint16, pixels x 64), scale (uint8, 16 steps an octave), angle (uint8), and the descriptor
(DESCRIPTOR_DIMS int8).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.keypoints import Points

MAGIC = b"AKF1"
HEADER = 12
DESCRIPTOR_DIMS = 40
PLACE = 6
QUANTUM = 127.0 / 0.5
"""A unit-length descriptor of 40 values has hardly any above 0.5; larger ones are cut off."""

RATIO = 0.95
REACH = 0.035
"""A match agrees with a movement if it lands within this share of the candidate's size (plus 15 % of its distance from
the proposing match)."""
TURN = 0.35
ZOOM = 0.45
CHANCE = 2.5
FIRM = 6.0


def pack(points: Points, mean: NDArray[np.float32], project: NDArray[np.float32], size: tuple[int, int]) -> bytes:
    """At most 12 + 128 * 46 = 5,900 bytes. mean (128,), project (128, DESCRIPTOR_DIMS): the fitted PCA; size: width,
    height of the canvas."""
    count = len(points.place)
    reduced = (points.descriptors - mean) @ project
    reduced /= np.maximum(np.linalg.norm(reduced, axis=1, keepdims=True), 1e-9)
    body = np.zeros((count, PLACE + DESCRIPTOR_DIMS), np.uint8)
    spot = np.clip(np.rint(points.place[:, :2] * 64.0), 0, 65535).astype("<u2")
    body[:, :4] = spot.view(np.uint8).reshape(count, 4)
    body[:, 4] = np.clip(np.rint(16.0 * np.log2(np.maximum(points.place[:, 2], 1.0))), 0, 255)
    body[:, 5] = np.rint(points.place[:, 3] * (256.0 / (2 * np.pi))).astype(np.int64) & 255
    body[:, PLACE:] = np.clip(np.rint(reduced * QUANTUM), -127, 127).astype(np.int8).view(np.uint8)
    return MAGIC + np.array([count, *size, 0], "<u2").tobytes() + body.tobytes()


def unpack(features: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32], float] | None:
    """place (n, 4), descriptors (n, DESCRIPTOR_DIMS) of unit length, longest side; None for any other bytes."""
    if len(features) < HEADER or features[:4] != MAGIC:
        return None
    count, width, height, _ = (int(value) for value in np.frombuffer(features, "<u2", 4, offset=4))
    if count == 0 or len(features) != HEADER + count * (PLACE + DESCRIPTOR_DIMS):
        return None
    body = np.frombuffer(features, np.uint8, offset=HEADER).reshape(count, PLACE + DESCRIPTOR_DIMS)
    spot = np.ascontiguousarray(body[:, :4]).view("<u2").astype(np.float32) / 64.0
    scale = np.exp2(body[:, 4].astype(np.float32) / 16.0)
    angle = body[:, 5].astype(np.float32) * np.float32(2 * np.pi / 256.0)
    descriptors = np.ascontiguousarray(body[:, PLACE:]).view(np.int8).astype(np.float32)
    descriptors /= np.maximum(np.linalg.norm(descriptors, axis=1, keepdims=True), 1e-9)
    return (
        np.concatenate([spot, scale[:, None], angle[:, None]], axis=1),
        descriptors,
        float(max(width, height, 1)),
    )


def verify(query_features: bytes, candidate_features: Sequence[bytes]) -> NDArray[np.float32]:
    """0..1 per candidate: how firmly its key points agree with the query's under one movement (turn, zoom, shift).

    About 0 by chance, > 0.5 for what is most likely the same print or relief; 0 where either has no points or another
    version's. Deterministic; about 0.3 ms a candidate.
    """
    query = unpack(query_features)
    answers = np.zeros(len(candidate_features), np.float32)
    if query is None:
        return answers
    for number, features in enumerate(candidate_features):
        candidate = unpack(features)
        if candidate is not None:
            answers[number] = strength(agreement(query, candidate))
    return answers


def strength(support: float) -> float:
    """Support to 0..1: nothing up to what chance gives, 0.63 at CHANCE + FIRM."""
    return float(1.0 - np.exp(-max(0.0, support - CHANCE) / FIRM))


Unpacked = tuple[NDArray[np.float32], NDArray[np.float32], float]


def agreement(query: Unpacked, candidate: Unpacked) -> float:
    """Weighed number of matches that agree with the best single movement; every match proposes its own."""
    here, there, weight = matched(query, candidate)
    if len(here) < 3:
        return 0.0
    zoom = there[:, 2] / here[:, 2]
    turn = there[:, 3] - here[:, 3]
    cos, sin = np.cos(turn) * zoom, np.sin(turn) * zoom
    shift_x = there[:, 0] - (cos * here[:, 0] - sin * here[:, 1])
    shift_y = there[:, 1] - (sin * here[:, 0] + cos * here[:, 1])
    land_x = cos[:, None] * here[None, :, 0] - sin[:, None] * here[None, :, 1] + shift_x[:, None]
    land_y = sin[:, None] * here[None, :, 0] + cos[:, None] * here[None, :, 1] + shift_y[:, None]
    missed = np.hypot(land_x - there[None, :, 0], land_y - there[None, :, 1])
    turned = np.abs((turn[None, :] - turn[:, None] + np.pi) % (2 * np.pi) - np.pi)
    zoomed = np.abs(np.log(zoom[None, :] / zoom[:, None]))
    far = np.hypot(here[None, :, 0] - here[:, None, 0], here[None, :, 1] - here[:, None, 1]) * zoom[:, None]
    agrees = (missed < REACH * candidate[2] + 0.15 * far) & (turned < TURN) & (zoomed < ZOOM)
    support = (agrees * weight[None, :]).sum(axis=1)
    best = int(support.argmax())
    wide = spread_share(here[agrees[best]], query[0]) + spread_share(there[agrees[best]], candidate[0])
    return float(support[best]) * min(1.0, 0.7 + 0.25 * wide)


def matched(
    query: Unpacked, candidate: Unpacked
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """Places of mutually nearest points (n, 4) in query and candidate, and each pair's weight (n,): 1 where the second-
    nearest is far behind, 0 where it is as near."""
    place_q, desc_q, _ = query
    place_c, desc_c, _ = candidate
    if len(place_q) < 3 or len(place_c) < 3:
        return place_q[:0], place_c[:0], place_q[:0, 0]
    alike = desc_q @ desc_c.T
    nearest = alike.argmax(axis=1)
    rows = np.arange(len(nearest))
    top = alike[rows, nearest]
    second = np.partition(alike, -2, axis=1)[:, -2]
    ratio = np.sqrt(np.maximum(2 - 2 * top, 1e-6) / np.maximum(2 - 2 * second, 1e-6))
    kept = (alike.argmax(axis=0)[nearest] == rows) & (ratio < RATIO) & (top > 0.5)
    here, there = place_q[kept], place_c[nearest[kept]]
    # A corner with two directions gives two points; together they are one piece of evidence.
    spot = np.rint(here[:, 0] / 2) * 4096 + np.rint(here[:, 1] / 2)
    _, which, times = np.unique(spot, return_inverse=True, return_counts=True)
    weight = np.minimum(1.0, (1.0 - ratio[kept]) / 0.25) / times[which]
    return here, there, np.asarray(weight, dtype=np.float32)


def spread_share(some: NDArray[np.float32], all_points: NDArray[np.float32]) -> float:
    """How widely some points lie among all (about 0..1): a logo both packages carry is a small spot on each."""
    return float((some[:, :2].std(axis=0) / np.maximum(all_points[:, :2].std(axis=0), 1.0)).mean())
