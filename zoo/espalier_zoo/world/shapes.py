"""The eight shapes as signed distance fields on the square [-1, 1]², y pointing down."""

from functools import cache

import numpy as np

SHAPES = ("circle", "square", "triangle", "star", "heart", "diamond", "cross", "ring")

# Half width and half height of each shape's bounding box; the larger one is always 1.
_RING_HOLE = 0.55
_CROSS_ARM = 0.36

# The fields reach a little past the bounding box so that antialiased borders can be read from them.
_FIELD_EXTENT = 1.25
_FIELD_SIZE = 257


def _star_outline() -> np.ndarray:
    angles = -np.pi / 2 + np.arange(10) * np.pi / 5
    radii = np.where(np.arange(10) % 2 == 0, 1.0, 0.42)
    points = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    return _fitted(points)


def _heart_outline() -> np.ndarray:
    t = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    x = 16 * np.sin(t) ** 3
    y = -(13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t))
    return _fitted(np.stack([x, y], axis=1))


def _fitted(points: np.ndarray) -> np.ndarray:
    """Centres a polygon's bounding box on the origin and scales its larger half side to 1."""
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - (low + high) / 2) / ((high - low).max() / 2)


def _outline(shape: str) -> np.ndarray:
    a = _CROSS_ARM
    match shape:
        case "square":
            return np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], float)
        case "triangle":
            return _fitted(np.array([[0, -np.sqrt(3) / 2], [1, np.sqrt(3) / 2], [-1, np.sqrt(3) / 2]]))
        case "star":
            return _star_outline()
        case "heart":
            return _heart_outline()
        case "diamond":
            return np.array([[0, -1], [0.7, 0], [0, 1], [-0.7, 0]], float)
        case "cross":
            return np.array(
                [[-a, -1], [a, -1], [a, -a], [1, -a], [1, a], [a, a]]
                + [[a, 1], [-a, 1], [-a, a], [-1, a], [-1, -a], [-a, -a]],
                float,
            )
        case _:
            raise ValueError(f"unknown shape {shape!r}; the shapes are {', '.join(SHAPES)}")


def _polygon_distance(points: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Signed distance to a simple polygon, negative inside."""
    squared = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, bool)
    for (ax, ay), (bx, by) in zip(points, np.roll(points, -1, axis=0), strict=True):
        ex, ey, px, py = bx - ax, by - ay, x - ax, y - ay
        along = np.clip((px * ex + py * ey) / (ex * ex + ey * ey), 0, 1)
        squared = np.minimum(squared, (px - ex * along) ** 2 + (py - ey * along) ** 2)
        if ey != 0:
            inside ^= ((ay > y) != (by > y)) & (x < ex * py / ey + ax)
    return np.where(inside, -1, 1) * np.sqrt(squared)


@cache
def extent(shape: str) -> tuple[float, float]:
    """Half width and half height of the shape's bounding box; the larger is 1."""
    if shape in ("circle", "ring"):
        return 1.0, 1.0
    half = np.abs(_outline(shape)).max(axis=0)
    return float(half[0]), float(half[1])


def distance(shape: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Signed distance from points to the shape's border, negative inside."""
    match shape:
        case "circle":
            return np.hypot(x, y) - 1
        case "ring":
            radius = np.hypot(x, y)
            return np.maximum(radius - 1, _RING_HOLE - radius)
        case _:
            return _polygon_distance(_outline(shape), x, y)


@cache
def _field(shape: str) -> np.ndarray:
    axis = np.linspace(-_FIELD_EXTENT, _FIELD_EXTENT, _FIELD_SIZE)
    x, y = np.meshgrid(axis, axis)
    return distance(shape, x, y).astype(np.float32)


def coverage(shape: str, xs: np.ndarray, ys: np.ndarray, pixels_per_unit: float) -> np.ndarray:
    """How much of each pixel the shape covers, 0..1, for pixel centres at the grid ys × xs in shape units."""
    field = _field(shape)

    def taps(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        at = np.clip((values / _FIELD_EXTENT + 1) / 2 * (_FIELD_SIZE - 1), 0, _FIELD_SIZE - 1.001)
        low = at.astype(int)
        return low, (at - low).astype(np.float32)

    (ix, fx), (iy, fy) = taps(xs), taps(ys)
    rows = field[iy] * (1 - fy[:, None]) + field[iy + 1] * fy[:, None]
    signed = rows[:, ix] * (1 - fx) + rows[:, ix + 1] * fx
    return np.clip(0.5 - signed * pixels_per_unit, 0, 1)
