"""Whole ONNX models in a few bytes: the mean color of 4 x 4 cells as an embedding of 48 values, and a twin for words.

Written by hand in protobuf's wire form, so that tests need neither a download nor the package that writes ONNX files.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

DIMS = 48
PREPROCESSOR = {
    "do_resize": True, "size": {"shortest_edge": 32}, "do_center_crop": True, "crop_size": {"height": 32, "width": 32},
    "do_rescale": True, "rescale_factor": 1 / 255, "do_normalize": True,
    "image_mean": [0.5] * 3, "image_std": [0.5] * 3,
}  # fmt: skip
RECIPE = '[input]\nsize = 32\nlayout = "NCHW"\nmean = 128\nscale = 0.0078125\n'
_FLOAT, _INT64, _INT, _INTS = 1, 7, 2, 7


def write_tiny_model(folder: Path) -> Path:
    """model.onnx and the recipe beside it; takes (1, 3, 32, 32), gives (1, 48): red cells, then green, then blue."""
    path = folder / "model.onnx"
    path.write_bytes(_pictures())
    path.with_suffix(".toml").write_text(RECIPE, encoding="utf-8")
    return path


def write_tiny_pair(folder: Path, words: Mapping[str, Sequence[float]]) -> Path:
    """`tiny-vision` and `tiny-text` in the folder, as fastembed keeps models; words: word -> its vector, any length.

    Returns the folder of the picture model.
    """
    vision, text = folder / "tiny-vision", folder / "tiny-text"
    vision.mkdir(parents=True)
    text.mkdir()
    (vision / "model.onnx").write_bytes(_pictures("image_embeds"))
    (vision / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR), encoding="utf-8")
    (text / "model.onnx").write_bytes(_words([[0.01] * DIMS, *words.values()]))
    (text / "config.json").write_text('{"max_position_embeddings": 77}', encoding="utf-8")
    known = {"[UNK]": 0, **{word: number for number, word in enumerate(words, start=1)}}
    tokenizer: dict[str, object] = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "Whitespace"}, "post_processor": None,
        "decoder": None, "model": {"type": "WordLevel", "vocab": known, "unk_token": "[UNK]"},
    }  # fmt: skip
    (text / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return vision


def _pictures(output: str = "embedding") -> bytes:
    pooled = _node("AveragePool", ("image",), "pooled", _ints("kernel_shape", 8, 8), _ints("strides", 8, 8))
    flat = _node("Flatten", ("pooled",), output)
    return _model((pooled, flat), (), (_value("image", 1, 3, 32, 32),), _value(output, 1, DIMS))


def _words(table: Sequence[Sequence[float]]) -> bytes:
    """The mean of the rows of a text's words; takes input_ids and attention_mask, (1, any)."""
    values = b"".join(struct.pack(f"<{DIMS}f", *row) for row in table)
    weights = _field(8, b"table") + _number(1, len(table)) + _number(1, DIMS) + _number(2, _FLOAT) + _field(9, values)
    looked = _node("Gather", ("table", "input_ids"), "rows")
    mean = _node("ReduceMean", ("rows",), "text_embeds", _ints("axes", 1), _int("keepdims", 0))
    inputs = tuple(_value(name, 1, None, kind=_INT64) for name in ("input_ids", "attention_mask"))
    return _model((looked, mean), (weights,), inputs, _value("text_embeds", 1, DIMS))


def _model(nodes: Sequence[bytes], weights: Sequence[bytes], inputs: Sequence[bytes], output: bytes) -> bytes:
    graph = (
        b"".join(_field(1, node) for node in nodes) + _field(2, b"tiny") + b"".join(_field(5, one) for one in weights)
    )
    graph += b"".join(_field(11, one) for one in inputs) + _field(12, output)
    opset = _field(1, b"") + _number(2, 13)
    return _number(1, 8) + _field(7, graph) + _field(8, opset)


def _node(kind: str, taken: Sequence[str], given: str, *attributes: bytes) -> bytes:
    whole = b"".join(_field(1, name.encode()) for name in taken) + _field(2, given.encode()) + _field(4, kind.encode())
    return whole + b"".join(_field(5, attribute) for attribute in attributes)


def _ints(name: str, *values: int) -> bytes:
    return _field(1, name.encode()) + b"".join(_number(8, value) for value in values) + _number(20, _INTS)


def _int(name: str, value: int) -> bytes:
    return _field(1, name.encode()) + _number(3, value) + _number(20, _INT)


def _value(name: str, *shape: int | None, kind: int = _FLOAT) -> bytes:
    dims = b"".join(_field(1, _field(2, b"any") if size is None else _number(1, size)) for size in shape)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, kind) + _field(2, dims)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _field(field: int, payload: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(payload)) + payload


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])
