"""Scenes and their pictures: coloured shapes on a plain light background, apart from each other."""

from dataclasses import dataclass, replace

import numpy as np

from espalier_zoo.world.shapes import coverage, extent

SIDE = 128

COLORS = {
    "red": (0.86, 0.15, 0.15),
    "green": (0.13, 0.62, 0.25),
    "blue": (0.15, 0.32, 0.86),
    "yellow": (0.95, 0.82, 0.15),
    "purple": (0.55, 0.20, 0.70),
    "orange": (0.96, 0.52, 0.10),
    "cyan": (0.10, 0.75, 0.80),
    "pink": (0.95, 0.50, 0.70),
}

# Half the bounding box, as a fraction of the side, by the number of objects.
RADII = {1: (0.18, 0.36), 2: (0.15, 0.27), 3: (0.14, 0.22), 4: (0.12, 0.19), 5: (0.13, 0.165), 6: (0.12, 0.15)}
RADII_IN_LINE = {2: RADII[2], 3: (0.13, 0.155)}
"""Of objects that stand side by side, for which the picture is narrow."""

GAP = 0.035
MARGIN = 0.015


@dataclass(frozen=True)
class Thing:
    """One object: its shape, its colour's name, its centre and half size as fractions of the side."""

    shape: str
    color: str
    x: float
    y: float
    radius: float

    def half(self) -> tuple[float, float]:
        """Half width and half height of the bounding box."""
        width, height = extent(self.shape)
        return width * self.radius, height * self.radius


Scene = tuple[Thing, ...]


def _apart(one: Thing, other: Thing) -> bool:
    (w1, h1), (w2, h2) = one.half(), other.half()
    return abs(one.x - other.x) > w1 + w2 + GAP or abs(one.y - other.y) > h1 + h2 + GAP


def place(kinds: list[tuple[str, str]], rng: np.random.Generator) -> Scene:
    """Places one thing for each (shape, color) so that none touches another or the border."""
    low, high = RADII[len(kinds)]
    while True:
        things: list[Thing] = []
        for shape, color in kinds:
            for _ in range(30):
                radius = rng.uniform(low, high)
                width, height = extent(shape)
                x = rng.uniform(MARGIN + width * radius, 1 - MARGIN - width * radius)
                y = rng.uniform(MARGIN + height * radius, 1 - MARGIN - height * radius)
                thing = Thing(shape, color, x, y, radius)
                if all(_apart(thing, other) for other in things):
                    things.append(thing)
                    break
            else:
                break
        if len(things) == len(kinds):
            return tuple(things)


def line_up(kinds: list[tuple[str, str]], upright: bool, rng: np.random.Generator) -> Scene:
    """Places one thing for each (shape, color) from left to right, or from top to bottom, each past the one before.

    On the other axis they are anywhere.
    """
    while True:
        radii = rng.uniform(*RADII_IN_LINE[len(kinds)], len(kinds))
        halves = radii[:, None] * [extent(shape) for shape, _ in kinds]
        along, across = halves[:, int(upright)], halves[:, 1 - int(upright)]
        room = 1 - 2 * MARGIN - 2 * along.sum() - GAP * (len(kinds) - 1)
        if room > 0:
            break
    before = room * rng.dirichlet(np.ones(len(kinds) + 1))[:-1] + GAP
    first = np.cumsum(before + 2 * along) - along - GAP + MARGIN
    second = rng.uniform(MARGIN + across, 1 - MARGIN - across)
    xs, ys = (second, first) if upright else (first, second)
    return tuple(
        Thing(shape, color, float(x), float(y), float(radius))
        for (shape, color), x, y, radius in zip(kinds, xs, ys, radii, strict=True)
    )


def mirrored(scene: Scene) -> Scene:
    """Left is right; every shape is its own mirror image."""
    return tuple(replace(thing, x=1 - thing.x) for thing in scene)


def draw(scene: Scene, rng: np.random.Generator, side: int = SIDE) -> np.ndarray:
    """Draws a scene as uint8 [side, side, 3]; the rng gives background and colour jitter."""
    grey, slope = rng.uniform(0.75, 0.97), rng.uniform(-0.06, 0.06)
    tint = rng.uniform(-0.03, 0.03, 3)
    ramp = grey + slope * np.linspace(-0.5, 0.5, side, dtype=np.float32)
    image = np.empty((side, side, 3), np.float32)
    image[:] = ramp[:, None, None] + tint.astype(np.float32)
    for thing in scene:
        color = np.asarray(COLORS[thing.color]) + rng.uniform(-0.04, 0.04, 3)
        width, height = thing.half()
        x0, x1 = _span(thing.x, width, side)
        y0, y1 = _span(thing.y, height, side)
        xs = ((np.arange(x0, x1) + 0.5) / side - thing.x) / thing.radius
        ys = ((np.arange(y0, y1) + 0.5) / side - thing.y) / thing.radius
        alpha = coverage(thing.shape, xs, ys, thing.radius * side)[..., None]
        patch = image[y0:y1, x0:x1]
        image[y0:y1, x0:x1] = patch * (1 - alpha) + alpha * color.astype(np.float32)
    return (np.clip(image, 0, 1) * 255 + 0.5).astype(np.uint8)


def _span(centre: float, half: float, side: int) -> tuple[int, int]:
    low = int(np.floor((centre - half) * side)) - 1
    high = int(np.ceil((centre + half) * side)) + 1
    return max(low, 0), min(high, side)
