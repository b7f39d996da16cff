"""A checkpoint's tensors on their way into a graph: each is asked for by its key and its shape."""

import re
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from espalier_zoo.errors import BadInput
from espalier_zoo.models.checkpoint import Checkpoint, open_checkpoint


class StrictCheckpoint:
    """What a checkpoint holds. A key that is missing, misshapen or left over is refused by its name."""

    def __init__(self, checkpoint: Checkpoint):
        self._checkpoint = checkpoint
        self._taken: set[str] = set()

    @staticmethod
    def read(file: Path) -> "StrictCheckpoint":
        """Of a file; what lies under ``state_dict`` is taken from there."""
        checkpoint = open_checkpoint([file]).below("state_dict.")
        if not checkpoint:
            raise BadInput(f"{file} holds no weights; give a file of tensors by key, or one with a state_dict of them")
        return StrictCheckpoint(checkpoint)

    def __contains__(self, key: str) -> bool:
        return key in self._checkpoint

    def shape(self, key: str) -> tuple[int, ...]:
        if key not in self:
            raise BadInput(f"{self._checkpoint.name}: missing {key}; is it the right file?")
        return self._checkpoint.shapes[key]

    def take(self, key: str, *shape: int) -> np.ndarray:
        """The tensor of a key, float32 of this shape."""
        if self.shape(key) != shape:
            raise BadInput(
                f"{self._checkpoint.name}: {key} has shape {list(self.shape(key))}, but must have {list(shape)}"
            )
        self._taken.add(key)
        return self._checkpoint.array(key).astype(np.float32, copy=False)

    def blocks(self, prefix: str) -> int:
        """How many blocks there are, by the highest number that follows the prefix; at least one is needed."""
        numbers = [re.match(rf"{re.escape(prefix)}\.(\d+)\.", key) for key in self._checkpoint]
        return max((int(number[1]) + 1 for number in numbers if number), default=1)

    def finish(self, unused: Iterable[str] = ()) -> None:
        """Refuses keys that nothing asked for; ``unused`` are patterns of those that scoring does without."""
        known = re.compile("|".join(unused) or r"(?!)")
        left = sorted(key for key in self._checkpoint if key not in self._taken and not known.fullmatch(key))
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            raise BadInput(f"{self._checkpoint.name}: unknown {left[0]}{more}; is it another model's file?")
