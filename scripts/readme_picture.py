"""The picture at the top of the README: shopper photos beside what a running demo answers.

python -m scripts.readme_picture [PHOTO …]: needs `make demo` running; draws docs/images/search.png from its answers.
"""

import argparse
import io
import json
from pathlib import Path

import httpx
from PIL import Image, ImageDraw, ImageFont, ImageOps

ROOT = Path(__file__).parent.parent
SHOP = ROOT / "demo_shop"
OUT = ROOT / "docs" / "images" / "search.png"
CELL, GAP, TEXT, SHOWN = 200, 14, 60, 5
INK, FAINT, PAPER = "#1c1b1a", "#6b6863", "#ffffff"


def answers(address: str, photos: list[Path]) -> list[tuple[Path, dict[str, object]]]:
    """Every photo with the server's answer to it."""
    found = []
    for photo in photos:
        form = {"photo": (photo.name, photo.read_bytes())}
        response = httpx.post(f"{address}/search-by-photo", files=form, data={"limit": str(SHOWN)}, timeout=30)
        found.append((photo, response.raise_for_status().json()))
    return found


def chosen(names: list[str]) -> list[Path]:
    """The named photos, or one of the held-out half for each of three types."""
    if names:
        return [SHOP / name for name in names]
    rows = [json.loads(line) for line in (SHOP / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    first = {row["type"]: SHOP / row["photo"] for row in reversed(rows) if row["sold"] and row["split"] == "test"}
    return [first[kind] for kind in ("armchair", "vase", "lamp") if kind in first]


def draw(address: str, rows: list[tuple[Path, dict[str, object]]]) -> Image.Image:
    """One row a photo: the photo, then the products with score and strongest reasons."""
    width = (SHOWN + 1) * (CELL + GAP) + 2 * GAP
    sheet = Image.new("RGB", (width, len(rows) * (CELL + TEXT + GAP) + GAP), PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, (photo, answer) in enumerate(rows):
        top = GAP + number * (CELL + TEXT + GAP)
        with Image.open(photo) as picture:
            paste(sheet, ImageOps.exif_transpose(picture), GAP, top)
        seen = answer["analysis"]
        assert isinstance(seen, dict)
        kind = seen["type"]["name"] if seen["type"] else "?"
        write(pen, GAP, top + CELL + 4, f"photo of: {kind}", ", ".join(color["name"] for color in seen["colors"][:3]))
        items = answer["items"]
        assert isinstance(items, list)
        for place, item in enumerate(items[:SHOWN]):
            left = 3 * GAP + (place + 1) * (CELL + GAP) - GAP
            image = httpx.get(httpx.URL(address).join(item["product"]["image"]), timeout=30).content
            paste(sheet, Image.open(io.BytesIO(image)), left, top)
            reasons = ", ".join(reason["code"].replace("_", " ") for reason in item["reasons"][:2])
            write(pen, left, top + CELL + 4, f"{item['match']}  {item['score']:.2f}", reasons)
    return sheet


def paste(sheet: Image.Image, picture: Image.Image, left: int, top: int) -> None:
    """The picture, cut square, at its place."""
    sheet.paste(ImageOps.fit(picture.convert("RGB"), (CELL, CELL)), (left, top))


def write(pen: ImageDraw.ImageDraw, left: int, top: int, line: str, below: str) -> None:
    """Two lines under a picture."""
    pen.text((left, top), line, fill=INK, font=ImageFont.load_default(16))
    pen.text((left, top + 22), below, fill=FAINT, font=ImageFont.load_default(13))


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("photos", nargs="*", help="paths below demo_shop/")
    asked = parser.parse_args()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    draw(asked.address, answers(asked.address, chosen(asked.photos))).save(OUT, optimize=True)


if __name__ == "__main__":
    main()
