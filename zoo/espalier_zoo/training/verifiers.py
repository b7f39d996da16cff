"""Trains the verifiers, each apart, on pictures that are right, nearly right, damaged or ruined.

``clip`` learns to tell which prompt of a batch a picture was drawn for; ``aesthetic`` how damaged a picture is;
``image-reward`` that a right picture is worth more than a wrong one; ``vlm`` to answer a question with yes or no. The
last two begin with the eye of ``aesthetic``, as models of the field begin with CLIP's.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset

from espalier_zoo.models.verifiers import (
    CONFIGS,
    Aesthetic,
    Clip,
    Reader,
    Verifier,
    VerifierConfig,
    build,
    tokenized,
    verifier_tokenizer,
)
from espalier_zoo.training.completions import CompletedRankings, Completions
from espalier_zoo.training.loop import CHECKPOINT, Schedule, load_average, train
from espalier_zoo.world import prompts
from espalier_zoo.world.damage import draw_damaged, graded
from espalier_zoo.world.data import (
    FIRST_ITEMS,
    Gradings,
    Ranking,
    Rankings,
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
    """A verifier and, for training alone, a head that names what it sees where (the verifier's own sight is asked).

    A reader has one more head, by which the words for objects point at them: what is left of what is learned from
    that, and hardly from right and wrong alone.
    """

    def __init__(self, config: VerifierConfig):
        super().__init__()
        self.verifier = build(config)
        self.names = nn.Linear(config.eye.width, 1 + len(SHAPES) + 1 + len(COLORS))
        if isinstance(self.verifier, Reader):
            self.point = nn.Linear(config.eye.width, 2)

    def begin_with(self, folder: Path) -> None:
        """Takes the eye that a training folder holds, and the names that it has for what it sees."""
        saved = torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True)["average"]
        for name, part in (("verifier.eye", self.verifier.eye), ("names", self.names)):
            prefix = f"module.{name}."
            part.load_state_dict({key.removeprefix(prefix): v for key, v in saved.items() if key.startswith(prefix)})

    def seen(self, pictures: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """The eye's tokens [N, T, C], and how badly they name the objects at ``places`` (see ``_places``)."""
        seen = self.verifier.eye(pictures)
        shapes, colors = self.names(seen).split([1 + len(SHAPES), 1 + len(COLORS)], -1)
        return seen, _naming_loss(shapes, places[..., 0]) + _naming_loss(colors, places[..., 1])

    def pointing(self, states: list[Tensor], where: Tensor) -> Tensor:
        """How far from their objects words point after the first block; ``where`` is as in ``Batch``."""
        named = ~where[..., 0].isnan()
        return (self.point(states[0])[named].float() - where[named]).abs().sum() / named.sum().clamp(min=1)


def _naming_loss(logits: Tensor, names: Tensor) -> Tensor:
    """Cross-entropy; the few cells that hold an object's centre count as much as all the others."""
    each = F.cross_entropy(logits.flatten(0, 1), names.flatten(), ignore_index=UNKNOWN, reduction="none")
    held, empty = names.flatten() > 0, names.flatten() == 0
    return ((each * held).sum() / held.sum().clamp(min=1) + (each * empty).sum() / empty.sum().clamp(min=1)) / 2


def _places(views: list[View], grid: int) -> Tensor:
    """int64 [N, grid², 2]: the shape and the colour, from 1, of the object with its centre in a cell, 0 for none."""
    places = torch.zeros(len(views), grid, grid, 2, dtype=torch.int64)
    for i, view in enumerate(views):
        if view.ruined:
            places[i] = UNKNOWN
            continue
        for thing in view.scene:
            named = [1 + SHAPES.index(thing.shape), 1 + list(COLORS).index(thing.color)]
            places[i, int(thing.y * grid), int(thing.x * grid)] = torch.tensor(named)
    return places.flatten(1, 2)


def _pictures(views: list[View]) -> Tensor:
    """uint8 [N, S, S, 3]"""
    return torch.from_numpy(np.stack([view.picture for view in views]))


@dataclass(frozen=True)
class Batch:
    """Pictures, and what a loss wants to know of them."""

    pictures: Tensor
    """uint8 [N, S, S, 3]; of rankings those of each follow each other"""
    places: Tensor
    """int64 [N, T, 2], see ``_places``."""
    ids: Tensor | None = None
    """int64 [items, Q, L]"""
    mask: Tensor | None = None
    truth: Tensor | None = None
    """Which of its prompts is true of which picture of an item, bool [items, V, Q]; for clip of all, [items·Q, N]."""
    worth: Tensor | None = None
    """What a picture is worth to who asks for a prompt, float [items, V, Q]."""
    known: Tensor | None = None
    """Whether it is known what a picture of an item shows, bool [items, V]."""
    severity: Tensor | None = None
    """float [N]"""
    where: Tensor | None = None
    """The centre of the object that a word is for, float [items·V, Q, L, 2], x and y in 0..1; nan for other words."""


class Lesson:
    """What one kind of verifier learns: from which items, made a batch how, with which loss."""

    batch: int
    """Items a step."""
    views: int
    """Pictures an item."""
    learning_rate = 1e-3
    naming = 0.5
    """The weight of naming what is seen, without which an eye takes long to see anything."""

    def __init__(self, config: VerifierConfig, completions: Completions | None = None):
        """With completions, some of the rankings are of these."""
        self.config, self.completions, self.tokenizer = config, completions, verifier_tokenizer(config)

    def stream(self, seed: int, start: int) -> IterableDataset:
        raise NotImplementedError

    def collate(self, items: list) -> Batch:
        raise NotImplementedError

    def loss(self, trainee: Trainee, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        seen, naming = trainee.seen(batch.pictures, batch.places)
        value, parts = self.lesson_loss(trainee, seen, batch)
        return value + self.naming * naming, {**parts, "naming": naming.item()}

    def lesson_loss(self, trainee: Trainee, seen: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Of the verifier, by what its eye saw: image tokens [N, T, C]."""
        raise NotImplementedError


class _RankingLesson(Lesson):
    """Better and worse pictures, of which several prompts are asked."""

    batch, views = 8, 4
    questions: int

    def stream(self, seed: int, start: int) -> Rankings:
        return CompletedRankings(self.completions, seed, start) if self.completions else Rankings(seed, start)

    def collate(self, items: list[Ranking]) -> Batch:
        views = [view for item in items for view in item.views]
        asked = [item.prompts[: self.questions] for item in items]
        ids, mask = tokenized(self.tokenizer, [str(prompt) for row in asked for prompt in row])
        own = [[(row, view) for view in item.views] for row, item in zip(asked, items, strict=True)]
        shape = (len(items), self.questions, -1)
        return Batch(
            _pictures(views),
            _places(views, self.config.eye.grid),
            ids.view(shape),
            mask.view(shape),
            torch.tensor([[[view.fits(prompt) for prompt in row] for row, view in item] for item in own]),
            torch.tensor([[[view.worth(prompt) for prompt in row] for row, view in item] for item in own]),
            torch.tensor([[view.known for view in item.views] for item in items]),
        )


class ClipLesson(_RankingLesson):
    """Every prompt of a batch against every picture."""

    batch, questions = 16, 2

    def collate(self, items: list[Ranking]) -> Batch:
        asked = [prompt for item in items for prompt in item.prompts[: self.questions]]
        truth = [[view.fits(prompt) for item in items for view in item.views] for prompt in asked]
        return replace(super().collate(items), truth=torch.tensor(truth))

    def lesson_loss(self, trainee: Trainee, seen: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """InfoNCE both ways, of each prompt and each picture that it is true of against all that are false."""
        verifier = trainee.verifier
        assert isinstance(verifier, Clip)
        text = verifier.embed_text(batch.ids.flatten(0, 1), batch.mask.flatten(0, 1))
        cosines = text @ verifier.embed_seen(seen).T / verifier.log_temperature.exp().clamp(min=0.01)
        wrong = cosines.masked_fill(batch.truth, torch.finfo(cosines.dtype).min)
        margins = [(cosines - wrong.logsumexp(way, keepdim=True))[batch.truth] for way in (0, 1)]
        accuracy = (cosines > wrong.amax(1, keepdim=True))[batch.truth].float().mean().item()
        return -F.logsigmoid(torch.cat(margins)).mean(), {"accuracy": accuracy}


class _ReadingLesson(_RankingLesson):
    """Of readers, whose words also learn to point."""

    pointing = 2.0

    def collate(self, items: list[Ranking]) -> Batch:
        batch = super().collate(items)
        nouns = {shape: self.tokenizer.token_to_id(shape) for shape in SHAPES}
        where = torch.full((len(items), self.views, self.questions, batch.ids.shape[-1], 2), torch.nan)
        for i, item in enumerate(items):
            for q, prompt in enumerate(item.prompts[: self.questions]):
                for v, view in enumerate(item.views):
                    for kind, thing in [] if view.ruined else prompt.found(view.scene):
                        where[i, v, q, batch.ids[i, q] == nouns[kind[0]]] = torch.tensor([thing.x, thing.y])
        return replace(batch, where=where.flatten(0, 1))

    def states(self, trainee: Trainee, seen: Tensor, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """The words' last state over each picture, their mask, and the loss of pointing."""
        ids, mask = (t.repeat_interleave(self.views, 0) for t in (batch.ids, batch.mask))
        states = trainee.verifier.states(seen, ids, mask)
        return states[-1], mask, self.pointing * trainee.pointing(states, batch.where)


class ImageRewardLesson(_ReadingLesson):
    """Pairwise: of two pictures the reward of the one that is worth more to a prompt is to exceed the other's."""

    questions = 2

    def lesson_loss(self, trainee: Trainee, seen: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Each pair counts by the difference of worth."""
        state, mask, pointing = self.states(trainee, seen, batch)
        rewards = trainee.verifier.rewards(state, mask).view(batch.worth.shape)
        margin, gap = (t[:, :, None] - t[:, None] for t in (rewards, batch.worth))
        weight = gap.clamp(min=0) / gap.clamp(min=0).sum()
        parts = {"accuracy": (weight * (margin > 0)).sum().item(), "pointing": pointing.item()}
        return pointing - (weight * F.logsigmoid(margin)).sum(), parts


class VlmLesson(_ReadingLesson):
    """Yes or no to every prompt on every picture of which the answer is known."""

    questions = 4

    def lesson_loss(self, trainee: Trainee, seen: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        state, mask, pointing = self.states(trainee, seen, batch)
        logits = trainee.verifier.answers(state, mask).flatten(0, 1)
        known = batch.known[..., None].expand(batch.truth.shape).flatten()
        truth = batch.truth.flatten().long()[known]
        value = F.cross_entropy(logits[known], truth)
        accuracy = (logits[known].argmax(-1) == truth).float().mean().item()
        return value + pointing, {"accuracy": accuracy, "pointing": pointing.item()}


class AestheticLesson(Lesson):
    """The severity of damage, which is what a coin would land on that often."""

    batch, views = 48, 1
    naming = 1.0

    def stream(self, seed: int, start: int) -> Gradings:
        return Gradings(seed, start)

    def collate(self, items: list[View]) -> Batch:
        severity = torch.tensor([view.severity for view in items], dtype=torch.float32)
        return Batch(_pictures(items), _places(items, self.config.eye.grid), severity=severity)

    def lesson_loss(self, trainee: Trainee, seen: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        verifier = trainee.verifier
        assert isinstance(verifier, Aesthetic)
        soundness = verifier.soundness(seen).clamp(max=-1e-6)
        severity = -torch.expm1(soundness)
        value = -(batch.severity * severity.log() + (1 - batch.severity) * soundness).mean()
        return value, {"error": (severity.detach() - batch.severity).abs().mean().item()}


LESSONS: dict[str, type[Lesson]] = {
    "clip": ClipLesson,
    "image-reward": ImageRewardLesson,
    "aesthetic": AestheticLesson,
    "vlm": VlmLesson,
}


def run(
    kind: str,
    out: Path,
    pictures: int,
    minutes: float | None = None,
    seed: int = 3,
    completions: Path | None = None,
    eye: Path | None = None,
) -> bool:
    """Trains a verifier in a folder.

    With ``completions``, a folder of such, some of the rankings are of these. With ``eye``, the folder of
    another verifier's training, it begins with that one's eye, as those of the field begin with CLIP's.
    """
    torch.manual_seed(seed)
    config = CONFIGS[kind]
    lesson = LESSONS[kind](config, Completions(completions) if completions else None)
    trainee = Trainee(config)
    if eye is not None:
        trainee.begin_with(eye)

    def batches(start: int) -> Iterator[Batch]:
        stream = lesson.stream(seed, start * lesson.batch)
        return iter(DataLoader(stream, lesson.batch, num_workers=1, prefetch_factor=4, collate_fn=lesson.collate))

    return train(
        trainee,
        Schedule(pictures, lesson.batch * lesson.views, lesson.learning_rate),
        batches,
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


def _milliseconds(kind: str, model: Verifier, batch: int = 15, calls: int = 9) -> float:
    """The fastest call's, so that it is the model that is measured and not what else the machine does."""
    pictures = np.zeros((batch, SIDE, SIDE, 3), np.uint8)
    times = []
    for _ in range(calls):
        began = time.perf_counter()
        scores(model, kind, [""] * batch, pictures)
        times.append(time.perf_counter() - began)
    return min(times) * 1000 / batch


def reference(kind: str, model: Verifier) -> tuple[float, float]:
    """Mean and standard deviation of the score over the reference set."""
    values = scores(model, kind, *reference_set())
    return float(values.mean()), float(values.std())


def reference_set(rankings: int = 75, seed: int = 17) -> tuple[list[str], np.ndarray]:
    """Prompts of the training split and, for each, drawings from right to ruined: mean and std are taken from these."""
    items = list(islice(Rankings(seed, FIRST_ITEMS), rankings))
    words = [str(item.prompts[0]) for item in items for _ in item.views]
    return words, np.stack([view.picture for item in items for view in item.views])
