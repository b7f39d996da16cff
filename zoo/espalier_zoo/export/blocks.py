"""Transformer blocks as nodes: what the graphs of Infinity and of the diffusion transformer have in common.

A block is modulated self-attention with rotated unit queries and keys, cross-attention to the text, and a modulated
feed-forward. Letters in shapes are those of ``models/infinity.py``; M is the tokens of all rows of a text.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from onnx import numpy_helper

from espalier_zoo.export.graph import Graph
from espalier_zoo.models.infinity import MAX_LOG_SCALE, NORM_EPSILON

Get = Callable[[str], np.ndarray]
"""Gives the weight of a checkpoint's key, any float type; each is asked for once and let go."""

UNIT_EPSILON = 1e-24
"""The square of the 1e-12 that keeps the length of a query or key from 0."""


@dataclass(frozen=True)
class Linear:
    """A dense layer or a norm."""

    weight: str
    """[in, out], or a norm's [C]"""
    bias: str
    half: bool = False
    """A dense layer in float16, of which the bias is [1, 1, out]."""


@dataclass(frozen=True)
class Modulation:
    """Each [texts, 1, C], or [1, 1, C] where all rows share it."""

    scale: str
    """1 + scale"""
    shift: str
    gate: str = ""
    """Of what a block adds; the head has none."""


@dataclass(frozen=True)
class Block:
    """A block's weights."""

    qkv: Linear
    q_scale: str
    """[H, 1]"""
    self_out: Linear
    cross_norm: Linear
    cross_q: Linear
    cross_out: Linear
    fc1: Linear
    fc2: Linear


@dataclass(frozen=True)
class Rows:
    """What a batch of sequences needs besides its tokens: shapes to bring them to, and the text of each.

    Rows and texts count both guidance rows, here and in all of ``Blocks``. ``x`` is [texts, M, C], the tokens of a
    text's rows one row after the other, so that a modulation need not be repeated; where all share one, it is
    [rows, T, C].
    """

    count: str
    """[1]"""
    by_text: str
    """(texts, -1, C), the shape of x"""
    by_sequence: str
    """(rows, -1, C)"""
    by_head: str
    """(rows, -1, H, E)"""
    keys_values: list[str]
    """The text's, two per block: [rows, H, L, E]. Attention over [texts, M, C] would need no copies, but M counts
    the batch."""


