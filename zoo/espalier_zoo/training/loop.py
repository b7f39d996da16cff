"""What every trainer shares: the schedule, the clock, the moving average, checkpoints and the log."""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from espalier_zoo.training.muon import Muon
from espalier_zoo.training.precision import mixed_precision

CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Schedule:
    """A whole training: its length in pictures, whatever the number of slices it is cut into."""

    pictures: int
    batch: int
    learning_rate: float
    warmup: float = 0.02
    weight_decay: float = 0.01
    average: float = 0.99
    matrix_rate: float = 2e-3
    """The learning rate of the matrices that Muon updates."""

    @property
    def steps(self) -> int:
        return math.ceil(self.pictures / self.batch)

    def rate(self, step: int) -> float:
        """The learning rate's factor: linear warm-up, then cosine to a hundredth."""
        progress = step / self.steps
        if progress < self.warmup:
            return progress / self.warmup
        return 0.01 + 0.99 * (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup))) / 2


def train(
    model: nn.Module,
    schedule: Schedule,
    batches: Callable[[int], Iterator],
    loss: Callable[[nn.Module, object], tuple[Tensor, dict[str, float]]],
    out: Path,
    minutes: float | None = None,
    config: dict | None = None,
    evaluate: Callable[[nn.Module], dict[str, float]] | None = None,
    matrices: Sequence[nn.Parameter] = (),
    log_every: int = 50,
    save_minutes: float = 5.0,
) -> bool:
    """Trains until the schedule or the time limit ends; true when the schedule is done.

    ``batches(start)`` gives batches from the start-th on; ``matrices`` are updated by Muon, the rest by AdamW. The
    folder gets ``checkpoint.pt`` (model, average, optimisers, step) every few minutes and at the end, and
    ``log.jsonl``. A run finds its own checkpoint there and goes on from it.
    """
    out.mkdir(parents=True, exist_ok=True)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(schedule.average))
    optimizers = _optimizers(model, schedule, matrices)
    step, seconds = 0, 0.0
    if (out / CHECKPOINT).exists():
        saved = torch.load(out / CHECKPOINT, map_location="cpu", weights_only=True)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        for optimizer, state in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        step, seconds = saved["step"], saved["seconds"]

    def save() -> None:
        state = {
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizers],
            "step": step,
            "seconds": seconds + time.monotonic() - began,
            "config": config,
        }
        torch.save(state, out / "checkpoint.tmp")
        (out / "checkpoint.tmp").replace(out / CHECKPOINT)

    began = saved_at = time.monotonic()
    limit = math.inf if minutes is None else began + minutes * 60
    seen: dict[str, list[float]] = {}
    first = step
    stream = batches(step)
    with (out / "log.jsonl").open("a") as log:
        while step < schedule.steps and time.monotonic() < limit:
            with mixed_precision():
                value, parts = loss(model, next(stream))
            model.zero_grad(set_to_none=True)
            value.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            for optimizer in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = group["peak"] * schedule.rate(step)
                optimizer.step()
            average.update_parameters(model)
            step += 1
            for name, part in {"loss": value.detach().item(), **parts}.items():
                seen.setdefault(name, []).append(part)
            if step % log_every == 0:
                now = time.monotonic()
                row = {"step": step, "pictures": step * schedule.batch, "seconds": round(seconds + now - began)}
                row |= {"per_second": round((step - first) * schedule.batch / (now - began), 1)}
                row |= {name: round(mean(values), 5) for name, values in sorted(seen.items())}
                seen.clear()
                print(json.dumps(row), file=log, flush=True)
            if time.monotonic() - saved_at > save_minutes * 60:
                save()
                saved_at = time.monotonic()
        save()
        if evaluate is not None:
            average.module.eval()
            row = {"step": step, "evaluation": evaluate(average.module)}
            print(json.dumps(row), file=log, flush=True)
            print(json.dumps(row), flush=True)
    return step >= schedule.steps


def _optimizers(model: nn.Module, schedule: Schedule, matrices: Sequence[nn.Parameter]) -> list[torch.optim.Optimizer]:
    ours = {id(matrix) for matrix in matrices}
    others = [p for p in model.parameters() if p.requires_grad and id(p) not in ours]
    decay, rate = schedule.weight_decay, schedule.learning_rate
    groups = [
        {"params": [p for p in others if p.ndim > 1], "weight_decay": decay, "peak": rate},
        {"params": [p for p in others if p.ndim <= 1], "weight_decay": 0.0, "peak": rate},
    ]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98))]
    if matrices:
        group = {"params": list(matrices), "weight_decay": decay, "peak": schedule.matrix_rate}
        optimizers.append(Muon([group], lr=schedule.matrix_rate))
    return optimizers


def load_average(checkpoint: Path, model: nn.Module) -> nn.Module:
    """Loads a checkpoint's moving average into the model, for evaluation and export."""
    saved = torch.load(checkpoint, map_location="cpu", weights_only=True)
    prefix = "module."
    state = {key.removeprefix(prefix): value for key, value in saved["average"].items() if key.startswith(prefix)}
    model.load_state_dict(state)
    return model.eval()
