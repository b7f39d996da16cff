"""Pictures as CLIP and its kin take them, inside a graph: short side to a size, centre crop, normalised.

Resizing along an axis is a product with a matrix, and the crop is the choice of its rows, so nothing that is cut off is
computed. Pillow keeps its weights in fixed point and rounds to bytes after each axis, the horizontal one first. Done in
float64, where its integers are exact in any order of adding, this gives Pillow's bytes, on any hardware.
"""

from dataclasses import dataclass

import numpy as np
from onnx import TensorProto

from espalier_zoo.export.graph import Graph

CUBIC = -0.5
"""The parameter of Pillow's and PyTorch's antialiased bicubic kernel, whose support is 2."""
FIXED_POINT = 2.0**22
"""Pillow's units of weight."""


@dataclass(frozen=True)
class Preparation:
    """How a model wants its pictures."""

    mean: tuple[float, ...] = (0.48145466, 0.4578275, 0.40821073)
    std: tuple[float, ...] = (0.26862954, 0.26130258, 0.27577711)
    """By channel, from 0 to 1; these are of the pictures that CLIP was trained on."""
    as_bytes: bool = True
    """Resized as Pillow resizes bytes. Without it nothing is rounded or clipped, as torchvision resizes floats."""


def pixels(g: Graph, image: str, side: int, preparation: Preparation) -> str:
    """Pictures uint8 [N, H, W, 3] to float [N, 3, side, side]."""
    as_bytes = preparation.as_bytes
    height, width = (g.add("Squeeze", g.add("Shape", image, start=axis, end=axis + 1)) for axis in (1, 2))
    short = g.add("Min", height, width)
    x = g.add("Cast", g.add("Transpose", image, perm=[0, 3, 1, 2]), to=TensorProto.DOUBLE)
    columns = g.add("Transpose", _weights(g, width, short, side, as_bytes), perm=[1, 0])
    x = _settled(g, g.add("MatMul", x, columns), as_bytes)
    x = _settled(g, g.add("MatMul", _weights(g, height, short, side, as_bytes), x), as_bytes)
    x = g.add("Div", g.add("Cast", x, to=TensorProto.FLOAT), g.number(255))
    mean, std = (
        g.constant(np.array(values, np.float32).reshape(3, 1, 1)) for values in (preparation.mean, preparation.std)
    )
    return g.add("Div", g.add("Sub", x, mean), std)


def _weights(g: Graph, length: str, short: str, side: int, as_bytes: bool) -> str:
    """The weights double [side, length] of an axis' pixels in each that is kept; lengths are int64 scalars."""
    resized = g.add("Div", g.add("Mul", length, g.index(side)), short)
    margin = g.add("Mul", _double(g, g.add("Sub", resized, g.index(side))), _number(g, 0.5))
    scale = g.add("Div", _double(g, length), _double(g, resized))
    reach = g.add("Max", scale, _number(g, 1))

    kept = g.constant(np.arange(side)[:, None] + 0.5)
    centre = g.add("Mul", g.add("Add", kept, g.add("Round", margin)), scale)
    pixel = _double(g, g.add("Range", g.index(0), length, g.index(1)))
    support = g.add("Mul", reach, _number(g, 2))
    first = g.add("Floor", g.add("Add", g.add("Sub", centre, support), _number(g, 0.5)))
    end = g.add("Floor", g.add("Add", g.add("Add", centre, support), _number(g, 0.5)))
    inside = g.add("And", g.add("GreaterOrEqual", pixel, first), g.add("Less", pixel, end))

    away = g.add("Add", g.add("Sub", pixel, centre), _number(g, 0.5))
    away = g.add("Abs", g.add("Mul", away, g.add("Reciprocal", reach)))
    near = _polynomial(g, away, CUBIC + 2, -(CUBIC + 3), 0, 1)
    far = _polynomial(g, away, CUBIC, -5 * CUBIC, 8 * CUBIC, -4 * CUBIC)
    far = g.add("Where", g.add("Less", away, _number(g, 2)), far, _number(g, 0))
    weights = g.add("Where", g.add("Less", away, _number(g, 1)), near, far)
    weights = g.add("Where", inside, weights, _number(g, 0))
    weights = g.add("Div", weights, g.add("ReduceSum", weights, g.ints(1), keepdims=1))
    if not as_bytes:
        return weights
    units = g.add("Floor", g.add("Add", g.add("Mul", g.add("Abs", weights), _number(g, FIXED_POINT)), _number(g, 0.5)))
    return g.add("Div", g.add("Mul", g.add("Sign", weights), units), _number(g, FIXED_POINT))


def _polynomial(g: Graph, x: str, *coefficients: float) -> str:
    """The highest power's coefficient first."""
    value = _number(g, coefficients[0])
    for coefficient in coefficients[1:]:
        value = g.add("Add", g.add("Mul", value, x), _number(g, coefficient))
    return value


def _settled(g: Graph, x: str, as_bytes: bool) -> str:
    """Rounded, halves up, and clipped to what a byte holds."""
    if not as_bytes:
        return x
    rounded = g.add("Floor", g.add("Add", x, _number(g, 0.5)))
    return g.add("Clip", rounded, _number(g, 0), _number(g, 255))


def _double(g: Graph, value: str) -> str:
    return g.add("Cast", value, to=TensorProto.DOUBLE)


def _number(g: Graph, value: float) -> str:
    return g.constant(np.array(value, np.float64))
