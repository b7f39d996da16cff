"""``rollout.onnx``: from a batch of hypotheses to the bits and the latent of their branches, in one call.

Inputs, for P hypotheses with c branches each, K scales, L text tokens and D bits per token:

- text_features float [1|P, L, Ct], all real tokens
- prefix_bits uint8 [P, T_prefix, D], uniforms float [P·c, T_sampled, D]
- guidance, temperature, top_p float [P, K]

Outputs, row p·c + j:

- bits uint8 [P·c, T_sampled, D] and latent float [P·c, d, H, W] after the last sampled scale
- where it is asked for, log_likelihood float [P·c, scales sampled]: the log-probability of each scale's bits, as they
  were drawn, so guided, tempered and after top-p

The graph has four parts:

1. the text: everything that depends on it alone, for both guidance rows of each text
2. a loop over the scales up to the first sampled one, on 2·P rows: the prefix gives their bits
3. the branching: the first sampled scale's probabilities, the keys and values and the latent are repeated c times
4. a loop over the other sampled scales, on 2·P·c rows

Rows are ordered [conditional; unconditional], then by hypothesis, then by branch. So the tokens of all rows of a text
lie together, and one [2·texts, 1, C] modulation serves [2·texts, M, C] tokens without being repeated.

A row's bits do not depend on the batch it runs in. That takes care: a product of a single row runs on another kernel
than the same row among others. Dense layers always have two rows or more, since both guidance rows go through them, and
attention is computed per sequence, so that the batch is in none of its products' shapes. No optimiser can fuse a dense
layer's bias in one part of the graph and not in another, see ``dense``. The log-likelihood is summed in float64, whose
last digits a batch may change, and then rounded to float32.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto

from espalier_zoo.errors import BadInput
from espalier_zoo.export.blocks import Get, dimension, repeated
from espalier_zoo.export.graph import Graph, Kind, WeightFile
from espalier_zoo.export.transformer import Transformer
from espalier_zoo.models.infinity import InfinityConfig, checkpoint_shapes

END = np.iinfo(np.int64).max


def export_rollout(
    config: InfinityConfig,
    get: Get,
    path: Path,
    half: bool = False,
    external: bool = False,
    half_products: bool = False,
    log_likelihood: bool = False,
) -> None:
    """Writes the graph; with ``half`` or ``half_products`` matrices are float16, as ``Graph`` says; with ``external``
    weights go to ``{path}.data``, one by one; with ``log_likelihood`` it has that output too."""
    weight_file = WeightFile.beside(path) if external else None
    model = build_rollout(config, get, half, weight_file, half_products, log_likelihood)
    path.write_bytes(model.SerializeToString())


def build_rollout(
    config: InfinityConfig,
    get: Get,
    half: bool = False,
    weight_file: WeightFile | None = None,
    half_products: bool = False,
    log_likelihood: bool = False,
) -> onnx.ModelProto:
    """The graph of a checkpoint; a weight of the wrong shape or out of range is an error that names it."""
    if min(config.tokens[1:], default=2) < 2:
        raise BadInput(f"scales {config.scales}: only the first may have a single token")
    shapes = checkpoint_shapes(config)
    largest = np.finfo(np.float16 if half or half_products else np.float32).max

    def checked(key: str) -> np.ndarray:
        weight = get(key)
        if weight.shape != shapes[key]:
            raise BadInput(f"{key} has shape {list(weight.shape)}, not {list(shapes[key])}")
        if not (np.abs(weight) <= largest).all():
            raise BadInput(
                f"{key} has a number that is not finite or is beyond {largest:g}, which the graph cannot hold; try "
                "--dtype float32, or download the checkpoint again"
            )
        return weight

    graph = Graph("rollout", half, weight_file, half_products)
    _Rollout(graph, config, checked, log_likelihood).build()
    return graph.model()


@dataclass(frozen=True)
class _Knobs:
    """guidance, temperature and top-p, each [rows, K]."""

    guidance: str
    temperature: str
    top_p: str


class _Rollout:
    """The whole graph: the two loops, the branching between them, and the latent."""

    drawn_type = np.uint8

    def __init__(self, graph: Graph, config: InfinityConfig, get: Get, log_likelihood: bool = False):
        self._graph, self._config, self._log_likelihood = graph, config, log_likelihood
        self._starts = graph.ints(*config.starts)
        self._heights, self._widths = (graph.ints(*sides) for sides in zip(*config.scales, strict=True))
        features = graph.input("text_features", np.float32, ["texts", "L", config.text_width])
        prefix_bits = graph.input("prefix_bits", np.uint8, ["P", "T_prefix", config.bits])
        self._uniforms = graph.input("uniforms", np.float32, ["rows", "T_sampled", config.bits])
        names, knob_shape = ("guidance", "temperature", "top_p"), ["P", len(config.scales)]
        self._knobs = _Knobs(*(graph.input(name, np.float32, knob_shape) for name in names))

        self._prefix = graph.add("Cast", prefix_bits, to=TensorProto.BOOL)
        self._hypotheses, self._rows = dimension(graph, prefix_bits, 0), dimension(graph, self._uniforms, 0)
        tokens, sampled = dimension(graph, prefix_bits, 1), dimension(graph, self._uniforms, 1)
        self._first = self._scales_in(tokens)
        self._last = graph.add("Sub", self._scales_in(graph.add("Add", tokens, sampled)), graph.ints(1))
        self._transformer = Transformer(graph, config, get)
        self._text = self._transformer.text(features)

    def build(self) -> None:
        g, config = self._graph, self._config
        x, z, *past = self._prefix_loop()
        p = self._probability(g, x, self._first, self._knobs)

        branches = g.add("Div", self._rows, self._hypotheses)
        knobs = (self._knobs.guidance, self._knobs.temperature, self._knobs.top_p)
        p, z, *knobs = repeated(g, [p, z, *knobs], branches)
        past = repeated(g, past, branches)

        first = self._draw(g, p, z, self._first)
        drawn, z, *likelihood = self._sampling_loop(first, past, _Knobs(*knobs))
        g.output("bits", drawn, self.drawn_type, ["rows", "T_sampled", config.bits])
        g.output("latent", z, np.float32, ["rows", config.latent_channels, *config.latent_grid()])
        for value in likelihood:
            g.output("log_likelihood", value, np.float32, ["rows", "scales"])

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
        kinds = [Kind(np.float32, 3), Kind(np.float32, 4), *[Kind(g.product_type, 4)] * len(past)]

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

    def _sampling_loop(self, first: list[str], past: list[str], knobs: _Knobs) -> list[str]:
        """After the first sampled scale: what ``_draw`` gives, of all scales."""
        g = self._graph
        rows = self._transformer.rows(self._text, self._rows)
        kinds = [Kind(self.drawn_type, 3), Kind(np.float32, 4), Kind(np.float32, 2)][: len(first)]
        kinds += [Kind(g.product_type, 4)] * len(past)

        def step(body: Graph, trip: str, states: list[str]) -> list[str]:
            (bits, z, *before), past = states[: len(first)], states[len(first) :]
            scale = body.add("Add", body.add("Add", trip, self._first), body.ints(1))
            x = self._transformer.embed(body, self._features(body, z, scale), scale, rows)
            x, present = self._transformer.blocks(body, x, scale, self._text, rows, past)
            drawn, z, *here = self._draw(body, self._probability(body, x, scale, knobs), z, scale)
            bits = body.add("Concat", bits, drawn, axis=1)
            likelihood = [body.add("Concat", *pair, axis=1) for pair in zip(before, here, strict=True)]
            return [bits, z, *likelihood, *self._kept(body, present, scale)]

        trips = g.add("Sub", self._last, self._first)
        return g.loop(trips, kinds, [*first, *past], step)[: len(first)]

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
        shape = g.add("Concat", g.ints(2), dimension(g, guidance, 0), g.ints(-1, self._config.bits, 2), axis=0)
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
        """A scale's bits uint8 [rows, T, D], Z with them, and where it is asked for their log-likelihood [rows, 1]."""
        bits = g.add("Less", self._tokens(g, self._uniforms, scale, self._first), p)
        drawn = [g.add("Cast", bits, to=TensorProto.UINT8), self._add_code(g, z, bits, scale)]
        return [*drawn, self._likelihood(g, p, bits)] if self._log_likelihood else drawn

    def _likelihood(self, g: Graph, p: str, bits: str) -> str:
        """The log-probability [rows, 1] of bits bool [rows, T, D] that were drawn with p."""
        p = g.add("Cast", p, to=TensorProto.DOUBLE)
        of_bits = g.add("Where", bits, p, g.add("Sub", g.constant(np.array(1.0)), p))
        of_scale = g.add("ReduceSum", g.add("Log", of_bits), g.ints(1, 2), keepdims=0)
        return g.add("Unsqueeze", g.add("Cast", of_scale, to=TensorProto.FLOAT), g.ints(1))

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
        return g.add("Add", z, _resized(g, code, g.add("Concat", dimension(g, code, 0), final, axis=0)))

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
