"""``text.onnx`` of a T5 encoder (arXiv 1910.10683, version 1.1 with gated GELU), from its public checkpoint.

input_ids and attention_mask int64 [N, L] to text_features float [N, L, C] and text_mask int64 [N, L]. Attention has no
scale; in its place each head adds a learned bias that depends on the distance from query to key, in buckets. All blocks
share it. Products are float32 also where matrices are stored in float16: the public weights overflow in float16.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch

from espalier_zoo.errors import BadInput
from espalier_zoo.export.blocks import Get, dimension
from espalier_zoo.export.graph import Graph, WeightFile
from espalier_zoo.models.checkpoint import Checkpoint, Shape, open_checkpoint

CONFIG = "config.json"
WORDS = "shared.weight"
SAME_WORDS = "encoder.embed_tokens.weight"
POSITIONS = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
NO_SCORE = float(np.finfo(np.float32).min)
"""Added to the scores of keys that are masked."""


@dataclass(frozen=True)
class T5Config:
    """Sizes of the encoder."""

    vocabulary: int
    width: int
    heads: int
    head_width: int
    hidden: int
    depth: int
    buckets: int = 32
    farthest: int = 128
    """From this distance on all share a bucket."""
    epsilon: float = 1e-6
    end: int = 1
    """The token that ends a prompt."""

    @classmethod
    def load(cls, folder: Path) -> "T5Config":
        """Reads the ``config.json`` of a downloaded model."""
        file = folder / CONFIG
        try:
            values = json.loads(file.read_text())
        except (OSError, ValueError) as e:
            raise BadInput(f"{file} cannot be read: {e}; download the text encoder's whole folder") from e
        if (form := values.get("feed_forward_proj")) != "gated-gelu":
            raise BadInput(f"{file}: feed_forward_proj is {form}, but must be gated-gelu, as Flan-T5's")
        try:
            return cls(
                vocabulary=values["vocab_size"],
                width=values["d_model"],
                heads=values["num_heads"],
                head_width=values["d_kv"],
                hidden=values["d_ff"],
                depth=values["num_layers"],
                buckets=values.get("relative_attention_num_buckets", cls.buckets),
                farthest=values.get("relative_attention_max_distance", cls.farthest),
                epsilon=values.get("layer_norm_epsilon", cls.epsilon),
                end=values.get("eos_token_id", cls.end),
            )
        except KeyError as e:
            raise BadInput(f"{file}: {e.args[0]} is missing; is it a T5 model?") from e

    def shapes(self) -> dict[str, Shape]:
        """The encoder's keys in a checkpoint, and their shapes."""
        inner = self.heads * self.head_width
        shapes = {WORDS: (self.vocabulary, self.width), POSITIONS: (self.buckets, self.heads)}
        for block in range(self.depth):
            attention, feed_forward = (f"encoder.block.{block}.layer.{layer}" for layer in (0, 1))
            shapes |= {f"{attention}.SelfAttention.{name}.weight": (inner, self.width) for name in "qkv"}
            shapes |= {
                f"{attention}.SelfAttention.o.weight": (self.width, inner),
                f"{attention}.layer_norm.weight": (self.width,),
                f"{feed_forward}.DenseReluDense.wi_0.weight": (self.hidden, self.width),
                f"{feed_forward}.DenseReluDense.wi_1.weight": (self.hidden, self.width),
                f"{feed_forward}.DenseReluDense.wo.weight": (self.width, self.hidden),
                f"{feed_forward}.layer_norm.weight": (self.width,),
            }
        return shapes | {"encoder.final_layer_norm.weight": (self.width,)}


def open_t5(folder: Path, config: T5Config) -> Checkpoint:
    """The encoder's tensors of a downloaded model, all there and of the right shapes; its decoder is left aside."""
    checkpoint = open_checkpoint([folder])

    def encoders(key: str) -> str | None:
        if key.startswith("decoder.") or key == "lm_head.weight" or (key == SAME_WORDS and WORDS in checkpoint):
            return None
        return WORDS if key == SAME_WORDS else key

    checkpoint = checkpoint.renamed(encoders)
    checkpoint.require(config.shapes())
    return checkpoint


def export_t5(config: T5Config, get: Get, longest: int, path: Path, half: bool = False) -> None:
    """Writes the graph for prompts of at most ``longest`` tokens, its weights to ``{path}.data``, one by one."""
    path.write_bytes(build_t5(config, get, longest, half, WeightFile.beside(path)).SerializeToString())


