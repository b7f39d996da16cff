"""Endless streams of drawn pictures, each item a function of (seed, index) alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import IterableDataset

from espalier_zoo.world import prompts
from espalier_zoo.world.damage import CLEAN, draw_damaged, graded, harmless, ruinous
from espalier_zoo.world.near_misses import altered, described, near_miss
from espalier_zoo.world.prompts import Prompt
from espalier_zoo.world.scenes import Scene, draw

TASK_WEIGHTS = {
    "single": 1,
    "two": 2,
    "counting": 3,
    "colors": 1,
    "position": 4,
    "attribution": 2.5,
    "three": 2.5,
    "triple": 3.5,
    "groups": 4,
    "row": 5,
}

FIRST_ITEMS = 2_000
"""Rankings that come first, and all show a single object: words are learned from these."""


def sample_task(rng: np.random.Generator) -> str:
    """A task by how hard it is to learn."""
    weights = np.array([TASK_WEIGHTS[task] for task in prompts.TASKS])
    return prompts.TASKS[int(rng.choice(len(weights), p=weights / weights.sum()))]


class Pictures(IterableDataset):
    """(prompt, picture uint8 [S, S, 3]) pairs of the training split, from item ``start`` on."""

    def __init__(self, seed: int, start: int = 0):
        self.seed, self.start = seed, start

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        index = self.start
        while True:
            yield self.item(index)
            index += 1

    def item(self, index: int) -> tuple[str, np.ndarray]:
        rng = np.random.default_rng([self.seed, index])
        prompt = prompts.sample(sample_task(rng), rng)
        return str(prompt), draw(prompts.scene_of(prompt, rng), rng)


@dataclass(frozen=True)
class View:
    """A picture uint8 [S, S, 3] and the truth about it."""

    picture: np.ndarray
    scene: Scene
    """What it shows, or was to show where it is ruined."""
    severity: float
    """How bad its rendering is, 0..1."""
    ruined: bool = False
    """Whether its rendering is so bad that no prompt is true of it."""
    known: bool = True
    """Whether it is known what it shows; of a generator's own draw it is only known what it was to show."""

    def fits(self, prompt: Prompt) -> bool:
        return not self.ruined and prompt.true_of(self.scene)

    def worth(self, prompt: Prompt) -> float:
        """What it is worth to who asked for this, 0..1: by what it shows, of which bad rendering takes up to a half."""
        return prompt.met_by(self.scene) * (1 - self.severity / 2)


def view(scene: Scene, rng: np.random.Generator) -> View:
    """A scene as a generator might draw it well: clean, or a little damaged."""
    damage = harmless(rng) if rng.random() < 0.7 else CLEAN
    return View(draw_damaged(scene, damage, rng), scene, damage.severity())


def ruined_view(scene: Scene, rng: np.random.Generator) -> View:
    damage = ruinous(len(scene), rng)
    return View(draw_damaged(scene, damage, rng), scene, damage.severity(), ruined=True)


class _Stream(IterableDataset):
    """Items of the training split, from item ``start`` on."""

    def __init__(self, seed: int, start: int = 0):
        self.seed, self.start = seed, start

    def __iter__(self) -> Iterator:
        index = self.start
        while True:
            yield self.item(index)
            index += 1

    def item(self, index: int):
        raise NotImplementedError


@dataclass(frozen=True)
class Ranking:
    """Better and worse pictures for a prompt, and more prompts to ask of all of them."""

    prompts: tuple[Prompt, Prompt, Prompt, Prompt]
    """The prompt itself; two that differ from it in one thing, of which one may be true of a near miss; and one more
    that is true of the picture that the prompt is true of."""
    views: tuple[View, View, View, View]


class Rankings(_Stream):
    """Rankings of four drawings: right, one thing wrong, more wrong, ruined; the first ``FIRST_ITEMS`` are easy."""

    def item(self, index: int) -> Ranking:
        rng = np.random.default_rng([self.seed, index])
        task = sample_task(rng) if index >= FIRST_ITEMS else ("single", "colors")[int(rng.integers(2))]
        prompt = prompts.sample(task, rng)
        scene = prompts.scene_of(prompt, rng)
        near = near_miss(prompt, scene, rng)
        far = near_miss(prompt, near, rng) if rng.random() < 0.75 else another_scene(prompt, rng)
        asked = (
            prompt,
            altered(prompt, rng),
            described(near, rng) or altered(prompt, rng),
            described(scene, rng) or prompt,
        )
        return Ranking(asked, (*(view(shown, rng) for shown in (scene, near, far)), ruined_view(scene, rng)))


def another_scene(prompt: Prompt, rng: np.random.Generator, held_out: bool = False) -> Scene:
    """A scene for another prompt of the same task, which the prompt is false of."""
    while True:
        scene = prompts.scene_of(prompts.sample(prompt.task, rng, held_out), rng)
        if not prompt.true_of(scene):
            return scene


class Gradings(_Stream):
    """Views with any damage: what they show is of no account."""

    def item(self, index: int) -> View:
        rng = np.random.default_rng([self.seed, index])
        scene = prompts.scene_of(prompts.sample(sample_task(rng), rng), rng)
        damage = graded(len(scene), rng)
        return View(draw_damaged(scene, damage, rng), scene, damage.severity())
