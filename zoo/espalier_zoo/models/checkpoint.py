"""Checkpoints on disk: torch and safetensors files, whole or in shards, whose tensors are read one by one."""

import pickle
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from espalier_zoo.errors import BadInput

Shape = tuple[int, ...]
SAFETENSORS = ".safetensors"
TORCH = (".pth", ".pt", ".bin", ".ckpt")
FAULTS_SHOWN = 8


class Checkpoint(Mapping[str, Tensor]):
    """Tensors by key; each is read from its file when it is asked for, and not kept."""

    def __init__(self, name: str, tensors: Mapping[str, Callable[[], Tensor]], shapes: Mapping[str, Shape]):
        self.name, self.shapes = name, dict(shapes)
        self._tensors = dict(tensors)

    def __getitem__(self, key: str) -> Tensor:
        return self._tensors[key]()

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def array(self, key: str) -> np.ndarray:
        """A tensor as float16 or float32; what numpy lacks, such as bfloat16, becomes float32."""
        tensor = self[key]
        return (tensor if tensor.dtype in (torch.float16, torch.float32) else tensor.float()).numpy()

    def shape(self, key: str, rank: int) -> Shape:
        """The shape of a tensor that must be there and have so many dimensions."""
        if key not in self.shapes:
            raise BadInput(f"{self.name}: missing {key}; is it the right file?")
        if len(self.shapes[key]) != rank:
            raise BadInput(f"{self.name}: {key} has shape {list(self.shapes[key])}, but must have {rank} dimensions")
        return self.shapes[key]

    def renamed(self, rename: Callable[[str], str | None]) -> "Checkpoint":
        """The same tensors under other keys, without those whose new key is None."""
        old = {}
        for key in self:
            new = rename(key)
            if new in old:
                raise BadInput(f"{self.name}: {old[new]} and {key} are both {new}; give only one of them")
            if new is not None:
                old[new] = key
        tensors = {new: self._tensors[key] for new, key in old.items()}
        return Checkpoint(self.name, tensors, {new: self.shapes[key] for new, key in old.items()})

    def below(self, root: str) -> "Checkpoint":
        """What is nested under a root, such as ``vae.``; everything where nothing is."""
        if not any(key.startswith(root) for key in self):
            return self
        return self.renamed(lambda key: key.removeprefix(root) if key.startswith(root) else None)

    def require(self, shapes: Mapping[str, Shape]) -> None:
        """Refuses a checkpoint that has not exactly these keys and shapes."""
        if faults := key_faults(self.shapes, shapes):
            raise BadInput(f"{self.name}: {faults}")


def key_faults(given: Mapping[str, Shape], wanted: Mapping[str, Shape]) -> str:
    """What is missing, unknown or of the wrong shape, in words; nothing where all is well."""
    faults = [f"missing {key}" for key in wanted if key not in given]
    faults += [f"unknown {key}" for key in given if key not in wanted]
    faults += [
        f"{key} has shape {list(given[key])}, not {list(shape)}"
        for key, shape in wanted.items()
        if key in given and tuple(given[key]) != tuple(shape)
    ]
    more = len(faults) - FAULTS_SHOWN
    return "; ".join(sorted(faults)[:FAULTS_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def open_checkpoint(paths: Sequence[Path]) -> Checkpoint:
    """All tensors of some files, or of the checkpoint's shards in a folder; nested ones have a dot between names."""
    files = [file for path in paths for file in (shards(path) if path.is_dir() else [path])]
    name = ", ".join(file.name for file in files)
    tensors: dict[str, Callable[[], Tensor]] = {}
    shapes: dict[str, Shape] = {}
    for file in files:
        for key, shape, tensor in _safetensors(file) if file.suffix == SAFETENSORS else _torch(file):
            if key in tensors:
                raise BadInput(f"{file}: {key} is in another of {name} too; give every shard once")
            tensors[key], shapes[key] = tensor, shape
    return Checkpoint(name, tensors, shapes)


def shards(folder: Path) -> list[Path]:
    """A folder's safetensors files, or where there are none its torch files."""
    for suffixes in ((SAFETENSORS,), TORCH):
        if files := sorted(path for path in folder.iterdir() if path.suffix in suffixes):
            return files
    raise BadInput(f"{folder} has no checkpoint: no file ends in {', '.join((SAFETENSORS, *TORCH))}")


Entry = tuple[str, Shape, Callable[[], Tensor]]


def _safetensors(file: Path) -> Iterator[Entry]:
    try:
        handle = safe_open(file, framework="pt")
    except (SafetensorError, OSError) as e:
        raise BadInput(f"{file} cannot be read: {e}; download it again") from e
    for key in handle.keys():  # noqa: SIM118, the handle is no mapping
        yield key, tuple(handle.get_slice(key).get_shape()), lambda key=key: handle.get_tensor(key)


def _torch(file: Path) -> Iterator[Entry]:
    try:
        loaded = _loaded(file)
    except pickle.UnpicklingError as e:
        if not _pickled(file):
            raise BadInput(f"{file} cannot be read: it is no checkpoint; download it again") from e
        raise BadInput(
            f"{file} holds Python objects beside tensors, which could run code; load it where it is trusted and save "
            "its state dictionary alone"
        ) from e
    except (RuntimeError, OSError, EOFError) as e:
        reason = (str(e).splitlines() or [type(e).__name__])[0]
        raise BadInput(f"{file} cannot be read: {reason}; download it again") from e
    for key, tensor in _flat(loaded, ""):
        yield key, tuple(tensor.shape), lambda tensor=tensor: tensor


def _loaded(file: Path) -> object:
    """What ``torch.save`` or TorchScript wrote, mapped into memory where its format allows."""
    if not zipfile.is_zipfile(file):
        return torch.load(file, map_location="cpu", weights_only=True)
    with zipfile.ZipFile(file) as archive:
        script = any(name.endswith("/constants.pkl") for name in archive.namelist())
    if script:
        return torch.jit.load(file, map_location="cpu").state_dict()
    return torch.load(file, map_location="cpu", mmap=True, weights_only=True)


def _pickled(file: Path) -> bool:
    """Whether it looks like what ``torch.save`` writes, in its format of today or in the old one."""
    with file.open("rb") as head:
        return head.read(2) == b"\x80\x02" or zipfile.is_zipfile(head)


def _flat(value: object, prefix: str) -> Iterator[tuple[str, Tensor]]:
    """The tensors of nested dictionaries, under their names joined by dots."""
    if isinstance(value, Tensor):
        yield prefix, value.detach()
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(inner, f"{prefix}.{key}" if prefix else str(key))
