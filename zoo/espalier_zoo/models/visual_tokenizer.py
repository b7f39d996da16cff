"""A bitwise multi-scale visual tokenizer: pictures to bits, scale by scale, and back.

The code of a bit is ±1/√d. A scale's codes are upsampled bilinearly to the final grid and summed to the latent Z;
what Z leaves of the encoder's features is what the next scale encodes (Infinity, arXiv 2412.04431, section 3).
"""

from dataclasses import asdict, dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class VisualTokenizerConfig:
    """Sizes; ``scales`` are square grids, the last one is the latent grid, a sixteenth of the picture's side."""

    bits: int = 32
    scales: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 8)
    encoder_widths: tuple[int, int, int] = (48, 96, 192)
    encoder_blocks: tuple[int, int, int] = (1, 1, 2)
    decoder_widths: tuple[int, int, int] = (64, 128, 192)
    decoder_blocks: tuple[int, int, int] = (1, 2, 2)
    patch: int = field(default=4, init=False)

    def decoder_maps(self) -> list[tuple[int, int, int]]:
        """The largest feature maps of the decoder's levels, (channels, height, width), each as it was just doubled."""
        side = self.scales[-1]
        _, middle, coarse = self.decoder_widths
        return [(coarse, 2 * side, 2 * side), (middle, 4 * side, 4 * side)]

    def to_dict(self) -> dict:
        return {key: value for key, value in asdict(self).items() if key != "patch"}


class ResidualBlock(nn.Module):
    """Two normalised 3×3 convolutions around a skip."""

    def __init__(self, width: int):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, width), nn.GroupNorm(8, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        return x + self.conv2(F.silu(self.norm2(h)))


class Upsample(nn.Module):
    """Nearest doubling, then a 3×3 convolution."""

    def __init__(self, width: int, out: int):
        super().__init__()
        self.conv = nn.Conv2d(width, out, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"))


def _encoder(config: VisualTokenizerConfig) -> nn.Sequential:
    fine, middle, coarse = config.encoder_widths
    layers: list[nn.Module] = [nn.PixelUnshuffle(config.patch), nn.Conv2d(3 * config.patch**2, fine, 3, padding=1)]
    layers += [ResidualBlock(fine) for _ in range(config.encoder_blocks[0])]
    layers += [nn.Conv2d(fine, middle, 3, stride=2, padding=1)]
    layers += [ResidualBlock(middle) for _ in range(config.encoder_blocks[1])]
    layers += [nn.Conv2d(middle, coarse, 3, stride=2, padding=1)]
    layers += [ResidualBlock(coarse) for _ in range(config.encoder_blocks[2])]
    layers += [nn.GroupNorm(8, coarse), nn.SiLU(), nn.Conv2d(coarse, config.bits, 1)]
    return nn.Sequential(*layers)


def _decoder(config: VisualTokenizerConfig) -> nn.Sequential:
    fine, middle, coarse = config.decoder_widths
    layers: list[nn.Module] = [nn.Conv2d(config.bits, coarse, 3, padding=1)]
    layers += [ResidualBlock(coarse) for _ in range(config.decoder_blocks[2])]
    layers += [Upsample(coarse, middle)]
    layers += [ResidualBlock(middle) for _ in range(config.decoder_blocks[1])]
    layers += [Upsample(middle, fine)]
    layers += [ResidualBlock(fine) for _ in range(config.decoder_blocks[0])]
    layers += [nn.GroupNorm(8, fine), nn.SiLU(), nn.Conv2d(fine, 3 * config.patch**2, 3, padding=1)]
    layers += [nn.PixelShuffle(config.patch)]
    return nn.Sequential(*layers)


@dataclass
class Quantized:
    """What quantisation gives: the latent, the bits of each scale and the input features of each later scale."""

    latent: Tensor
    """[N, d, H, W]"""
    bits: list[Tensor]
    """Per scale, bool [N, h·w, d], in token order."""
    inputs: list[Tensor]
    """For scales 2..K, Z so far on that scale's grid: [N, h·w, d]."""


def quantize(features: Tensor, scales: tuple[int, ...], flip: Tensor | None = None) -> Quantized:
    """Quantises features [N, d, H, W] scale by scale.

    ``flip`` [N, K] is the probability with which each bit is flipped before it is added to Z. The bits returned are
    the right ones; the inputs carry the wrong ones, and later scales correct them (Infinity's self-correction).
    """
    d, side = features.shape[1], scales[-1]
    step = d**-0.5
    latent = torch.zeros_like(features)
    bits, inputs = [], []
    for k, scale in enumerate(scales):
        left = features - latent
        target = left if scale == side else F.interpolate(left, size=(scale, scale), mode="area")
        right = target > 0
        bits.append(right.flatten(2).transpose(1, 2))
        used = right
        if flip is not None:
            used = right ^ (torch.rand_like(target) < flip[:, k, None, None, None])
        code = torch.where(used, step, -step)
        latent = latent + upsampled(code, side)
        if k + 1 < len(scales):
            inputs.append(resized(latent, scales[k + 1]).flatten(2).transpose(1, 2))
    return Quantized(latent, bits, inputs)


def upsampled(code: Tensor, side: int) -> Tensor:
    """A scale's codes on the final grid."""
    return code if code.shape[-1] == side else F.interpolate(code, size=(side, side), mode="bilinear")


def resized(latent: Tensor, scale: int) -> Tensor:
    """The latent on another scale's grid, bilinear, corners not aligned, no antialias."""
    if latent.shape[-1] == scale:
        return latent
    return F.interpolate(latent, size=(scale, scale), mode="bilinear", antialias=False)


class VisualTokenizer(nn.Module):
    """Pictures float [N, 3, S, S] in -1..1 to features, bits and back."""

    def __init__(self, config: VisualTokenizerConfig):
        super().__init__()
        self.config = config
        self.encoder = _encoder(config)
        self.decoder = _decoder(config)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """The reconstruction and the commitment loss."""
        features = self.encoder(pictures)
        latent = quantize(features.detach(), self.config.scales).latent
        commitment = F.mse_loss(features, latent)
        return self.decoder(features + (latent - features).detach()), commitment
