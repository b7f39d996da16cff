"""Tokens that are indices of a codebook, as the bits that a search stores: nodes for ``rollout.onnx``.

An index of a codebook of V entries is D = ceil(log2 V) bits, the most significant first. Each bit has a uniform of its
own and is drawn as any other bit is, ``uniform < P(bit = 1)``, where P is conditional on the more significant bits that
were drawn before it. So an index is drawn with its own probability, one of probability 0 never is, and there is none
from V on.

Probabilities become whole numbers first: their sums are exact in any order, so that a draw does not depend on what else
is in its batch.
"""

import numpy as np
from onnx import TensorProto

from espalier_zoo.export.blocks import dimension
from espalier_zoo.export.graph import Graph

WHOLE = 2.0**40
"""What a probability of 1 becomes. A codebook may have 4096 entries of it: float64 counts up to 2^53."""


def bits_of(codebook: int) -> int:
    """D, the bits of an index."""
    return max(1, (codebook - 1).bit_length())


def masses(g: Graph, logits: str, top_p: str) -> str:
    """Logits float [N, T, V] to masses float64 [N, T, V]: whole numbers in the ratio of the probabilities.

    An index has none where those that are likelier have top_p [N, 1, 1] or more together.
    """
    probabilities = g.add("Cast", g.add("Softmax", logits, axis=-1), to=TensorProto.DOUBLE)
    whole = g.add("Floor", g.add("Mul", probabilities, g.constant(np.array(WHOLE))))
    sorted_, _ = g.add_multiple("TopK", 2, whole, dimension(g, whole, 2), axis=-1, largest=1, sorted=1)
    likelier = g.add("CumSum", sorted_, g.index(2), exclusive=1)
    most = g.add("Mul", g.add("Cast", top_p, to=TensorProto.DOUBLE), g.add("ReduceSum", whole, g.ints(2), keepdims=1))
    kept = g.add("Where", g.add("Less", likelier, most), sorted_, g.constant(np.array(np.inf)))
    least = g.add("ReduceMin", kept, g.ints(2), keepdims=1)
    return g.add("Where", g.add("Less", whole, least), g.constant(np.array(0.0)), whole)


def draw(g: Graph, mass: str, uniforms: str, codebook: int) -> str:
    """The bits bool [N, T, D] of an index of each token, from masses [N, T, V] and uniforms float [N, T, D]."""
    bits = bits_of(codebook)
    padding = g.ints(0, 0, 0, 0, 0, 2**bits - codebook)
    left = g.add("Pad", mass, padding, g.constant(np.array(0.0)))
    uniforms = g.add("Cast", uniforms, to=TensorProto.DOUBLE)
    drawn = []
    for bit in range(bits):
        zero, one = g.add_multiple("Split", 2, left, axis=2, num_outputs=2)
        of_zero, of_one = (g.add("ReduceSum", half, g.ints(2), keepdims=1) for half in (zero, one))
        uniform = g.add("Slice", uniforms, g.ints(bit), g.ints(bit + 1), g.ints(2))
        # uniform < P(bit = 1), without a division; of nothing there is never more than of something
        drawn.append(g.add("Less", g.add("Mul", uniform, g.add("Add", of_zero, of_one)), of_one))
        left = g.add("Where", drawn[-1], one, zero)
    return g.add("Concat", *drawn, axis=2)


def log_likelihood(g: Graph, mass: str, indices: str) -> str:
    """The log-probability float [N, 1] of indices int64 [N, T] that were drawn by masses [N, T, V]."""
    of_index = g.add("GatherElements", mass, g.add("Unsqueeze", indices, g.ints(2)), axis=2)
    share = g.add("Div", of_index, g.add("ReduceSum", mass, g.ints(2), keepdims=1))
    total = g.add("ReduceSum", g.add("Log", share), g.ints(1, 2), keepdims=0)
    return g.add("Unsqueeze", g.add("Cast", total, to=TensorProto.FLOAT), g.ints(1))


def indices_of(g: Graph, bits: str, codebook: int) -> str:
    """The indices int64 [N, T] of bits bool or uint8 [N, T, D]."""
    places = g.ints(*(2**place for place in reversed(range(bits_of(codebook)))))
    return g.add("ReduceSum", g.add("Mul", g.add("Cast", bits, to=TensorProto.INT64), places), g.ints(2), keepdims=0)
