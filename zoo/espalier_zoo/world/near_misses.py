"""Near misses: scenes that one change has made false to a prompt, and prompts that one change has made another.

A verifier learns most from what is almost right. Whether a change made a prompt false is asked of the prompt itself,
never guessed from the change.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from espalier_zoo.world.prompts import COUNTS, RELATIONS, Prompt
from espalier_zoo.world.scenes import COLORS, RADII, Scene, Thing
from espalier_zoo.world.shapes import SHAPES, extent

TWINS = 0.5
"""The share of twins among the near misses, of scenes and of prompts, where there is a twin."""
_GAP = 0.025
_MARGIN = 0.015
_TRIES = 40
_CLEARLY = 0.05
"""By how much the longer axis between two centres must exceed the other: a near miss is near, not doubtful."""


def near_miss(prompt: Prompt, scene: Scene, rng: np.random.Generator) -> Scene:
    """A scene one change away from a scene that the prompt is true of, and which it is false of.

    Every other one of a prompt that has a twin shows the twin, which is all that can teach where things are.
    """
    changes = [_CHANGES[int(number)] for number in rng.permutation(len(_CHANGES))]
    if prompt.twin() != prompt and rng.random() < TWINS:
        changes.insert(0, _places_swapped if prompt.task == "position" else _colors_swapped)
    for change in changes:
        changed = change(scene, rng)
        if changed is not None and not prompt.true_of(changed):
            return changed
    raise ValueError(f"no change of the scene makes {str(prompt)!r} false")


def _recolored(scene: Scene, rng: np.random.Generator) -> Scene:
    at = int(rng.integers(len(scene)))
    return _with(scene, at, replace(scene[at], color=_other(tuple(COLORS), scene[at].color, rng)))


def _reshaped(scene: Scene, rng: np.random.Generator) -> Scene:
    """Another shape within the old one's bounding box, so that it touches nothing."""
    at = int(rng.integers(len(scene)))
    shape = _other(SHAPES, scene[at].shape, rng)
    half = zip(scene[at].half(), extent(shape), strict=True)
    return _with(scene, at, replace(scene[at], shape=shape, radius=min(old / new for old, new in half)))


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
    swapped = list(scene)
    swapped[a] = replace(scene[a], x=scene[b].x, y=scene[b].y, radius=scene[b].radius)
    swapped[b] = replace(scene[b], x=scene[a].x, y=scene[a].y, radius=scene[a].radius)
    return tuple(swapped) if _fits(tuple(swapped)) else None


def _moved(scene: Scene, rng: np.random.Generator) -> Scene | None:
    """One of two objects moved to where another relation than before clearly holds."""
    if len(scene) != 2:
        return None
    at = int(rng.integers(2))
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
    width, height = (half + _MARGIN for half in thing.half())
    return replace(thing, x=rng.uniform(width, 1 - width), y=rng.uniform(height, 1 - height))


def _clear(scene: Scene) -> bool:
    """Whether it is beyond doubt which relation holds between two objects."""
    across, along = sorted((abs(scene[0].x - scene[1].x), abs(scene[0].y - scene[1].y)))
    return along - across > _CLEARLY


def _fits(scene: Scene) -> bool:
    """Whether all objects are inside the picture and apart from each other, as ``scenes.place`` leaves them."""
    for i, thing in enumerate(scene):
        width, height = thing.half()
        if min(thing.x, 1 - thing.x) < width + _MARGIN or min(thing.y, 1 - thing.y) < height + _MARGIN:
            return False
        for other in scene[:i]:
            (w, h), dx, dy = other.half(), abs(thing.x - other.x), abs(thing.y - other.y)
            if dx <= width + w + _GAP and dy <= height + h + _GAP:
                return False
    return True


def altered(prompt: Prompt, rng: np.random.Generator) -> Prompt:
    """A prompt of the training split with one thing changed: a shape, a colour, the number or the relation.

    Of a prompt that has a twin, every other one is the twin.
    """
    if prompt.twin() != prompt and prompt.teaches() and rng.random() < TWINS:
        return prompt.twin()
    while True:
        changed = _alteration(prompt, rng)
        if changed != prompt and changed.teaches() and _in_form(changed):
            return changed


def _alteration(prompt: Prompt, rng: np.random.Generator) -> Prompt:
    at = int(rng.integers(len(prompt.kinds)))
    shape, color = prompt.kinds[at]
    kinds = list(prompt.kinds)
    match _any(("shape", "color", "order", "number", "relation"), rng):
        case "shape":
            kinds[at] = (_other(SHAPES, shape, rng), color)
        case "color" if color is not None:
            kinds[at] = (shape, _other(tuple(COLORS), color, rng))
        case "order" if len(kinds) == 2:
            colors = [kind[1] for kind in kinds][::-1]
            kinds = [(shape, color) for (shape, _), color in zip(kinds, colors, strict=True)]
        case "number" if prompt.task == "counting":
            return replace(prompt, count=_other(tuple(COUNTS.values()), prompt.count, rng))
        case "relation" if prompt.relation is not None:
            return replace(prompt, relation=_other(RELATIONS, prompt.relation, rng))
    return replace(prompt, kinds=tuple(kinds))


def _in_form(prompt: Prompt) -> bool:
    """Whether a prompt of its task may ask for these kinds: two objects differ in shape, attributed colours differ."""
    if len(prompt.kinds) == 1:
        return True
    (shape, color), (other, second) = prompt.kinds
    return shape != other and (prompt.task != "attribution" or color != second)


def described(scene: Scene, rng: np.random.Generator) -> Prompt | None:
    """A prompt of the training split that is true of a scene, or none where no task can tell what it shows."""
    possible = [prompt for prompt in _descriptions(scene) if prompt.teaches()]
    return _any(possible, rng) if possible else None


def _descriptions(scene: Scene) -> list[Prompt]:
    shapes = [(thing.shape, None) for thing in scene]
    kinds = [(thing.shape, thing.color) for thing in scene]
    if len(scene) == 1:
        return [Prompt("single", (shapes[0],)), Prompt("colors", (kinds[0],))]
    if len(set(shapes)) == 1:
        counted = [Prompt("counting", (kind,), len(scene)) for kind in (shapes[0], kinds[0])]
        return [prompt for prompt in counted if prompt.count in COUNTS.values() and prompt.true_of(scene)]
    if len(scene) > 2:
        return []
    ways = RELATIONS if _clear(scene) else ()
    related = [Prompt("position", tuple(pair), 1, way) for pair in (shapes, kinds) for way in ways]
    plain = [Prompt("two", tuple(shapes)), Prompt("attribution", tuple(kinds))]
    return [prompt for prompt in plain + related if prompt.true_of(scene) and _in_form(prompt)]


def _any(options, rng: np.random.Generator):
    return options[int(rng.integers(len(options)))]


def _other(options: tuple, not_this, rng: np.random.Generator):
    return _any([option for option in options if option != not_this], rng)
