"""Renders a shop picture by picture. Every picture depends on the seed alone, so an interrupted build goes on where it
stopped and several processes give the same files as one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

from demo_shop import feed, rooms, snapshot, staging
from demo_shop.designs import NOT_SOLD
from demo_shop.model import seeded
from demo_shop.render import Scene, Shape, render, visible_share
from demo_shop.shop import Product, designs, drawn, strangers, variants

TRUTHS, PARTIAL = "queries.jsonl", "queries.partial.jsonl"
ATTEMPTS = 6  # rooms tried for one photo
LEAST_VISIBLE = 0.72  # of the product; below this people begin to guess


@dataclass(frozen=True)
class Plan:
    """What to build. Sizes are pixels of the longer side; samples are light paths a pixel."""

    out: Path
    seed: int
    designs: int | None
    words: tuple[str, ...]
    most_variants: int
    views: int
    photos: int
    strangers: int
    size: int
    photo_size: int
    samples: int
    quality: int
    variant: str


@dataclass(frozen=True)
class Job:
    """One picture. ``number`` is the catalog view from 0, or the photo's serial number from 1 when ``photo``."""

    path: str
    product: Product
    photo: bool
    number: int


def products(plan: Plan) -> list[Product]:
    """Everything the shop sells, in feed order."""
    chosen = designs(plan.seed, plan.designs, plan.words)
    return [product for design in chosen for product in variants(design, most=plan.most_variants)]


def jobs(plan: Plan) -> list[Job]:
    """Every picture of the shop: first designs of all types first, so that a part of a build shows the whole shop; a
    design's pictures together, so that its shape is drawn once."""
    sold = products(plan)
    asked = _photographed(plan, sold)
    listed = []
    for product in sorted(sold, key=lambda product: product.design.number):
        for view in range(plan.views):
            listed.append(Job(feed.picture_path(product, view), product, False, view))
        listed += [_photo(product, number) for number in asked.get(product.id, [])]
    others = strangers(plan.seed, plan.strangers)
    return listed + [_photo(product, plan.photos + k + 1) for k, product in enumerate(others)]


def _photo(product: Product, number: int) -> Job:
    return Job(f"photos/q{number:04d}.jpg", product, True, number)


def _photographed(plan: Plan, sold: list[Product]) -> dict[str, list[int]]:
    """Shares the photos out: one for each product in random order, then a second round, and so on."""
    order = seeded("photographed", plan.seed).permutation(len(sold)).tolist()
    asked: dict[str, list[int]] = {}
    for number in range(plan.photos):
        asked.setdefault(sold[order[number % len(order)]].id, []).append(number + 1)
    return asked


@lru_cache(maxsize=2)
def _subject(product: Product) -> tuple[Shape, ...]:
    parts, _ = drawn(product.design)
    return tuple(staging.subject_shapes(parts, dict(product.finishes)))


def make(plan: Plan, job: Job) -> dict[str, Any] | None:
    """Renders one job and writes its file; answers the ground truth of a photo, None for a catalog picture."""
    subject, kind = _subject(job.product), job.product.design.type
    seed = zlib.crc32(f"{plan.seed} {job.path}".encode())
    truth = None
    if job.photo:
        scene, snap = _room(plan, job, subject)
        done = render(scene, samples=plan.samples, seed=seed, variant=plan.variant)
        rng = seeded("phone", plan.seed, job.path)
        phone = _phone(rng, scene.camera.width)
        data = snapshot.phone_jpeg(done.light, phone, rng)
        truth = _truth(job, snap, phone, done.subject)
    else:
        jitter = float(seeded("jitter", job.product.design.group, job.number).uniform(-1, 1))
        scene = staging.studio(subject, kind.stand, kind.word, job.number, plan.size, jitter)
        done = render(scene, samples=plan.samples, seed=seed, variant=plan.variant)
        data = snapshot.studio_jpeg(done.light, done.subject, plan.quality)
    path = plan.out / job.path
    part = path.with_suffix(".part")
    part.write_bytes(data)
    part.replace(path)
    return truth


