"""The heads of the aesthetic predictor and of ImageReward: five layers with nothing between them, and so one."""

from dataclasses import dataclass

import numpy as np

from espalier_zoo.errors import BadInput
from espalier_zoo.export.graph import Graph
from espalier_zoo.export.strict_checkpoint import StrictCheckpoint

LAYERS = (0, 2, 4, 6, 7)
"""Their numbers in a checkpoint; dropout has the others."""


@dataclass(frozen=True)
class LinearHead:
    """A score that is linear in features."""

    weight: np.ndarray
    """float64 [C]"""
    bias: float

    @staticmethod
    def of(checkpoint: StrictCheckpoint, prefix: str) -> "LinearHead":
        """The product of the layers below ``prefix``, taken in float64."""
        width = checkpoint.shape(f"{prefix}.{LAYERS[0]}.weight")[-1]
        weight, bias = np.eye(width), np.zeros(width)
        for number in LAYERS:
            outer = checkpoint.shape(f"{prefix}.{number}.weight")[0]
            layer = checkpoint.take(f"{prefix}.{number}.weight", outer, weight.shape[0]).astype(np.float64)
            weight = layer @ weight
            bias = layer @ bias + checkpoint.take(f"{prefix}.{number}.bias", outer)
        if bias.shape != (1,):
            raise BadInput(f"{prefix}.{LAYERS[-1]} gives {len(bias)} numbers, but a score is one")
        return LinearHead(weight[0], float(bias[0]))

    def normalised(self, mean: float, std: float) -> "LinearHead":
        """(score − mean) / std"""
        return LinearHead(self.weight / std, (self.bias - mean) / std)

    def score(self, g: Graph, features: str) -> str:
        """Features [N, C] to scores [N]."""
        weight = g.constant(self.weight.astype(np.float32))
        total = g.add("ReduceSum", g.add("Mul", features, weight), g.ints(1), keepdims=0)
        return g.add("Add", total, g.number(self.bias))
