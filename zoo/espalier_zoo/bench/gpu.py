"""A generator of full size and random weights on a GPU: its speed against what the card can do, its memory against
what a bundle's manifest plans, and whether a row's bits depend on the batch that it shares.

Everything is said and recorded as soon as it is known, so that a run that is cut off tells what it found. A step that
would not end in the time that is left is not begun.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime

from espalier_zoo.bench.device import GIBIBYTE, Device
from espalier_zoo.bench.from_bundle import KNOBS
from espalier_zoo.bench.limits import Ceilings, least_seconds
from espalier_zoo.bench.random_weights import write_decoder, write_rollout
from espalier_zoo.bench.recording import RATIO, Measured, write_recording
from espalier_zoo.export.infinity import manifest_part
from espalier_zoo.export.memory import of_rollout
from espalier_zoo.models.infinity import InfinityConfig
from espalier_zoo.models.infinity_vae import InfinityVaeConfig

PART = "gpu"
BATCHES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15)
"""P·c, in the order in which they are tried."""
TEXT_LENGTH = 12
REPEATS = 2
"""Timed calls of a batch, after one that takes the memory."""
TOGETHER = 2
"""Hypotheses that share a call, and branches of each."""
SHRINK = "memory.enable_memory_arena_shrinkage"


@dataclass
class GpuBench:
    """One run. ``say`` takes each line; ``failed`` holds what went wrong without ending the run."""

    device: Device
    folder: Path
    config: InfinityConfig
    vae: InfinityVaeConfig
    seconds: float
    """How long all of it may take, from now on."""
    say: Callable[[str], None]
    out: Path | None = None
    batches: tuple[int, ...] = BATCHES
    failed: list[str] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)

    def __post_init__(self):
        self._end = time.monotonic() + self.seconds
        self._ceilings: dict[str, Ceilings] = {}
        rng, config = np.random.default_rng(0), self.config
        rows = max(*self.batches, TOGETHER**2)
        self._features = rng.standard_normal((1, TEXT_LENGTH, config.text_width), dtype=np.float32)
        self._uniforms = rng.random((rows, config.starts[-1], config.bits), dtype=np.float32)
        self._part = manifest_part(config, self.vae, {})
        self._memory = of_rollout(config, True, self.vae.feature_maps(*config.latent_grid()))
        self._known = np.zeros((0, config.starts[-1], config.bits), np.uint8)
        self._sequence_seconds = 0.0

    def run(self) -> None:
        with self._step("the card"):
            self._card()
        with self._step("rollouts"):
            self._rollouts()
        with self._step("decoding"):
            self._decoding()
        self.say(f"{self._left():.0f} s of {self.seconds:.0f} are left")

    # The steps.

    def _card(self) -> None:
        machine = self.device.machine()
        self.say(f"{self.device.name}: {machine.processor}, {machine.gibibytes} GiB; {_version()}")
        sheet = self.device.data_sheet()
        self._ceilings = {"data sheet": sheet} if sheet else {}
        self._ceilings["measured"] = self.device.measured()
        for source, ceilings in self._ceilings.items():
            operations, traffic = ceilings.operations / 1e12, ceilings.traffic / 1e12
            self.say(f"  at most {operations:.1f} TFLOP/s and {traffic:.3f} TB/s, {source}")

    def _rollouts(self) -> None:
        session = self._loaded("rollout.onnx", lambda: write_rollout(self.folder, self.config))
        with self._step("batches"):
            self._batches(session)
        with self._step("scales"):
            self._scales(session)
        with self._step("hypotheses"):
            self._hypotheses(session)

    def _batches(self, session: onnxruntime.InferenceSession) -> None:
        """Whole rollouts of growing batches, until one does not fit into the memory or the time."""
        self.say("P·c    seconds  tokens/s  of the limit    GiB a sequence, planned  bits")
        for count in self.batches:
            if not self._allows(f"P·c {count}", (REPEATS + 1) * count):
                break
            try:
                self._batch(session, count)
            except Exception as e:  # the runtime's own, which have no common class
                if not _of_memory(e):
                    raise
                self.say(f"{count:3}  does not fit: {_line(e)}")
                self._shrink(session)
                break
            self._save()

    def _batch(self, session: onnxruntime.InferenceSession, count: int) -> None:
        before, planned = self.device.taken(), self._memory.sequence
        feeds = self._feeds(self._uniforms[:count])
        (_, bits), *others = [self._timed(session, feeds) for _ in range(REPEATS + 1)]
        taken = (self.device.taken() - before) / count
        self._shrink(session)
        seconds = [each for each, _ in others]
        self._sequence_seconds = min(seconds) / count
        smaller = compare(self.config, self._known, bits[: len(self._known)])
        again = [compare(self.config, bits, other) for _, other in others]
        self._known = np.concatenate([self._known, bits[len(self._known) :]])
        shares = ", ".join(f"{self._share(source, count, seconds):.0%}" for source in self._ceilings)
        self.say(
            f"{count:3} {np.median(seconds):10.3f} {count * self.config.starts[-1] / np.median(seconds):9.0f}"
            f"  {shares:12} {taken / GIBIBYTE:10.3f}, {planned / GIBIBYTE:.3f}"
            f"  in smaller batches: {smaller}; repeated: {', '.join(map(str, again))}"
        )
        self._of_batch(count, seconds, taken, planned)
        self._differ(f"P·c {count}, rows that differ from smaller batches", [smaller])
        self._differ(f"P·c {count}, rows that differ in repeated calls", again)

    def _of_batch(self, count: int, seconds: list[float], taken: float, planned: int) -> None:
        tokens = [count * self.config.starts[-1] / each for each in seconds]
        self._record(f"P·c {count}, a call", "s", seconds)
        self._record(f"P·c {count}, tokens a second", "1/s", tokens, gain=True)
        self._record(f"P·c {count}, memory of a sequence over the plan", RATIO, [taken / planned])
        for source in self._ceilings:
            shares = [self._share(source, count, [each]) for each in seconds]
            self._record(f"P·c {count}, share of the limit, {source}", RATIO, shares, gain=True)

    def _share(self, source: str, count: int, seconds: list[float]) -> float:
        least = least_seconds(self.config, count, TEXT_LENGTH, self._ceilings[source])
        return least / float(np.median(seconds))

    def _scales(self, session: onnxruntime.InferenceSession) -> None:
        """How long a single sequence takes up to each scale."""
        scales = len(self.config.scales)
        if not self._allows("scales", (REPEATS + 1) * scales / 2):
            return
        self.say("a single sequence up to scale: seconds")
        for scale in range(scales):
            feeds = self._feeds(self._uniforms[:1, : self.config.starts[scale + 1]])
            seconds = [self._timed(session, feeds)[0] for _ in range(REPEATS + 1)][1:]
            self.say(f"  {scale + 1:2}: {np.median(seconds):.4f}")
            self._record(f"a sequence up to scale {scale + 1}", "s", seconds)

    def _hypotheses(self, session: onnxruntime.InferenceSession) -> None:
        """Two hypotheses with two branches each, in one call and in two."""
        if len(self._known) < TOGETHER or not self._allows("hypotheses", 2 * TOGETHER**2):
            return
        scale = len(self.config.scales) // 2
        start = self.config.starts[scale]
        prefix, uniforms = self._known[:TOGETHER, :start], self._uniforms[: TOGETHER**2, start:]
        _, together = self._timed(session, self._feeds(uniforms, prefix))
        pairs = zip(np.split(uniforms, TOGETHER), np.split(prefix, TOGETHER), strict=True)
        alone = np.concatenate([self._timed(session, self._feeds(*pair))[1] for pair in pairs])
        found = compare(self.config, alone, together, scale)
        self.say(f"P 2 × c 2 after scale {scale}, in one call and in two: {found}")
        self._differ("P 2 × c 2, rows that differ from calls of their own", [found])

    def _decoding(self) -> None:
        session = self._loaded("decode.onnx", lambda: write_decoder(self.folder, self.config, self.vae))
        before, planned = self.device.taken(), self._memory.picture
        shape = (1, self.config.latent_channels, *self.config.latent_grid())
        latent = np.random.default_rng(1).standard_normal(shape, dtype=np.float32)
        seconds = [_seconds(lambda: session.run(["image"], {"latent": latent}))[0] for _ in range(REPEATS + 1)][1:]
        taken = self.device.taken() - before
        self.say(f"a picture: {np.median(seconds):.3f} s, {taken / GIBIBYTE:.3f} GiB, planned {planned / GIBIBYTE:.3f}")
        self._record("a picture", "s", seconds)
        self._record("memory of a picture over the plan", RATIO, [taken / planned])

    # Calls.

    def _loaded(self, name: str, write: Callable[[], None]) -> onnxruntime.InferenceSession:
        making, _ = _seconds(write)
        size = sum(file.stat().st_size for file in self.folder.glob(f"{name}*"))
        self.say(f"{self.folder / name}: {size / 1e9:.2f} GB, there after {making:.0f} s")
        before = self.device.taken()
        seconds, session = _seconds(lambda: self.device.session(self.folder / name))
        taken, planned = (self.device.taken() - before) / GIBIBYTE, self.device.weights * size / GIBIBYTE
        self.say(f"  loaded in {seconds:.1f} s; its weights take {taken:.2f} GiB, planned {planned:.2f}")
        self._record(f"{name}, loading", "s", [seconds])
        return session

    def _feeds(self, uniforms: np.ndarray, prefix: np.ndarray | None = None) -> dict[str, np.ndarray]:
        """Inputs for uniforms [P·c, T_sampled, D] after prefixes [P, T_prefix, D], or from the beginning."""
        if prefix is None:
            prefix = np.zeros((1, 0, self.config.bits), np.uint8)
        return {
            "text_features": self._features,
            "prefix_bits": prefix,
            "uniforms": uniforms,
            **{name: np.tile(np.float32(self._part[said]), (len(prefix), 1)) for name, said in KNOBS.items()},
        }

    def _timed(self, session: onnxruntime.InferenceSession, feeds: dict[str, np.ndarray]) -> tuple[float, np.ndarray]:
        """A call's seconds, inputs and outputs in the machine's memory as the services have them, and its bits."""
        seconds, (bits, _) = _seconds(lambda: session.run(["bits", "latent"], feeds))
        return seconds, bits

    def _shrink(self, session: onnxruntime.InferenceSession) -> None:
        """Gives back what calls took, so that the next batch's memory is its own."""
        options = onnxruntime.RunOptions()
        options.add_run_config_entry(SHRINK, self.device.arena)
        session.run(["bits"], self._feeds(self._uniforms[:1, :1]), options)

    # What is known.

    @contextmanager
    def _step(self, title: str) -> Iterator[None]:
        """A part of the run; where it fails the others still run."""
        try:
            yield
        except Exception as e:  # a run on a rented machine is not easily had again
            self.failed.append(f"{title}: {_line(e)}")
            self.say(f"{title} failed: {_line(e)}")
        self._save()

    def _save(self) -> None:
        if self.out:
            write_recording(self.out, _version(), self.device.machine(), self.measured)

    def _record(self, name: str, unit: str, values: list[float], gain: bool = False) -> None:
        self.measured.append(Measured(PART, name, unit, values, smaller_is_better=not gain))

    def _differ(self, name: str, found: list["Difference"]) -> None:
        self._record(name, "rows", [float(each.rows) for each in found])

    def _left(self) -> float:
        return self._end - time.monotonic()

    def _allows(self, title: str, sequences: float) -> bool:
        """Whether there is time to draw so many sequences; says so where there is not."""
        needed, left = sequences * self._sequence_seconds, self._left()
        if needed < left:
            return True
        self.say(f"{title}: not tried; it takes {needed:.0f} s and {max(0, left):.0f} are left")
        return False