def _room(plan: Plan, job: Job, subject: tuple[Shape, ...]) -> tuple[Scene, rooms.Snap]:
    """Tries other clutter and framing until most of the product can be seen."""
    stand = job.product.design.type.stand
    attempt = 0
    while True:
        rng = seeded("room", plan.seed, job.path, attempt)
        snap = rooms.draw_snap(rng, stand)
        scene = rooms.room(subject, stand, snap, plan.photo_size, rng)
        attempt += 1
        if attempt == ATTEMPTS or visible_share(scene, variant=plan.variant) >= LEAST_VISIBLE:
            return scene, snap


def _phone(rng: np.random.Generator, width: int) -> snapshot.Phone:
    """An honest spread of phones and hands; blur is scaled to the picture's size."""
    sharp = width / 400
    return snapshot.Phone(
        exposure=round(float(rng.normal(0, 0.38)), 2),
        red=round(float(rng.uniform(0.90, 1.12)), 3),
        blue=round(float(rng.uniform(0.86, 1.12)), 3),
        blur=round(float(rng.gamma(1.6, 0.45)) * sharp, 2),
        motion=round(float(rng.uniform(2, 5)) * sharp, 1) if rng.random() < 0.15 else 0.0,
        noise=round(float(rng.uniform(0.004, 0.06)), 3),
        quality=int(rng.integers(45, 91)),
        orientation=int(rng.choice([1, 3, 6, 8], p=[0.82, 0.04, 0.08, 0.06])),
    )


def _truth(job: Job, snap: rooms.Snap, phone: snapshot.Phone, subject: Any) -> dict[str, Any]:
    product, kind = job.product, job.product.design.type
    sold = kind.sold
    return {
        "photo": job.path,
        "product": product.id if sold else None,
        "group": product.design.group if sold else None,
        "type": kind.word,
        "color": product.main.color if sold else None,
        "colors": list(product.colors) if sold else [],
        "material": product.main.kind if sold else None,
        "pattern": product.main.pattern if sold else None,
        "box": snapshot.box(subject),
        "sold": sold,
        "split": product.design.split if sold else _kind_split(kind.word),
        "conditions": {**asdict(snap), **asdict(phone)},
    }


def _kind_split(word: str) -> str:
    """Kinds that are not sold are split by kind: every other one in alphabetical order."""
    return ("fit", "test")[sorted(kind.word for kind in NOT_SOLD).index(word) % 2]


def run(plan: Plan, *, processes: int, only: int | None = None) -> Iterator[tuple[int, int]]:
    """Builds what is missing; yields (pictures done, pictures in all) after each. Writes the feed first and the
    ground truth last."""
    for folder in ("pictures", "photos"):
        (plan.out / folder).mkdir(parents=True, exist_ok=True)
    feed.write_feed(plan.out / "feed.tsv", products(plan), plan.views)
    truths = _known_truths(plan.out)
    everything = jobs(plan)[:only]
    missing = [job for job in everything if not _finished(plan, job, truths)]
    done = len(everything) - len(missing)
    yield done, len(everything)
    with (plan.out / PARTIAL).open("a", encoding="utf-8") as partial:
        for truth in _made(plan, missing, processes):
            if truth is not None:
                truths[truth["photo"]] = truth
                partial.write(json.dumps(truth) + "\n")
                partial.flush()
            done += 1
            yield done, len(everything)
    feed.write_queries(plan.out / TRUTHS, truths.values())
    (plan.out / PARTIAL).unlink()


def _finished(plan: Plan, job: Job, truths: dict[str, dict[str, Any]]) -> bool:
    return (plan.out / job.path).exists() and (not job.photo or job.path in truths)


def _known_truths(out: Path) -> dict[str, dict[str, Any]]:
    known: dict[str, dict[str, Any]] = {}
    for name in (TRUTHS, PARTIAL):
        if (out / name).exists():
            for line in (out / name).read_text(encoding="utf-8").splitlines():
                truth = json.loads(line)
                known[truth["photo"]] = truth
    return known


def _made(plan: Plan, missing: list[Job], processes: int) -> Iterator[dict[str, Any] | None]:
    if processes <= 1:
        for job in missing:
            yield make(plan, job)
        return
    # Spawned, not forked: the renderer's own threads do not survive a fork.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        batches = [missing[k : k + 8] for k in range(0, len(missing), 8)]
        for future in as_completed([pool.submit(_make_batch, plan, batch) for batch in batches]):
            yield from future.result()


def _make_batch(plan: Plan, batch: list[Job]) -> list[dict[str, Any] | None]:
    return [make(plan, job) for job in batch]
