"""Trains the visual tokenizer on drawn pictures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader

from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig, quantize
from espalier_zoo.training.loop import Schedule, train
from espalier_zoo.world import judge, prompts
from espalier_zoo.world.data import Pictures
from espalier_zoo.world.scenes import draw


def to_float(pictures: Tensor) -> Tensor:
    """uint8 [N, S, S, 3] to float [N, 3, S, S] in -1..1."""
    return (pictures.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def to_bytes(pictures: Tensor) -> Tensor:
    """float [N, 3, S, S] in -1..1 to uint8 [N, S, S, 3]."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5 + 0.5).to(torch.uint8).permute(0, 2, 3, 1)


def reconstruction_loss(model: nn.Module, pictures: Tensor) -> tuple[Tensor, dict[str, float]]:
    """L1 + MSE + half the L1 of horizontal and vertical differences + a quarter of the commitment."""
    target = to_float(pictures)
    output, commitment = model(target)
    error = output - target
    edges = (error[..., 1:] - error[..., :-1]).abs().mean() + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    absolute, squared = error.abs().mean(), error.square().mean()
    value = absolute + squared + 0.5 * edges + 0.25 * commitment
    return value, {"l1": absolute.item(), "edges": edges.item(), "commitment": commitment.item()}


@torch.no_grad()
def reconstruct(model: VisualTokenizer, pictures: Tensor) -> Tensor:
    """Pictures uint8 [N, S, S, 3] through bits and back."""
    latent = quantize(model.encoder(to_float(pictures)), model.config.scales).latent
    return to_bytes(model.decoder(latent))


def evaluate(model: VisualTokenizer, per_task: int = 100, seed: int = 7) -> dict[str, float]:
    """The share of held-out drawings whose reconstruction passes the judge, per task and overall."""
    rates = {}
    for number, task in enumerate(prompts.TASKS):
        rng = np.random.default_rng([seed, number])
        asked = [prompts.sample(task, rng, held_out=True) for _ in range(per_task)]
        drawn = np.stack([draw(prompts.scene_of(prompt, rng), rng) for prompt in asked])
        made = reconstruct(model, torch.from_numpy(drawn)).numpy()
        rates[task] = float(np.mean([judge.passes(p, image) for p, image in zip(asked, made, strict=True)]))
    return rates | {"all": float(np.mean(list(rates.values())))}


def _batches(batch: int, seed: int, start: int) -> Iterator[Tensor]:
    loader = DataLoader(
        Pictures(seed, start * batch),
        batch_size=batch,
        num_workers=1,
        prefetch_factor=4,
        collate_fn=lambda items: torch.from_numpy(np.stack([picture for _, picture in items])),
    )
    return iter(loader)


def run(out: Path, pictures: int, minutes: float | None, seed: int = 1, batch: int = 48) -> bool:
    torch.manual_seed(seed)
    config = VisualTokenizerConfig()
    model = VisualTokenizer(config).to(memory_format=torch.channels_last)
    schedule = Schedule(pictures, batch, learning_rate=1.5e-3)
    return train(
        model,
        schedule,
        lambda start: _batches(batch, seed, start),
        reconstruction_loss,
        out,
        minutes,
        config.to_dict(),
        evaluate,
    )
