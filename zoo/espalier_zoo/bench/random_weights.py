"""A generator of random weights in the sizes of a public model, made in a minute without a second copy in memory."""

from math import prod
from pathlib import Path
from zlib import crc32

import numpy as np
import torch

from espalier_zoo.export.decode import Rounding, export_decode
from espalier_zoo.export.rollout import export_rollout
from espalier_zoo.models.infinity import InfinityConfig, checkpoint_shapes
from espalier_zoo.models.infinity_schedules import schedule
from espalier_zoo.models.infinity_vae import InfinityVaeConfig, InfinityVaeDecoder

BLOCK = 1 << 24
"""Random numbers that are made; larger weights repeat them."""


def infinity_2b() -> tuple[InfinityConfig, InfinityVaeConfig]:
    """The sizes of the public Infinity-2B at 1024×1024."""
    grids = schedule("1M", 1.0)
    config = InfinityConfig(
        width=2048,
        heads=16,
        depth=32,
        block_chunks=8,
        text_width=2048,
        text_max=512,
        latent_channels=32,
        scales=grids.scales,
        rope_grid=grids.rope_grid,
    )
    return config, InfinityVaeConfig()


def tiny() -> tuple[InfinityConfig, InfinityVaeConfig]:
    """Sizes of which everything can be tried within seconds on a processor."""
    config = InfinityConfig(
        width=128,
        heads=1,
        depth=2,
        block_chunks=1,
        text_width=64,
        text_max=16,
        latent_channels=32,
        scales=schedule("1M", 1.0).scales[:5],
    )
    return config, InfinityVaeConfig(base_channels=32, channel_multipliers=(1, 1))


class RandomWeights:
    """Weights by their keys, such that every one of them matters and float16 holds what comes of them."""

    def __init__(self, config: InfinityConfig, seed: int = 0):
        self._shapes = checkpoint_shapes(config)
        deviation = (3 * config.width) ** -0.5
        self._block = (deviation * np.random.default_rng(seed).standard_normal(BLOCK, np.float32)).astype(np.float16)

    def __call__(self, key: str) -> np.ndarray:
        shape = self._shapes[key]
        start = crc32(key.encode()) % (BLOCK // 2)
        weight = np.resize(self._block[start : start + prod(shape)], shape[::-1]).T  # as exporters store a matrix
        if key.endswith("norm.weight"):
            return weight + np.float16(1)
        if key.endswith("scale_mul_1H11"):
            return weight + np.float16(np.log(8))
        if key.endswith("ada_gss"):
            return weight + np.float16([[0.5]] * 2 + [[0]] * 4)
        return weight


def write_rollout(folder: Path, config: InfinityConfig) -> None:
    """Writes ``rollout.onnx`` with products in float16, or leaves the one that is there."""
    file = folder / "rollout.onnx"
    if not file.is_file():  # it is written after its data, and so is whole
        folder.mkdir(parents=True, exist_ok=True)
        export_rollout(config, RandomWeights(config), file, external=True, half_products=True)


def write_decoder(folder: Path, config: InfinityConfig, vae: InfinityVaeConfig) -> None:
    """Writes ``decode.onnx``, or leaves the one that is there."""
    file = folder / "decode.onnx"
    if not file.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(0)
        latent = (config.latent_channels, *config.latent_grid())
        export_decode(InfinityVaeDecoder(vae), latent, file, Rounding.TRUNCATE, half=True)
