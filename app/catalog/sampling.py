"""Samples that are the same every time."""

import numpy as np


def evenly(count: int, limit: int) -> list[int]:
    """At most `limit` different places spread evenly over `count`, ascending."""
    if count <= 0 or limit <= 0:
        return []
    places: list[int] = np.linspace(0, count - 1, min(count, limit)).round().astype(int).tolist()
    return sorted(set(places))
