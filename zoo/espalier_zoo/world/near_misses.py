"""Near misses: scenes that one change has made false to a prompt, and prompts that one change has made another.

A verifier learns most from what is almost right. Whether a change made a prompt false is asked of the prompt itself,
never guessed from the change.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import combinations, permutations

import numpy as np
from scipy.optimize import linear_sum_assignment

from espalier_zoo.world.prompts import CLEARLY, COUNTS, RELATIONS, Kind, Prompt, task_of
from espalier_zoo.world.scenes import COLORS, GAP, MARGIN, RADII, Scene, Thing
from espalier_zoo.world.shapes import SHAPES, extent

TWINS = 0.5
"""The share of twins among the near misses, of scenes and of prompts, where there is a twin."""
_TRIES = 40
_NUMBERS = (1, *COUNTS.values())
_DIFFERENTLY_COLORED = ("attribution", "triple", "groups")


def near_miss(prompt: Prompt, scene: Scene, rng: np.random.Generator) -> Scene:
    """A scene one change away from another one, and which the prompt is false of.

    Every other one of a prompt that has twins shows one, which is all that can teach where things are.
    """
    changes = [_CHANGES[int(number)] for number in rng.permutation(len(_CHANGES))]
    twins = prompt.twins()
    if twins and rng.random() < TWINS:
        changes.insert(0, _places_shuffled if prompt.relation else partial(_shown, _any(twins, rng)))
    for change in changes:
        changed = change(scene, rng)
        if changed not in (None, scene) and not prompt.true_of(changed):
            return changed
    raise ValueError(f"no change of the scene makes {str(prompt)!r} false")


def _recolored(scene: Scene, rng: np.random.Generator) -> Scene:
    at = int(rng.integers(len(scene)))
    return _with(scene, at, replace(scene[at], color=_other(tuple(COLORS), scene[at].color, rng)))


def _reshaped(scene: Scene, rng: np.random.Generator) -> Scene:
    at = int(rng.integers(len(scene)))
    return _with(scene, at, _in_box(replace(scene[at], shape=_other(SHAPES, scene[at].shape, rng)), scene[at]))


def _in_box(thing: Thing, old: Thing) -> Thing:
    """A thing within the old one's bounding box, so that it touches nothing."""
    half = zip(old.half(), extent(thing.shape), strict=True)
    return replace(thing, x=old.x, y=old.y, radius=min(have / needed for have, needed in half))


def _shown(prompt: Prompt, scene: Scene, _: np.random.Generator) -> Scene | None:
    """What a prompt without a relation asks for, in the places of a scene; where it can, each shape stays."""
    wanted = prompt.wanted
    if len(wanted) != len(scene):
        return None
    alike = [[2 * (shape == thing.shape) + (color == thing.color) for shape, color in wanted] for thing in scene]
    kinds = [wanted[int(number)] for number in linear_sum_assignment(alike, maximize=True)[1]]
    return tuple(_as(kind, thing) for kind, thing in zip(kinds, scene, strict=True))


def _as(kind: Kind, thing: Thing) -> Thing:
    shape, color = kind
    changed = replace(thing, shape=shape, color=color or thing.color)
    return changed if shape == thing.shape else _in_box(changed, thing)


def _colors_swapped(scene: Scene, rng: np.random.Generator) -> Scene | None:
    if len(scene) < 2:
        return None
    a, b = (int(i) for i in rng.choice(len(scene), 2, replace=False))
    swapped = _with(scene, a, replace(scene[a], color=scene[b].color))
    return _with(swapped, b, replace(scene[b], color=scene[a].color))


def _places_swapped(scene: Scene, rng: np.random.Generator) -> Scene | None:
    if len(scene) < 2:
        return None
    a, b = (int(i) for i in rng.choice(len(scene), 2, replace=False))
    order = list(range(len(scene)))
    order[a], order[b] = b, a
    return _in_places(scene, order)


