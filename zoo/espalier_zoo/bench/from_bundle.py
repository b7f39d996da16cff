"""PyTorch models with the weights that a bundle's graphs hold: what ``export`` did, undone.

So a graph and its reference can be compared where no checkpoint is at hand.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from espalier_zoo.errors import BadInput
from espalier_zoo.export.bundle import MANIFEST
from espalier_zoo.models.infinity import LEVELS, Infinity, InfinityConfig
from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig

KNOBS = {"guidance": "guidance", "temperature": "temperature", "top_p": "topP"}
"""The settings of a call, and their names in a manifest."""
HALF = ".half"
"""What ``export/module.py`` adds to the name of a weight that it stores in float16."""


def read_manifest(folder: Path) -> dict:
    """A bundle's manifest, which must be a generator's."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
    except (OSError, ValueError) as e:
        raise BadInput(f"{folder} is no bundle: {MANIFEST} cannot be read: {e}") from e
    if "generator" not in manifest:
        raise BadInput(f"{folder} is no bundle of a generator")
    return manifest


def read_infinity(rollout: onnx.ModelProto, generator: dict) -> Infinity:
    """The transformer of a ``rollout.onnx`` without a data file beside it; ``generator`` is the manifest's part."""
    return _Rollout(rollout, generator).model()


def read_decoder(decode: onnx.ModelProto, bits: int) -> nn.Module:
    """The decoder of a ``decode.onnx`` that was exported from a ``VisualTokenizer`` of the shipped sizes."""
    decoder = VisualTokenizer(VisualTokenizerConfig(bits=bits)).decoder.eval()
    state, norms = {}, []
    for tensor in decode.graph.initializer:
        value = numpy_helper.to_array(tensor)
        if tensor.name.startswith("decoder."):
            state[tensor.name.removeprefix("decoder.").removesuffix(HALF)] = _float(value)
        elif value.ndim == 3:  # the exporter renames weights and biases of group norms, in their order
            norms.append(_float(value.reshape(-1)))
    names = [name for name, module in decoder.named_modules() if isinstance(module, nn.GroupNorm)]
    keys = [f"{name}.{part}" for name in names for part in ("weight", "bias")]
    decoder.load_state_dict(state | dict(zip(keys, norms, strict=True)))
    return decoder


def _float(value: np.ndarray) -> Tensor:
    return torch.from_numpy(value.astype(np.float32))


class _Rollout:
    """The weights of a graph in the order in which ``export/transformer.py`` adds them."""

    def __init__(self, rollout: onnx.ModelProto, generator: dict):
        self._generator = generator
        self._values = {tensor.name: numpy_helper.to_array(tensor) for tensor in rollout.graph.initializer}
        named = [name for name in self._values if name.startswith("weight_")]
        self._next: Iterator[str] = iter(sorted(named, key=lambda name: int(name.removeprefix("weight_"))))
        loop = next(node for node in rollout.graph.node if node.op_type == "Loop")
        self._body = {
            output: node for node in onnx.helper.get_node_attr_value(loop, "body").node for output in node.output
        }
        self._state: dict[str, Tensor] = {}

    def model(self) -> Infinity:
        self._levels()
        self._linear("word_embed")
        self._linear("head")
        scales = self._query_scales()
        keys = [f"block_chunks.0.module.{block}" for block in range(len(scales))]
        for key, scale in zip(keys, scales, strict=True):
            self._block(key, scale)
        self._as("cfg_uncond", "text_norm.weight")
        config = self._config(len(scales), scales[0].shape[1])
        pool = "text_proj_for_sos.ca"
        self._joint(pool, "mat_kv", "zero_k_bias", "v_bias")
        self._state[f"{pool}.mat_q"] = self._weight().reshape(1, config.pool_heads, -1)
        self._linear(f"{pool}.proj")
        self._state["pos_start"] = self._weight().reshape(1, 1, -1)
        self._modulation("shared_ada_lin.1", 6, slice(2, 4))
        self._modulation("head_nm.ada_lin.1", 2, slice(0, 1))
        self._linear("text_proj_for_ca.0")
        self._linear("text_proj_for_ca.2")
        for key in keys:
            self._state[f"{key}.ada_gss"] = self._weight().reshape(1, 1, 6, -1)
            self._joint(f"{key}.ca", "mat_kv", "zero_k_bias", "v_bias")
        model = Infinity(config).eval()
        model.load_state_dict(self._state)
        self._check_rotation(model)
        return model

    def _weight(self) -> Tensor:
        return _float(self._values[next(self._next)])

    def _as(self, *keys: str) -> None:
        for key in keys:
            self._state[key] = self._weight()

    def _linear(self, key: str) -> None:
        self._state[f"{key}.weight"] = self._weight().T.contiguous()
        self._state[f"{key}.bias"] = self._weight()

    def _joint(self, key: str, matrix: str, *biases: str) -> None:
        self._state[f"{key}.{matrix}.weight"] = self._weight().T.contiguous()
        for name, bias in zip(biases, self._weight().chunk(len(biases)), strict=True):
            self._state[f"{key}.{name}"] = bias

    def _modulation(self, key: str, parts: int, scales: slice) -> None:
        self._linear(key)
        self._state[f"{key}.bias"].unflatten(0, (parts, -1))[scales] -= 1

    def _block(self, key: str, scale: Tensor) -> None:
        self._joint(f"{key}.sa", "mat_qkv", "q_bias", "zero_k_bias", "v_bias")
        self._state[f"{key}.sa.scale_mul_1H11"] = scale.log()
        self._linear(f"{key}.sa.proj")
        self._as(f"{key}.ca_norm.weight", f"{key}.ca_norm.bias")
        for name in ("ca.mat_q", "ca.proj", "ffn.fc1", "ffn.fc2"):
            self._linear(f"{key}.{name}")

    def _levels(self) -> None:
        """A graph keeps the levels of its scales alone."""
        used = self._weight()
        self._state["lvl_embed.weight"] = torch.cat([used, torch.zeros(LEVELS - len(used), used.shape[1])])

    def _query_scales(self) -> list[Tensor]:
        """Each block's factor of unit queries, [1, H, 1, 1]; equal ones are one constant, found by its uses."""
        factors = []
        for node in self._body.values():
            unit = self._body.get(node.input[0]) if node.op_type == "Mul" else None
            if unit is not None and unit.op_type == "SimplifiedLayerNormalization":
                factors.append(_float(self._values[node.input[1]]).reshape(1, -1, 1, 1))
        return factors

    def _config(self, depth: int, heads: int) -> InfinityConfig:
        part, (text_max, text_width) = self._generator, self._state["cfg_uncond"].shape
        hidden, width = self._state["block_chunks.0.module.0.ffn.fc1.weight"].shape
        return InfinityConfig(
            width=width,
            heads=heads,
            depth=depth,
            block_chunks=1,
            text_width=text_width,
            text_max=text_max,
            latent_channels=part["latent"][0],
            scales=tuple(map(tuple, part["scales"])),
            patchify=part["bitsPerToken"] == 4 * part["latent"][0],
            mlp_ratio=hidden // width,
        )

    def _check_rotation(self, model: Infinity) -> None:
        """The grid on which a graph counts rotary positions is in its tables alone."""
        rotary = next(node for node in self._body.values() if node.op_type == "RotaryEmbedding")
        if not np.array_equal(self._values[rotary.input[2]], model._turns[..., 0].numpy()):
            raise BadInput("rollout.onnx counts rotary positions on another grid than its last, which is not supported")
