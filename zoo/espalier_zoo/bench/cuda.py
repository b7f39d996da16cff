"""The ONNX Runtime that knows CUDA: installed where it is not, and every library that it needs found or named."""

import ctypes
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import onnxruntime

from espalier_zoo.errors import BadInput

PROVIDER = "CUDAExecutionProvider"
RUNTIME = f"onnxruntime-gpu=={onnxruntime.__version__}"
CURAND = "libcurand.so.10"
"""The one library that PyTorch's packages do not bring."""
NEEDED = ("libcudnn.so.9", "libonnxruntime_providers_cuda.so")
"""What a session opens: the provider, and what the provider opens by itself."""
HINTS = {
    "libcuda.so.1": "install an NVIDIA driver",
    "libcudnn.so.9": "install cuDNN 9 (pip's nvidia-cudnn-cu13)",
}
MISSING = re.compile(r"^(\S+\.so[\d.]*): cannot open shared object file")

Load = Callable[[str], object]


def require_runtime(cache: Path, say: Callable[[str], None]) -> None:
    """Goes on in a process whose ONNX Runtime knows CUDA: in this one, or in its place with one of pip's beside it.

    The runtime is installed below ``cache``. pip's own settings say from where, such as ``PIP_FIND_LINKS`` and
    ``PIP_NO_INDEX`` for a folder of wheels.
    """
    if PROVIDER in onnxruntime.get_available_providers():
        return
    folder = cache / f"onnxruntime-gpu-{onnxruntime.__version__}"
    if str(folder) in sys.path:
        raise BadInput(f"the ONNX Runtime in {folder} does not know CUDA; remove the folder to install it again")
    complete = folder / "complete"
    if not complete.is_file():
        packages = [RUNTIME, *([] if _there(CURAND) else ["nvidia-curand"])]
        say(f"installing {' and '.join(packages)} in {folder}")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(folder), *packages]
        if subprocess.call(command):
            raise BadInput(f"{' and '.join(packages)} could not be installed, see above; bench gpu needs it")
        complete.touch()
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    arguments = [sys.executable, "-m", "espalier_zoo", *sys.argv[1:]]
    os.execve(sys.executable, arguments, os.environ | {"PYTHONPATH": path})


def load_libraries() -> None:
    """Loads what the runtime needs from wherever pip put it; what is missing is an error that names it."""
    capi = Path(onnxruntime.__file__).parent / "capi"
    ctypes.CDLL(str(capi / "libonnxruntime_providers_shared.so"), mode=ctypes.RTLD_GLOBAL)
    for name in NEEDED:
        load_with_needs(name, [capi, *_nvidia()], lambda file: ctypes.CDLL(file, mode=ctypes.RTLD_GLOBAL))


def load_with_needs(name: str, folders: Iterable[Path], load: Load) -> None:
    """Loads a library after those that the loader does not find by itself but that lie below ``folders``."""
    waiting = [name]
    while waiting:
        try:
            load(_found(waiting[-1], folders))
            waiting.pop()
        except OSError as e:
            missing = MISSING.match(str(e))
            if missing is None:
                raise BadInput(f"{waiting[-1]} cannot be loaded: {e}") from e
            if missing[1] in waiting:
                hint = HINTS.get(missing[1], "install CUDA's libraries (pip's onnxruntime-gpu[cuda,cudnn])")
                raise BadInput(f"{missing[1]} is missing, which {NEEDED[-1]} needs: {hint}") from e
            waiting.append(missing[1])


def _nvidia() -> list[Path]:
    """The folders of pip's packages of CUDA."""
    spec = importlib.util.find_spec("nvidia")
    return list(map(Path, (spec and spec.submodule_search_locations) or []))


def _there(name: str) -> bool:
    """Whether a library is among pip's packages or where the loader looks."""
    if _found(name, _nvidia()) != name:
        return True
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _found(name: str, folders: Iterable[Path]) -> str:
    """A library's path where it lies below one of the folders, else its name, for the loader to look for."""
    return next((str(file) for folder in folders for file in sorted(folder.rglob(name))), name)
