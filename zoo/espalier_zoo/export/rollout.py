"""``rollout.onnx``: from a batch of hypotheses to the bits and the latent of their branches, in one call.

Inputs, for P hypotheses with c branches each, K scales, L text tokens and D bits per token:

- text_features float [1|P, L, Ct], all real tokens
- prefix_bits uint8 [P, T_prefix, D], uniforms float [P·c, T_sampled, D]
- guidance, temperature, top_p float [P, K]

Outputs, row p·c + j: bits uint8 [P·c, T_sampled, D] and latent float [P·c, d, H, W] after the last sampled scale.

The graph has four parts:

1. the text: everything that depends on it alone, for both guidance rows of each text
2. a loop over the scales up to the first sampled one, on 2·P rows: the prefix gives their bits
3. the branching: the first sampled scale's probabilities, the keys and values and the latent are repeated c times
4. a loop over the other sampled scales, on 2·P·c rows

Rows are ordered [conditional; unconditional], then by hypothesis, then by branch. So the tokens of all rows of a text
lie together, and one [2·texts, 1, C] modulation serves [2·texts, M, C] tokens without being repeated.

A row's bits do not depend on the batch it runs in. That takes care: a product of a single row runs on another kernel
than the same row among others. Dense layers always have two rows or more, since both guidance rows go through them, and
attention is computed per sequence, so that the batch is in none of its products' shapes. Every dense layer is a Gemm:
no optimiser can fuse its bias in one part of the graph and not in another.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from espalier_zoo.export.graph import Graph, Kind, WeightFile
from espalier_zoo.models.infinity import MAX_LOG_SCALE, NORM_EPSILON, InfinityConfig, checkpoint_shapes, rotation

Get = Callable[[str], np.ndarray]
"""Gives the weight of a checkpoint's key, any float type; each is asked for once and let go."""

UNIT_EPSILON = 1e-24
"""The square of the 1e-12 that keeps the length of a query or key from 0."""
END = np.iinfo(np.int64).max


def export_rollout(config: InfinityConfig, get: Get, path: Path, half: bool = False, external: bool = False) -> None:
    """Writes the graph; with ``half`` its matrices are float16, with ``external`` they go to ``{path}.data``."""
    weight_file = WeightFile(path.with_name(path.name + ".data")) if external else None
    path.write_bytes(build_rollout(config, get, half, weight_file).SerializeToString())


def build_rollout(
    config: InfinityConfig, get: Get, half: bool = False, weight_file: WeightFile | None = None
) -> onnx.ModelProto:
    """The graph of a checkpoint; a weight of the wrong shape is an error that names it."""
    if min(config.tokens[1:], default=2) < 2:
        raise ValueError(f"scales {config.scales}: only the first may have a single token")
    shapes = checkpoint_shapes(config)

    def checked(key: str) -> np.ndarray:
        weight = get(key)
        if weight.shape != shapes[key]:
            raise ValueError(f"{key} has shape {list(weight.shape)}, not {list(shapes[key])}")
        return weight

    graph = Graph("rollout", half, weight_file)
    _Rollout(graph, config, checked).build()
    return graph.model()


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
class _Text:
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
class _Rows:
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


