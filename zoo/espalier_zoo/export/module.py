"""PyTorch modules as ONNX graphs, where PyTorch's own exporter gives a clean one."""

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from espalier_zoo.export.graph import IR_VERSION, OPSET

logging.getLogger("torch.onnx._internal.exporter._registration").setLevel(logging.ERROR)
"""Otherwise every export tells that torchvision is absent, which nothing here needs."""

Axes = dict[int, str]
"""An input's dimensions that may vary, by their names."""


def export_module(
    module: nn.Module,
    inputs: dict[str, tuple[Tensor, Axes]],
    outputs: Sequence[str],
    path: Path,
    half: bool = False,
) -> None:
    """Writes a module's graph; see ``build_module``."""
    path.write_bytes(build_module(module, inputs, outputs, half).SerializeToString())


def build_module(
    module: nn.Module, inputs: dict[str, tuple[Tensor, Axes]], outputs: Sequence[str], half: bool = False
) -> onnx.ModelProto:
    """The graph of a module.

    ``inputs`` gives an example of each, and its dimensions that may vary; an example of length one would be taken for
    a constant. With ``half`` matrices and kernels are stored in float16 and cast to float32 in the graph.
    """
    dimensions = {name: torch.export.Dim(name) for _, axes in inputs.values() for name in axes.values()}
    program = torch.onnx.export(
        module.eval(),
        # two inputs with one example would be taken for one input
        tuple(example.clone() for example, _ in inputs.values()),
        dynamo=True,
        opset_version=OPSET,
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_shapes=tuple({axis: dimensions[name] for axis, name in axes.items()} for _, axes in inputs.values()),
        verbose=False,
    )
    model = program.model_proto
    model.ir_version = IR_VERSION
    _strip(model.graph)
    if half:
        _halve(model.graph)
    return model


def _strip(graph: onnx.GraphProto) -> None:
    """Drops the exporter's notes, which hold stack traces with the paths of this machine."""
    for part in [*graph.node, *graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        del part.metadata_props[:]
    del graph.value_info[:]


def _halve(graph: onnx.GraphProto) -> None:
    """Stores kernels in float16; a Cast gives each its old name."""
    casts = []
    for weight in graph.initializer:
        if weight.data_type != TensorProto.FLOAT or sum(side > 1 for side in weight.dims) < 2:
            continue
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}.half"))
        casts.append(helper.make_node("Cast", [weight.name], [name], name=f"{name}.cast", to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
