"""Prompts: the six tasks of GenEval over the shapes world, their truth, and the held-out split.

A prompt is *held out* by a hash of what it asks for (not of its words: ``a star left of a ring`` and ``a ring
right of a star`` fall together), so that every model of the zoo is trained without the same combinations. The twin of a
held-out prompt is not trained on either.
"""

import hashlib
import re
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from espalier_zoo.world.scenes import COLORS, Scene, Thing, place
from espalier_zoo.world.shapes import SHAPES

TASKS = ("single", "two", "counting", "colors", "position", "attribution")
COUNTS = {"two": 2, "three": 3, "four": 4}
RELATIONS = ("left of", "right of", "above", "below")

OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
_MIRRORED = {"left of": "right of", "right of": "left of"}
_HELD_OUT_PERCENT = 12

Kind = tuple[str, str | None]
"""A shape and, where the prompt names one, its colour."""


def plural(shape: str) -> str:
    return shape + ("es" if shape.endswith("s") else "s")


_SINGULAR = {plural(shape): shape for shape in SHAPES}


@dataclass(frozen=True)
class Prompt:
    """What a prompt asks for; ``str`` gives its words."""

    task: str
    kinds: tuple[Kind, ...]
    count: int = 1
    relation: str | None = None

    def __str__(self) -> str:
        words = [_noun(kind) for kind in self.kinds]
        if self.task == "counting":
            (shape, color) = self.kinds[0]
            number = next(word for word, n in COUNTS.items() if n == self.count)
            return " ".join(filter(None, (number, color, plural(shape))))
        if self.task == "position":
            return f"{words[0]} {self.relation} {words[1]}"
        return " and ".join(words)

    def combination(self) -> str:
        """The canonical name of what is asked for, the same for every wording of it."""
        first, second = self, self
        if self.task == "position":
            second = Prompt("position", self.kinds[::-1], 1, OPPOSITE[self.relation])
        elif len(self.kinds) == 2:
            second = Prompt(self.task, self.kinds[::-1])
        return self.task + ": " + min(str(first), str(second))

    def held_out(self) -> bool:
        """Whether no model may be trained on it; the eight prompts of ``single`` never are."""
        if self.task == "single":
            return False
        digest = hashlib.sha256(self.combination().encode()).digest()
        return int.from_bytes(digest[:4], "big") % 100 < _HELD_OUT_PERCENT

    def twin(self) -> "Prompt":
        """The prompt with its two objects, or their two colours, swapped; itself where that asks for the same."""
        if self.task == "position":
            return replace(self, kinds=self.kinds[::-1])
        if self.task == "attribution":
            (shape, color), (other, second) = self.kinds
            return replace(self, kinds=((shape, second), (other, color)))
        return self

    def teaches(self) -> bool:
        """Whether models are trained on it: neither it nor its twin is held out.

        Of twins of which it is only ever shown the one, a model learns to show that one, whichever is asked for.
        """
        return not self.held_out() and not self.twin().held_out()

    def true_of(self, scene: Scene) -> bool:
        """Whether a scene shows what the prompt asks for."""
        things = [(thing.shape, thing.color) for thing in scene]
        if self.task == "counting":
            return len(things) == self.count and all(_fits(self.kinds[0], thing) for thing in things)
        if len(things) != len(self.kinds):
            return False
        orders = [scene] if len(scene) == 1 else [scene, scene[::-1]]
        return any(
            all(_fits(kind, (t.shape, t.color)) for kind, t in zip(self.kinds, order, strict=True))
            and (self.relation is None or _holds(self.relation, order))
            for order in orders
        )

    def met_by(self, scene: Scene) -> float:
        """How much of what is asked for a scene shows: 1 where the prompt is true of it, up to a half elsewhere.

        An object counts for its shape and, where one is named, for its colour; one too many is as bad as one too few.
        """
        if self.true_of(scene):
            return 1.0
        wanted = self.kinds * self.count
        alike = np.array([[_alike(kind, (thing.shape, thing.color)) for thing in scene] for kind in wanted])
        return float(alike[linear_sum_assignment(alike, maximize=True)].sum()) / max(alike.shape) / 2

    def found(self, scene: Scene) -> list[tuple[Kind, Thing]]:
        """Each kind that a single object of a scene is of, and that object."""
        fitting = [(kind, [thing for thing in scene if _fits(kind, (thing.shape, thing.color))]) for kind in self.kinds]
        return [(kind, things[0]) for kind, things in fitting if len(things) == 1]

    def mirrored(self) -> "Prompt":
        """What is true of a scene whose left is its right."""
        return replace(self, relation=_MIRRORED.get(self.relation, self.relation))