class _Transformer:
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

    def text(self, features: str) -> _Text:
        """Reads text features [texts, L, Ct]."""
        g = self._graph
        unconditional = g.weight(self._get("cfg_uncond"))
        unconditional = g.add("Slice", unconditional, g.ints(0), _length(g, features, 1), g.ints(0))
        both = g.add("Concat", features, g.add("Expand", unconditional, g.add("Shape", features)), axis=0)
        norm = g.weight(self._get("text_norm.weight"))
        normed = g.add("SimplifiedLayerNormalization", both, norm, axis=-1, epsilon=NORM_EPSILON, stash_type=1)
        normed = g.add("Reshape", normed, g.ints(-1, self._config.text_width))
        count = _length(g, both, 0)

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
        return _Text(count, start, _Modulation(*head), attention, feed_forward, keys_values)

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

    def rows(self, text: _Text, rows: str) -> _Rows:
        """What a batch of so many rows int64 [1], guidance apart, needs of the texts."""
        g = self._graph
        count = g.add("Mul", rows, g.ints(2))
        per_text = g.add("Div", count, text.count)
        return _Rows(
            count=count,
            by_text=g.add("Concat", text.count, g.ints(-1, self._width), axis=0),
            by_sequence=g.add("Concat", count, g.ints(-1, self._width), axis=0),
            by_head=g.add("Concat", count, g.ints(-1, self._heads, self._head_width), axis=0),
            keys_values=_repeated(g, text.keys_values, per_text),
        )

    def start(self, text: _Text, rows: _Rows) -> list[str]:
        """x of the first scale, and no keys and values yet."""
        g = self._graph
        (x,) = _repeated(g, [text.first_input], g.add("Div", rows.count, text.count))
        past_shape = g.add("Concat", rows.count, g.ints(self._heads, 0, self._head_width), axis=0)
        past = [g.add("ConstantOfShape", past_shape)] * (2 * len(self._blocks))
        return [g.add("Reshape", x, rows.by_text), *past]

    def embed(self, g: Graph, features: str, scale: str, rows: _Rows) -> str:
        """Features [rows·T, D] of a later scale to x, the same for both guidance rows."""
        embedded = self._on_level(g, _dense(g, features, self._embedding), scale)
        return g.add("Reshape", g.add("Concat", embedded, embedded, axis=0), rows.by_text)

    def _on_level(self, g: Graph, x: str, scale: str) -> str:
        return g.add("Add", x, g.add("Gather", self._levels, scale))

    def blocks(self, g: Graph, x: str, scale: str, text: _Text, rows: _Rows, past: list[str]) -> tuple[str, list[str]]:
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
        self, g: Graph, x: str, position: str, block: _Block, rows: _Rows, past: list[str]
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

    def _turned(self, g: Graph, x: str, position: str, rows: _Rows) -> str:
        """[2·rows·T, H, E] to [2·rows, T, C], rotated; a scale's tokens have consecutive rows in the tables."""
        x = g.add("Reshape", x, rows.by_sequence)
        return g.add("RotaryEmbedding", x, position, self._cosines, self._sines, interleaved=1)

    def _cross_attention(self, g: Graph, x: str, block: _Block, rows: _Rows, keys_values: list[str]) -> str:
        """[2·rows·T, C]"""
        norm = block.cross_norm
        x = g.add("LayerNormalization", x, norm.weight, norm.bias, axis=-1, epsilon=NORM_EPSILON)
        q = g.add("Reshape", _dense(g, self._flat(g, x), block.cross_q), rows.by_sequence)
        drawn = _attention(g, q, *keys_values, self._heads, self._head_width**-0.5)
        return _dense(g, self._flat(g, drawn), block.cross_out)

    def logits(self, g: Graph, x: str, text: _Text) -> str:
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


def _gated(g: Graph, x: str, drawn: str, modulation: _Modulation, rows: _Rows) -> str:
    """x with gate·drawn added; drawn is [2·rows·T, C]."""
    return g.add("Add", x, g.add("Mul", g.add("Reshape", drawn, rows.by_text), modulation.gate))


def _length(g: Graph, value: str, axis: int) -> str:
    """A dimension, int64 [1]."""
    return g.add("Shape", value, start=axis, end=axis + 1)


def _repeated(g: Graph, values: list[str], times: str) -> list[str]:
    """Every row so many times int64 [1], one after the other: [N, ...] to [N·times, ...]; N is the same for all."""
    end = g.add("Squeeze", g.add("Mul", _length(g, values[0], 0), times))
    source = g.add("Div", g.add("Range", g.index(0), end, g.index(1)), times)
    return [g.add("Gather", value, source, axis=0) for value in values]


@dataclass(frozen=True)
class _Knobs:
    """guidance, temperature and top-p, each [rows, K]."""

    guidance: str
    temperature: str
    top_p: str


