"""The token grids of Infinity's public models, by number of pixels and by the ratio height / width."""

from dataclasses import dataclass

from espalier_zoo.errors import BadInput
from espalier_zoo.models.infinity import Grid

SCALES = {"0.06M": 7, "0.25M": 10, "0.60M": 12, "1M": 13}
"""How many scales a picture of so many pixels has; a smaller picture's are the first ones of a larger one's."""

_TALL = {
    1.0: "1,1 2,2 4,4 6,6 8,8 12,12 16,16 20,20 24,24 32,32 40,40 48,48 64,64",
    1.25: "1,1 2,2 3,3 5,4 10,8 15,12 20,16 25,20 30,24 35,28 45,36 55,44 70,56",
    1.333: "1,1 2,2 4,3 8,6 12,9 16,12 20,15 24,18 28,21 36,27 48,36 60,45 72,54",
    1.5: "1,1 2,2 3,2 6,4 9,6 15,10 21,14 27,18 33,22 39,26 48,32 63,42 78,52",
    1.75: "1,1 2,2 3,3 7,4 11,6 14,8 21,12 28,16 35,20 42,24 56,32 70,40 84,48",
    2.0: "1,1 2,2 4,2 6,3 10,5 16,8 22,11 30,15 38,19 46,23 60,30 74,37 90,45",
    2.5: "1,1 2,2 5,2 10,4 15,6 20,8 25,10 30,12 40,16 50,20 65,26 80,32 100,40",
    3.0: "1,1 2,2 6,2 9,3 15,5 21,7 27,9 36,12 45,15 54,18 72,24 90,30 111,37",
}
_TOLERANCE = 0.005
"""Ratios are written with two or three digits."""


@dataclass(frozen=True)
class Schedule:
    """The grids of one picture size, and the grid on which rotary positions are counted."""

    scales: tuple[Grid, ...]
    rope_grid: Grid
    """The last grid of the 1M schedule of the same ratio."""


def _grids() -> dict[float, tuple[Grid, ...]]:
    """All 13 grids by ratio; wide ones are tall ones turned."""
    tall = {
        ratio: tuple((int(h), int(w)) for h, w in (grid.split(",") for grid in row.split()))
        for ratio, row in _TALL.items()
    }
    wide = {round(1 / ratio, 3): tuple((w, h) for h, w in grids) for ratio, grids in tall.items()}
    return dict(sorted((wide | tall).items()))


GRIDS = _grids()


def schedule(pixels: str, aspect: float) -> Schedule:
    """The schedule for a number of pixels, such as 1M, and a ratio height / width."""
    if pixels not in SCALES:
        raise BadInput(f"no schedule has {pixels} pixels; there are {', '.join(SCALES)}")
    for ratio, grids in GRIDS.items():
        if abs(ratio - aspect) < _TOLERANCE:
            return Schedule(grids[: SCALES[pixels]], grids[-1])
    raise BadInput(f"no schedule has the ratio {aspect:g}; there are {', '.join(f'{ratio:g}' for ratio in GRIDS)}")
