"""The transformer of ``rollout.onnx``: its weights, and its parts as nodes of any graph of the model."""

from dataclasses import dataclass

import numpy as np

from espalier_zoo.export.blocks import (
    Blocks,
    Get,
    Linear,
    Modulation,
    Rows,
    Weights,
    attention,
    dense,
    dimension,
    modulated,
    repeated,
)
from espalier_zoo.export.graph import Graph
from espalier_zoo.models.infinity import NORM_EPSILON, InfinityConfig, rotation


@dataclass(frozen=True)
class Text:
    """What a batch of texts makes of itself, for both guidance rows."""

    count: str
    """2·texts, [1]"""
    first_input: str
    """[2·texts, 1, C], the first scale's input."""
    head: Modulation
    attention: list[Modulation]
    """Per block."""
    feed_forward: list[Modulation]
    """Per block."""
    keys_values: list[str]
    """Two per block, for cross-attention: [2·texts, H, L, E]."""


class Transformer:
    """The transformer's weights, and its parts as nodes of any graph of the model."""

    def __init__(self, graph: Graph, config: InfinityConfig, get: Get):
        self._graph, self._config, self._get = graph, config, get
        self._width, self._heads = config.width, config.heads
        self._keys = [
            f"block_chunks.{chunk}.module.{block}"
            for chunk in range(config.block_chunks)
            for block in range(config.depth // config.block_chunks)
        ]
        turns = np.concatenate([rotation(config, scale).numpy() for scale in range(len(config.scales))])
        self._starts = graph.ints(*config.starts)
        self._levels = graph.weight(get("lvl_embed.weight")[: len(config.scales)])
        self._weights = Weights(graph, get)
        self._embedding, self._head = self._weights.linear("word_embed"), self._weights.linear("head")
        self._blocks = Blocks(graph, self._weights, self._keys, config.width, config.heads, turns)

    # What depends on the text alone.

    def text(self, features: str) -> Text:
        """Reads text features [texts, L, Ct]."""
        g = self._graph
        unconditional = g.weight(self._get("cfg_uncond"))
        unconditional = g.add("Slice", unconditional, g.ints(0), dimension(g, features, 1), g.ints(0))
        both = g.add("Concat", features, g.add("Expand", unconditional, g.add("Shape", features)), axis=0)
        norm = g.weight(self._get("text_norm.weight"))
        normed = g.add("SimplifiedLayerNormalization", both, norm, axis=-1, epsilon=NORM_EPSILON, stash_type=1)
        normed = g.narrowed(g.add("Reshape", normed, g.ints(-1, self._config.text_width)))
        count = dimension(g, both, 0)

        pooled = self._pooled(normed, count)
        start = g.add("Add", pooled, g.weight(self._get("pos_start").reshape(-1)))
        start = g.add("Reshape", self._on_level(g, start, g.ints(0)), g.ints(-1, 1, self._width))
        silu = g.add("Mul", pooled, g.add("Sigmoid", pooled))
        shared = dense(g, silu, self._modulation("shared_ada_lin.1", 6, slice(2, 4)))
        shared = g.add("Reshape", shared, g.ints(-1, 6, self._width))
        head = dense(g, silu, self._modulation("head_nm.ada_lin.1", 2, slice(0, 1)))
        head = g.add_multiple("Split", 2, g.add("Reshape", head, g.ints(-1, 2, self._width)), axis=1, num_outputs=2)

        tokens = dense(g, normed, self._weights.product("text_proj_for_ca.0"))
        tokens = dense(g, g.add("FastGelu", tokens), self._weights.product("text_proj_for_ca.2"))
        attentions, feed_forward, keys_values = [], [], []
        for key in self._keys:
            own = g.weight(self._get(f"{key}.ada_gss").reshape(6, self._width))
            gate1, gate2, scale1, scale2, shift1, shift2 = g.add_multiple(
                "Split", 6, g.add("Add", shared, own), axis=1, num_outputs=6
            )
            attentions.append(Modulation(scale1, shift1, gate1))
            feed_forward.append(Modulation(scale2, shift2, gate2))
            keys_values += self._weights.keys_values(tokens, count, f"{key}.ca", self._heads, self._width)
        return Text(count, start, Modulation(*head), attentions, feed_forward, keys_values)

    def _modulation(self, key: str, parts: int, scales: slice) -> Linear:
        """A layer that gives modulations, with the 1 of 1 + scale in its bias."""
        bias = self._get(f"{key}.bias").astype(np.float32).reshape(parts, self._width)
        bias[scales] += 1
        return Linear(self._weights.matrix(f"{key}.weight"), self._graph.weight(bias.reshape(-1)))

    def _pooled(self, tokens: str, count: str) -> str:
        """Normed and narrowed text [2·texts·L, Ct] to [2·texts, C]."""
        g, key, heads = self._graph, "text_proj_for_sos.ca", self._config.pool_heads
        keys, values = self._weights.keys_values(tokens, count, key, heads, self._width)
        query = g.product_weight(self._get(f"{key}.mat_q").reshape(1, 1, self._width))
        query = g.add("Expand", query, g.add("Concat", count, g.ints(1, 1), axis=0))
        pooled = attention(g, query, keys, values, heads, (self._width // heads) ** -0.5)
        flat = g.add("Reshape", pooled, g.ints(-1, self._width))
        return g.widened(dense(g, flat, self._weights.product(f"{key}.proj")))

    # What runs at every scale. ``x`` is [2·texts, M, C]: the tokens of a text's rows, one row after the other.

    def rows(self, text: Text, rows: str) -> Rows:
        """What a batch of so many rows int64 [1], guidance apart, needs of the texts."""
        g = self._graph
        count = g.add("Mul", rows, g.ints(2))
        keys_values = repeated(g, text.keys_values, g.add("Div", count, text.count))
        return self._blocks.rows(g, count, text.count, keys_values)

    def start(self, text: Text, rows: Rows) -> list[str]:
        """x of the first scale, and no keys and values yet."""
        g = self._graph
        (x,) = repeated(g, [text.first_input], g.add("Div", rows.count, text.count))
        return [g.add("Reshape", x, rows.by_text), *self._blocks.no_past(g, rows)]

    def embed(self, g: Graph, features: str, scale: str, rows: Rows) -> str:
        """Features [rows·T, D] of a later scale to x, the same for both guidance rows."""
        embedded = self._on_level(g, dense(g, features, self._embedding), scale)
        return g.add("Reshape", g.add("Concat", embedded, embedded, axis=0), rows.by_text)

    def _on_level(self, g: Graph, x: str, scale: str) -> str:
        return g.add("Add", x, g.add("Gather", self._levels, scale))

    def blocks(self, g: Graph, x: str, scale: str, text: Text, rows: Rows, past: list[str]) -> tuple[str, list[str]]:
        """All blocks: x, and the keys and values with those of this scale; ``past`` holds two per block."""
        position = g.add("Gather", self._starts, scale)
        return self._blocks.run(g, x, position, text.attention, text.feed_forward, rows, past)

    def logits(self, g: Graph, x: str, text: Text) -> str:
        """[2·rows·T, 2·D]"""
        return dense(g, self._blocks.flat(g, modulated(g, self._blocks.norm(g, x), text.head)), self._head)
