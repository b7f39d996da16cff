"""Trains the visual tokenizer on drawn pictures."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig, quantize
from espalier_zoo.training.loop import CHECKPOINT, Schedule, load_average, train
from espalier_zoo.world import judge, prompts
from espalier_zoo.world.data import Pictures
from espalier_zoo.world.scenes import draw

BATCH = 48
SHIPPED = Path(__file__).resolve().parents[2] / "weights" / "visual-tokenizer"


def to_float(pictures: Tensor) -> Tensor:
    """uint8 [N, S, S, 3] to float [N, 3, S, S] in -1..1."""
    return (pictures.permute(0, 3, 1, 2).float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def to_bytes(pictures: Tensor) -> Tensor:
    """float [N, 3, S, S] in -1..1 to uint8 [N, S, S, 3]."""
    return ((pictures.clamp(-1, 1) + 1) * 127.5 + 0.5).to(torch.uint8).permute(0, 2, 3, 1)


def reconstruction_loss(model: nn.Module, pictures: Tensor) -> tuple[Tensor, dict[str, float]]:
    """L1 + MSE + L1 of horizontal and vertical differences + a quarter of the commitment."""
    target = to_float(pictures)
    output, commitment = model(target)
    error = output.float() - target
    edges = (error[..., 1:] - error[..., :-1]).abs().mean() + (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    absolute, squared = error.abs().mean(), error.square().mean()
    value = absolute + squared + edges + 0.25 * commitment
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


def tokenizer_of(runs: Path, *names: str) -> Path:
    """The first of these trainings that ``runs`` holds, by default the last one made; else the shipped tokenizer's."""
    trainings = (
        runs / name for name in names or ("visual-decoder", "visual-encoder", "visual-tuning", "visual-tokenizer")
    )
    return next((folder for folder in trainings if (folder / CHECKPOINT).exists()), SHIPPED)


def load_tokenizer(folder: Path) -> VisualTokenizer:
    """The visual tokenizer that a training folder holds."""
    saved = torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True)
    values = {key: tuple(v) if isinstance(v, list) else v for key, v in saved["config"].items()}
    model = VisualTokenizer(VisualTokenizerConfig(**values))
    return load_average(folder / CHECKPOINT, model).to(memory_format=torch.channels_last)


def run(
    out: Path,
    pictures: int,
    minutes: float | None,
    encoder: Path | None = None,
    decoder: Path | None = None,
    both: Path | None = None,
    seed: int = 1,
) -> bool:
    """Trains a visual tokenizer in a folder.

    With ``both``, the folder of another one's training, it begins with that one. With ``encoder``, such a folder
    too, it begins with that one and trains the decoder alone: what was encoded, and a generator that was trained on it,
    stay good. With ``decoder``, such a folder too, it trains a new encoder alone, for a decoder that stays.
    """
    torch.manual_seed(seed)
    schedule = Schedule(pictures, BATCH, learning_rate=1.5e-3)
    if encoder is not None:
        model = load_tokenizer(encoder).train()
        model.encoder.requires_grad_(False)
        schedule = Schedule(pictures, BATCH, learning_rate=5e-4)
        seed += 100
    elif decoder is not None:
        given = load_tokenizer(decoder)
        model = VisualTokenizer(given.config).to(memory_format=torch.channels_last)
        model.decoder.load_state_dict(given.decoder.state_dict())
        model.decoder.requires_grad_(False)
        seed += 200
    elif both is not None:
        model = load_tokenizer(both).train()
        schedule = Schedule(pictures, BATCH, learning_rate=5e-4)
        seed += 300
    else:
        model = VisualTokenizer(VisualTokenizerConfig()).to(memory_format=torch.channels_last)
    return train(
        model,
        schedule,
        lambda start: _batches(BATCH, seed, start),
        reconstruction_loss,
        out,
        minutes,
        model.config.to_dict(),
        evaluate,
    )
