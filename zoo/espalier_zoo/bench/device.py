"""What a generator runs on: how a session is made for it, how much memory is taken, and what it can do at most."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime
import torch

from espalier_zoo.bench.limits import Ceilings, of_card
from espalier_zoo.bench.recording import Machine
from espalier_zoo.errors import BadInput

GIBIBYTE = 1 << 30
TRIES = 5


class Device(Protocol):
    name: str
    arena: str
    """Of the run option that gives back what a call took."""
    weights: int
    """How many times the bundle's size the services set aside for weights."""

    def session(self, file: Path) -> onnxruntime.InferenceSession: ...

    def taken(self) -> int:
        """Bytes of its memory that are taken now."""
        ...

    def machine(self) -> Machine: ...

    def data_sheet(self) -> Ceilings | None: ...

    def measured(self) -> Ceilings:
        """What a large product and a large copy reach."""
        ...


class Processor:
    """This machine's processor, to try the benchmark on; its memory is what the process holds."""

    name, arena, weights = "cpu", "cpu:0", 3

    def session(self, file: Path) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    def taken(self) -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def machine(self) -> Machine:
        return Machine.here()

    def data_sheet(self) -> Ceilings | None:
        return None

    def measured(self) -> Ceilings:
        return _measured(torch.device("cpu"), torch.float32, side=512, copied=16 << 20, wait=lambda: None)


class Cuda:
    """A CUDA device, with the settings of the services' sessions."""

    weights = 2

    def __init__(self, number: int):
        if number >= torch.cuda.device_count():
            raise BadInput(f"there is no cuda:{number}; PyTorch sees {torch.cuda.device_count()} CUDA devices")
        self.name, self.arena, self._number = f"cuda:{number}", f"gpu:{number}", number

    def session(self, file: Path) -> onnxruntime.InferenceSession:
        settings = {
            "device_id": str(self._number),
            "use_tf32": "0",
            "arena_extend_strategy": "kSameAsRequested",
        }
        providers = [("CUDAExecutionProvider", settings), "CPUExecutionProvider"]
        session = onnxruntime.InferenceSession(str(file), providers=providers)
        if "CUDAExecutionProvider" not in session.get_providers():
            raise BadInput(f"{file.name} was not loaded on {self.name}: see ONNX Runtime's warnings above")
        return session

    def taken(self) -> int:
        free, total = torch.cuda.mem_get_info(self._number)
        return total - free

    def machine(self) -> Machine:
        card = torch.cuda.get_device_properties(self._number)
        return Machine(card.name, card.multi_processor_count, round(card.total_memory / GIBIBYTE))

    def data_sheet(self) -> Ceilings | None:
        return of_card(torch.cuda.get_device_name(self._number))

    def measured(self) -> Ceilings:
        device = torch.device(self.name)
        ceilings = _measured(device, torch.float16, 8192, 2 * GIBIBYTE, lambda: torch.cuda.synchronize(device))
        torch.cuda.empty_cache()
        return ceilings


def _measured(device: torch.device, dtype: torch.dtype, side: int, copied: int, wait: Callable[[], None]) -> Ceilings:
    matrix = torch.randn(side, side, device=device).to(dtype)
    source = torch.ones(copied, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    product, copy = _median(lambda: matrix @ matrix, wait), _median(lambda: target.copy_(source), wait)
    return Ceilings(2 * side**3 / product, 2 * copied / copy)


def _median(work: Callable[[], object], wait: Callable[[], None]) -> float:
    seconds = []
    for _ in range(TRIES + 1):
        wait()
        start = time.perf_counter()
        work()
        wait()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds[1:]))