class _Rollout:
    """The whole graph: the two loops, the branching between them, and the latent."""

    drawn_type = np.uint8

    def __init__(self, graph: Graph, config: InfinityConfig, get: Get):
        self._graph, self._config = graph, config
        self._starts = graph.ints(*config.starts)
        self._heights, self._widths = (graph.ints(*sides) for sides in zip(*config.scales, strict=True))
        features = graph.input("text_features", np.float32, ["texts", "L", config.text_width])
        prefix_bits = graph.input("prefix_bits", np.uint8, ["P", "T_prefix", config.bits])
        self._uniforms = graph.input("uniforms", np.float32, ["rows", "T_sampled", config.bits])
        names, knob_shape = ("guidance", "temperature", "top_p"), ["P", len(config.scales)]
        self._knobs = _Knobs(*(graph.input(name, np.float32, knob_shape) for name in names))

        self._prefix = graph.add("Cast", prefix_bits, to=TensorProto.BOOL)
        self._hypotheses, self._rows = _length(graph, prefix_bits, 0), _length(graph, self._uniforms, 0)
        tokens, sampled = _length(graph, prefix_bits, 1), _length(graph, self._uniforms, 1)
        self._first = self._scales_in(tokens)
        self._last = graph.add("Sub", self._scales_in(graph.add("Add", tokens, sampled)), graph.ints(1))
        self._transformer = _Transformer(graph, config, get)
        self._text = self._transformer.text(features)

    def build(self) -> None:
        g, config = self._graph, self._config
        x, z, *past = self._prefix_loop()
        p = self._probability(g, x, self._first, self._knobs)

        branches = g.add("Div", self._rows, self._hypotheses)
        knobs = (self._knobs.guidance, self._knobs.temperature, self._knobs.top_p)
        p, z, *knobs = _repeated(g, [p, z, *knobs], branches)
        past = _repeated(g, past, branches)

        drawn, z = self._draw(g, p, z, self._first)
        drawn, z = self._sampling_loop([drawn, z, *past], _Knobs(*knobs))
        g.output("bits", drawn, self.drawn_type, ["rows", "T_sampled", config.bits])
        g.output("latent", z, np.float32, ["rows", config.latent_channels, *config.latent_grid()])

    def _scales_in(self, tokens: str) -> str:
        """The number of scales that so many tokens make: [1]."""
        g = self._graph
        ended = g.add("LessOrEqual", g.ints(*self._config.starts[1:]), tokens)
        return g.add("ReduceSum", g.add("Cast", ended, to=TensorProto.INT64), keepdims=1)

    # The loops.

    def _prefix_loop(self) -> list[str]:
        """Up to the first sampled scale: its x, Z before it, and the keys and values with it."""
        g, config = self._graph, self._config
        rows = self._transformer.rows(self._text, self._hypotheses)
        x, *past = self._transformer.start(self._text, rows)
        z_shape = g.add("Concat", self._hypotheses, g.ints(config.latent_channels, *config.latent_grid()), axis=0)
        kinds = [Kind(np.float32, 3), Kind(np.float32, 4), *[Kind(np.float32, 4)] * len(past)]

        def step(body: Graph, scale: str, states: list[str]) -> list[str]:
            x, z, *past = states

            def next_input(inner: Graph) -> list[str]:
                before = inner.add("Sub", scale, inner.ints(1))
                grown = self._add_code(inner, z, self._tokens(inner, self._prefix, before), before)
                return [self._transformer.embed(inner, self._features(inner, grown, scale), scale, rows), grown]

            at_start = body.add("Equal", scale, body.ints(0))
            x, z = body.choose(at_start, kinds[:2], lambda _: states[:2], next_input)
            x, present = self._transformer.blocks(body, x, scale, self._text, rows, past)
            return [x, z, *self._kept(body, present, scale)]

        trips = g.add("Add", self._first, g.ints(1))
        return g.loop(trips, kinds, [x, g.add("ConstantOfShape", z_shape), *past], step)

    def _sampling_loop(self, initial: list[str], knobs: _Knobs) -> list[str]:
        """After the first sampled scale: all bits drawn, and Z."""
        g = self._graph
        rows = self._transformer.rows(self._text, self._rows)
        kinds = [Kind(self.drawn_type, 3), *[Kind(np.float32, 4)] * (len(initial) - 1)]

        def step(body: Graph, trip: str, states: list[str]) -> list[str]:
            bits, z, *past = states
            scale = body.add("Add", body.add("Add", trip, self._first), body.ints(1))
            x = self._transformer.embed(body, self._features(body, z, scale), scale, rows)
            x, present = self._transformer.blocks(body, x, scale, self._text, rows, past)
            drawn, z = self._draw(body, self._probability(body, x, scale, knobs), z, scale)
            return [body.add("Concat", bits, drawn, axis=1), z, *self._kept(body, present, scale)]

        trips = g.add("Sub", self._last, self._first)
        return g.loop(trips, kinds, initial, step)[:2]

    def _kept(self, g: Graph, present: list[str], scale: str) -> list[str]:
        """The keys and values that later scales see: nothing of them after the last, where they would be largest."""
        end = g.add("Where", g.add("Equal", scale, self._last), g.ints(0), g.ints(END))
        return [g.add("Slice", value, g.ints(0), end, g.ints(2)) for value in present]

    # Drawing.

    def _probability(self, g: Graph, x: str, scale: str, knobs: _Knobs) -> str:
        """P(bit = 1) after top-p: [rows, T, D]."""
        guidance, temperature, top_p = (
            g.add("Unsqueeze", g.add("Gather", knob, scale, axis=1), g.ints(2))
            for knob in (knobs.guidance, knobs.temperature, knobs.top_p)
        )
        logits = self._transformer.logits(g, x, self._text)
        shape = g.add("Concat", g.ints(2), _length(g, guidance, 0), g.ints(-1, self._config.bits, 2), axis=0)
        zero, one = g.add_multiple("Split", 2, g.add("Reshape", logits, shape), axis=4, num_outputs=2)
        margin = g.add("Div", g.add("Squeeze", g.add("Sub", one, zero), g.ints(4)), temperature)
        conditional, unconditional = (
            g.add("Squeeze", row, g.ints(0)) for row in g.add_multiple("Split", 2, margin, axis=0, num_outputs=2)
        )
        against = g.add("Mul", g.add("Sub", g.number(1), guidance), unconditional)
        p = g.add("Sigmoid", g.add("Add", g.add("Mul", guidance, conditional), against))
        minority = g.add("Min", p, g.add("Sub", g.number(1), p))
        kept = g.add("Greater", minority, g.add("Sub", g.number(1), top_p))
        return g.add("Where", kept, p, g.add("Cast", g.add("Greater", p, g.number(0.5)), to=TensorProto.FLOAT))

    def _draw(self, g: Graph, p: str, z: str, scale: str) -> list[str]:
        """A scale's bits uint8 [rows, T, D], and Z with them."""
        bits = g.add("Less", self._tokens(g, self._uniforms, scale, self._first), p)
        return [g.add("Cast", bits, to=TensorProto.UINT8), self._add_code(g, z, bits, scale)]

    def _tokens(self, g: Graph, value: str, scale: str, origin: str | None = None) -> str:
        """A scale's tokens of [rows, T, D], which begins at the scale ``origin``, or at the first of all."""
        begin = g.add("Gather", self._starts, scale)
        end = g.add("Gather", self._starts, g.add("Add", scale, g.ints(1)))
        if origin is not None:
            before = g.add("Gather", self._starts, origin)
            begin, end = g.add("Sub", begin, before), g.add("Sub", end, before)
        return g.add("Slice", value, begin, end, g.ints(1))

    # The latent.

    def _add_code(self, g: Graph, z: str, bits: str, scale: str) -> str:
        """Z [rows, d, H, W] with the code of bits bool [rows, T, D]."""
        config, step = self._config, self._config.latent_channels**-0.5
        code = g.add("Transpose", g.add("Where", bits, g.number(step), g.number(-step)), perm=[0, 2, 1])
        shape = g.add("Concat", g.ints(0, config.bits), *self._grid(g, scale), axis=0)
        code = g.add("Reshape", code, shape)
        if config.patchify:
            code = g.add("DepthToSpace", code, blocksize=config.patch, mode="CRD")
        final = g.ints(config.latent_channels, *config.latent_grid())
        return g.add("Add", z, _resized(g, code, g.add("Concat", _length(g, code, 0), final, axis=0)))

    def _features(self, g: Graph, z: str, scale: str) -> str:
        """What a later scale is embedded from: [rows·T, D]."""
        config, patch = self._config, self._config.patch
        images, height_width = g.add("Shape", z, end=2), self._grid(g, scale)
        sides = [g.add("Mul", side, g.ints(patch)) for side in height_width] if config.patchify else height_width
        planes = _resized(g, z, g.add("Concat", images, *sides, axis=0))
        if not config.patchify:
            return g.add("Reshape", g.add("Transpose", planes, perm=[0, 2, 3, 1]), g.ints(-1, config.bits))
        height, width = height_width
        shape = g.add("Concat", images, height, g.ints(patch), width, g.ints(patch), axis=0)
        tokens = g.add("Transpose", g.add("Reshape", planes, shape), perm=[0, 2, 4, 1, 3, 5])
        return g.add("Reshape", tokens, g.ints(-1, config.bits))

    def _grid(self, g: Graph, scale: str) -> list[str]:
        """A scale's height and width in tokens, each [1]."""
        return [g.add("Gather", sides, scale) for sides in (self._heights, self._widths)]


def _resized(g: Graph, planes: str, shape: str) -> str:
    """Bilinear, corners not aligned, no antialias; planes of that size already stay as they are."""
    return g.add("Resize", planes, "", "", shape, mode="linear", coordinate_transformation_mode="half_pixel")
