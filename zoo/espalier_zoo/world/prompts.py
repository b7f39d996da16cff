"""Prompts: the ten tasks of the shapes world, their truth, and the held-out split.

A prompt is *held out* by a hash of what it asks for (not of its words: ``a star left of a ring`` and ``a ring
right of a star`` fall together), so that every model of the zoo is trained without the same combinations. The twins of
a held-out prompt are not trained on either.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise, permutations

import numpy as np
from scipy.optimize import linear_sum_assignment

from espalier_zoo.world.scenes import COLORS, Scene, Thing, line_up, place
from espalier_zoo.world.shapes import SHAPES

GENEVAL = ("single", "two", "counting", "colors", "position", "attribution")
"""The tasks of the GenEval benchmark."""
COMPOSITIONAL = ("three", "triple", "groups", "row")
"""Tasks of three to five objects, for searches that need room."""
TASKS = GENEVAL + COMPOSITIONAL
COUNTS = {"two": 2, "three": 3, "four": 4}
GROUPS = ((1, 2), (1, 3), (2, 1), (2, 2), (2, 3), (3, 1), (3, 2))
"""How many objects of each of two kinds there may be."""
RELATIONS = ("left of", "right of", "above", "below")

OPPOSITE = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
_MIRRORED = {"left of": "right of", "right of": "left of"}
CLEARLY = 0.05
"""By how much the longer axis between two centres exceeds the other where it is beyond doubt which relation holds."""
_HELD_OUT_PERCENT = 12
_HELD_OUT_PERCENT_OF_THREE = 20
"""A suite needs more of them: there are only 56 combinations of three shapes, of which this holds out 16."""

Kind = tuple[str, str | None]
"""A shape and, where the prompt names one, its colour."""


def plural(shape: str) -> str:
    return shape + ("es" if shape.endswith("s") else "s")


_SINGULAR = {plural(shape): shape for shape in SHAPES}
_NUMBERS = {count: word for word, count in COUNTS.items()}


@dataclass(frozen=True)
class Prompt:
    """What a prompt asks for; ``str`` gives its words."""

    task: str
    kinds: tuple[Kind, ...]
    counts: tuple[int, ...] = ()
    """How many there are of each kind; where none is given, one of each."""
    relation: str | None = None
    """How each object stands to the next one."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "counts", self.counts or (1,) * len(self.kinds))

    def __str__(self) -> str:
        nouns = [_noun(kind, count) for kind, count in zip(self.kinds, self.counts, strict=True)]
        if self.relation:
            return f" {self.relation} ".join(nouns)
        *before, last = nouns
        return f"{', '.join(before)} and {last}" if before else last

    @property
    def wanted(self) -> tuple[Kind, ...]:
        """The kind of each object, in the order of the words."""
        return tuple(kind for kind, count in zip(self.kinds, self.counts, strict=True) for _ in range(count))

    def combination(self) -> str:
        """The canonical name of what is asked for, the same for every wording of it."""
        return self.task + ": " + min(map(str, self._wordings()))

    def _wordings(self) -> Iterator["Prompt"]:
        """All prompts that ask for the same, this one among them."""
        if self.relation:
            yield self
            yield replace(self, kinds=self.kinds[::-1], relation=OPPOSITE[self.relation])
        else:
            for order in permutations(zip(self.kinds, self.counts, strict=True)):
                kinds, counts = zip(*order, strict=True)
                yield replace(self, kinds=kinds, counts=counts)

    def held_out(self) -> bool:
        """Whether no model may be trained on it; the eight prompts of ``single`` never are."""
        if self.task == "single":
            return False
        digest = hashlib.sha256(self.combination().encode()).digest()
        share = _HELD_OUT_PERCENT_OF_THREE if self.task == "three" else _HELD_OUT_PERCENT
        return int.from_bytes(digest[:4], "big") % 100 < share

    def twins(self) -> tuple["Prompt", ...]:
        """All other prompts of the same words in another order that ask for something else.

        Where there is a relation its objects change places; elsewhere the shapes stay, and colours or numbers do.
        """
        if self.relation:
            found = [replace(self, kinds=kinds) for kinds in permutations(self.kinds)]
        else:
            shapes, colors = zip(*self.kinds, strict=True)
            found = [
                replace(self, kinds=tuple(zip(shapes, moved, strict=True)), counts=counts)
                for moved in permutations(colors)
                for counts in permutations(self.counts)
            ]
        return tuple(prompt for prompt in dict.fromkeys(found) if prompt != self)

    def teaches(self) -> bool:
        """Whether models are trained on it: neither it nor any twin is held out.

        Of twins of which it is only ever shown the one, a model learns to show that one, whichever is asked for.
        """
        return not self.held_out() and not any(twin.held_out() for twin in self.twins())

    def true_of(self, scene: Scene, margin: float = 0.0) -> bool:
        """Whether a scene shows what the prompt asks for; a relation must hold by more than the margin."""
        if len(scene) != len(self.wanted):
            return False
        return any(
            self.relation is None or all(_holds(self.relation, *pair, margin) for pair in pairwise(order))
            for order in _orders(self.wanted, scene)
        )

    def met_by(self, scene: Scene) -> float:
        """How much of what is asked for a scene shows: 1 where the prompt is true of it, up to a half elsewhere.

        An object counts for its shape and, where one is named, for its colour; one too many is as bad as one too few.
        """
        if self.true_of(scene):
            return 1.0
        alike = np.array([[_alike(kind, thing) for thing in scene] for kind in self.wanted])
        return float(alike[linear_sum_assignment(alike, maximize=True)].sum()) / max(alike.shape) / 2

    def found(self, scene: Scene) -> list[tuple[Kind, Thing]]:
        """Each kind that a single object of a scene is of, and that object."""
        fitting = [(kind, [thing for thing in scene if _fits(kind, thing)]) for kind in self.kinds]
        return [(kind, things[0]) for kind, things in fitting if len(things) == 1]

    def mirrored(self) -> "Prompt":
        """What is true of a scene whose left is its right."""
        return replace(self, relation=_MIRRORED.get(self.relation, self.relation))