@dataclass(frozen=True)
class Difference:
    """How two draws of the same rows differ."""

    rows: int
    """Of which any bit does."""
    compared: int
    scale: int = 0
    """The first one with a difference, from 1 on; later ones follow from it."""
    bits: int = 0
    """How many differ there."""

    def __str__(self) -> str:
        if not self.compared:
            return "none to compare"
        if not self.rows:
            return f"all {self.compared} the same"
        return f"{self.rows} of {self.compared} rows differ, first at scale {self.scale} in {self.bits} bits"


def compare(config: InfinityConfig, ones: np.ndarray, others: np.ndarray, first: int = 0) -> Difference:
    """Compares bits [N, T, D] that begin at a scale."""
    different = ones != others
    rows = int(different.any(axis=(1, 2)).sum())
    if not rows:
        return Difference(0, len(ones))
    starts = [start - config.starts[first] for start in config.starts[first:]]
    counts = [int(different[:, start:end].sum()) for start, end in zip(starts, starts[1:], strict=False)]
    scale = next(i for i, count in enumerate(counts) if count)
    return Difference(rows, len(ones), first + scale + 1, counts[scale])


def _seconds(call: Callable[[], object]) -> tuple[float, object]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def _of_memory(error: Exception) -> bool:
    return "allocate memory" in str(error) or "out of memory" in str(error)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _version() -> str:
    return f"onnxruntime {onnxruntime.__version__}"
