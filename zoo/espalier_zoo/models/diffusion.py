"""A flow-matching transformer over the latent of the visual tokenizer: the diffusion baseline.

It draws the latent that the generators' decoder takes, by rectified flow (arXiv 2209.03003): the points between a
latent x₀ and noise ε lie on a line, x_t = (1 − t)·x₀ + t·ε, and the network is asked for the line's direction, ε − x₀.
Drawing begins at the noise, t = 1, and goes down to t = 0 in equal steps of Euler's. The network is a diffusion
transformer (arXiv 2212.09748): the time modulates every block, the text is seen by cross-attention.

Letters in shapes: N pictures, T = H·W tokens of the latent grid, L text tokens, C width, d latent channels.
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from espalier_zoo.models.infinity import NORM_EPSILON, CrossAttention, FeedForward, SelfAttention, modulated, turns

FREQUENCIES = 128
"""Of the sines and cosines that the time is read through."""
LONGEST_PERIOD = 10000.0
TIMES_PER_UNIT = 1000.0


@dataclass(frozen=True)
class DiffusionConfig:
    """Sizes; ``latent`` is (d, H, W), and every latent pixel is a token."""

    latent: tuple[int, int, int]
    text_width: int
    text_max: int
    width: int = 320
    heads: int = 5
    depth: int = 6
    mlp_ratio: int = 4

    @property
    def tokens(self) -> int:
        return self.latent[1] * self.latent[2]

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "DiffusionConfig":
        """The inverse of ``to_dict``, also after a round through JSON."""
        return cls(**(values | {"latent": tuple(values["latent"])}))


def time_features(time: Tensor) -> Tensor:
    """Times [N] in 0..1 as cosines and sines [N, 2·FREQUENCIES]."""
    powers = torch.arange(FREQUENCIES, device=time.device) / FREQUENCIES
    angles = TIMES_PER_UNIT * time[:, None] * torch.exp(-math.log(LONGEST_PERIOD) * powers)
    return torch.cat([angles.cos(), angles.sin()], dim=1)


class Block(nn.Module):
    """Self-attention and feed-forward, both modulated and gated by the time, cross-attention between them."""

    def __init__(self, config: DiffusionConfig):
        super().__init__()
        self.modulation = nn.Linear(config.width, 6 * config.width)
        self.sa = SelfAttention(config.width, config.heads)
        self.ca_norm = nn.LayerNorm(config.width, eps=NORM_EPSILON)
        self.ca = CrossAttention(config.width, config.heads)
        self.ffn = FeedForward(config.width, config.mlp_ratio * config.width)

    def forward(self, x: Tensor, time: Tensor, text: Tensor, text_mask: Tensor | None, turn: Tensor) -> Tensor:
        """x [N, T, C], time [N, C], text [N, L, C], text_mask added to scores [N, 1, 1, L], turn [T, E/2, 2]."""
        gate1, gate2, scale1, scale2, shift1, shift2 = self.modulation(time).unflatten(1, (6, 1, -1)).unbind(1)
        drawn, _ = self.sa(modulated(x, scale1, shift1), turn)
        x = torch.addcmul(x, drawn, gate1)
        x = x + self.ca(self.ca_norm(x), text, text_mask)
        return torch.addcmul(x, self.ffn(modulated(x, scale2, shift2)), gate2)


class Diffusion(nn.Module):
    """The transformer. Inside, latents have mean 0 and variance 1 in every channel; ``mean`` and ``std`` say how."""

    def __init__(self, config: DiffusionConfig):
        super().__init__()
        self.config = config
        channels, height, width = config.latent
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))
        self.unconditional = nn.Parameter(torch.empty(config.text_max, config.text_width))
        self.text_proj = nn.Sequential(
            nn.Linear(config.text_width, config.width),
            nn.GELU(approximate="tanh"),
            nn.Linear(config.width, config.width),
        )
        self.time_proj = nn.Sequential(
            nn.Linear(2 * FREQUENCIES, config.width), nn.SiLU(), nn.Linear(config.width, config.width), nn.SiLU()
        )
        self.embed = nn.Linear(channels, config.width)
        self.places = nn.Parameter(torch.empty(config.tokens, config.width))
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.depth))
        self.head_modulation = nn.Linear(config.width, 2 * config.width)
        self.head = nn.Linear(config.width, channels)
        self.register_buffer("turns", torch.view_as_real(rotation(config)), persistent=False)
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        """Truncated normals; every modulation and the head are zero, so that a block starts near the identity."""
        std = (3 * self.config.width) ** -0.5
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=std)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        nn.init.normal_(self.unconditional, std=self.config.text_width**-0.5)
        nn.init.trunc_normal_(self.places, std=std)
        for block in self.blocks:
            block.ca.proj.weight.div_(math.sqrt(2 * self.config.depth))
        for last in (*(block.modulation for block in self.blocks), self.head_modulation, self.head):
            nn.init.zeros_(last.weight)

    def normalised(self, latent: Tensor) -> Tensor:
        """Latents [N, d, H, W] as the tokens [N, T, d] that the network works on."""
        return (latent.flatten(2).transpose(1, 2) - self.mean) / self.std

    def latent(self, tokens: Tensor) -> Tensor:
        """The inverse of ``normalised``."""
        return (tokens * self.std + self.mean).transpose(1, 2).unflatten(2, self.config.latent[1:])

    def forward(
        self,
        x: Tensor,
        time: Tensor,
        text_features: Tensor,
        text_mask: Tensor | None = None,
        drop: Tensor | None = None,
    ) -> Tensor:
        """The direction [N, T, d] at x_t [N, T, d], from data to noise.

        time [N]; text_features [N, L, Ct] and text_mask bool [N, L], true at real tokens, None where all are real;
        rows with drop [N] are unconditional: they see ``unconditional``, at the length of their text.
        """
        if drop is not None:
            length = text_features.shape[1]
            text_features = torch.where(drop[:, None, None], self.unconditional[:length], text_features)
        if text_mask is not None:
            text_mask = torch.zeros(text_mask.shape).masked_fill_(~text_mask, -torch.inf)[:, None, None]
        text = self.text_proj(text_features)
        condition = self.time_proj(time_features(time))
        x = self.embed(x) + self.places
        for block in self.blocks:
            x = block(x, condition, text, text_mask, self.turns)
        scale, shift = self.head_modulation(condition).unflatten(1, (2, 1, -1)).unbind(1)
        return self.head(modulated(x, scale, shift))

    @torch.no_grad()
    def sample(self, text_features: Tensor, noise: Tensor, guidance: Tensor, steps: int) -> Tensor:
        """Draws latents [N, d, H, W]: the reference that ``sample.onnx`` equals.

        text_features [1|N, L, Ct], all real; noise [N, d, H, W], standard normal; guidance [N].
        """
        rows, length = len(noise), text_features.shape[1]
        text = text_features.expand(rows, -1, -1)
        text = torch.cat([text, self.unconditional[:length].expand_as(text)])
        x = noise.flatten(2).transpose(1, 2)
        guidance = guidance[:, None, None]
        for step in range(steps):
            time = torch.full((2 * rows,), 1 - step / steps)
            conditional, unconditional = self(x.repeat(2, 1, 1), time, text).chunk(2)
            x = x - (unconditional + guidance * (conditional - unconditional)) / steps
        return self.latent(x)


def rotation(config: DiffusionConfig) -> Tensor:
    """Unit complex numbers [T, E/2] that turn a head's pairs at each token, as Infinity's do on its last scale."""
    _, height, width = config.latent
    rows, columns = (torch.arange(side, dtype=torch.float64) for side in (height, width))
    return turns(rows, columns, config.width // config.heads)
