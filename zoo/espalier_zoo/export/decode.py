"""``decode.onnx``: latent float [N, d, H, W] to image uint8 [N, H, W, 3], RGB."""

from enum import Enum
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from espalier_zoo.export.module import build_module


class Rounding(Enum):
    """What is added to a value in 0..255 before its fraction is cut off."""

    TRUNCATE = 0.0
    """As Infinity's own code does."""
    HALF_UP = 0.5


class ToBytes(nn.Module):
    """A decoder whose pictures come out as bytes."""

    def __init__(self, decoder: nn.Module, rounding: Rounding):
        super().__init__()
        self.decoder, self.rounding = decoder, rounding

    def forward(self, latent: Tensor) -> Tensor:
        pictures = (self.decoder(latent).clamp(-1, 1) + 1) * 127.5
        return (pictures + self.rounding.value).to(torch.uint8).permute(0, 2, 3, 1)


def export_decode(
    decoder: nn.Module, latent: tuple[int, int, int], path: Path, rounding: Rounding, half: bool = False
) -> None:
    """Writes the graph of a decoder of latents [N, d, H, W] to pictures [N, 3, ·, ·], RGB, in -1..1, for any N.

    With ``half`` its kernels are stored in float16 and cast to float32 in the graph.
    """
    path.write_bytes(build_decode(decoder, latent, rounding, half).SerializeToString())


def build_decode(
    decoder: nn.Module, latent: tuple[int, int, int], rounding: Rounding, half: bool = False
) -> onnx.ModelProto:
    """The graph; ``latent`` is (d, H, W)."""
    example = torch.zeros(2, *latent)
    return build_module(ToBytes(decoder, rounding), {"latent": (example, {0: "N"})}, ["image"], half)
