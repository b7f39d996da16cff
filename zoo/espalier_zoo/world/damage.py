"""Damage: drawings with the faults of generated pictures, each by an amount.

What search meets is not clean drawings: shapes are half formed or between two shapes, colours bleed, edges wobble.
A little of it leaves a picture right; a lot of some of it leaves a picture that no prompt is true of.
"""

from dataclasses import asdict, dataclass, replace
from functools import cache

import numpy as np

from espalier_zoo.world.scenes import COLORS, SIDE, Scene, Thing, draw
from espalier_zoo.world.shapes import SHAPES, distance

_REACH = 1.25
"""How far a field reaches, in shape units: past the border, where wobbling edges and their antialiasing lie."""
_FIELD = 257


@dataclass(frozen=True)
class Damage:
    """How much of each fault a picture has, from 0, none, to 1."""

    blur: float = 0.0
    """Out of focus, by a fiftieth of the side."""
    noise: float = 0.0
    """Blotches."""
    ragged: float = 0.0
    """Edges that wobble and fray."""
    ghost: float = 0.0
    """One more object, which shines through."""
    melt: float = 0.0
    """Shapes on the way to another shape or to a blob, at 1 half of the way."""
    half: float = 0.0
    """Shapes of which a part, at 1 half of the area, has not formed."""
    bleed: float = 0.0
    """Objects of which a part, at 1 half of the area, has another colour."""
    touch: float = 0.0
    """Two objects drawn near and joined by a bridge; nothing where there is one object."""

    def severity(self) -> float:
        """How bad the rendering is: 0 for a clean drawing, towards 1 with every fault."""
        return 1 - float(np.prod([1 - _WEIGHT * amount for amount in asdict(self).values()]))


CLEAN = Damage()
_WEIGHT = 0.9
_HARMLESS = {"blur": 0.35, "noise": 0.4, "ragged": 0.4, "ghost": 0.15, "melt": 0.2, "half": 0.12, "bleed": 0.2}
_RUINOUS = {"ghost": 0.75, "melt": 0.75, "half": 0.65, "bleed": 0.7, "touch": 0.5}


def harmless(rng: np.random.Generator) -> Damage:
    """A little damage, which leaves a picture as right or wrong as it was."""
    return Damage(**{fault: rng.uniform(0, most) for fault, most in _HARMLESS.items() if rng.random() < 0.4})


def ruinous(objects: int, rng: np.random.Generator) -> Damage:
    """Damage to a scene of so many objects after which no prompt is true of the picture."""
    faults = [fault for fault in _RUINOUS if objects > 1 or fault != "touch"]
    worst = faults[int(rng.integers(len(faults)))]
    return replace(harmless(rng), **{worst: rng.uniform(_RUINOUS[worst], 1)})


def graded(objects: int, rng: np.random.Generator) -> Damage:
    """Any damage to a scene of so many objects: none at all, up to three faults of any amount."""
    faults = [fault for fault in asdict(CLEAN) if objects > 1 or fault != "touch"]
    chosen = rng.permutation(len(faults))[: int(rng.integers(4))]
    return Damage(**{faults[i]: rng.uniform() for i in chosen})


def draw_damaged(scene: Scene, damage: Damage, rng: np.random.Generator, side: int = SIDE) -> np.ndarray:
    """Draws a scene with damage, uint8 [side, side, 3]; the clean drawing's background and colours, jitter and all."""
    canvas = draw((), rng, side).astype(np.float32) / 255
    colors = {color: np.float32(rgb) + rng.uniform(-0.04, 0.04, 3).astype(np.float32) for color, rgb in COLORS.items()}
    if damage.touch > 0 and len(scene) > 1:
        scene = _joined(canvas, scene, colors, damage.touch, rng)
    struck = int(rng.integers(len(scene)))
    for i, thing in enumerate(scene):
        spared = i != struck and rng.random() < 0.5
        _paint(canvas, thing, colors, replace(damage, melt=0, half=0, bleed=0) if spared else damage, rng)
    if damage.ghost > 0:
        _haunt(canvas, scene, colors, damage, rng)
    if damage.blur > 0:
        canvas = _blurred(canvas, damage.blur * side / 50)
    if damage.noise > 0:
        canvas = canvas + _blotches(side, 0.08 * damage.noise, rng)
    return (np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8)


@cache
def _field(shape: str) -> np.ndarray:
    """Signed distances on the square of ``_REACH``, [_FIELD, _FIELD]."""
    axis = np.linspace(-_REACH, _REACH, _FIELD)
    return distance(shape, *np.meshgrid(axis, axis)).astype(np.float32)


