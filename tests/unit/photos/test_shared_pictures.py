"""The measuring photos: every orientation comes out upright, every broken file gets its answer."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from app.photos import MAX_SIDE, PhotoDecoder, PhotoLimits, PhotoRejected, decode_now

pytestmark = pytest.mark.shared_data

ANY_SIZE = PhotoLimits(min_side=1, min_long_side=1)


def rows(manifest: Path) -> list[dict[str, str]]:
    """The lines of a CSV file by column name."""
    with manifest.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def reference(folder: Path, group: str) -> NDArray[np.float64] | None:
    """The upright picture of a group that holds one without rotation."""
    upright = folder / f"{group}_1.jpg"
    return np.asarray(decode_now(upright.read_bytes()).pixels, dtype=float) if upright.exists() else None


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_all_orientations_come_out_upright(shared_data: Path) -> None:
    """The mean difference to the upright picture is the manifest's, far from that of a picture left lying."""
    folder = shared_data / "exif"
    for row in rows(folder / "manifest.csv"):
        data = (folder / row["file"]).read_bytes()
        photo = decode_now(data, ANY_SIZE)
        width, height = map(int, row["upright_size"].split("x"))
        assert (photo.original_width, photo.original_height) == (width, height), row["file"]
        longest = max(width, height)
        assert min(800, longest) <= max(photo.width, photo.height) <= min(MAX_SIDE, longest), row["file"]
        straight = np.asarray(photo.pixels, dtype=float)
        expected = reference(folder, row["group"])
        if expected is None:
            expected = turned_png(data) if row["group"] == "png-exif" else hopper(folder)
        # A picture left lying differs by mean_abs_diff_if_ignored; the references were compressed by other encoders.
        most = 2.5 + 0.1 * float(row["mean_abs_diff_if_ignored"])
        assert abs(straight - expected).mean() < most, row["file"]


def turned_png(data: bytes) -> NDArray[np.float64]:
    """The group's pictures all lie upside down; one of them is in another color space than sRGB."""
    stored = Image.open(io.BytesIO(data))
    picture = stored.convert("RGB")
    if profile := stored.info.get("icc_profile"):
        picture = ImageCms.profileToProfile(picture, io.BytesIO(profile), ImageCms.createProfile("sRGB")) or picture
    return np.asarray(picture.transpose(Image.Transpose.ROTATE_180), dtype=float)


def hopper(folder: Path) -> NDArray[np.float64]:
    """The upright picture of the group without an unrotated member: number 2 mirrored back."""
    stored = Image.open(folder / "hopper_orientation_2.jpg").convert("RGB")
    return np.asarray(stored.transpose(Image.Transpose.FLIP_LEFT_RIGHT), dtype=float)


@pytest.mark.anyio
async def test_every_bad_file_gets_its_answer(shared_data: Path) -> None:
    """OK is decoded, REJECT is refused with a code, EITHER is one of the two; no file hurts the decoder."""
    folder = shared_data / "bad"
    wrong: list[str] = []
    async with PhotoDecoder(1) as decoder:
        for row in rows(folder / "expect.csv"):
            try:
                await decoder.decode((folder / row["file"]).read_bytes())
                answer = "OK"
            except PhotoRejected as refusal:
                answer = "REJECT" if refusal.fix else "REJECT without a fix"
            if row["expect"] not in {answer, "EITHER"}:
                wrong.append(f"{row['file']}: {answer} instead of {row['expect']}")
    assert wrong == []