class Weights:
    """A checkpoint's layers, as weights of a graph. Those of a ``product`` may be float16: see ``Graph``."""

    def __init__(self, graph: Graph, get: Get):
        self._graph, self._get = graph, get

    def linear(self, key: str) -> Linear:
        return Linear(self.matrix(f"{key}.weight"), self._graph.weight(self._get(f"{key}.bias")))

    def product(self, key: str) -> Linear:
        """A dense layer between ``narrowed`` and ``widened``."""
        return self._product(f"{key}.weight", self._get(f"{key}.bias"))

    def _product(self, matrix: str, bias: np.ndarray) -> Linear:
        weight = self._graph.product_weight(np.ascontiguousarray(self._get(matrix).T))
        half = self._graph.product_type is np.float16
        return Linear(weight, self._graph.product_weight(bias.reshape(1, 1, -1) if half else bias), half)

    def matrix(self, key: str) -> str:
        """A matrix, transposed once and for all: [in, out]."""
        return self._graph.weight(np.ascontiguousarray(self._get(key).T))

    def norm(self, key: str) -> Linear:
        return Linear(self._graph.weight(self._get(f"{key}.weight")), self._graph.weight(self._get(f"{key}.bias")))

    def joint(self, key: str, matrix: str, *biases: str) -> Linear:
        """A product's projection to several of queries, keys and values, each with a bias of its own."""
        bias = np.concatenate([self._get(f"{key}.{name}") for name in biases])
        return self._product(f"{key}.{matrix}.weight", bias)

    def block(self, key: str, heads: int) -> Block:
        log_scale = self._get(f"{key}.sa.scale_mul_1H11").astype(np.float32).reshape(heads, 1)
        return Block(
            qkv=self.joint(f"{key}.sa", "mat_qkv", "q_bias", "zero_k_bias", "v_bias"),
            q_scale=self._graph.constant(np.exp(np.minimum(log_scale, np.float32(MAX_LOG_SCALE)))),
            self_out=self.product(f"{key}.sa.proj"),
            cross_norm=self.norm(f"{key}.ca_norm"),
            cross_q=self.product(f"{key}.ca.mat_q"),
            cross_out=self.product(f"{key}.ca.proj"),
            fc1=self.product(f"{key}.ffn.fc1"),
            fc2=self.product(f"{key}.ffn.fc2"),
        )

    def keys_values(self, tokens: str, count: str, key: str, heads: int, width: int) -> list[str]:
        """Narrowed text [count·L, ·] to keys and values, each [count, heads, L, C / heads]."""
        g = self._graph
        both = dense(g, tokens, self.joint(key, "mat_kv", "zero_k_bias", "v_bias"))
        shape = g.add("Concat", count, g.ints(-1, heads, width // heads), axis=0)
        return [by_head(g, part, shape) for part in g.add_multiple("Split", 2, both, axis=1, num_outputs=2)]


class Blocks:
    """Blocks of one width, as nodes of any graph of the model; ``turns`` complex64 [positions, E/2]."""

    def __init__(self, graph: Graph, weights: Weights, keys: Sequence[str], width: int, heads: int, turns: np.ndarray):
        self._width, self._heads, self._head_width = width, heads, width // heads
        self._cosines, self._sines = graph.constant(turns.real.copy()), graph.constant(turns.imag.copy())
        self._ones, self._zeros = (graph.constant(np.full(width, value, np.float32)) for value in (1, 0))
        self._blocks = [weights.block(key, heads) for key in keys]

    def __len__(self) -> int:
        return len(self._blocks)

    def rows(self, g: Graph, count: str, texts: str, keys_values: list[str]) -> Rows:
        """So many rows int64 [1], with x [texts, M, C]."""
        return Rows(
            count=count,
            by_text=g.add("Concat", texts, g.ints(-1, self._width), axis=0),
            by_sequence=g.add("Concat", count, g.ints(-1, self._width), axis=0),
            by_head=g.add("Concat", count, g.ints(-1, self._heads, self._head_width), axis=0),
            keys_values=keys_values,
        )

    def no_past(self, g: Graph, rows: Rows) -> list[str]:
        """Keys and values [rows, H, 0, E] of no tokens, two per block."""
        shape = g.add("Concat", rows.count, g.ints(self._heads, 0, self._head_width), axis=0)
        zero = numpy_helper.from_array(np.zeros(1, g.product_type))
        return [g.add("ConstantOfShape", shape, value=zero)] * (2 * len(self))

    def run(
        self,
        g: Graph,
        x: str,
        position: str,
        attention: Sequence[Modulation],
        feed_forward: Sequence[Modulation],
        rows: Rows,
        past: list[str],
    ) -> tuple[str, list[str]]:
        """All blocks on tokens whose first is at ``position``: x, and the keys and values with theirs.

        ``past`` holds two per block, or nothing where there is none.
        """
        present = []
        for i, block in enumerate(self._blocks):
            own = slice(2 * i, 2 * i + 2)
            drawn, grown = self._self_attention(
                g, modulated(g, self.norm(g, x), attention[i]), position, block, rows, past[own]
            )
            x = _gated(g, x, drawn, attention[i], rows)
            drawn = self._cross_attention(g, x, block, rows, rows.keys_values[own])
            x = g.add("Add", x, g.add("Reshape", drawn, rows.by_text))
            hidden = modulated(g, self.norm(g, x), feed_forward[i])
            hidden = g.add("FastGelu", dense(g, g.narrowed(self.flat(g, hidden)), block.fc1))
            x = _gated(g, x, g.widened(dense(g, hidden, block.fc2)), feed_forward[i], rows)
            present += grown
        return x, present

    def norm(self, g: Graph, x: str) -> str:
        return g.add("LayerNormalization", x, self._ones, self._zeros, axis=-1, epsilon=NORM_EPSILON)

    def flat(self, g: Graph, x: str) -> str:
        """[·, ·, C] to [·, C]"""
        return g.add("Reshape", x, g.ints(-1, self._width))

    def _self_attention(
        self, g: Graph, x: str, position: str, block: Block, rows: Rows, past: list[str]
    ) -> tuple[str, list[str]]:
        """[rows·T, C], and the keys and values [rows, H, T_past + T, E]."""
        qkv = dense(g, g.narrowed(self.flat(g, x)), block.qkv)
        q, k, v = g.add_multiple("Split", 3, qkv, axis=1, num_outputs=3)
        q = self._turned(g, g.add("Mul", self._unit(g, g.widened(q)), block.q_scale), position, rows)
        k = self._turned(g, self._unit(g, g.widened(k)), position, rows)
        grown = [by_head(g, new, rows.by_head) for new in (g.narrowed(k), v)]
        if past:
            grown = [g.add("Concat", old, new, axis=2) for old, new in zip(past, grown, strict=True)]
        drawn = attention(g, g.narrowed(q), *grown, self._heads, 1.0)
        return g.widened(dense(g, self.flat(g, drawn), block.self_out)), grown

    def _unit(self, g: Graph, x: str) -> str:
        """Every head at unit length: [rows·T, C] to [rows·T, H, E]. An RMS norm is √E times too long."""
        heads = g.add("Reshape", x, g.ints(-1, self._heads, self._head_width))
        shorter = g.constant(np.full(self._head_width, self._head_width**-0.5, np.float32))
        return g.add(
            "SimplifiedLayerNormalization",
            heads,
            shorter,
            axis=-1,
            epsilon=UNIT_EPSILON / self._head_width,
            stash_type=1,
        )

    def _turned(self, g: Graph, x: str, position: str, rows: Rows) -> str:
        """[rows·T, H, E] to [rows, T, C], rotated; tokens have consecutive rows in the tables."""
        x = g.add("Reshape", x, rows.by_sequence)
        return g.add("RotaryEmbedding", x, position, self._cosines, self._sines, interleaved=1)

    def _cross_attention(self, g: Graph, x: str, block: Block, rows: Rows, keys_values: list[str]) -> str:
        """[rows·T, C]"""
        norm = block.cross_norm
        x = g.add("LayerNormalization", x, norm.weight, norm.bias, axis=-1, epsilon=NORM_EPSILON)
        q = g.add("Reshape", dense(g, g.narrowed(self.flat(g, x)), block.cross_q), rows.by_sequence)
        drawn = attention(g, q, *keys_values, self._heads, self._head_width**-0.5)
        return g.widened(dense(g, self.flat(g, drawn), block.cross_out))


def dense(g: Graph, x: str, linear: Linear) -> str:
    """x [M, in] to [M, out].

    ONNX Runtime 1.29 takes a hundred times as long on a CPU for a float16 Gemm as for a MatMul, and makes one of a
    MatMul and a bias of one or two dimensions.
    """
    if linear.half:
        return g.add("Squeeze", g.add("Add", g.add("MatMul", x, linear.weight), linear.bias), g.ints(0))
    return g.add("Gemm", x, linear.weight, linear.bias)


def attention(g: Graph, q: str, keys: str, values: str, heads: int, scale: float) -> str:
    """q [B, T, C], keys and values [B, heads, S, C / heads]: [B, T, C]."""
    return g.add("MultiHeadAttention", q, keys, values, num_heads=heads, scale=scale)


def by_head(g: Graph, x: str, shape: str) -> str:
    """Tokens to [B, heads, T, E]; the shape is (B, T, heads, E)."""
    return g.add("Transpose", g.add("Reshape", x, shape), perm=[0, 2, 1, 3])


def modulated(g: Graph, normed: str, modulation: Modulation) -> str:
    return g.add("Add", g.add("Mul", normed, modulation.scale), modulation.shift)


def _gated(g: Graph, x: str, drawn: str, modulation: Modulation, rows: Rows) -> str:
    """x with gate·drawn added; drawn is [rows·T, C]."""
    return g.add("Add", x, g.add("Mul", g.add("Reshape", drawn, rows.by_text), modulation.gate))


def dimension(g: Graph, value: str, axis: int) -> str:
    """A dimension, int64 [1]."""
    return g.add("Shape", value, start=axis, end=axis + 1)


def repeated(g: Graph, values: list[str], times: str) -> list[str]:
    """Every row so many times int64 [1], one after the other: [N, ...] to [N·times, ...]; N is the same for all."""
    end = g.add("Squeeze", g.add("Mul", dimension(g, values[0], 0), times))
    source = g.add("Div", g.add("Range", g.index(0), end, g.index(1)), times)
    return [g.add("Gather", value, source, axis=0) for value in values]
