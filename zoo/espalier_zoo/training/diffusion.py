"""Trains the diffusion baseline: flow matching over the latents of the same pictures that the generator learns from.

The latent is what the tokenizer's bits make of a picture, so that the same decoder serves both. Times are
logit-normal (arXiv 2403.03206): most of what is to be learned lies between noise and data, not at the ends.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from espalier_zoo.models.diffusion import Diffusion, DiffusionConfig
from espalier_zoo.models.text_encoder import TextEncoder, TextEncoderConfig
from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig, quantize
from espalier_zoo.training.generator import UNCONDITIONAL, Encoded
from espalier_zoo.training.loop import CHECKPOINT, Schedule, load_average, train
from espalier_zoo.training.roles import Roles
from espalier_zoo.training.single_draws import judged, pictures_of
from espalier_zoo.training.visual_tokenizer import load_tokenizer
from espalier_zoo.world.words import vocabulary

BATCH = 64
MEASURED = 4096
"""Pictures whose latents the mean and the deviation of each channel are taken of."""
STEPS, GUIDANCE = 8, 2.0
"""How the model draws unless told otherwise."""


class ShapesDiffusion(nn.Module):
    """The transformer and the text encoder that is trained with it."""

    def __init__(self, diffusion: DiffusionConfig, text: TextEncoderConfig):
        super().__init__()
        self.diffusion = Diffusion(diffusion)
        self.text = TextEncoder(text)
        self.roles = Roles(text.width)

    def matrices(self) -> list[nn.Parameter]:
        """What Muon updates: the blocks' matrices, but for those that read the time alone."""
        named = [pair for block in self.diffusion.blocks for pair in block.named_parameters()]
        return [weight for name, weight in named if weight.ndim == 2 and not name.startswith("modulation")]


def configs(tokenizer: VisualTokenizerConfig) -> tuple[DiffusionConfig, TextEncoderConfig]:
    """The shipped sizes: the generator's text encoder, and more than three times its transformer."""
    text, side = TextEncoderConfig(vocabulary=len(vocabulary())), tokenizer.scales[-1]
    return DiffusionConfig((tokenizer.bits, side, side), text.width, text.tokens), text


def load_diffusion(folder: Path) -> ShapesDiffusion:
    """The model that a training folder holds."""
    saved = torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True)
    diffusion = DiffusionConfig.from_dict(saved["config"]["diffusion"])
    model = ShapesDiffusion(diffusion, TextEncoderConfig(**saved["config"]["text"]))
    return load_average(folder / CHECKPOINT, model)


@dataclass(frozen=True)
class Latents:
    """A batch of pictures and their prompts."""

    latent: Tensor
    """float32 [N, d, H, W]"""
    ids: Tensor
    """int64 [N, L]"""
    mask: Tensor
    roles: Tensor
    """int64 [N, L, 3], see ``roles_of``."""


def batches(data: Encoded, scales: tuple[int, ...], start: int, batch: int = BATCH) -> Iterator[Latents]:
    """Batches from the start-th on, which depend on (seed, batch number) alone; ``scales`` are the tokenizer's."""
    for number in count(start):
        features, *text = data.batch_of(np.random.default_rng([data.seed, number]), batch)
        yield Latents(quantize(features, scales).latent, *text)


@torch.no_grad()
def measure(model: Diffusion, data: Encoded, scales: tuple[int, ...]) -> None:
    """Sets the mean and the deviation of each channel."""
    features, *_ = data.pictures(np.random.default_rng(data.seed), min(MEASURED, len(data.ids)))
    latent = quantize(features, scales).latent
    model.mean.copy_(latent.mean((0, 2, 3)))
    model.std.copy_(latent.std((0, 2, 3)))


def flow_loss(model: ShapesDiffusion, batch: Latents) -> tuple[Tensor, dict[str, float]]:
    """Mean squared error of the direction, and the text's roles; ``noise`` has t above a half, ``data`` the rest."""
    n, diffusion = len(batch.ids), model.diffusion
    x0 = diffusion.normalised(batch.latent)
    noise, time = torch.randn_like(x0), torch.sigmoid(torch.randn(n))
    drop = torch.rand(n) < UNCONDITIONAL
    text = model.text(batch.ids, batch.mask)
    direction = diffusion(torch.lerp(x0, noise, time[:, None, None]), time, text, batch.mask.bool(), drop)
    each = (direction.float() - (noise - x0)).square().mean((1, 2))
    halves = {"noise": each.detach()[time > 0.5], "data": each.detach()[time <= 0.5]}
    parts = {name: part.mean().item() for name, part in halves.items() if len(part)}
    roles = model.roles.loss(text, batch.roles)
    return each.mean() + roles, parts | {"roles": roles.item()}


@torch.no_grad()
def generate(
    model: ShapesDiffusion, tokenizer: VisualTokenizer, words: list[str], guidance: float, steps: int, seed: int
) -> np.ndarray:
    """One picture per prompt, uint8 [N, S, S, 3], by the reference sampler."""
    rng = torch.Generator().manual_seed(seed)

    def latents(ids: Tensor) -> Tensor:
        noise = torch.randn(len(ids), *model.diffusion.config.latent, generator=rng)
        text = model.text(ids, torch.ones_like(ids))
        return model.diffusion.sample(text, noise, torch.full((len(ids),), guidance), steps)

    return pictures_of(words, latents, tokenizer)


def evaluate(
    model: ShapesDiffusion,
    tokenizer: VisualTokenizer,
    per_task: int = 32,
    guidance: float = GUIDANCE,
    steps: int = STEPS,
    seed: int = 11,
) -> dict[str, float]:
    """The judge's score of single draws on held-out prompts, per task and overall."""
    return judged(lambda words: generate(model, tokenizer, words, guidance, steps, seed), per_task, seed)


def run(out: Path, tokenizer_folder: Path, features: Path, pictures: int, minutes: float | None, seed: int = 4) -> bool:
    torch.manual_seed(seed)
    tokenizer = load_tokenizer(tokenizer_folder)
    diffusion, text = configs(tokenizer.config)
    model = ShapesDiffusion(diffusion, text)
    schedule = Schedule(pictures, BATCH, learning_rate=1e-3, average=0.995)
    data = Encoded(features, seed, schedule.steps)
    measure(model.diffusion, data, tokenizer.config.scales)
    for block in model.diffusion.blocks:
        block.compile(dynamic=False)
    return train(
        model,
        schedule,
        lambda start: batches(data, tokenizer.config.scales, start),
        flow_loss,
        out,
        minutes,
        {"diffusion": diffusion.to_dict(), "text": text.to_dict()},
        lambda average: evaluate(average, tokenizer),
        matrices=model.matrices(),
    )
