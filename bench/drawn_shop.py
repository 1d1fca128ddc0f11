"""A small drawn shop on disk, and the loader started on it as a program."""

import csv
import io
import subprocess
import sys
from pathlib import Path

from bench.shops import ROOT, clean_environment
from tests.builders import INKS, SHAPES, a_photo_file

COLUMNS = ("id", "title", "image_link", "price", "availability", "product_type", "color", "custom_label_0")


def write_shop(
    folder: Path, count: int, *, name: str = "feed.tsv", side: int = 120, title: str = "The", first_seed: int = 0
) -> Path:
    """A TSV feed of `count` products, each with a drawing of its own (side x side pixels); returns its path.

    title: how all titles begin. first_seed: another one gives other drawings.
    """
    rows = []
    for number in range(count):
        shape, ink = SHAPES[number % len(SHAPES)], list(INKS)[number // len(SHAPES) % len(INKS)]
        (folder / f"p{number}.jpg").write_bytes(a_photo_file(shape, ink, side=side, seed=first_seed + number))
        words = f"{title} {ink} {shape} {number}"
        row = (f"p{number}", words, f"p{number}.jpg", f"{number + 1}.00 USD", "in stock", f"Toys > {shape.title()}s")
        rows.append((*row, ink, shape))
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter="\t")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    path = folder / name
    path.write_text(out.getvalue(), encoding="utf-8", newline="")
    return path


def start_loader(folder: Path, *arguments: str, **settings: str) -> "subprocess.Popen[str]":
    """`catalog-loader` in the folder, whose akin.db is its catalog; in a session of its own."""
    environment = {**clean_environment(), "PYTHONPATH": str(ROOT), "AKIN_CATALOG": f"sqlite:///{folder / 'akin.db'}"}
    return subprocess.Popen(
        [sys.executable, "-m", "catalog_loader", *arguments],
        cwd=folder,
        env=environment | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def run_loader(folder: Path, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """The same, run to its end."""
    with start_loader(folder, *arguments, **settings) as process:
        out, err = process.communicate(timeout=600)
    return subprocess.CompletedProcess(arguments, process.returncode, out, err)