def task_of(kinds: tuple[Kind, ...], counts: tuple[int, ...], relation: str | None) -> str | None:
    """The task that asks for so many of these kinds, or none where no task does."""
    colored = {color is not None for _, color in kinds}
    each_one = set(counts) == {1}
    match len(kinds):
        case 2 if relation and each_one:
            return "position"
        case 3 if relation and each_one and len(colored) == 1:
            return "row"
        case _ if relation:
            return None
        case 1 if not each_one:
            return "counting" if counts[0] in COUNTS.values() else None
        case 1:
            return "colors" if colored == {True} else "single"
        case 2 | 3 if each_one and len(colored) == 1:
            plain, attributed = ("two", "attribution") if len(kinds) == 2 else ("three", "triple")
            return attributed if colored == {True} else plain
        case 2 if colored == {True} and counts in GROUPS:
            return "groups"
    return None


def _noun(kind: Kind, count: int) -> str:
    shape, color = kind
    words = " ".join(filter(None, (color, shape if count == 1 else plural(shape))))
    if count == 1:
        return ("an " if words[0] in "aeiou" else "a ") + words
    return f"{_NUMBERS[count]} {words}"


def _fits(kind: Kind, thing: Thing) -> bool:
    return kind[0] == thing.shape and kind[1] in (None, thing.color)


def _orders(wanted: tuple[Kind, ...], scene: Scene) -> Iterator[Scene]:
    """The orders of a scene in which each object is of the kind that is wanted in its place."""
    if not wanted:
        yield ()
        return
    for at, thing in enumerate(scene):
        if _fits(wanted[0], thing):
            for others in _orders(wanted[1:], scene[:at] + scene[at + 1 :]):
                yield (thing, *others)


def _alike(kind: Kind, thing: Thing) -> float:
    named = [(name, one) for name, one in zip(kind, (thing.shape, thing.color), strict=True) if name is not None]
    return sum(name == one for name, one in named) / len(named)


def _holds(relation: str, one: Thing, other: Thing, margin: float) -> bool:
    dx, dy = one.x - other.x, one.y - other.y
    along, across = (dx, dy) if relation in ("left of", "right of") else (dy, dx)
    forward = along < 0 if relation in ("left of", "above") else along > 0
    return forward and abs(along) > abs(across) + margin


