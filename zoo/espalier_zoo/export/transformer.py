"""The transformer of ``rollout.onnx``: its weights, and its parts as nodes of any graph of the model."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from espalier_zoo.export.graph import Graph
from espalier_zoo.models.infinity import MAX_LOG_SCALE, NORM_EPSILON, InfinityConfig, rotation

Get = Callable[[str], np.ndarray]
"""Gives the weight of a checkpoint's key, any float type; each is asked for once and let go."""

UNIT_EPSILON = 1e-24
"""The square of the 1e-12 that keeps the length of a query or key from 0."""


@dataclass(frozen=True)
class _Linear:
    """A dense layer or a norm."""

    weight: str
    """[in, out], or a norm's [C]"""
    bias: str


@dataclass(frozen=True)
class _Modulation:
    """Each [2·texts, 1, C]."""

    scale: str
    """1 + scale"""
    shift: str
    gate: str = ""
    """Of what a block adds; the head has none."""


@dataclass(frozen=True)
class _Block:
    """A block's weights."""

    qkv: _Linear
    q_scale: str
    """[H, 1]"""
    self_out: _Linear
    cross_norm: _Linear
    cross_q: _Linear
    cross_out: _Linear
    fc1: _Linear
    fc2: _Linear


@dataclass(frozen=True)
class Text:
    """What a batch of texts makes of itself, for both guidance rows."""

    count: str
    """2·texts, [1]"""
    first_input: str
    """[2·texts, 1, C], the first scale's input."""
    head: _Modulation
    attention: list[_Modulation]
    """Per block."""
    feed_forward: list[_Modulation]
    """Per block."""
    keys_values: list[str]
    """Two per block, for cross-attention: [2·texts, H, L, E]."""


@dataclass(frozen=True)
class Rows:
    """What a loop's batch determines: shapes, and the text at that batch."""

    count: str
    """2·rows, [1]"""
    by_text: str
    """(2·texts, -1, C)"""
    by_sequence: str
    """(2·rows, -1, C)"""
    by_head: str
    """(2·rows, -1, H, E)"""
    keys_values: list[str]
    """The text's, two per block: [2·rows, H, L, E]. Attention over [2·texts, M, C] would need no copies, but M counts
    the batch."""


