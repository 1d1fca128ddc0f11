"""A whole ONNX model in a few bytes: the mean color of 4 x 4 cells as an embedding of 48 values.

Written by hand in protobuf's wire form, so that tests need neither a download nor the package that writes ONNX files.
"""

from pathlib import Path

RECIPE = '[input]\nsize = 32\nlayout = "NCHW"\nmean = 128\nscale = 0.0078125\n'
_FLOAT, _INTS = 1, 7


def write_tiny_model(folder: Path) -> Path:
    """model.onnx and the recipe beside it; takes (1, 3, 32, 32), gives (1, 48)."""
    path = folder / "model.onnx"
    pooled = _node("AveragePool", "image", "pooled", _ints("kernel_shape", 8, 8), _ints("strides", 8, 8))
    flat = _node("Flatten", "pooled", "embedding")
    graph = _field(1, pooled) + _field(1, flat) + _field(2, b"tiny")
    graph += _field(11, _value("image", 1, 3, 32, 32)) + _field(12, _value("embedding", 1, 48))
    opset = _field(1, b"") + _number(2, 13)
    path.write_bytes(_number(1, 8) + _field(7, graph) + _field(8, opset))
    path.with_suffix(".toml").write_text(RECIPE, encoding="utf-8")
    return path


def _node(kind: str, taken: str, given: str, *attributes: bytes) -> bytes:
    whole = _field(1, taken.encode()) + _field(2, given.encode()) + _field(4, kind.encode())
    return whole + b"".join(_field(5, attribute) for attribute in attributes)


def _ints(name: str, *values: int) -> bytes:
    return _field(1, name.encode()) + b"".join(_number(8, value) for value in values) + _number(20, _INTS)


def _value(name: str, *shape: int) -> bytes:
    dims = b"".join(_field(1, _number(1, size)) for size in shape)
    return _field(1, name.encode()) + _field(2, _field(1, _number(1, _FLOAT) + _field(2, dims)))


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
