"""How well the embedded eyes recognize things: the measuring photos beside the checkout, full sets, one formula.

    python -m bench.eyes                  # ../shared/data; household, grocery, clothing, and the time of one look
    python -m bench.eyes --model PATH     # the same with an ONNX embedder in front
    python -m bench.eyes --shop FOLDER    # shopper photos of a rendered shop (feed.tsv, queries.jsonl)

Ranking is `look_score` over channels, verification and color, as the search's closer look. Nothing is fitted here.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local import (
    LocalEyes,
    OnnxEmbedder,
    Seen,
    Teaching,
    channel_similarities,
    color_similarity,
    look_score,
    verify,
)

DATA = Path(__file__).parents[2] / "shared" / "data"
VERIFIED = 200
"""Only this many of the most alike are verified, as in the search."""
BARS = {"household": (70.0, 85.0), "grocery": (28.0, 58.0), "clothing": (30.0, 0.0)}


@dataclass(frozen=True, slots=True)
class Trial:
    """Queries against a catalog; a hit has the query's answer."""

    name: str
    queries: list[tuple[Path, str]]
    catalog: list[tuple[Path, str]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--shop", type=Path, help="a rendered shop: feed.tsv and queries.jsonl")
    parser.add_argument("--model", type=Path, help="an ONNX embedder with its TOML beside it")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    eyes = OnnxEmbedder(options.model) if options.model else LocalEyes()
    if options.shop:
        return shop(eyes, options.shop)
    if not (options.data / "manifest.csv").is_file():
        print(f"{options.data} is absent: nothing to measure with.", file=sys.stderr)
        return 3
    missed = 0
    for trial in trials(options.data):
        first, five = measured(eyes, trial)
        bar = BARS[trial.name]
        verdict = "ok" if first >= bar[0] and five >= bar[1] else "FAIL"
        missed += verdict == "FAIL"
        print(
            f"eyes.{trial.name}  top-1 {first:.1f} top-5 {five:.1f} %  {bar[0]:.0f} / {bar[1]:.0f}  {verdict}",
            flush=True,
        )
    speed(eyes, options.data)
    return 1 if missed else 0


def trials(data: Path) -> list[Trial]:
    with (data / "manifest.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))

    def chosen(dataset: str, kind: str, answer: str) -> list[tuple[Path, str]]:
        return [(data / row["path"], row[answer]) for row in rows if (row["dataset"], row["kind"]) == (dataset, kind)]

    phone = [entry for entry in chosen("household", "query", "product") if int(entry[0].stem) >= 8]
    return [
        Trial("household", phone, chosen("household", "catalog", "product")[:91]),
        Trial("grocery", chosen("grocery", "query", "product"), chosen("grocery", "catalog", "product")),
        Trial("clothing", chosen("clothing", "query", "type"), chosen("clothing", "catalog", "type")),
    ]


def read(path: Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB; cv2 applies the EXIF orientation."""
    stored = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if stored is None:
        raise SystemExit(f"{path} cannot be read")
    return np.ascontiguousarray(np.asarray(stored, dtype=np.uint8)[:, :, ::-1])


def measured(eyes: LocalEyes | OnnxEmbedder, trial: Trial) -> tuple[float, float]:
    """Top-1 and top-5 in percent."""
    catalog = [eyes.see(read(path)) for path, _ in trial.catalog]
    answers = np.array([answer for _, answer in trial.catalog])
    first = five = 0
    for path, answer in trial.queries:
        order = ranked(eyes.see(read(path)), catalog)
        hits = answers[order[:5]] == answer
        first += bool(hits[0])
        five += bool(hits.any())
    return 100.0 * first / len(trial.queries), 100.0 * five / len(trial.queries)


def ranked(query: Seen, catalog: Sequence[Seen]) -> NDArray[np.int64]:
    """Catalog numbers, most alike first."""
    vectors = np.stack([seen.embedding for seen in catalog])
    whole = vectors @ query.embedding
    near = np.argsort(-whole, kind="stable")[:VERIFIED]
    verified, color = np.zeros(len(catalog), np.float32), np.zeros(len(catalog), np.float32)
    verified[near] = verify(query.features, [catalog[number].features for number in near])
    color[near] = [color_similarity(query.colors, catalog[number].colors) for number in near]
    if len(query.embedding) != LocalEyes.dims:
        scores = look_score({"whole": whole}, verified, color)
    else:
        scores = look_score(channel_similarities(query.embedding, vectors), verified, color)
    return np.argsort(-scores, kind="stable")


def shop(eyes: LocalEyes | OnnxEmbedder, folder: Path) -> int:
    """Exact-product hits, type accuracy and novelty on a rendered shop's shopper photos."""
    catalog, ids, types, groups = [], [], [], []
    with (folder / "feed.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t"):
            for link in [row["image_link"], *(row.get("additional_image_link") or "").split(",")]:
                if link.strip() and (folder / link.strip()).is_file():
                    catalog.append(eyes.see(read(folder / link.strip())))
                    ids.append(row["id"])
                    types.append(row["product_type"].split(">")[-1].strip())
                    groups.append(row["item_group_id"] or row["id"])
    vectors = np.stack([seen.embedding for seen in catalog])
    teaching = Teaching.fit(vectors, types, [{}] * len(ids), groups)
    hits = {1: 0, 10: 0}
    count = typed = 0
    novelty: dict[bool, list[float]] = {True: [], False: []}
    type_of = dict(zip(ids, types, strict=True))
    for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines():
        truth = json.loads(line)
        if not (folder / truth["photo"]).is_file():
            continue
        seen = eyes.see(read(folder / truth["photo"]))
        taught = teaching.guess(seen.embedding)
        product = truth.get("product")
        novelty[product in type_of].append(taught.novelty)
        if product not in type_of:
            continue
        order = list(dict.fromkeys(ids[number] for number in ranked(seen, catalog)))
        count += 1
        typed += taught.type is not None and taught.type[0] == type_of[product]
        for depth in hits:
            hits[depth] += product in order[:depth]
    print(
        f"{len(set(ids))} products, {count} photos of them: hit@1 {hits[1] / count:.3f}, hit@10 {hits[10] / count:.3f},"
    )
    print(f"type {typed / count:.3f}; novelty sold {np.median(novelty[True]):.2f}", end="")
    print(f", not sold {np.median(novelty[False]):.2f}" if novelty[False] else "")
    return 0


def speed(eyes: LocalEyes | OnnxEmbedder, data: Path) -> None:
    """Milliseconds of one look, beside a fixed piece of the library's own work timed in the same breath."""
    photos = [read(path) for path in sorted((data / "household" / "query").glob("*.jpg"))[8:30]]
    for side in (1024, 384):
        looks, bare = [], []
        for photo in photos:
            scale = side / max(photo.shape[:2])
            size = (round(photo.shape[1] * scale), round(photo.shape[0] * scale))
            picture = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
            gray = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), dtype=np.uint8)
            start = time.perf_counter()
            cv2.SIFT.create(128).detectAndCompute(cv2.resize(gray, (288, 288)), None)
            middle = time.perf_counter()
            eyes.see(picture)
            looks.append(time.perf_counter() - middle)
            bare.append(middle - start)
        look, base = np.median(looks) * 1000, np.median(bare) * 1000
        print(f"eyes.look_{side}  {look:.1f} ms p50, {look / base:.2f} x OpenCV's SIFT alone ({base:.1f} ms)")


if __name__ == "__main__":
    sys.exit(main())
