"""Is it the same thing? Key points packed into bytes, matched, and checked for one common movement.

All candidates are matched in one product of matrices and all their pairs of matches checked in one pass over flat
arrays: a few large steps of numpy instead of some fifty small ones for each candidate.

Packed form "AKF1": magic (4 bytes), count (uint16), width and height of the canvas (uint16), reserved (2 bytes); then
per point x, y (uint16, pixels x 64), scale (uint8, 16 steps an octave), angle (uint8), and the descriptor
(DESCRIPTOR_DIMS int8).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.keypoints import Points

MAGIC = b"AKF1"
HEAD = struct.Struct("<4H")
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
LEAST = 3
"""Matches (and points) below which nothing is said: any two agree with some movement."""
LEAST_ALIKE = 0.5
BLOCK = 16384
"""Pairs of matches checked at a time: so many numbers of each kind stay in the cache."""


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


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Key points of pictures, end to end: place (n, 4) x, y, scale, angle; descriptors (n, DESCRIPTOR_DIMS) of unit
    length; count (p,): how many each picture has; side (p,): the longest side of its canvas, 1 where it has none."""

    place: NDArray[np.float32]
    descriptors: NDArray[np.float32]
    count: NDArray[np.int64]
    side: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Matches:
    """Pairs of key points of the query and of the candidates, ordered by candidate.

    owner (m,): candidate; here, there (m, 4): places in the query and in the candidate; weight (m,): 1 where the
    second-nearest point is far behind, 0 where it is as near.
    """

    owner: NDArray[np.int64]
    here: NDArray[np.float32]
    there: NDArray[np.float32]
    weight: NDArray[np.float32]


def unpack(features: Sequence[bytes]) -> Unpacked:
    """What `pack` made of each picture; bytes of another form count as no points."""
    bodies: list[bytes] = []
    count = np.zeros(len(features), np.int64)
    side = np.ones(len(features), np.float32)
    for number, packed in enumerate(features):
        if len(packed) < HEADER or packed[:4] != MAGIC:
            continue
        points, width, height, _ = HEAD.unpack_from(packed, len(MAGIC))
        if len(packed) == HEADER + points * (PLACE + DESCRIPTOR_DIMS):
            bodies.append(packed[HEADER:])
            count[number], side[number] = points, max(width, height, 1)
    body = np.frombuffer(b"".join(bodies), np.uint8).reshape(-1, PLACE + DESCRIPTOR_DIMS)
    place = np.empty((len(body), 4), np.float32)
    place[:, :2] = np.ascontiguousarray(body[:, :4]).view("<u2")
    place[:, :2] *= np.float32(1 / 64)
    place[:, 2] = np.exp2(body[:, 4] * np.float32(1 / 16))
    place[:, 3] = body[:, 5] * np.float32(2 * np.pi / 256)
    descriptors = np.ascontiguousarray(body[:, PLACE:]).view(np.int8).astype(np.float32)
    descriptors /= np.maximum(np.sqrt(np.einsum("nd,nd->n", descriptors, descriptors)), 1e-9)[:, None]
    return Unpacked(place, descriptors, count, side)


def verify(query_features: bytes, candidate_features: Sequence[bytes]) -> NDArray[np.float32]:
    """0..1 per candidate: how firmly its key points agree with the query's under one movement (turn, zoom, shift).

    About 0 by chance, > 0.5 for what is most likely the same print or relief; 0 where either has no points or another
    version's. Deterministic; about 0.1 ms a candidate.
    """
    query, candidates = unpack([query_features]), unpack(candidate_features)
    if len(query.place) < LEAST or not len(candidates.place):
        return np.zeros(len(candidate_features), np.float32)
    return strength(agreement(query, candidates, matched(query, candidates)))


def strength(support: NDArray[np.float64]) -> NDArray[np.float32]:
    """Support to 0..1: nothing up to what chance gives, 0.63 at CHANCE + FIRM."""
    return np.asarray(1.0 - np.exp(-np.maximum(0.0, support - CHANCE) / FIRM), dtype=np.float32)


def matched(query: Unpacked, candidates: Unpacked) -> Matches:
    """Mutually nearest points of the query (one picture) and each candidate."""
    most = int(candidates.count.max(initial=0))
    rows = np.repeat(np.arange(len(candidates.count)), candidates.count)
    column = np.arange(len(rows)) - np.repeat(np.cumsum(candidates.count) - candidates.count, candidates.count)
    square = np.zeros((len(candidates.count), max(2, most), DESCRIPTOR_DIMS), np.float32)
    square[rows, column] = candidates.descriptors
    alike = query.descriptors @ square.transpose(0, 2, 1)  # (candidates, query's points, candidate's points)
    for number in np.flatnonzero(candidates.count < square.shape[1]):
        alike[number, :, candidates.count[number] :] = -1.0
    nearest = alike.argmax(axis=2)
    top = np.take_along_axis(alike, nearest[..., None], axis=2)
    np.put_along_axis(alike, nearest[..., None], -1.0, axis=2)
    second = alike.max(axis=2)
    np.put_along_axis(alike, nearest[..., None], top, axis=2)
    ratio = np.sqrt(np.maximum(2 - 2 * top[..., 0], 1e-6) / np.maximum(2 - 2 * second, 1e-6))
    owner, point = np.nonzero((ratio < RATIO) & (top[..., 0] > LEAST_ALIKE) & (candidates.count >= LEAST)[:, None])
    mutual = alike[owner, :, nearest[owner, point]].argmax(axis=1) == point
    owner, point = owner[mutual], point[mutual]
    here = query.place[point]
    there = candidates.place[(np.cumsum(candidates.count) - candidates.count)[owner] + nearest[owner, point]]
    # A corner with two directions gives two points; together they are one piece of evidence.
    spot = (owner * 4096 + np.rint(here[:, 0] / 2).astype(np.int64)) * 4096 + np.rint(here[:, 1] / 2).astype(np.int64)
    _, which, times = np.unique(spot, return_inverse=True, return_counts=True)
    weight = np.minimum(1.0, (1.0 - ratio[owner, point]) / 0.25) / times[which]
    return Matches(owner, here, there, np.asarray(weight, dtype=np.float32))