def build_t5(
    config: T5Config, get: Get, longest: int, half: bool = False, weight_file: WeightFile | None = None
) -> onnx.ModelProto:
    """The graph; with ``half`` matrices are stored in float16."""
    g = Graph("text", half, weight_file)
    ids = g.input("input_ids", np.int64, ["N", "L"])
    mask = g.input("attention_mask", np.int64, ["N", "L"])
    encoder = _Encoder(g, config, get)
    g.output("text_features", encoder.features(ids, encoder.bias(mask, longest)), np.float32, ["N", "L", config.width])
    g.output("text_mask", mask, np.int64, ["N", "L"])
    return g.model()


def distance_buckets(config: T5Config, longest: int) -> np.ndarray:
    """The bucket int64 [2·longest − 1] of each distance key − query from 1 − longest on.

    Half of the buckets are for keys after the query. Of a half, the first half hold one distance each, and the others
    grow by a constant factor up to ``farthest``.
    """
    side = config.buckets // 2
    single = side // 2
    distance = torch.arange(1 - longest, longest)
    far = distance.abs()
    growth = torch.log(far.clamp(min=1).float() / single) / math.log(config.farthest / single)
    grown = (single + (growth * (side - single)).long()).clamp(max=side - 1)
    return (torch.where(far < single, far, grown) + side * (distance > 0)).numpy()


class _Encoder:
    """The encoder's layers as nodes."""

    def __init__(self, graph: Graph, config: T5Config, get: Get):
        self._graph, self._config, self._get = graph, config, get

    def bias(self, mask: str, longest: int) -> str:
        """What is added to all scores: [N, H, L, L]."""
        g = self._graph
        places = g.add("Range", g.index(0), g.add("Squeeze", dimension(g, mask, 1)), g.index(1))
        distance = g.add("Sub", g.add("Unsqueeze", places, g.ints(0)), g.add("Unsqueeze", places, g.ints(1)))
        buckets = g.constant(distance_buckets(self._config, longest))
        bucket = g.add("Gather", buckets, g.add("Add", distance, g.index(longest - 1)))
        by_place = g.add("Transpose", g.add("Gather", g.weight(self._get(POSITIONS)), bucket), perm=[2, 0, 1])
        hidden = g.add("Cast", g.add("Sub", g.index(1), mask), to=onnx.TensorProto.FLOAT)
        hidden = g.add("Unsqueeze", g.add("Mul", hidden, g.number(NO_SCORE)), g.ints(1, 2))
        return g.add("Add", g.add("Unsqueeze", by_place, g.ints(0)), hidden)

    def features(self, ids: str, bias: str) -> str:
        """input_ids [N, L] to [N, L, C]."""
        g = self._graph
        x = g.add("Gather", g.weight(self._get(WORDS)), ids)
        for block in range(self._config.depth):
            for layer, part in enumerate((self._attention, self._feed_forward)):
                key = f"encoder.block.{block}.layer.{layer}"
                x = g.add("Add", x, part(self._norm(x, f"{key}.layer_norm"), key, bias))
        return self._norm(x, "encoder.final_layer_norm")

    def _attention(self, x: str, key: str, bias: str) -> str:
        q, k, v = (self._product(x, f"{key}.SelfAttention.{name}") for name in "qkv")
        heads = self._config.heads
        drawn = self._graph.add("MultiHeadAttention", q, k, v, "", "", bias, num_heads=heads, scale=1.0)
        return self._product(drawn, f"{key}.SelfAttention.o")

    def _feed_forward(self, x: str, key: str, _: str) -> str:
        g, key = self._graph, f"{key}.DenseReluDense"
        gate = g.add("FastGelu", self._product(x, f"{key}.wi_0"))
        return self._product(g.add("Mul", gate, self._product(x, f"{key}.wi_1")), f"{key}.wo")

    def _product(self, x: str, key: str) -> str:
        weight = self._graph.weight(np.ascontiguousarray(self._get(f"{key}.weight").T))
        return self._graph.add("MatMul", x, weight)

    def _norm(self, x: str, key: str) -> str:
        """By the root of the mean square: no mean is taken off, and nothing added."""
        weight = self._graph.weight(self._get(f"{key}.weight"))
        epsilon = self._config.epsilon
        return self._graph.add("SimplifiedLayerNormalization", x, weight, axis=-1, epsilon=epsilon, stash_type=1)