def _places_shuffled(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """Another order of the same objects."""
    if len(scene) < 2:
        return None
    _, *orders = permutations(range(len(scene)))
    return _in_places(scene, list(_any(orders, rng)))


def _in_places(scene: Scene, order: list[int]) -> Scene:
    """Each object in the place and of the size of another one, or a little smaller where it would touch one."""
    placed = list(zip(scene, order, strict=True))
    moved = tuple(replace(thing, x=scene[at].x, y=scene[at].y, radius=scene[at].radius) for thing, at in placed)
    if _fits(moved):
        return moved
    return tuple(thing if at == i else _in_box(thing, scene[at]) for i, (thing, at) in enumerate(placed))


def _moved(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """One of two or three objects moved to where another relation than before may clearly hold."""
    if len(scene) not in (2, 3):
        return None
    at = int(rng.integers(len(scene)))
    for _ in range(_TRIES):
        thing = _anywhere(scene[at], rng)
        moved = _with(scene, at, thing)
        if _clear(moved) and _fits(moved):
            return moved
    return None


def _dropped(scene: Scene, rng: np.random.Generator) -> Scene | None:
    if len(scene) < 2:
        return None
    at = int(rng.integers(len(scene)))
    return scene[:at] + scene[at + 1 :]


def _added(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """One more object, half of the time a second one of a kind that is there."""
    like = scene[int(rng.integers(len(scene)))]
    if rng.random() < 0.5:
        like = replace(like, shape=_any(SHAPES, rng), color=_any(tuple(COLORS), rng))
    low, high = RADII[min(len(scene) + 1, max(RADII))]
    for _ in range(_TRIES):
        grown = (*scene, _anywhere(replace(like, radius=rng.uniform(low, high)), rng))
        if _fits(grown):
            return grown
    return None


_CHANGES: tuple[Callable[[Scene, np.random.Generator], Scene | None], ...] = (
    _recolored,
    _reshaped,
    _colors_swapped,
    _places_swapped,
    _moved,
    _dropped,
    _added,
)


def _with(scene: Scene, at: int, thing: Thing) -> Scene:
    return (*scene[:at], thing, *scene[at + 1 :])


def _anywhere(thing: Thing, rng: np.random.Generator) -> Thing:
    width, height = (half + MARGIN for half in thing.half())
    return replace(thing, x=rng.uniform(width, 1 - width), y=rng.uniform(height, 1 - height))


def _clear(scene: Scene) -> bool:
    """Whether it is beyond doubt which relation holds between any two objects."""
    pairs = combinations(scene, 2)
    return all(abs(abs(one.x - other.x) - abs(one.y - other.y)) > CLEARLY for one, other in pairs)


def _fits(scene: Scene) -> bool:
    """Whether all objects are inside the picture and apart from each other, as ``scenes.place`` leaves them."""
    for i, thing in enumerate(scene):
        width, height = thing.half()
        if min(thing.x, 1 - thing.x) < width + MARGIN or min(thing.y, 1 - thing.y) < height + MARGIN:
            return False
        for other in scene[:i]:
            (w, h), dx, dy = other.half(), abs(thing.x - other.x), abs(thing.y - other.y)
            if dx <= width + w + GAP and dy <= height + h + GAP:
                return False
    return True


def altered(prompt: Prompt, rng: np.random.Generator) -> Prompt:
    """A prompt of the training split with one thing changed: a shape, a colour, a number or the relation.

    Of a prompt that has twins, every other one is a twin.
    """
    twins = prompt.twins()
    if twins and prompt.teaches() and rng.random() < TWINS:
        return _any(twins, rng)
    while True:
        changed = _alteration(prompt, rng)
        if changed != prompt and changed.teaches() and _in_form(changed):
            return changed


def _alteration(prompt: Prompt, rng: np.random.Generator) -> Prompt:
    at = int(rng.integers(len(prompt.kinds)))
    shape, color = prompt.kinds[at]
    kinds, counts = list(prompt.kinds), list(prompt.counts)
    match _any(("shape", "color", "order", "number", "relation"), rng):
        case "shape":
            kinds[at] = (_other(SHAPES, shape, rng), color)
        case "color" if color is not None:
            kinds[at] = (shape, _other(tuple(COLORS), color, rng))
        case "order" if len(kinds) > 1:
            colors = [kinds[int(i)][1] for i in rng.permutation(len(kinds))]
            kinds = [(shape, color) for (shape, _), color in zip(kinds, colors, strict=True)]
        case "number" if max(counts) > 1:
            counts[at] = _other(_NUMBERS, counts[at], rng)
        case "relation" if prompt.relation is not None:
            return replace(prompt, relation=_other(RELATIONS, prompt.relation, rng))
    return replace(prompt, kinds=tuple(kinds), counts=tuple(counts))


def _in_form(prompt: Prompt) -> bool:
    """Whether its task may ask for this: all shapes differ, and where colours tell objects apart so do all colours."""
    shapes, colors = (set(names) for names in zip(*prompt.kinds, strict=True))
    told_apart = prompt.task not in _DIFFERENTLY_COLORED or len(colors) == len(prompt.kinds)
    asked = task_of(prompt.kinds, prompt.counts, prompt.relation)
    return asked == prompt.task and len(shapes) == len(prompt.kinds) and told_apart


def described(scene: Scene, rng: np.random.Generator) -> Prompt | None:
    """A prompt of the training split that is true of a scene, or none where no task can tell what it shows."""
    possible = [prompt for prompt in _descriptions(scene) if prompt.teaches()]
    return _any(possible, rng) if possible else None


def _descriptions(scene: Scene) -> list[Prompt]:
    """All prompts that are true of a scene beyond doubt, some of them in one wording only."""
    found = []
    for named in ([(thing.shape, None) for thing in scene], [(thing.shape, thing.color) for thing in scene]):
        numbers = Counter(named)
        asked = [(tuple(numbers), tuple(numbers.values()), None)]
        asked += [(kinds, (1,) * len(kinds), relation) for kinds in _rows(named) for relation in RELATIONS]
        found += [Prompt(task, *parts) for parts in asked if (task := task_of(*parts))]
    return [prompt for prompt in found if _in_form(prompt) and prompt.true_of(scene, CLEARLY)]


def _rows(kinds: list[Kind]) -> list[tuple[Kind, ...]]:
    """The orders of two or three objects."""
    return list(permutations(kinds)) if len(kinds) in (2, 3) else []


def _any(options, rng: np.random.Generator):
    return options[int(rng.integers(len(options)))]


def _other(options: tuple, not_this, rng: np.random.Generator):
    return _any([option for option in options if option != not_this], rng)
