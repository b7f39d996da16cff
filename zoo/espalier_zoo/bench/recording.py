"""What a benchmark measured, in the format of ``./espalier bench flow``, whose comparison reads it."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

GIBIBYTE = 1 << 30
RATIO = "ratio"
"""The unit of what one thing takes over what another does, which machines of other speeds have in common."""


@dataclass(frozen=True)
class Machine:
    """What it ran on."""

    processor: str
    cores: int
    gibibytes: int

    @classmethod
    def here(cls) -> "Machine":
        """This machine's processor."""
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
        return cls(_processor(), os.cpu_count() or 1, round(memory / GIBIBYTE))


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


@dataclass(frozen=True)
class Measured:
    """One quantity, measured several times in one run; by default the smaller the better."""

    part: str
    name: str
    unit: str
    values: Sequence[float]
    smaller_is_better: bool = True

    @property
    def median(self) -> float:
        return float(np.median(self.values))

    @property
    def quartiles(self) -> tuple[float, float]:
        lower, upper = np.quantile(self.values, (0.25, 0.75))
        return float(lower), float(upper)

    def to_dict(self) -> dict:
        return {
            "part": self.part,
            "name": self.name,
            "unit": self.unit,
            "smallerIsBetter": self.smaller_is_better,
            "values": list(map(float, self.values)),
        }


def write_recording(file: Path, version: str, machine: Machine, measured: Sequence[Measured]) -> None:
    """Writes a recording, whole or not at all; ``version`` says what was measured."""
    recording = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "version": version,
        "machine": vars(machine),
        "measured": [each.to_dict() for each in measured],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_name(file.name + ".part")
    beside.write_text(json.dumps(recording, indent=2) + "\n")
    beside.replace(file)
