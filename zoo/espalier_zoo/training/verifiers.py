"""Trains the verifiers, each apart, on pictures that are right, nearly right, damaged or ruined.

``clip`` learns to tell which prompt of a batch a picture was drawn for; ``image-reward`` that a right picture is worth
more than a wrong one; ``aesthetic`` how damaged a picture is; ``vlm`` to answer a question with yes or no.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from espalier_zoo.models.verifiers import CONFIGS, Clip, Verifier, VerifierConfig, build, tokenized, verifier_tokenizer
from espalier_zoo.models.visual_tokenizer import VisualTokenizer, quantize
from espalier_zoo.training.loop import CHECKPOINT, Schedule, load_average, train
from espalier_zoo.training.visual_tokenizer import load_tokenizer, to_bytes, to_float
from espalier_zoo.world import prompts
from espalier_zoo.world.damage import draw_damaged, graded
from espalier_zoo.world.data import (
    Captions,
    Comparison,
    Comparisons,
    Gradings,
    View,
    another_scene,
    ruined_view,
    sample_task,
)
from espalier_zoo.world.near_misses import near_miss
from espalier_zoo.world.prompts import Prompt
from espalier_zoo.world.scenes import COLORS, SIDE, Scene, draw
from espalier_zoo.world.shapes import SHAPES

UNKNOWN = -100
"""The class of what cannot be said; cross-entropy passes over it."""


class Trainee(nn.Module):
    """A verifier and, for training alone, a head that names what it sees where (the verifier's own sight is asked)."""

    def __init__(self, config: VerifierConfig):
        super().__init__()
        self.verifier = build(config)
        self.names = nn.Linear(config.eye.width, 1 + len(SHAPES) + 1 + len(COLORS))

    def seen(self, pictures: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """The eye's tokens [N, T, C], and how badly they name the objects at ``places`` (see ``_places``)."""
        seen = self.verifier.eye(pictures)
        shapes, colors = self.names(seen).split([1 + len(SHAPES), 1 + len(COLORS)], -1)
        return seen, _naming_loss(shapes, places[..., 0]) + _naming_loss(colors, places[..., 1])


def _naming_loss(logits: Tensor, names: Tensor) -> Tensor:
    """Cross-entropy; the few cells that hold an object's centre count as much as all the others."""
    each = F.cross_entropy(logits.flatten(0, 1), names.flatten(), ignore_index=UNKNOWN, reduction="none")
    held, empty = names.flatten() > 0, names.flatten() == 0
    return ((each * held).sum() / held.sum().clamp(min=1) + (each * empty).sum() / empty.sum().clamp(min=1)) / 2


def _places(views: list[View], grid: int) -> Tensor:
    """int64 [N, grid², 2]: the shape and the colour, from 1, of the object with its centre in a cell, 0 for none."""
    places = torch.zeros(len(views), grid, grid, 2, dtype=torch.int64)
    for i, view in enumerate(views):
        if view.scene is None:
            places[i] = UNKNOWN
            continue
        for thing in view.scene:
            named = [1 + SHAPES.index(thing.shape), 1 + list(COLORS).index(thing.color)]
            places[i, int(thing.y * grid), int(thing.x * grid)] = torch.tensor(named)
    return places.flatten(1, 2)


def _pictures(views: list[View]) -> Tensor:
    """uint8 [N, S, S, 3]"""
    return torch.from_numpy(np.stack([view.picture for view in views]))


class Reconstruction:
    """Passes a share of pictures through the visual tokenizer with some flipped bits, as a generator might err."""

    def __init__(self, tokenizer: VisualTokenizer, share: float = 0.5, most_flips: float = 0.05):
        self.tokenizer, self.share, self.most_flips = tokenizer, share, most_flips

    @torch.no_grad()
    def __call__(self, pictures: Tensor, group: int) -> Tensor:
        """Pictures uint8 [N, S, S, 3]; those of a group follow each other and share their fate."""
        chosen = (torch.rand(len(pictures) // group) < self.share).repeat_interleave(group)
        if not chosen.any():
            return pictures
        scales = self.tokenizer.config.scales
        flips = self.most_flips * torch.rand(int(chosen.sum()) // group, len(scales)).repeat_interleave(group, 0)
        latent = quantize(self.tokenizer.encoder(to_float(pictures[chosen])), scales, flips).latent
        pictures = pictures.clone()
        pictures[chosen] = to_bytes(self.tokenizer.decoder(latent))
        return pictures


@dataclass(frozen=True)
class Batch:
    """Pictures in groups that must be treated alike, and what a loss wants to know of them."""

    pictures: Tensor
    """uint8 [N, S, S, 3]"""
    group: int = 1
    ids: Tensor | None = None
    """int64 [items, Q, L]"""
    mask: Tensor | None = None
    truth: Tensor | None = None
    """Which prompt is true of which picture, bool: [N, N], or [items, 2, Q] for comparisons."""
    places: Tensor | None = None
    severity: Tensor | None = None
    """float [N]"""


class Lesson:
    """What one kind of verifier learns: from which items, made a batch how, with which loss."""

    items: type[IterableDataset] = Comparisons
    batch: int
    """Items a step."""
    views: int = 1
    """Pictures an item."""
    learning_rate = 1e-3

    def __init__(self, config: VerifierConfig, side: int):
        """Learns from pictures drawn on so many pixels a side."""
        self.config, self.side, self.tokenizer = config, side, verifier_tokenizer(config)

    def stream(self, seed: int, start: int) -> IterableDataset:
        return self.items(seed, start, self.side)

    def collate(self, items: list) -> Batch:
        raise NotImplementedError

    def loss(self, trainee: Trainee, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        raise NotImplementedError


class ClipLesson(Lesson):
    """Every prompt of a batch against every picture, half of the batches from a single task."""

    batch = 64

    def stream(self, seed: int, start: int) -> Captions:
        return Captions(seed, start, self.side, run=self.batch)

    def collate(self, items: list[tuple[Prompt, View]]) -> Batch:
        asked, views = zip(*items, strict=True)
        ids, mask = tokenized(self.tokenizer, [str(prompt) for prompt in asked])
        truth = torch.tensor([[view.fits(prompt) for view in views] for prompt in asked])
        return Batch(_pictures(views), ids=ids[:, None], mask=mask[:, None], truth=truth)

    def loss(self, trainee: Trainee, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """InfoNCE both ways; a prompt that is true of another's picture too is no negative for it."""
        clip = trainee.verifier
        assert isinstance(clip, Clip)
        text, image = clip.embed_text(batch.ids[:, 0], batch.mask[:, 0]), clip.embed_image(batch.pictures)
        cosines = text @ image.T / clip.log_temperature.exp().clamp(min=0.01)
        own = torch.eye(len(text), dtype=torch.bool)
        logits = cosines.masked_fill(batch.truth & ~own, torch.finfo(cosines.dtype).min)
        target = torch.arange(len(text))
        accuracy = (logits.argmax(1) == target).float().mean().item()
        value = (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
        return value, {"accuracy": accuracy}


class _ComparisonLesson(Lesson):
    """Right and wrong pictures, of which several prompts are asked."""

    views = 2
    questions: int
    naming = 0.5

    def collate(self, items: list[Comparison]) -> Batch:
        pairs = [(item.right, item.wrong) for item in items]
        views = [view for pair in pairs for view in pair]
        asked = [item.prompts[: self.questions] for item in items]
        ids, mask = tokenized(self.tokenizer, [str(prompt) for row in asked for prompt in row])
        truth = [[[view.fits(p) for p in row] for view in pair] for row, pair in zip(asked, pairs, strict=True)]
        shape = (len(items), self.questions, -1)
        return Batch(
            _pictures(views),
            group=2,
            ids=ids.view(shape),
            mask=mask.view(shape),
            truth=torch.tensor(truth),
            places=_places(views, self.config.eye.grid),
        )

    def loss(self, trainee: Trainee, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        seen, naming = trainee.seen(batch.pictures, batch.places)
        value, parts = self.comparison_loss(trainee.verifier, seen, batch)
        return value + self.naming * naming, {**parts, "naming": naming.item()}

    def comparison_loss(self, verifier: Verifier, seen: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        raise NotImplementedError


class ImageRewardLesson(_ComparisonLesson):
    """Pairwise: the reward of the picture that a prompt is true of is to exceed the other's."""

    batch, questions = 16, 2

    def comparison_loss(self, verifier: Verifier, seen: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        ids, mask = (t.repeat_interleave(2, 0) for t in (batch.ids, batch.mask))
        rewards = verifier.rewards(seen, ids, mask).view(batch.truth.shape)
        sign = batch.truth[:, 0].float() - batch.truth[:, 1].float()
        margin = (sign * (rewards[:, 0] - rewards[:, 1]))[sign != 0]
        return -F.logsigmoid(margin).mean(), {"accuracy": (margin > 0).float().mean().item()}


class VlmLesson(_ComparisonLesson):
    """Yes or no to every prompt on every picture."""

    batch, questions = 16, 4

    def comparison_loss(self, verifier: Verifier, seen: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        ids, mask = (t.repeat_interleave(2, 0) for t in (batch.ids, batch.mask))
        logits = verifier.answers(seen, ids, mask).flatten(0, 1)
        truth = batch.truth.flatten().long()
        return F.cross_entropy(logits, truth), {"accuracy": (logits.argmax(-1) == truth).float().mean().item()}


class AestheticLesson(Lesson):
    """The severity of damage, which is what a coin would land on that often."""

    items = Gradings
    batch = 48

    def collate(self, items: list[View]) -> Batch:
        return Batch(_pictures(items), severity=torch.tensor([view.severity for view in items]))

    def loss(self, trainee: Trainee, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        logit = trainee.verifier.severity(batch.pictures)
        error = (logit.detach().sigmoid() - batch.severity).abs().mean().item()
        return F.binary_cross_entropy_with_logits(logit, batch.severity), {"error": error}


LESSONS: dict[str, type[Lesson]] = {
    "clip": ClipLesson,
    "image-reward": ImageRewardLesson,
    "aesthetic": AestheticLesson,
    "vlm": VlmLesson,
}


def _batches(lesson: Lesson, seed: int, start: int, reconstruction: Reconstruction | None) -> Iterator[Batch]:
    stream = lesson.stream(seed, start * lesson.batch)
    loader = DataLoader(stream, batch_size=lesson.batch, num_workers=1, prefetch_factor=4, collate_fn=lesson.collate)
    for batch in loader:
        if reconstruction is not None:
            batch = replace(batch, pictures=reconstruction(batch.pictures, batch.group))
        yield batch


def run(
    kind: str,
    out: Path,
    pictures: int,
    minutes: float | None = None,
    seed: int = 3,
    reconstruct: Path | None = None,
) -> bool:
    """Trains a verifier in a folder.

    With ``reconstruct``, the folder of a visual tokenizer, half of the pictures pass through it.
    """
    torch.manual_seed(seed)
    config = CONFIGS[kind]
    lesson = LESSONS[kind](config, SIDE if reconstruct else config.eye.side)
    trainee = Trainee(config)
    reconstruction = Reconstruction(load_tokenizer(reconstruct)) if reconstruct else None
    return train(
        trainee,
        Schedule(pictures, lesson.batch * lesson.views, lesson.learning_rate),
        lambda start: _batches(lesson, seed, start, reconstruction),
        lesson.loss,
        out,
        minutes,
        config.to_dict(),
        lambda average: evaluate(kind, average.verifier),
        matrices=[p for name, p in trainee.named_parameters() if "blocks." in name and p.ndim == 2],
    )


def load(kind: str, folder: Path) -> Verifier:
    """The verifier that a training folder holds."""
    return load_average(folder / CHECKPOINT, Trainee(CONFIGS[kind])).verifier


WRONG: dict[str, Callable[[Prompt, Scene, np.random.Generator], np.ndarray]] = {
    "another": lambda prompt, _, rng: draw(another_scene(prompt, rng, held_out=True), rng),
    "near": lambda prompt, scene, rng: draw(near_miss(prompt, scene, rng), rng),
    "ruined": lambda _, scene, rng: ruined_view(scene, rng).picture,
}
"""The ways in which a picture is wrong: a drawing for another prompt of the task, a near miss, a ruined picture."""


@torch.no_grad()
def scores(model: Verifier, kind: str, asked: list[str], pictures: np.ndarray, batch: int = 32) -> np.ndarray:
    """float [N] of prompts and pictures uint8 [N, H, W, 3]."""
    ids, mask = tokenized(verifier_tokenizer(CONFIGS[kind]), asked)
    parts = zip(torch.from_numpy(pictures).split(batch), ids.split(batch), mask.split(batch), strict=True)
    return torch.cat([model(*part) for part in parts]).numpy()


def evaluate(kind: str, model: Verifier, per_task: int = 100, seed: int = 13) -> dict[str, float]:
    """How often a right drawing beats a wrong one on held-out prompts, by the way it is wrong and by task.

    Also ``graded``, how often the less damaged of two pictures of a scene scores higher; ``milliseconds`` an image in a
    batch of 15; and ``mean`` and ``std`` of the score over the reference set.
    """
    results: dict[str, float] = {}
    for way, wrong in WRONG.items():
        for number, task in enumerate(prompts.TASKS):
            rng = np.random.default_rng([seed, number])
            asked = [prompts.sample(task, rng, held_out=True) for _ in range(per_task)]
            scenes = [prompts.scene_of(prompt, rng) for prompt in asked]
            right = np.stack([draw(scene, rng) for scene in scenes])
            losers = np.stack([wrong(prompt, scene, rng) for prompt, scene in zip(asked, scenes, strict=True)])
            words = [str(prompt) for prompt in asked]
            won = scores(model, kind, words, right) > scores(model, kind, words, losers)
            results[f"{way} {task}"] = float(won.mean())
        results[f"{way} all"] = float(np.mean([results[f"{way} {task}"] for task in prompts.TASKS]))
    results["graded"] = _graded(kind, model, per_task, seed)
    results["milliseconds"] = _milliseconds(kind, model)
    mean, std = reference(kind, model)
    return results | {"mean": mean, "std": std}


def _graded(kind: str, model: Verifier, pairs: int, seed: int) -> float:
    rng = np.random.default_rng([seed, len(prompts.TASKS)])
    words, pictures, severities = [], [], []
    for _ in range(pairs):
        prompt = prompts.sample(sample_task(rng), rng, held_out=True)
        scene = prompts.scene_of(prompt, rng)
        for _ in range(2):
            damage = graded(len(scene), rng)
            words.append(str(prompt))
            pictures.append(draw_damaged(scene, damage, rng))
            severities.append(damage.severity())
    better = scores(model, kind, words, np.stack(pictures)).reshape(-1, 2)
    worse = np.array(severities).reshape(-1, 2)
    unequal = worse[:, 0] != worse[:, 1]
    return float(((better[:, 0] > better[:, 1]) == (worse[:, 0] < worse[:, 1]))[unequal].mean())


def _milliseconds(kind: str, model: Verifier, batch: int = 15, calls: int = 5) -> float:
    pictures = np.zeros((batch, SIDE, SIDE, 3), np.uint8)
    scores(model, kind, [""] * batch, pictures)
    began = time.perf_counter()
    for _ in range(calls):
        scores(model, kind, [""] * batch, pictures)
    return (time.perf_counter() - began) * 1000 / (batch * calls)


def reference(kind: str, model: Verifier) -> tuple[float, float]:
    """Mean and standard deviation of the score over the reference set."""
    values = scores(model, kind, *reference_set())
    return float(values.mean()), float(values.std())


def reference_set(per_task: int = 50, seed: int = 17) -> tuple[list[str], np.ndarray]:
    """Prompts of the training split and as many right as wrong drawings for them, from which mean and std are taken."""
    words, pictures = [], []
    for number, task in enumerate(prompts.TASKS):
        rng = np.random.default_rng([seed, number])
        for i in range(per_task):
            prompt = prompts.sample(task, rng)
            words.append(str(prompt))
            scene = prompts.scene_of(prompt, rng) if i % 2 else another_scene(prompt, rng)
            pictures.append(draw(scene, rng))
    return words, np.stack(pictures)
