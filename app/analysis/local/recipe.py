"""How pixels become a model's input: from the TOML beside an ONNX file, or a hub model's `preprocessor_config.json`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from app.analysis.local.embedder_errors import BadEmbedder


class Recipe:
    """size: side in pixels of the model's square input. layout: "NCHW" or "NHWC". mean, scale: (3,), taken off the
    channels 0..255, then multiplied. output: the name of the embedding; None where the model has but one output."""

    def __init__(
        self,
        size: int,
        layout: str,
        mean: NDArray[np.float32],
        scale: NDArray[np.float32],
        output: str | None,
    ) -> None:
        self.size, self.layout, self.mean, self.scale, self.output = size, layout, mean, scale, output

    @classmethod
    def read(cls, model: Path) -> Recipe:
        """The recipe beside the model file; every fault names the file, the key and what belongs there."""
        path = model.with_suffix(".toml")
        if not model.is_file():
            raise BadEmbedder(f"There is no file {model}.", fix="Set AKIN_EMBEDDER=onnx:PATH to an ONNX file.")
        if not path.is_file():
            raise BadEmbedder(
                f"{path.name} is missing beside {model.name}.",
                fix="Write it: size, layout, mean, scale ([input]) and the output's name ([output]).",
            )
        try:
            table = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadEmbedder(f"{path.name} is no TOML: {error}", fix="Mend the line it names.") from error
        given = table.get("input")
        output = table.get("output", {})
        if not isinstance(given, Mapping) or not isinstance(output, Mapping):
            raise BadEmbedder(
                f"{path.name} has no [input] table.", fix="Write size, layout, mean and scale under [input]."
            )
        size, layout = given.get("size"), given.get("layout", "NCHW")
        if type(size) is not int or not 16 <= size <= 1024:
            raise BadEmbedder(
                f"{path.name}: size is {size!r}.",
                fix="Give the side of the model's square input, 16 to 1024.",
            )
        if layout not in ("NCHW", "NHWC"):
            raise BadEmbedder(f"{path.name}: layout is {layout!r}.", fix='Give "NCHW" or "NHWC".')
        name = output.get("name")
        if name is not None and not isinstance(name, str):
            raise BadEmbedder(f"{path.name}: the output's name is {name!r}.", fix="Give it as text.")
        return cls(
            size,
            layout,
            triple(given.get("mean", 0.0), "mean", path),
            triple(given.get("scale", 1.0), "scale", path),
            name,
        )

    @classmethod
    def of_preprocessor(cls, path: Path) -> Recipe:
        """The same from a `preprocessor_config.json`, as image models of the hub have it."""
        try:
            given = json.loads(path.read_text(encoding="utf-8"))
            side = given.get("crop_size", given.get("size"))
            if isinstance(side, Mapping):
                side = side.get("height", side.get("shortest_edge"))
            if type(side) is not int or not 16 <= side <= 1024:
                raise ValueError(f"its size is {side!r}, not a side of 16 to 1024 pixels")
            step = float(given.get("rescale_factor", 1 / 255)) if given.get("do_rescale", True) else 1.0
            normal = given.get("do_normalize", True)
            mean = triple(given["image_mean"] if normal else 0.0, "image_mean", path)
            spread = triple(given["image_std"] if normal else 1.0, "image_std", path)
            if step <= 0 or (spread <= 0).any():
                raise ValueError("rescale_factor or image_std is not above 0")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as broken:
            raise BadEmbedder(
                f"{path.name} does not say how pictures become input: {broken!r:.120}",
                fix="It needs size or crop_size, image_mean and image_std.",
            ) from broken
        scale = np.asarray(step / spread, dtype=np.float32)
        return cls(side, "NCHW", np.asarray(mean / np.float32(step), dtype=np.float32), scale, None)

    def prepared(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(1, 3, size, size) or (1, size, size, 3) float32: the picture with its edges drawn out to a square.

        Not cut to one, as models' own preparation does: ends of a long thing would be lost."""
        height, width = pixels.shape[:2]
        scale = self.size / max(height, width)
        high, wide = max(1, round(height * scale)), max(1, round(width * scale))
        small = cv2.resize(pixels, (wide, high), interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
        top, left = (self.size - high) // 2, (self.size - wide) // 2
        square = cv2.copyMakeBorder(
            small, top, self.size - high - top, left, self.size - wide - left, cv2.BORDER_REPLICATE
        )
        values = (np.asarray(square, dtype=np.float32) - self.mean) * self.scale
        return np.ascontiguousarray((values.transpose(2, 0, 1) if self.layout == "NCHW" else values)[None])


def triple(value: object, key: str, path: Path) -> NDArray[np.float32]:
    values = value if isinstance(value, list) else [value] * 3
    if len(values) != 3 or not all(
        isinstance(entry, int | float) and not isinstance(entry, bool) and np.isfinite(entry) for entry in values
    ):
        raise BadEmbedder(f"{path.name}: {key} is {value!r}.", fix="Give one number or three (red, green, blue).")
    return np.asarray(values, dtype=np.float32)