def _noun(kind: Kind) -> str:
    words = " ".join(filter(None, (kind[1], kind[0])))
    return ("an " if words[0] in "aeiou" else "a ") + words


def _fits(kind: Kind, thing: tuple[str, str]) -> bool:
    return kind[0] == thing[0] and kind[1] in (None, thing[1])


def _alike(kind: Kind, thing: tuple[str, str]) -> float:
    named = [(name, one) for name, one in zip(kind, thing, strict=True) if name is not None]
    return sum(name == one for name, one in named) / len(named)


def _holds(relation: str, scene: Scene, margin: float = 0.0) -> bool:
    dx, dy = scene[0].x - scene[1].x, scene[0].y - scene[1].y
    along, across = (dx, dy) if relation in ("left of", "right of") else (dy, dx)
    forward = along < 0 if relation in ("left of", "above") else along > 0
    return forward and abs(along) > abs(across) + margin


def parse(text: str) -> Prompt:
    """Reads a prompt; capitals, a final full stop and ``an`` for ``a`` are accepted."""
    words = re.sub(r"\s+", " ", text.strip().lower()).removesuffix(".").strip()
    for relation in RELATIONS:
        left, found, right = words.partition(f" {relation} ")
        if found:
            return Prompt("position", (_kind(left, text), _kind(right, text)), 1, relation)
    left, found, right = words.partition(" and ")
    if found:
        kinds = (_kind(left, text), _kind(right, text))
        colored = sum(color is not None for _, color in kinds)
        if colored == 1:
            raise _unreadable(text)
        return Prompt("attribution" if colored else "two", kinds)
    first, _, rest = words.partition(" ")
    if first in COUNTS:
        *color, noun = rest.split(" ")
        kind = _kind(" ".join(["a", *color, _SINGULAR.get(noun, "?")]), text)
        return Prompt("counting", (kind,), COUNTS[first])
    kind = _kind(words, text)
    return Prompt("single" if kind[1] is None else "colors", (kind,))


def _kind(words: str, text: str) -> Kind:
    match words.split(" "):
        case ["a" | "an", shape] if shape in SHAPES:
            return shape, None
        case ["a" | "an", color, shape] if shape in SHAPES and color in COLORS:
            return shape, color
    raise _unreadable(text)


def _unreadable(text: str) -> ValueError:
    return ValueError(f"not a prompt of the shapes world: {text!r}")


def _pick(options, rng: np.random.Generator):
    return options[int(rng.integers(len(options)))]


def _candidate(task: str, rng: np.random.Generator) -> Prompt:
    shape, other = (SHAPES[i] for i in rng.choice(len(SHAPES), 2, replace=False))
    names = tuple(COLORS)
    color, second = _pick(names, rng), _pick(names, rng)
    match task:
        case "single":
            return Prompt(task, ((shape, None),))
        case "two":
            return Prompt(task, ((shape, None), (other, None)))
        case "counting":
            count = _pick(tuple(COUNTS.values()), rng)
            return Prompt(task, ((shape, color if rng.random() < 0.5 else None),), count)
        case "colors":
            return Prompt(task, ((shape, color),))
        case "position":
            colors = (color, second) if rng.random() < 0.5 else (None, None)
            return Prompt(task, ((shape, colors[0]), (other, colors[1])), 1, _pick(RELATIONS, rng))
        case "attribution":
            while second == color:
                second = _pick(names, rng)
            return Prompt(task, ((shape, color), (other, second)))
        case _:
            raise ValueError(f"unknown task {task!r}; the tasks are {', '.join(TASKS)}")


def sample(task: str, rng: np.random.Generator, held_out: bool = False) -> Prompt:
    """Draws a prompt of a task, one to train on or a held-out one."""
    while True:
        prompt = _candidate(task, rng)
        if prompt.held_out() if held_out and task != "single" else prompt.teaches():
            return prompt


def scene_of(prompt: Prompt, rng: np.random.Generator) -> Scene:
    """Draws a scene that the prompt is true of; what the prompt leaves open is drawn at random."""
    wanted = prompt.kinds * prompt.count
    names = tuple(COLORS)
    free = _pick(names, rng) if rng.random() < 0.5 else None
    kinds = [(shape, color or free or _pick(names, rng)) for shape, color in wanted]
    while True:
        scene = place(kinds, rng)
        if prompt.relation is None or _holds(prompt.relation, scene, margin=0.05):
            return scene
