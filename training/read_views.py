"""Step 2: what the eyes read, before projection, in several views of every thing. Minutes to an hour, by --things.

    python -m training.read_views --clothing ../shared/data/clothing_train --vocabulary /tmp/vocabulary.npz \\
        --things 1500 --packages 450 --out /tmp/views.npz
    python -m training.read_views --renders /tmp/akin_train ...   # adds the catalog's and shoppers' views of renders
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.analysis.local.eyes import raw_readings, read_canvas
from app.analysis.local.texture import FisherCoder
from training.pictures import clothing_pictures, read_picture, rendered_pictures
from training.views import catalog_view, made_up_package, shopper_view

PARTS = ("mean", "project", "prior", "center", "spread")
View = tuple[NDArray[np.uint8], str, str]
"""Pixels, the thing shown, its type ("" where it has none)."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clothing", type=Path, required=True, help="also gives the grounds of made-up views")
    parser.add_argument("--renders", type=Path)
    parser.add_argument("--vocabulary", type=Path, required=True)
    parser.add_argument("--things", type=int, default=1500)
    parser.add_argument("--packages", type=int, default=450)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    with np.load(options.vocabulary) as archive:
        coders = {
            name: FisherCoder(*(archive[f"{name}.{part}"].astype(np.float32) for part in PARTS))
            for name in ("texture", "pattern")
        }
    readings: dict[str, list[NDArray[np.float16]]] = {}
    things, kinds = [], []
    rng = np.random.default_rng(5)
    views = made_up_views(options.clothing, options.things, options.packages, rng)
    if options.renders:
        views = rendered_views(options.renders, options.clothing, rng)
    for number, (pixels, thing, kind) in enumerate(views):
        for name, values in raw_readings(read_canvas(pixels)[1], coders).items():
            readings.setdefault(name, []).append(values.astype(np.float16))
        things.append(thing)
        kinds.append(kind)
        if number % 300 == 0:
            print(f"{number} views", flush=True)
    arrays = {name: np.stack(rows) for name, rows in readings.items()}
    np.savez(options.out, things=np.array(things), kinds=np.array(kinds), **arrays)  # type: ignore[arg-type]


def made_up_views(clothing: Path, things: int, packages: int, rng: np.random.Generator) -> Iterator[View]:
    entries = clothing_pictures(clothing)

    def ground() -> NDArray[np.uint8]:
        return read_picture(entries[int(rng.integers(len(entries)))].path)

    for number in rng.permutation(len(entries))[:things]:
        picture, entry = read_picture(entries[number].path), entries[number]
        yield catalog_view(picture, rng), entry.thing, entry.kind
        for _ in range(2):
            yield shopper_view(picture, ground(), rng), entry.thing, entry.kind
    for number in range(packages):
        picture = made_up_package(rng)
        yield catalog_view(picture, rng), f"package {number}", ""
        for _ in range(2):
            yield shopper_view(picture, ground(), rng), f"package {number}", ""


def rendered_views(renders: Path, clothing: Path, rng: np.random.Generator) -> Iterator[View]:
    """Each picture as rendered; every other catalog picture once more as a shopper would see it."""
    entries = clothing_pictures(clothing)
    for number, picture in enumerate(rendered_pictures(renders)):
        pixels = read_picture(picture.path)
        yield pixels, picture.thing, picture.kind
        if picture.view == "catalog" and number % 2:
            ground = read_picture(entries[int(rng.integers(len(entries)))].path)
            yield shopper_view(pixels, ground, rng), picture.thing, picture.kind


if __name__ == "__main__":
    main()
