"""Endless streams of drawn pictures, each item a function of (seed, index) alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from torch.utils.data import IterableDataset

from espalier_zoo.world import prompts
from espalier_zoo.world.damage import CLEAN, draw_damaged, graded, harmless, ruinous
from espalier_zoo.world.near_misses import altered, described, near_miss
from espalier_zoo.world.prompts import Prompt
from espalier_zoo.world.scenes import SIDE, Scene, draw

TASK_WEIGHTS = {"single": 1, "two": 2, "counting": 3, "colors": 1, "position": 2.5, "attribution": 2.5}


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
    scene: Scene | None
    """What it shows; none where damage has ruined it, so that no prompt is true of it."""
    severity: float
    """How bad its rendering is, 0..1."""

    def fits(self, prompt: Prompt) -> bool:
        return self.scene is not None and prompt.true_of(self.scene)


def view(scene: Scene, rng: np.random.Generator, side: int = SIDE) -> View:
    """A scene as a generator might draw it well: clean, or a little damaged."""
    damage = harmless(rng) if rng.random() < 0.7 else CLEAN
    return View(draw_damaged(scene, damage, rng, side), scene, damage.severity())


def ruined_view(scene: Scene, rng: np.random.Generator, side: int = SIDE) -> View:
    damage = ruinous(len(scene), rng)
    return View(draw_damaged(scene, damage, rng, side), None, damage.severity())


class _Stream(IterableDataset):
    """Items of the training split, from item ``start`` on, drawn on so many pixels a side."""

    def __init__(self, seed: int, start: int = 0, side: int = SIDE):
        self.seed, self.start, self.side = seed, start, side

    def __iter__(self) -> Iterator:
        index = self.start
        while True:
            yield self.item(index)
            index += 1

    def item(self, index: int):
        raise NotImplementedError


class Captions(_Stream):
    """(prompt, view) pairs; the prompt is true of the view.

    Of every two runs of ``run`` items the second one keeps to one task.
    """

    def __init__(self, seed: int, start: int = 0, side: int = SIDE, run: int = 1):
        super().__init__(seed, start, side)
        self.run = run

    def item(self, index: int) -> tuple[Prompt, View]:
        rng = np.random.default_rng([self.seed, index])
        run = index // self.run
        task = sample_task(np.random.default_rng([self.seed, run, 1]) if run % 2 else rng)
        prompt = prompts.sample(task, rng)
        return prompt, view(prompts.scene_of(prompt, rng), rng, self.side)


@dataclass(frozen=True)
class Comparison:
    """A right and a wrong picture for a prompt, and more prompts to ask of both."""

    prompts: tuple[Prompt, Prompt, Prompt, Prompt]
    """The prompt itself; one that is true of the wrong picture, where there is such; one that differs from the prompt
    in one thing; and one more that is true of the right picture."""
    right: View
    wrong: View


class Comparisons(_Stream):
    """Comparisons whose wrong picture is a near miss, one for another prompt of the same task, or a ruined one."""

    def item(self, index: int) -> Comparison:
        rng = np.random.default_rng([self.seed, index])
        prompt = prompts.sample(sample_task(rng), rng)
        scene = prompts.scene_of(prompt, rng)
        wrong = self._wrong(prompt, scene, rng)
        other = described(wrong.scene, rng) if wrong.scene is not None else None
        asked = (prompt, other or altered(prompt, rng), altered(prompt, rng), described(scene, rng) or prompt)
        return Comparison(asked, view(scene, rng, self.side), wrong)

    def _wrong(self, prompt: Prompt, scene: Scene, rng: np.random.Generator) -> View:
        chance = rng.random()
        if chance < 0.25:
            return ruined_view(scene, rng, self.side)
        if chance < 0.85:
            return view(near_miss(prompt, scene, rng), rng, self.side)
        return view(another_scene(prompt, rng), rng, self.side)


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
        return View(draw_damaged(scene, damage, rng, self.side), None, damage.severity())
