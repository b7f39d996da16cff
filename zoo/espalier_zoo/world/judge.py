"""The judge: says whether a picture shows what a prompt asks for, by classical means alone.

It measures results. No model is trained with it and no search is steered by it.
"""

from functools import cache

import numpy as np
from scipy import ndimage

from espalier_zoo.world.prompts import Prompt
from espalier_zoo.world.scenes import COLORS, Scene, Thing
from espalier_zoo.world.shapes import SHAPES, distance

_SATURATION = 0.33
_GRID = 128
_REACH = 1.25
"""What a template spans on each side of its centre; the unit is the root of the shape's area. Stars reach 0.9."""
_SPECK = 0.0015
_MATCH = 0.75
"""How much of a piece and its shape must be common to both. True drawings reach 0.9 and more."""
_MARGIN = 0.05
"""How much better than the second best shape: a piece halfway between two shapes is none."""
_ONE_COLOR = 0.8
_NAMES = tuple(COLORS)
_PALETTE = np.array([COLORS[name] for name in _NAMES])
_AXIS = ((np.arange(_GRID) + 0.5) / _GRID * 2 - 1) * _REACH


@cache
def _templates() -> np.ndarray:
    """Each shape's mask, of area 1 and centred where its mass is: [shapes, grid, grid]."""
    side = (np.arange(512) + 0.5) / 256 - 1
    x, y = np.meshgrid(side, side)
    masks = []
    for shape in SHAPES:
        inside = distance(shape, x, y) < 0
        x0, y0, root = x[inside].mean(), y[inside].mean(), 2 * np.sqrt(inside.mean())
        masks.append(distance(shape, *np.meshgrid(x0 + _AXIS * root, y0 + _AXIS * root)) < 0)
    return np.stack(masks)


def _shape_of(mask: np.ndarray) -> str | None:
    """The shape of a component; none where no shape matches well and alone.

    Component and shape are laid over each other by centre and area, not by their bounding boxes: a star that has lost
    the very ends of its points is still a star.
    """
    ys, xs = np.nonzero(mask)
    root = np.sqrt(len(ys))
    rows, columns = (np.floor(values.mean() + 0.5 + _AXIS * root).astype(int) for values in (ys, xs))
    seen = np.pad(mask, 1)[np.ix_(np.clip(rows + 1, 0, mask.shape[0] + 1), np.clip(columns + 1, 0, mask.shape[1] + 1))]
    common = (_templates() & seen).sum((1, 2)) * (2 * _REACH / _GRID) ** 2
    scores = common / (2 - common)
    second, best = np.argsort(scores)[-2:]
    return SHAPES[best] if scores[best] >= max(_MATCH, scores[second] + _MARGIN) else None


def see(image: np.ndarray) -> Scene | None:
    """The objects of a picture (uint8 [side, side, 3]), or none where a large piece is no shape."""
    side = image.shape[0]
    pixels = image.astype(np.float32) / 255
    high, low = pixels.max(axis=2), pixels.min(axis=2)
    saturated = (high - low) > _SATURATION * np.maximum(high, 1e-6)
    nearest = np.full(saturated.shape, -1)
    colored = pixels[saturated]
    nearest[saturated] = ((colored[:, None, :] - _PALETTE) ** 2).sum(axis=2).argmin(axis=1)
    labels, count = ndimage.label(saturated, structure=np.ones((3, 3)))
    things: list[Thing] = []
    for index, box in enumerate(ndimage.find_objects(labels), start=1):
        mask = labels[box] == index
        area = np.count_nonzero(mask)
        if area < _SPECK * side * side:
            continue
        votes = np.bincount(nearest[box][mask], minlength=len(_NAMES))
        shape = _shape_of(mask)
        if shape is None or votes.max() < _ONE_COLOR * area:
            return None
        height, width = mask.shape
        things.append(
            Thing(
                shape,
                _NAMES[int(votes.argmax())],
                (box[1].start + width / 2) / side,
                (box[0].start + height / 2) / side,
                max(width, height) / 2 / side,
            )
        )
    return tuple(things)


def passes(prompt: Prompt, image: np.ndarray) -> bool:
    """Whether the picture shows exactly what the prompt asks for."""
    scene = see(image)
    return scene is not None and prompt.true_of(scene)
