"""The decoder of Infinity's public VAE: a latent Z to a picture, convolutions only."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch.nn.functional as F
from torch import Tensor, nn

from espalier_zoo.errors import BadInput
from espalier_zoo.models.checkpoint import key_faults

GROUPS = 32
NORM_EPSILON = 1e-6
BLOCKS_PER_LEVEL = 3


@dataclass(frozen=True)
class InfinityVaeConfig:
    """Sizes. Level i has base · multipliers[i] channels; level 0 is the picture's resolution, each next one half."""

    latent_channels: int = 32
    base_channels: int = 128
    channel_multipliers: tuple[int, ...] = (1, 2, 4, 4, 4)

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels of each level."""
        return tuple(self.base_channels * multiplier for multiplier in self.channel_multipliers)

    def feature_maps(self, height: int, width: int) -> list[tuple[int, int, int]]:
        """The largest of each level, (channels, height, width), for a latent of this grid: as it was just doubled."""
        levels = len(self.channels)
        coarser = (*self.channels[1:], self.channels[-1])
        return [(coarser[i], height << (levels - 1 - i), width << (levels - 1 - i)) for i in range(levels)]

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "InfinityVaeConfig":
        """The inverse of ``to_dict``, also after a round through JSON."""
        return cls(**(values | {"channel_multipliers": tuple(values["channel_multipliers"])}))


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(GROUPS, channels, eps=NORM_EPSILON)


class ResnetBlock(nn.Module):
    """Two normalised 3×3 convolutions around a skip, which is 1×1 where the channels change."""

    def __init__(self, channels: int, out: int):
        super().__init__()
        self.norm1, self.conv1 = _norm(channels), nn.Conv2d(channels, out, 3, padding=1)
        self.norm2, self.conv2 = _norm(out), nn.Conv2d(out, out, 3, padding=1)
        if channels != out:
            self.nin_shortcut = nn.Conv2d(channels, out, 1)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return h + (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x)


class Upsample(nn.Module):
    """Nearest doubling, then a 3×3 convolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


class Middle(nn.Module):
    """Two blocks at the latent's resolution."""

    def __init__(self, channels: int):
        super().__init__()
        self.block_1, self.block_2 = ResnetBlock(channels, channels), ResnetBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.block_1(x))


class Level(nn.Module):
    """The blocks of one resolution, and the step to the next finer one except at the finest."""

    def __init__(self, channels: int, out: int, finest: bool):
        super().__init__()
        self.block = nn.ModuleList(ResnetBlock(out if i else channels, out) for i in range(BLOCKS_PER_LEVEL))
        if not finest:
            self.upsample = Upsample(out)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.block:
            x = block(x)
        return self.upsample(x) if hasattr(self, "upsample") else x


class InfinityVaeDecoder(nn.Module):
    """Z float [N, d, H, W] to pictures float [N, 3, S·H, S·W], RGB, about -1..1; S doubles with every level."""

    def __init__(self, config: InfinityVaeConfig):
        super().__init__()
        self.config = config
        channels = config.channels
        self.conv_in = nn.Conv2d(config.latent_channels, channels[-1], 3, padding=1)
        self.mid = Middle(channels[-1])
        coarser = channels[1:] + channels[-1:]
        self.up = nn.ModuleList(Level(coarser[i], channels[i], finest=i == 0) for i in range(len(channels)))
        self.norm_out = _norm(channels[0])
        self.conv_out = nn.Conv2d(channels[0], 3, 3, padding=1)

    def forward(self, latent: Tensor) -> Tensor:
        x = self.mid(self.conv_in(latent))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(x)))

    def load_checkpoint(self, state: Mapping[str, Tensor]) -> "InfinityVaeDecoder":
        """Loads the ``decoder.`` part of a public VAE's flat state dictionary; the encoder's part is not needed.

        Some checkpoints hold every convolution and norm one level deeper (``conv1.conv.weight``), and some all of it
        under ``vae.``; both load. A missing, unknown or wrongly shaped decoder key is an error that names it.
        """
        given = {plain: state[key] for key in state if (plain := decoder_key(key)) is not None}
        own = {key: value.shape for key, value in self.state_dict().items()}
        if faults := key_faults({key: value.shape for key, value in given.items()}, own):
            raise BadInput(f"VAE decoder checkpoint: {faults}")
        self.load_state_dict(given)
        return self


def decoder_key(key: str) -> str | None:
    """A VAE checkpoint's key as the decoder's own, without prefix and extra level; None for the encoder's."""
    key = key.removeprefix("vae.")
    if not key.startswith("decoder."):
        return None
    key = key.removeprefix("decoder.")
    return re.sub(r"\b(conv\w*|norm\w*|nin_shortcut)\.(?:conv|norm)\.(weight|bias)$", r"\1.\2", key)
