"""``sample.onnx``: from noise to latents, all steps of the diffusion baseline in one call.

Inputs, for N pictures: text_features float [1|N, L, Ct], all real tokens; noise float [N, d, H, W], standard normal;
guidance float [N]. Output: latent float [N, d, H, W].

The number of steps is fixed in the graph, and so are their times. The time modulates the blocks and nothing else does,
so the layers that read it are left out: the graph holds what they say at each step. A loop over the steps runs 2·N
rows, [conditional; unconditional], and goes a step along the guided direction. What depends on the text alone is
computed once, before it.

A row's latent does not depend on the batch it runs in, for the reasons given in ``rollout.py``.
"""

from pathlib import Path

import numpy as np
import onnx
import torch

from espalier_zoo.export.blocks import Blocks, Modulation, Rows, Weights, dense, dimension, modulated, repeated
from espalier_zoo.export.graph import Graph, Kind
from espalier_zoo.models.diffusion import Diffusion, rotation, time_features


def export_sample(model: Diffusion, steps: int, path: Path, half: bool = False) -> None:
    """Writes the graph; with ``half`` its matrices are float16."""
    path.write_bytes(build_sample(model, steps, half).SerializeToString())


def build_sample(model: Diffusion, steps: int, half: bool = False) -> onnx.ModelProto:
    """The graph of a model that draws in so many steps."""
    graph = Graph("sample", half)
    _Sample(graph, model, steps).build()
    return graph.model()


@torch.no_grad()
def modulations(model: Diffusion, steps: int) -> np.ndarray:
    """What the time says at each step, float32 [steps, 6·depth + 2, C]: each block's gates, scales and shifts, two of
    each, and the head's scale and shift. Scales come with the 1 of 1 + scale."""
    times = 1 - torch.arange(steps) / steps
    condition, width = model.time_proj(time_features(times)), model.config.width
    parts = []
    for block in model.blocks:
        gates, scales, shifts = block.modulation(condition).unflatten(1, (3, 2, width)).unbind(1)
        parts += [gates, scales + 1, shifts]
    scale, shift = model.head_modulation(condition).unflatten(1, (2, 1, width)).unbind(1)
    return torch.cat([*parts, scale + 1, shift], dim=1).numpy()


class _Sample:
    """The whole graph."""

    def __init__(self, graph: Graph, model: Diffusion, steps: int):
        config = model.config
        self._graph, self._config, self._steps = graph, config, steps
        state = model.state_dict()
        self._get = lambda key: state[key].numpy()
        self._features = graph.input("text_features", np.float32, ["texts", "L", config.text_width])
        self._noise = graph.input("noise", np.float32, ["N", *config.latent])
        self._guidance = graph.input("guidance", np.float32, ["N"])

        self._weights = Weights(graph, self._get)
        self._keys = [f"blocks.{block}" for block in range(config.depth)]
        self._blocks = Blocks(graph, self._weights, self._keys, config.width, config.heads, rotation(config).numpy())
        self._embed, self._head = self._weights.linear("embed"), self._weights.linear("head")
        self._places = graph.weight(self._get("places"))
        self._modulations = graph.constant(modulations(model, steps))

    def build(self) -> None:
        g, (channels, height, width) = self._graph, self._config.latent
        pictures = dimension(g, self._noise, 0)
        rows = self._rows(pictures)
        guidance = g.add("Reshape", self._guidance, g.ints(-1, 1, 1))
        x = g.add("Reshape", g.add("Transpose", self._noise, perm=[0, 2, 3, 1]), g.ints(0, -1, channels))

        def step(body: Graph, trip: str, states: list[str]) -> list[str]:
            (x,) = states
            conditional, unconditional = body.add_multiple(
                "Split", 2, self._directions(body, x, trip, rows), axis=0, num_outputs=2
            )
            guided = body.add("Mul", guidance, body.add("Sub", conditional, unconditional))
            direction = body.add("Add", unconditional, guided)
            return [body.add("Sub", x, body.add("Mul", direction, body.number(1 / self._steps)))]

        (x,) = g.loop(g.ints(self._steps), [Kind(np.float32, 3)], [x], step)
        x = g.add("Add", g.add("Mul", x, g.weight(self._get("std"))), g.weight(self._get("mean")))
        latent = g.add("Reshape", g.add("Transpose", x, perm=[0, 2, 1]), g.ints(0, channels, height, width))
        g.output("latent", latent, np.float32, ["N", *self._config.latent])

    def _rows(self, pictures: str) -> Rows:
        """Both guidance rows of so many pictures int64 [1], with the keys and values of their texts."""
        g, config = self._graph, self._config
        unconditional = g.weight(self._get("unconditional"))
        unconditional = g.add("Slice", unconditional, g.ints(0), dimension(g, self._features, 1), g.ints(0))
        unconditional = g.add("Expand", unconditional, g.add("Shape", self._features))
        both = g.add("Concat", self._features, unconditional, axis=0)
        texts, count = dimension(g, both, 0), g.add("Mul", pictures, g.ints(2))
        tokens = dense(g, g.add("Reshape", both, g.ints(-1, config.text_width)), self._weights.linear("text_proj.0"))
        tokens = dense(g, g.add("FastGelu", tokens), self._weights.linear("text_proj.2"))
        keys_values = []
        for key in self._keys:
            keys_values += self._weights.keys_values(tokens, texts, f"{key}.ca", config.heads, config.width)
        return self._blocks.rows(g, count, count, repeated(g, keys_values, g.add("Div", count, texts)))

    def _directions(self, g: Graph, x: str, step: str, rows: Rows) -> str:
        """x_t [N, T, d] to both rows' directions [2·N, T, d]."""
        channels, tokens = self._config.latent[0], self._config.tokens
        embedded = dense(g, g.add("Reshape", x, g.ints(-1, channels)), self._embed)
        embedded = g.add("Reshape", embedded, g.ints(-1, tokens, self._config.width))
        embedded = g.add("Add", embedded, self._places)
        parts = g.add("Gather", self._modulations, step)
        count = 6 * self._config.depth + 2
        said = g.add_multiple("Split", count, parts, axis=1, num_outputs=count)
        blocks = [said[6 * i : 6 * i + 6] for i in range(self._config.depth)]
        x, _ = self._blocks.run(
            g,
            g.add("Concat", embedded, embedded, axis=0),
            g.ints(0),
            [Modulation(scale, shift, gate) for gate, _, scale, _, shift, _ in blocks],
            [Modulation(scale, shift, gate) for _, gate, _, scale, _, shift in blocks],
            rows,
            [],
        )
        x = modulated(g, self._blocks.norm(g, x), Modulation(*said[-2:]))
        return g.add("Reshape", dense(g, self._blocks.flat(g, x), self._head), g.ints(-1, tokens, channels))
