"""The pictures there are to learn from: photos of clothing by type, and renders of a made-up shop."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Picture:
    """thing: what the picture shows, the same for all pictures of it; kind: its type; view: catalog or shopper."""

    path: Path
    thing: str
    kind: str
    view: str


def read_picture(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB, upright as stored by these data sets (cv2 applies EXIF orientation)."""
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if stored is None:
        raise ValueError(f"{path} is no picture")
    return np.ascontiguousarray(np.asarray(stored, dtype=np.uint8)[:, :, ::-1])


def clothing_pictures(folder: Path) -> list[Picture]:
    """The clothing_train folder of the shared data (CC0): manifest.csv with path, type, seller."""
    if not (folder / "manifest.csv").is_file():
        raise SystemExit(f"{folder} has no manifest.csv: the shared training data is absent.")
    with (folder / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    return [Picture(folder.parent / row["path"], row["path"], row["type"], "catalog") for row in rows]


def rendered_pictures(folder: Path) -> list[Picture]:
    """A training render of the demo shop with its own seed: feed.tsv and queries.jsonl (never the shipped demo)."""
    found = []
    with (folder / "feed.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            kind = row["product_type"].split(">")[-1].strip()
            for link in [row["image_link"], *row.get("additional_image_link", "").split(",")]:
                if link.strip():
                    found.append(Picture(folder / link.strip(), row["id"], kind, "catalog"))
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        query = json.loads(line)
        if query.get("product"):
            found.append(Picture(folder / query["photo"], query["product"], query["type"], "shopper"))
    return found
