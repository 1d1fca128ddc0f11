"""Step 4: what the networks learn from, cut out once.

Of every picture: the square around the region that is found and around the true box (where it is known), and the whole
photo, small.

    python -m training.crops --renders /tmp/renders-7 /tmp/renders-11 --clothing ../shared/data/clothing_train \
        --out /tmp/crops.npz
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.canvas import READ_SIDE, Box, reduced
from app.analysis.local.light import light_factors, relit
from app.analysis.local.region import Region, find_region
from training.pictures import Picture, clothing_pictures, read_picture, rendered_pictures
from training.read_views import made_up_views

SQUARE, CONTEXT, WHOLE_SIDE = 160, 1.30, 128
"""Side of a square in pixels and as a multiple of the box's longer side: room for shifting and turning it."""
THINGS, PACKAGES = 1300, 1200
"""Clothing on other grounds and made-up packages, each in three views."""


@dataclass(frozen=True, slots=True)
class Cut:
    """found, true: (SQUARE, SQUARE, 3) uint8; whole: (WHOLE_SIDE, WHOLE_SIDE, 3) uint8; box: the true one, else the
    found one; trust: 1 for a true box, else how sure the finding was, 0..1."""

    found: NDArray[np.uint8]
    true: NDArray[np.uint8]
    whole: NDArray[np.uint8]
    box: Box
    trust: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=Path, nargs="+", required=True)
    parser.add_argument("--clothing", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    pictures: list[Picture] = []
    boxes: dict[Path, Box] = {}
    for folder in options.renders:
        pictures += rendered_pictures(folder)
        boxes.update(true_boxes(folder))
    pictures += clothing_pictures(options.clothing)
    pictures += clothing_pictures(options.clothing)
    tasks = [(picture.path, boxes.get(picture.path)) for picture in pictures]
    with ProcessPoolExecutor(options.jobs) as pool:
        cuts = list(counted(pool.map(cut_out, tasks, chunksize=16), len(tasks)))
    for view, thing, kind in made_up_views(options.clothing, THINGS, PACKAGES, np.random.default_rng(5)):
        cuts.append(cut_view(view, None))
        pictures.append(Picture(Path(), thing, kind, "made up"))
    np.savez(
        options.out,
        found=np.stack([one.found for one in cuts]),
        true=np.stack([one.true for one in cuts]),
        whole=np.stack([one.whole for one in cuts]),
        box=np.array([one.box for one in cuts], np.float32),
        trust=np.array([one.trust for one in cuts], np.float32),
        thing=np.array([picture.thing for picture in pictures]),
        kind=np.array([picture.kind for picture in pictures]),
        view=np.array([picture.view for picture in pictures]),
    )


def true_boxes(folder: Path) -> dict[Path, Box]:
    """Photo -> the object's true box, of the photos of a render."""
    boxes = {}
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        query = json.loads(line)
        x, y, width, height = (float(query["box"][side]) for side in ("x", "y", "width", "height"))
        boxes[folder / query["photo"]] = (x, y, width, height)
    return boxes


def cut_out(task: tuple[Path, Box | None]) -> Cut:
    """One picture, with the light taken out as the eyes do."""
    path, true = task
    cv2.setNumThreads(1)
    return cut_view(read_picture(path), true)


def cut_view(photo: NDArray[np.uint8], true: Box | None) -> Cut:
    """The same of pixels."""
    picture = relit(reduced(photo, READ_SIDE), light_factors(photo))
    region: Region = find_region(picture)
    found = squared(picture, region.box)
    whole = np.asarray(cv2.resize(picture, (WHOLE_SIDE, WHOLE_SIDE), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    if true is None:
        return Cut(found, found, whole, region.box, region.confidence)
    return Cut(found, squared(picture, true), whole, true, 1.0)


def squared(picture: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The box in the middle of a square with CONTEXT around it; mirrored beyond the picture's edge."""
    height, width = picture.shape[:2]
    side = max(box[2] * width, box[3] * height) * CONTEXT
    scale = SQUARE / side
    if side > 1.5 * SQUARE:  # warping alone would skip pixels
        picture = np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.35 / scale), dtype=np.uint8)
    across, down = (box[0] + box[2] / 2) * width, (box[1] + box[3] / 2) * height
    move = np.array([[scale, 0, SQUARE / 2 - across * scale], [0, scale, SQUARE / 2 - down * scale]], np.float32)
    how = {"flags": cv2.INTER_LINEAR, "borderMode": cv2.BORDER_REFLECT_101}
    return np.asarray(cv2.warpAffine(picture, move, (SQUARE, SQUARE), **how), dtype=np.uint8)


def counted(cuts: Iterator[Cut], whole: int) -> Iterator[Cut]:
    """The same, with progress on one line."""
    for number, one in enumerate(cuts, start=1):
        if number % 100 == 0 or number == whole:
            print(f"\r{number} of {whole} pictures", end="" if number < whole else "\n", flush=True)
        yield one


if __name__ == "__main__":
    main()
