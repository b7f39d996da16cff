"""The judge: says whether a picture shows what a prompt asks for, by classical means alone.

It measures results. No model is trained with it and no search is steered by it.
"""

from functools import cache

import numpy as np
from scipy import ndimage

from espalier_zoo.world.prompts import Prompt
from espalier_zoo.world.scenes import COLORS, Scene, Thing
from espalier_zoo.world.shapes import SHAPES, distance, extent

_SATURATION = 0.33
_GRID = 48
_SPECK = 0.0015
_MATCH = 0.70
"""How well a piece must match its shape. True drawings reach 0.83 and more; small stars are the worst."""
_MARGIN = 0.10
"""How much better than the second best shape: a piece halfway between two shapes is none."""
_ONE_COLOR = 0.8
_NAMES = tuple(COLORS)
_PALETTE = np.array([COLORS[name] for name in _NAMES])


@cache
def _templates() -> dict[str, np.ndarray]:
    """Each shape's mask, stretched to fill a square grid."""
    axis = (np.arange(_GRID) + 0.5) / _GRID * 2 - 1
    masks = {}
    for shape in SHAPES:
        width, height = extent(shape)
        x, y = np.meshgrid(axis * width, axis * height)
        masks[shape] = distance(shape, x, y) < 0
    return masks


def _shape_of(mask: np.ndarray) -> str | None:
    """The shape of a component cut to its bounding box; none where no shape matches well and alone."""
    height, width = mask.shape
    rows = ((np.arange(_GRID) + 0.5) * height / _GRID).astype(int)
    columns = ((np.arange(_GRID) + 0.5) * width / _GRID).astype(int)
    stretched = mask[np.ix_(rows, columns)]
    scores = {}
    for shape, template in _templates().items():
        overlap = np.count_nonzero(stretched & template) / np.count_nonzero(stretched | template)
        ratio = (width / height) / (extent(shape)[0] / extent(shape)[1])
        scores[shape] = overlap * min(ratio, 1 / ratio) ** 0.5
    best, second = sorted(scores, key=scores.__getitem__, reverse=True)[:2]
    return best if scores[best] >= max(_MATCH, scores[second] + _MARGIN) else None


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