def _distance(shape: str, xs: np.ndarray, ys: np.ndarray) -> np.ndarray:
    """Signed distances at the grid ys × xs, bilinear."""

    def taps(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = np.clip((values / _REACH + 1) * ((_FIELD - 1) / 2), 0, _FIELD - 1.001)
        low = at.astype(int)
        return low, (at - low).astype(np.float32)

    (ix, fx), (iy, fy) = taps(xs), taps(ys)
    field = _field(shape)
    rows = field[iy] * (1 - fy[:, None]) + field[iy + 1] * fy[:, None]
    return rows[:, ix] * (1 - fx) + rows[:, ix + 1] * fx


def _paint(
    canvas: np.ndarray,
    thing: Thing,
    colors: dict[str, np.ndarray],
    damage: Damage,
    rng: np.random.Generator,
    opacity: float = 1.0,
) -> None:
    """Paints one object with its own share of the damage: ragged, melt, half and bleed."""
    side = len(canvas)
    (x0, xs), (y0, ys) = (_pixels(centre, thing.radius, side) for centre in (thing.x, thing.y))
    border = _distance(thing.shape, xs, ys)
    if damage.melt > 0:
        towards = SHAPES[int(rng.integers(len(SHAPES)))]
        blob = np.hypot(xs, ys[:, None]) - np.float32(0.75)
        other = blob if towards == thing.shape else _distance(towards, xs, ys)
        border = border + np.float32(0.5 * damage.melt) * (other - border)
    if damage.ragged > 0:
        wobble = 0.12 * damage.ragged * _waves(xs, ys, rng)
        border = border + wobble + 0.08 * damage.ragged * rng.standard_normal(border.shape, np.float32)
    alpha = opacity * np.clip(0.5 - border * (thing.radius * side), 0, 1)
    if damage.half > 0:
        alpha = alpha * (1 - _part(xs, ys, border, 0.5 * damage.half, rng))
    color = colors[thing.color]
    if damage.bleed > 0:
        stain = colors[_another_color({thing.color}, rng)] - color
        color = color + stain * _part(xs, ys, border, 0.5 * damage.bleed, rng)[..., None]
    patch = canvas[y0 : y0 + len(ys), x0 : x0 + len(xs)]
    patch += alpha[..., None] * (color - patch)


def _pixels(centre: float, radius: float, side: int) -> tuple[int, np.ndarray]:
    """The first pixel that an object may reach along one axis, and the places of all such pixels in shape units."""
    low = max(int((centre - _REACH * radius) * side), 0)
    high = min(int((centre + _REACH * radius) * side) + 1, side)
    return low, ((np.arange(low, high, dtype=np.float32) + 0.5) / side - np.float32(centre)) / np.float32(radius)


def _waves(xs: np.ndarray, ys: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Two plane waves, each no shorter than half of the shape, on the grid ys × xs."""
    fx, fy, phase = rng.uniform(-6, 6, (3, 2, 1)).astype(np.float32)
    across, down = fx * xs, fy * ys + phase
    return np.cos(down).T @ np.sin(across) + np.sin(down).T @ np.cos(across)


def _part(xs: np.ndarray, ys: np.ndarray, border: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Weights 0..1 of a part on one side of a shape that holds this share of its area; the cut is more or less soft."""
    angle = rng.uniform(0, 2 * np.pi)
    along = np.float32(np.cos(angle)) * xs + np.float32(np.sin(angle)) * ys[:, None] + 0.1 * _waves(xs, ys, rng)
    inside = along[border < 0][::4]
    cut = np.quantile(inside, 1 - share) if inside.size else 0
    return np.clip((along - np.float32(cut)) / np.float32(rng.uniform(0.05, 0.4)) + 0.5, 0, 1)


def _another_color(not_these: set[str], rng: np.random.Generator) -> str:
    left = [color for color in COLORS if color not in not_these]
    return left[int(rng.integers(len(left)))]


def _haunt(
    canvas: np.ndarray, scene: Scene, colors: dict[str, np.ndarray], damage: Damage, rng: np.random.Generator
) -> None:
    """Paints a faint object of a colour that the scene lacks, on top, so that it is seen wherever it falls."""
    radius = rng.uniform(0.1, 0.2)
    x, y = rng.uniform(radius, 1 - radius, 2)
    color = _another_color({thing.color for thing in scene}, rng)
    ghost = Thing(SHAPES[int(rng.integers(len(SHAPES)))], color, x, y, radius)
    _paint(canvas, ghost, colors, Damage(ragged=damage.ragged), rng, opacity=0.8 * damage.ghost)


def _joined(
    canvas: np.ndarray, scene: Scene, colors: dict[str, np.ndarray], amount: float, rng: np.random.Generator
) -> Scene:
    """The scene with one object pulled against another; the bridge between them is painted at once, below both."""
    a, b = (scene[int(i)] for i in rng.choice(len(scene), 2, replace=False))
    dx, dy = b.x - a.x, b.y - a.y
    apart = float(np.hypot(dx, dy))
    near = min(1.0, (a.radius + b.radius) * (1.1 - 0.35 * amount) / apart)
    moved = replace(b, x=a.x + near * dx, y=a.y + near * dy)
    _bridge(canvas, a, moved, colors, 0.5 * amount * min(a.radius, b.radius))
    return tuple(moved if thing is b else thing for thing in scene)


def _bridge(canvas: np.ndarray, a: Thing, b: Thing, colors: dict[str, np.ndarray], width: float) -> None:
    """Paints a bar of a half width between two centres, its colour running from one object's to the other's."""
    side = len(canvas)
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side
    x, y = axis[None, :] - np.float32(a.x), axis[:, None] - np.float32(a.y)
    dx, dy = np.float32(b.x - a.x), np.float32(b.y - a.y)
    along = np.clip((x * dx + y * dy) / (dx * dx + dy * dy), 0, 1)
    border = np.hypot(x - along * dx, y - along * dy) - np.float32(width)
    alpha = np.clip(0.5 - border * side, 0, 1)[..., None]
    color = colors[a.color] + along[..., None] * (colors[b.color] - colors[a.color])
    canvas += alpha * (color - canvas)


def _blurred(canvas: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur: rows, then columns, by the same product."""
    at = np.arange(len(canvas), dtype=np.float32)
    kernel = np.exp(-0.5 * ((at[:, None] - at) / np.float32(max(sigma, 0.1))) ** 2)
    kernel /= kernel.sum(1, keepdims=True)
    for _ in range(2):
        canvas = (kernel @ canvas.reshape(len(canvas), -1)).reshape(canvas.shape).swapaxes(0, 1)
    return canvas


def _blotches(side: int, deviation: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of two pixels' grain."""
    coarse = rng.standard_normal((-(-side // 2), -(-side // 2), 3), np.float32) * np.float32(deviation)
    return coarse.repeat(2, axis=0).repeat(2, axis=1)[:side, :side]