def agreement(query: Unpacked, candidates: Unpacked, matches: Matches) -> NDArray[np.float64]:
    """Weighed number of matches that agree with the best single movement, per candidate; 0 with fewer than LEAST.

    Every match proposes the movement that brings its own two points together, and all of the candidate's are asked.
    Less counts what agrees on a small spot only.
    """
    pictures = len(candidates.count)
    count = np.bincount(matches.owner, minlength=pictures)
    proposing, asked = agreeing(matches, count, candidates.side)
    support = np.bincount(proposing, weights=matches.weight[asked], minlength=len(matches.owner))
    order = np.lexsort((-support, matches.owner))  # stable: of equal ones the first
    best = order[(np.cumsum(count) - count)[count >= LEAST]]
    members = asked[np.isin(proposing, best)]
    owner = matches.owner[members]
    everywhere = spread(query.place, np.zeros(len(query.place), np.int64), 1)
    theirs = spread(candidates.place, np.repeat(np.arange(pictures), candidates.count), pictures)
    wide = (spread(matches.here[members], owner, pictures) / np.maximum(everywhere, 1.0)).mean(axis=1)
    wide += (spread(matches.there[members], owner, pictures) / np.maximum(theirs, 1.0)).mean(axis=1)
    answers = np.zeros(pictures)
    answers[matches.owner[best]] = support[best]
    return np.asarray(answers * np.minimum(1.0, 0.7 + 0.25 * wide), dtype=np.float64)


def agreeing(
    matches: Matches, count: NDArray[np.int64], side: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """All pairs (proposing match, ascending; asked match) of one candidate where the asked one lands where the proposed
    movement brings it. count, side: matches and longest side of the canvas of each candidate."""
    asks = count[matches.owner]
    ends = np.cumsum(asks)
    shift = (np.cumsum(count) - count)[matches.owner] - (ends - asks)  # from a pair's number to the match it asks
    turn = (matches.there[:, 3] - matches.here[:, 3]) % np.float32(2 * np.pi)
    zoom = matches.there[:, 2] / matches.here[:, 2]
    steps = np.log(zoom)
    cos, sin, reach = np.cos(turn) * zoom, np.sin(turn) * zoom, REACH * side[matches.owner]
    from_x, from_y = np.ascontiguousarray(matches.here[:, :2].T)
    to_x, to_y = np.ascontiguousarray(matches.there[:, :2].T)
    found = []
    for pairs in range(0, int(asks.sum()), BLOCK):
        numbers = np.arange(pairs, min(pairs + BLOCK, int(ends[-1])))
        i = np.searchsorted(ends, numbers, side="right")
        j = numbers + shift[i]
        apart = np.abs(turn[j] - turn[i])
        likely = np.minimum(apart, np.float32(2 * np.pi) - apart) < TURN
        likely &= np.abs(steps[j] - steps[i]) < ZOOM
        i, j = i[likely], j[likely]
        x, y = from_x[j] - from_x[i], from_y[j] - from_y[i]
        missed_x = cos[i] * x - sin[i] * y - (to_x[j] - to_x[i])
        missed_y = sin[i] * x + cos[i] * y - (to_y[j] - to_y[i])
        missed = np.sqrt(missed_x * missed_x + missed_y * missed_y)
        agrees = missed < reach[i] + np.float32(0.15) * zoom[i] * np.sqrt(x * x + y * y)
        found.append((i[agrees], j[agrees]))
    nothing = np.zeros(0, np.int64)
    return np.concatenate([nothing, *(i for i, _ in found)]), np.concatenate([nothing, *(j for _, j in found)])


def spread(place: NDArray[np.float32], owner: NDArray[np.int64], owners: int) -> NDArray[np.float64]:
    """(owners, 2): standard deviation of x and y of each owner's points; 0 where it has none. How widely the agreeing
    points lie among all tells a thing from a logo that two packages carry: a small spot on each."""
    count = np.maximum(np.bincount(owner, minlength=owners), 1)
    axes = []
    for axis in range(2):
        mean = np.bincount(owner, weights=place[:, axis], minlength=owners) / count
        away = (place[:, axis] - mean[owner]) ** 2
        axes.append(np.sqrt(np.bincount(owner, weights=away, minlength=owners) / count))
    return np.stack(axes, axis=1)
