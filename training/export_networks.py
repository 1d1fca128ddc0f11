"""Step 7: the networks as the app reads them: ONNX, weights in float16 (OpenCV computes in float32).

python -m training.export_networks --look /tmp/look.pt --region /tmp/region.pt
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import nn

from app.analysis.local.networks import LOOK_DIMS, WEIGHTS
from training.networks import LOOK_SIDE, REGION_SIDE, LookNet, RegionNet


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--look", type=Path, required=True)
    parser.add_argument("--region", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    numbers = torch.load(options.look)
    look = LookNet(LOOK_DIMS, len(numbers["kind.bias"]))
    look.load_state_dict(numbers)
    region = RegionNet()
    region.load_state_dict(torch.load(options.region))
    export(look, LOOK_SIDE, options.out / "look.onnx")
    export(region, REGION_SIDE, options.out / "region.onnx")


def export(net: nn.Module, side: int, path: Path) -> None:
    """Write one network; its input is (1, 3, side, side) in 0..1."""
    whole = io.BytesIO()
    picture = torch.zeros(1, 3, side, side)
    torch.onnx.export(net.eval(), (picture,), whole, input_names=["picture"], dynamo=False, opset_version=13)
    model = onnx.load_from_string(whole.getvalue())
    for tensor in model.graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims) > 1:
            halved = numpy_helper.to_array(tensor).astype(np.float16)
            tensor.CopyFrom(numpy_helper.from_array(halved, tensor.name))
    path.write_bytes(model.SerializeToString())
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
