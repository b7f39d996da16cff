"""The transformer encoders of CLIP and BLIP as nodes: blocks that norm before they attend and before they feed forward.

Letters in shapes: N rows of a batch, T tokens of a row, C the width.
"""

from dataclasses import dataclass

import numpy as np

from espalier_zoo.errors import BadInput
from espalier_zoo.export.blocks import Linear
from espalier_zoo.export.graph import Graph
from espalier_zoo.export.strict_checkpoint import StrictCheckpoint

ACTIVATIONS = {"gelu": "Gelu", "quick-gelu": "QuickGelu"}
"""With the error function, and x·sigmoid(1.702·x)."""


@dataclass(frozen=True)
class BlockKeys:
    """What a checkpoint calls a block's parts."""

    norm1: str
    q_k_v: tuple[str, ...]
    """One key or three, with what comes before ``weight`` and ``bias``."""
    out: str
    norm2: str
    fc1: str
    fc2: str


@dataclass(frozen=True)
class Form:
    """What cannot be read from an encoder's weights."""

    head_width: int
    activation: str
    epsilon: float
    causal: bool = False


class Layers:
    """A checkpoint's layers, as weights of a graph."""

    def __init__(self, graph: Graph, checkpoint: StrictCheckpoint):
        self._graph, self.checkpoint = graph, checkpoint

    def linear(self, key: str, inner: int, outer: int) -> Linear:
        return self.joint([f"{key}."], inner, outer)

    def joint(self, keys: list[str], inner: int, outer: int) -> Linear:
        """Layers of one width side by side, ``outer`` wide in all; keys are without ``weight`` and ``bias``."""
        each = outer // len(keys)
        weight = np.concatenate([self.checkpoint.take(f"{key}weight", each, inner) for key in keys])
        bias = np.concatenate([self.checkpoint.take(f"{key}bias", each) for key in keys])
        return Linear(self._graph.weight(np.ascontiguousarray(weight.T)), self._graph.weight(bias))

    def norm(self, key: str, width: int) -> Linear:
        return Linear(self.table(f"{key}.weight", width), self.table(f"{key}.bias", width))

    def table(self, key: str, *shape: int) -> str:
        return self._graph.weight(self.checkpoint.take(key, *shape))


@dataclass(frozen=True)
class Patches:
    """How a square picture is cut into tokens; the first token is none of its patches but stands for all of it."""

    width: int
    patch: int
    grid: int

    @staticmethod
    def of(checkpoint: StrictCheckpoint, kernel: str, places: str) -> "Patches":
        """Read from the shapes of the kernel [C, 3, ·, ·] and of the places [..., T, C]."""
        width, *_, patch = checkpoint.shape(kernel)
        return Patches(width, patch, grid=round((checkpoint.shape(places)[-2] - 1) ** 0.5))

    @property
    def side(self) -> int:
        return self.grid * self.patch

    @property
    def count(self) -> int:
        """T"""
        return self.grid**2 + 1

    @property
    def kernel(self) -> tuple[int, int, int, int]:
        return self.width, 3, self.patch, self.patch

    def tokens(self, g: Graph, pixels: str, kernel: str, own: str, places: str, bias: str = "") -> str:
        """Pixels [N, 3, side, side] to [N, T, C], the places added."""
        grid = g.add("Conv", pixels, kernel, *filter(None, [bias]), strides=[self.patch, self.patch])
        tokens = g.add("Transpose", g.add("Reshape", grid, g.ints(0, self.width, -1)), perm=[0, 2, 1])
        rows = g.add("Concat", g.add("Shape", pixels, end=1), g.ints(1, self.width), axis=0)
        own = g.add("Expand", g.add("Reshape", own, g.ints(1, 1, self.width)), rows)
        places = g.add("Reshape", places, g.ints(1, self.count, self.width))
        return g.add("Add", g.add("Concat", own, tokens, axis=1), places)


def encode(g: Graph, layers: Layers, prefix: str, keys: BlockKeys, form: Form, x: str, width: int) -> str:
    """x [N, T, C] through the blocks below ``prefix``; there are as many as the checkpoint holds."""
    heads = heads_of(width, form.head_width, prefix)
    for i in range(layers.checkpoint.blocks(prefix)):
        block = f"{prefix}.{i}"
        inner = layers.checkpoint.shape(f"{block}.{keys.fc1}.weight")[0]
        normed = norm(g, x, layers.norm(f"{block}.{keys.norm1}", width), form.epsilon)
        qkv = dense(g, normed, layers.joint([f"{block}.{key}" for key in keys.q_k_v], width, 3 * width))
        q, k, v = g.add_multiple("Split", 3, qkv, axis=2, num_outputs=3)
        seen = g.add("MultiHeadAttention", q, k, v, num_heads=heads, unidirectional=int(form.causal))
        x = g.add("Add", x, dense(g, seen, layers.linear(f"{block}.{keys.out}", width, width)))
        normed = norm(g, x, layers.norm(f"{block}.{keys.norm2}", width), form.epsilon)
        hidden = dense(g, normed, layers.linear(f"{block}.{keys.fc1}", width, inner))
        hidden = g.add(ACTIVATIONS[form.activation], hidden)
        x = g.add("Add", x, dense(g, hidden, layers.linear(f"{block}.{keys.fc2}", inner, width)))
    return x


def heads_of(width: int, head_width: int, name: str) -> int:
    if width % head_width:
        raise BadInput(f"{name} is {width} wide, which is no multiple of its heads' width {head_width}")
    return width // head_width


def dense(g: Graph, x: str, linear: Linear) -> str:
    return g.add("Add", g.add("MatMul", x, linear.weight), linear.bias)


def norm(g: Graph, x: str, weights: Linear, epsilon: float) -> str:
    return g.add("LayerNormalization", x, weights.weight, weights.bias, axis=-1, epsilon=epsilon)


def picked(g: Graph, x: str, at: str) -> str:
    """The token of each row that ``at`` int64 [N, 1] says: [N, T, C] to [N, C]."""
    return g.add("GatherND", x, at, batch_dims=1)