def parse(text: str) -> Prompt:
    """Reads a prompt; capitals, a final full stop and ``an`` for ``a`` are accepted."""
    words = re.sub(r"\s*,", ",", re.sub(r"\s+", " ", text.lower())).strip().removesuffix(".").strip()
    relation = next((relation for relation in RELATIONS if f" {relation} " in words), None)
    if relation:
        nouns = words.split(f" {relation} ")
    else:
        before, found, last = words.rpartition(" and ")
        nouns = [*before.split(", "), last] if found else [last]
    read = [_read(noun) for noun in nouns]
    if None in read:
        raise _unreadable(text)
    kinds, counts = zip(*read, strict=True)
    task = task_of(kinds, counts, relation)
    if task is None:
        raise _unreadable(text)
    return Prompt(task, kinds, counts, relation)


def _read(noun: str) -> tuple[Kind, int] | None:
    """A kind and how many there are of it, or none where these are no such words."""
    first, *color, shape = noun.split(" ") if " " in noun else ("", noun)
    count = 1 if first in ("a", "an") else COUNTS.get(first, 0)
    shape = shape if count == 1 else _SINGULAR.get(shape, "")
    if count == 0 or shape not in SHAPES or len(color) > 1 or not set(color) <= set(COLORS):
        return None
    return (shape, color[0] if color else None), count


def _unreadable(text: str) -> ValueError:
    return ValueError(f"not a prompt of the shapes world: {text!r}")


def _pick(options, rng: np.random.Generator):
    return options[int(rng.integers(len(options)))]


def _several(options, number: int, rng: np.random.Generator) -> list:
    """So many different ones, in any order."""
    return [options[i] for i in rng.choice(len(options), number, replace=False)]


def _candidate(task: str, rng: np.random.Generator) -> Prompt:
    names = tuple(COLORS)
    if task in COMPOSITIONAL:
        return _compositional_candidate(task, rng)
    shape, other = _several(SHAPES, 2, rng)
    color, second = _pick(names, rng), _pick(names, rng)
    match task:
        case "single":
            return Prompt(task, ((shape, None),))
        case "two":
            return Prompt(task, ((shape, None), (other, None)))
        case "counting":
            count = _pick(tuple(COUNTS.values()), rng)
            return Prompt(task, ((shape, color if rng.random() < 0.5 else None),), (count,))
        case "colors":
            return Prompt(task, ((shape, color),))
        case "position":
            colors = (color, second) if rng.random() < 0.5 else (None, None)
            return Prompt(task, ((shape, colors[0]), (other, colors[1])), relation=_pick(RELATIONS, rng))
        case "attribution":
            while second == color:
                second = _pick(names, rng)
            return Prompt(task, ((shape, color), (other, second)))
        case _:
            raise ValueError(f"unknown task {task!r}; the tasks are {', '.join(TASKS)}")


def _compositional_candidate(task: str, rng: np.random.Generator) -> Prompt:
    """All shapes differ, and so do all colours, but for those of a row, which may be named for all or for none."""
    names = tuple(COLORS)
    shapes = _several(SHAPES, 2 if task == "groups" else 3, rng)
    colors = _several(names, len(shapes), rng)
    counts, relation = (), None
    match task:
        case "three":
            colors = [None] * len(shapes)
        case "groups":
            counts = _pick(GROUPS, rng)
        case "row":
            relation = _pick(RELATIONS, rng)
            colors = [_pick(names, rng) for _ in shapes] if rng.random() < 0.5 else [None] * len(shapes)
    return Prompt(task, tuple(zip(shapes, colors, strict=True)), counts, relation)


def sample(task: str, rng: np.random.Generator, held_out: bool = False) -> Prompt:
    """Draws a prompt of a task, one to train on or a held-out one."""
    while True:
        prompt = _candidate(task, rng)
        if prompt.held_out() if held_out and task != "single" else prompt.teaches():
            return prompt


def scene_of(prompt: Prompt, rng: np.random.Generator) -> Scene:
    """Draws a scene that the prompt is true of; what the prompt leaves open is drawn at random."""
    names = tuple(COLORS)
    free = _pick(names, rng) if rng.random() < 0.5 else None
    kinds = [(shape, color or free or _pick(names, rng)) for shape, color in prompt.wanted]
    if prompt.relation is None:
        return place(kinds, rng)
    upright, forward = prompt.relation in ("above", "below"), prompt.relation in ("left of", "above")
    while True:
        scene = line_up(kinds if forward else kinds[::-1], upright, rng)
        if prompt.true_of(scene, CLEARLY):
            return scene if forward else scene[::-1]