class Transformer:
    """The transformer's weights, and its parts as nodes of any graph of the model."""

    def __init__(self, graph: Graph, config: InfinityConfig, get: Get):
        self._graph, self._config, self._get = graph, config, get
        self._width, self._heads, self._head_width = config.width, config.heads, config.width // config.heads
        self._keys = [
            f"block_chunks.{chunk}.module.{block}"
            for chunk in range(config.block_chunks)
            for block in range(config.depth // config.block_chunks)
        ]
        turns = np.concatenate([rotation(config, scale).numpy() for scale in range(len(config.scales))])
        self._cosines, self._sines = graph.constant(turns.real.copy()), graph.constant(turns.imag.copy())
        self._starts = graph.ints(*config.starts)
        self._ones, self._zeros = (graph.constant(np.full(self._width, value, np.float32)) for value in (1, 0))
        self._levels = graph.weight(get("lvl_embed.weight")[: len(config.scales)])
        self._embedding, self._head = self._linear("word_embed"), self._linear("head")
        self._blocks = [self._block(key) for key in self._keys]

    # Weights.

    def _linear(self, key: str) -> _Linear:
        return _Linear(self._matrix(f"{key}.weight"), self._graph.weight(self._get(f"{key}.bias")))

    def _matrix(self, key: str) -> str:
        """A matrix, transposed once and for all: [in, out]."""
        return self._graph.weight(np.ascontiguousarray(self._get(key).T))

    def _joint(self, key: str, matrix: str, *biases: str) -> _Linear:
        """A projection to several of queries, keys and values, each with a bias of its own."""
        bias = np.concatenate([self._get(f"{key}.{name}") for name in biases])
        return _Linear(self._matrix(f"{key}.{matrix}.weight"), self._graph.weight(bias))

    def _modulation(self, key: str, parts: int, scales: slice) -> _Linear:
        """A layer that gives modulations, with the 1 of 1 + scale in its bias."""
        bias = self._get(f"{key}.bias").astype(np.float32).reshape(parts, self._width)
        bias[scales] += 1
        return _Linear(self._matrix(f"{key}.weight"), self._graph.weight(bias.reshape(-1)))

    def _block(self, key: str) -> _Block:
        graph, get = self._graph, self._get
        log_scale = get(f"{key}.sa.scale_mul_1H11").astype(np.float32).reshape(self._heads, 1)
        return _Block(
            qkv=self._joint(f"{key}.sa", "mat_qkv", "q_bias", "zero_k_bias", "v_bias"),
            q_scale=graph.constant(np.exp(np.minimum(log_scale, np.float32(MAX_LOG_SCALE)))),
            self_out=self._linear(f"{key}.sa.proj"),
            cross_norm=_Linear(graph.weight(get(f"{key}.ca_norm.weight")), graph.weight(get(f"{key}.ca_norm.bias"))),
            cross_q=self._linear(f"{key}.ca.mat_q"),
            cross_out=self._linear(f"{key}.ca.proj"),
            fc1=self._linear(f"{key}.ffn.fc1"),
            fc2=self._linear(f"{key}.ffn.fc2"),
        )

    # What depends on the text alone.

    def text(self, features: str) -> Text:
        """Reads text features [texts, L, Ct]."""
        g = self._graph
        unconditional = g.weight(self._get("cfg_uncond"))
        unconditional = g.add("Slice", unconditional, g.ints(0), dimension(g, features, 1), g.ints(0))
        both = g.add("Concat", features, g.add("Expand", unconditional, g.add("Shape", features)), axis=0)
        norm = g.weight(self._get("text_norm.weight"))
        normed = g.add("SimplifiedLayerNormalization", both, norm, axis=-1, epsilon=NORM_EPSILON, stash_type=1)
        normed = g.add("Reshape", normed, g.ints(-1, self._config.text_width))
        count = dimension(g, both, 0)

        pooled = self._pooled(normed, count)
        start = g.add("Add", pooled, g.weight(self._get("pos_start").reshape(-1)))
        start = g.add("Reshape", self._on_level(g, start, g.ints(0)), g.ints(-1, 1, self._width))
        silu = g.add("Mul", pooled, g.add("Sigmoid", pooled))
        shared = _dense(g, silu, self._modulation("shared_ada_lin.1", 6, slice(2, 4)))
        shared = g.add("Reshape", shared, g.ints(-1, 6, self._width))
        head = _dense(g, silu, self._modulation("head_nm.ada_lin.1", 2, slice(0, 1)))
        head = g.add_multiple("Split", 2, g.add("Reshape", head, g.ints(-1, 2, self._width)), axis=1, num_outputs=2)

        tokens = _dense(g, normed, self._linear("text_proj_for_ca.0"))
        tokens = _dense(g, g.add("FastGelu", tokens), self._linear("text_proj_for_ca.2"))
        attention, feed_forward, keys_values = [], [], []
        for key in self._keys:
            own = g.weight(self._get(f"{key}.ada_gss").reshape(6, self._width))
            gate1, gate2, scale1, scale2, shift1, shift2 = g.add_multiple(
                "Split", 6, g.add("Add", shared, own), axis=1, num_outputs=6
            )
            attention.append(_Modulation(scale1, shift1, gate1))
            feed_forward.append(_Modulation(scale2, shift2, gate2))
            keys_values += self._keys_values(tokens, count, f"{key}.ca", self._heads)
        return Text(count, start, _Modulation(*head), attention, feed_forward, keys_values)

    def _pooled(self, tokens: str, count: str) -> str:
        """Normed text [2·texts·L, Ct] to [2·texts, C]."""
        g, key, heads = self._graph, "text_proj_for_sos.ca", self._config.pool_heads
        keys, values = self._keys_values(tokens, count, key, heads)
        query = g.weight(self._get(f"{key}.mat_q").reshape(1, 1, self._width))
        query = g.add("Expand", query, g.add("Concat", count, g.ints(1, 1), axis=0))
        pooled = _attention(g, query, keys, values, heads, (self._width // heads) ** -0.5)
        return _dense(g, g.add("Reshape", pooled, g.ints(-1, self._width)), self._linear(f"{key}.proj"))

    def _keys_values(self, tokens: str, count: str, key: str, heads: int) -> list[str]:
        """Text [2·texts·L, ·] to keys and values, each [2·texts, heads, L, C / heads]."""
        g = self._graph
        both = _dense(g, tokens, self._joint(key, "mat_kv", "zero_k_bias", "v_bias"))
        by_head = g.add("Concat", count, g.ints(-1, heads, self._width // heads), axis=0)
        return [_by_head(g, part, by_head) for part in g.add_multiple("Split", 2, both, axis=1, num_outputs=2)]

    # What runs at every scale. ``x`` is [2·texts, M, C]: the tokens of a text's rows, one row after the other.

    def rows(self, text: Text, rows: str) -> Rows:
        """What a batch of so many rows int64 [1], guidance apart, needs of the texts."""
        g = self._graph
        count = g.add("Mul", rows, g.ints(2))
        per_text = g.add("Div", count, text.count)
        return Rows(
            count=count,
            by_text=g.add("Concat", text.count, g.ints(-1, self._width), axis=0),
            by_sequence=g.add("Concat", count, g.ints(-1, self._width), axis=0),
            by_head=g.add("Concat", count, g.ints(-1, self._heads, self._head_width), axis=0),
            keys_values=repeated(g, text.keys_values, per_text),
        )

    def start(self, text: Text, rows: Rows) -> list[str]:
        """x of the first scale, and no keys and values yet."""
        g = self._graph
        (x,) = repeated(g, [text.first_input], g.add("Div", rows.count, text.count))
        past_shape = g.add("Concat", rows.count, g.ints(self._heads, 0, self._head_width), axis=0)
        past = [g.add("ConstantOfShape", past_shape)] * (2 * len(self._blocks))
        return [g.add("Reshape", x, rows.by_text), *past]

    def embed(self, g: Graph, features: str, scale: str, rows: Rows) -> str:
        """Features [rows·T, D] of a later scale to x, the same for both guidance rows."""
        embedded = self._on_level(g, _dense(g, features, self._embedding), scale)
        return g.add("Reshape", g.add("Concat", embedded, embedded, axis=0), rows.by_text)

    def _on_level(self, g: Graph, x: str, scale: str) -> str:
        return g.add("Add", x, g.add("Gather", self._levels, scale))

    def blocks(self, g: Graph, x: str, scale: str, text: Text, rows: Rows, past: list[str]) -> tuple[str, list[str]]:
        """All blocks: x, and the keys and values with those of this scale; ``past`` holds two per block."""
        present = []
        position = g.add("Gather", self._starts, scale)
        for i, block in enumerate(self._blocks):
            own = slice(2 * i, 2 * i + 2)
            drawn, grown = self._self_attention(
                g, _modulated(g, self._norm(g, x), text.attention[i]), position, block, rows, past[own]
            )
            x = _gated(g, x, drawn, text.attention[i], rows)
            drawn = self._cross_attention(g, x, block, rows, rows.keys_values[own])
            x = g.add("Add", x, g.add("Reshape", drawn, rows.by_text))
            hidden = _modulated(g, self._norm(g, x), text.feed_forward[i])
            hidden = g.add("FastGelu", _dense(g, self._flat(g, hidden), block.fc1))
            x = _gated(g, x, _dense(g, hidden, block.fc2), text.feed_forward[i], rows)
            present += grown
        return x, present

    def _norm(self, g: Graph, x: str) -> str:
        return g.add("LayerNormalization", x, self._ones, self._zeros, axis=-1, epsilon=NORM_EPSILON)

    def _flat(self, g: Graph, x: str) -> str:
        return g.add("Reshape", x, g.ints(-1, self._width))

    def _self_attention(
        self, g: Graph, x: str, position: str, block: _Block, rows: Rows, past: list[str]
    ) -> tuple[str, list[str]]:
        """[2·rows·T, C], and the keys and values [2·rows, H, T_past + T, E]."""
        q, k, v = g.add_multiple("Split", 3, _dense(g, self._flat(g, x), block.qkv), axis=1, num_outputs=3)
        q = self._turned(g, g.add("Mul", self._unit(g, q), block.q_scale), position, rows)
        k = self._turned(g, self._unit(g, k), position, rows)
        grown = [
            g.add("Concat", old, _by_head(g, new, rows.by_head), axis=2) for old, new in zip(past, (k, v), strict=True)
        ]
        drawn = _attention(g, q, *grown, self._heads, 1.0)
        return _dense(g, self._flat(g, drawn), block.self_out), grown

    def _unit(self, g: Graph, x: str) -> str:
        """Every head at unit length: [2·rows·T, C] to [2·rows·T, H, E]. An RMS norm is √E times too long."""
        by_head = g.add("Reshape", x, g.ints(-1, self._heads, self._head_width))
        shorter = g.constant(np.full(self._head_width, self._head_width**-0.5, np.float32))
        return g.add(
            "SimplifiedLayerNormalization",
            by_head,
            shorter,
            axis=-1,
            epsilon=UNIT_EPSILON / self._head_width,
            stash_type=1,
        )

    def _turned(self, g: Graph, x: str, position: str, rows: Rows) -> str:
        """[2·rows·T, H, E] to [2·rows, T, C], rotated; a scale's tokens have consecutive rows in the tables."""
        x = g.add("Reshape", x, rows.by_sequence)
        return g.add("RotaryEmbedding", x, position, self._cosines, self._sines, interleaved=1)

    def _cross_attention(self, g: Graph, x: str, block: _Block, rows: Rows, keys_values: list[str]) -> str:
        """[2·rows·T, C]"""
        norm = block.cross_norm
        x = g.add("LayerNormalization", x, norm.weight, norm.bias, axis=-1, epsilon=NORM_EPSILON)
        q = g.add("Reshape", _dense(g, self._flat(g, x), block.cross_q), rows.by_sequence)
        drawn = _attention(g, q, *keys_values, self._heads, self._head_width**-0.5)
        return _dense(g, self._flat(g, drawn), block.cross_out)

    def logits(self, g: Graph, x: str, text: Text) -> str:
        """[2·rows·T, 2·D]"""
        return _dense(g, self._flat(g, _modulated(g, self._norm(g, x), text.head)), self._head)


def _dense(g: Graph, x: str, linear: _Linear) -> str:
    return g.add("Gemm", x, linear.weight, linear.bias)


def _attention(g: Graph, q: str, keys: str, values: str, heads: int, scale: float) -> str:
    """q [B, T, C], keys and values [B, heads, S, C / heads]: [B, T, C]."""
    return g.add("MultiHeadAttention", q, keys, values, num_heads=heads, scale=scale)


def _by_head(g: Graph, x: str, shape: str) -> str:
    """Tokens to [B, heads, T, E]; the shape is (B, T, heads, E)."""
    return g.add("Transpose", g.add("Reshape", x, shape), perm=[0, 2, 1, 3])


def _modulated(g: Graph, normed: str, modulation: _Modulation) -> str:
    return g.add("Add", g.add("Mul", normed, modulation.scale), modulation.shift)


def _gated(g: Graph, x: str, drawn: str, modulation: _Modulation, rows: Rows) -> str:
    """x with gate·drawn added; drawn is [2·rows·T, C]."""
    return g.add("Add", x, g.add("Mul", g.add("Reshape", drawn, rows.by_text), modulation.gate))


def dimension(g: Graph, value: str, axis: int) -> str:
    """A dimension, int64 [1]."""
    return g.add("Shape", value, start=axis, end=axis + 1)


def repeated(g: Graph, values: list[str], times: str) -> list[str]:
    """Every row so many times int64 [1], one after the other: [N, ...] to [N·times, ...]; N is the same for all."""
    end = g.add("Squeeze", g.add("Mul", dimension(g, values[0], 0), times))
    source = g.add("Div", g.add("Range", g.index(0), end, g.index(1)), times)
    return [g.add("Gather", value, source, axis=0) for value in values]
