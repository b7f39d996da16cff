"""Published checkpoints: read where they lie, each tensor asked for by its key and its shape."""

import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError

import numpy as np
import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor


class Refused(Exception):
    """What was given cannot be exported; the message says what, where and what to do."""


class Checkpoint:
    """The tensors of one file. A key that is missing, misshapen or left over is refused by its name."""

    def __init__(self, tensors: Mapping[str, Tensor], origin: Path):
        self._tensors, self._origin = tensors, origin
        self._taken: set[str] = set()

    def __contains__(self, key: str) -> bool:
        return key in self._tensors

    def shape(self, key: str) -> tuple[int, ...]:
        return tuple(self._tensor(key).shape)

    def take(self, key: str, *shape: int) -> np.ndarray:
        """The tensor of a key, float32 of this shape."""
        if self.shape(key) != shape:
            raise Refused(f"{self._origin}: {key} is {list(self.shape(key))}, but must be {list(shape)}")
        self._taken.add(key)
        return self._tensor(key).to(torch.float32).numpy()

    def blocks(self, prefix: str) -> int:
        """How many blocks there are, by the highest number that follows the prefix; at least one is needed."""
        numbers = [re.match(rf"{re.escape(prefix)}\.(\d+)\.", key) for key in self._tensors]
        return max((int(number[1]) + 1 for number in numbers if number), default=1)

    def finish(self, unused: Iterable[str] = ()) -> None:
        """Refuses keys that nothing asked for; ``unused`` are patterns of those that scoring does without."""
        known = re.compile("|".join(unused) or r"(?!)")
        left = sorted(key for key in self._tensors if key not in self._taken and not known.fullmatch(key))
        if left:
            more = f" and {len(left) - 1} more" if len(left) > 1 else ""
            raise Refused(
                f"{self._origin}: {left[0]}{more} belongs to no part of this model; is it another model's file?"
            )

    def _tensor(self, key: str) -> Tensor:
        if key not in self._tensors:
            raise Refused(f"{self._origin}: {key} is missing; is it another model's file, or one cut short?")
        return self._tensors[key]


def read(path: Path) -> Checkpoint:
    """A file of safetensors, of ``torch.save`` or of TorchScript, mapped into memory where its format allows.

    Weights that lie under ``state_dict`` are taken from there.
    """
    try:
        if path.suffix == ".safetensors":
            return Checkpoint(safetensors.torch.load_file(path), path)
        if _is_script(path):
            return Checkpoint(torch.jit.load(path, map_location="cpu").state_dict(), path)
        loaded = torch.load(path, map_location="cpu", mmap=zipfile.is_zipfile(path), weights_only=True)
    except (OSError, EOFError, RuntimeError, SafetensorError, UnpicklingError) as e:
        raise Refused(f"{path} cannot be read as weights: {str(e).splitlines()[0]}") from e
    tensors = loaded.get("state_dict", loaded) if isinstance(loaded, Mapping) else {}
    if not tensors or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise Refused(f"{path} holds no weights; give a file of tensors by key, or one with a state_dict of them")
    return Checkpoint(tensors, path)


def _is_script(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())
