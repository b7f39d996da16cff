"""The generator of a bundle against eager PyTorch, on the model calls of a whole beam search.

A beam draws P·c candidates at a scale, c branches of each of P hypotheses, and rolls each out to the last scale and
decodes it. From the second scale on a hypothesis' own rollout takes the place of one branch, as in ``./espalier
search``. Three contestants draw the same candidates from the same uniforms with the same weights, in float32:

- ``ours``: the bundle's graphs as a search worker calls them. A call draws at most ``SLICE`` branches of one
  hypothesis. It computes the prefix again, once for all its branches. Calls run side by side, one thread each.
- ``eager``: ``Infinity.generate``, all candidates of a scale as one batch. Keys and values are cached from scale to
  scale of a call, which begins without any: so each branch computes the prefix for itself.
- ``kept``: eager PyTorch that also keeps the keys and values of every hypothesis from one scale of the search to the
  next, and runs the scale at which branches part once for each hypothesis. No token is computed twice.

Contestants take turns, scale by scale, so that whatever else the machine does meets them all alike.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np
import onnx
import onnxruntime
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from espalier_zoo.bench.from_bundle import KNOBS, read_decoder, read_infinity, read_manifest
from espalier_zoo.bench.recording import RATIO, Measured
from espalier_zoo.errors import BadInput
from espalier_zoo.export.decode import Rounding, ToBytes
from espalier_zoo.models.infinity import Infinity, draw

PART = "generator"
SLICE = 5
"""The most branches that a search worker draws in one call, by default."""
PROMPT = "a red circle left of a blue square"
DIFFERENT_BITS = 1e-3
"""The share of bits that rounding may turn: one of millions, and what follows from it."""


class Drawn(NamedTuple):
    bits: np.ndarray
    """uint8 [P·c, T_sampled, D]"""
    images: np.ndarray
    """uint8 [P·c, H, W, 3]"""


@dataclass(frozen=True)
class Expansion:
    """One scale of a beam, with the inputs of ``rollout.onnx`` for P hypotheses with c branches each."""

    scale: int
    """From 0 on."""
    branches: int
    feeds: dict[str, np.ndarray]

    @property
    def hypotheses(self) -> int:
        return len(self.feeds["prefix_bits"])

    def slices(self, most: int) -> list[dict[str, np.ndarray]]:
        """The same candidates in calls of at most so many branches of one hypothesis, in their order."""
        feeds = []
        for hypothesis in range(self.hypotheses):
            own = {name: self.feeds[name][hypothesis : hypothesis + 1] for name in ("prefix_bits", *KNOBS)}
            end = (hypothesis + 1) * self.branches
            for start in range(hypothesis * self.branches, end, most):
                uniforms = self.feeds["uniforms"][start : min(start + most, end)]
                feeds.append(self.feeds | own | {"uniforms": uniforms})
        return feeds


class Contestant(Protocol):
    def prepare(self, expansion: Expansion) -> Callable[[], Drawn]:
        """What is timed; what a search would have at hand already is made before."""


class Ours:
    """The bundle's graphs, as a search worker with so many threads calls them."""

    def __init__(self, folder: Path, threads: int):
        self._rollout, self._decode = (load(folder / name) for name in ("rollout.onnx", "decode.onnx"))
        self._pool = ThreadPoolExecutor(threads)

    def prepare(self, expansion: Expansion) -> Callable[[], Drawn]:
        slices = expansion.slices(SLICE)

        def call() -> Drawn:
            return Drawn(*map(np.concatenate, zip(*self._pool.map(self._slice, slices), strict=True)))

        return call

    def _slice(self, feeds: dict[str, np.ndarray]) -> Drawn:
        bits, latent = self._rollout.run(["bits", "latent"], feeds)
        return Drawn(bits, self._decode.run(["image"], {"latent": latent})[0])


class Eager:
    """``Infinity.generate`` and the decoder, on whatever number of threads PyTorch has."""

    def __init__(self, model: Infinity, decoder: nn.Module):
        self._model, self._decoder = model, decoder

    def prepare(self, expansion: Expansion) -> Callable[[], Drawn]:
        feeds = {name: torch.from_numpy(value) for name, value in expansion.feeds.items()}

        @torch.inference_mode()
        def call() -> Drawn:
            bits, latent = self._model.generate(**feeds)
            return Drawn(bits.numpy(), self._decoder(latent).numpy())

        return call


class Kept:
    """As ``Eager``, but with the keys and values that hypotheses have from the scale before."""

    def __init__(self, model: Infinity, decoder: nn.Module):
        self._model, self._decoder = model, decoder

    def prepare(self, expansion: Expansion) -> Callable[[], Drawn]:
        feeds = {name: torch.from_numpy(value) for name, value in expansion.feeds.items()}
        hypotheses = torch.arange(expansion.hypotheses)
        with torch.inference_mode():
            text = feeds["text_features"].expand(len(hypotheses), -1, -1)
            before = self._model.after(text, feeds["prefix_bits"])

        @torch.inference_mode()
        def call() -> Drawn:
            survivors = before.selected(hypotheses)
            logits = survivors.logits().repeat_interleave(expansion.branches, dim=1)
            sequences = survivors.selected(hypotheses.repeat_interleave(expansion.branches))
            drawn = []
            for scale, uniforms in self._by_scale(expansion.scale, feeds["uniforms"]):
                if drawn:
                    logits = sequences.logits()
                knobs = (
                    feeds[name].repeat_interleave(expansion.branches, dim=0)[:, scale, None, None] for name in KNOBS
                )
                drawn.append(draw(logits, uniforms, *knobs))
                sequences.add(drawn[-1])
            return Drawn(torch.cat(drawn, dim=1).numpy(), self._decoder(sequences.latent).numpy())

        return call

    def _by_scale(self, first: int, uniforms: Tensor) -> list[tuple[int, Tensor]]:
        tokens = self._model.config.tokens[first:]
        return list(enumerate(uniforms.split(tokens, dim=1), start=first))


def load(file: Path) -> onnxruntime.InferenceSession:
    """A graph for calls on one thread, as the services load it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


@dataclass(frozen=True)
class Row:
    """A scale of the search, or all of it: seconds of each round, by contestant."""

    title: str
    shape: str
    wall: dict[str, list[float]]
    core: dict[str, list[float]]
    """Of all threads; PyTorch's wait busily, so that with several it is more than was worked."""


class EagerBench:
    """A bundle, its weights in PyTorch, and the search that all draw."""

    def __init__(self, folder: Path, width: int = 3, branches: int = 5, seed: int = 0):
        self._folder, self._width, self._branches = folder, width, branches
        self._manifest = read_manifest(folder)
        self._part = self._manifest["generator"]
        model = read_infinity(onnx.load(folder / "rollout.onnx"), self._part)
        decoder = read_decoder(onnx.load(folder / "decode.onnx"), self._part["latent"][0])
        to_bytes = ToBytes(decoder, Rounding.HALF_UP).eval()
        self._config = model.config
        self._eager = {"eager": Eager(model, to_bytes), "kept": Kept(model, to_bytes)}
        self._expansions = self._search(np.random.default_rng(seed))

    @property
    def name(self) -> str:
        return f"beam({self._width},{self._branches}) of {self._manifest['name']}"

    def run(self, threads: int, rounds: int) -> list[Row]:
        """Times all contestants, after a round in which they must draw the same."""
        torch.set_num_threads(threads)
        contestants: dict[str, Contestant] = {"ours": Ours(self._folder, threads), **self._eager}
        for expansion in self._expansions:
            _require_same({name: each.prepare(expansion)() for name, each in contestants.items()})
        rows = [_row(f"scale {expansion.scale + 1}", expansion, contestants) for expansion in self._expansions]
        for _ in range(rounds):
            for row, expansion in zip(rows, self._expansions, strict=True):
                for name, contestant in contestants.items():
                    wall, core = _seconds(contestant.prepare(expansion))
                    row.wall[name].append(wall)
                    row.core[name].append(core)
        return [*rows, _sum(rows, contestants)]

    def _search(self, rng: np.random.Generator) -> list[Expansion]:
        """The scales of a search in which the first candidates survive; who does makes no difference to its cost."""
        features, ours = self._text(), Ours(self._folder, 1)
        config, prefix = self._config, np.zeros((1, 0, self._config.bits), np.uint8)
        expansions = []
        for scale in range(len(config.scales)):
            hypotheses = len(prefix)
            branches = self._branches - 1 if scale else self._width * self._branches
            sampled = config.starts[-1] - config.starts[scale]
            feeds = {
                "text_features": features,
                "prefix_bits": prefix,
                "uniforms": rng.random((hypotheses * branches, sampled, config.bits), dtype=np.float32),
                **{name: np.tile(np.float32(self._part[said]), (hypotheses, 1)) for name, said in KNOBS.items()},
            }
            expansions.append(Expansion(scale, branches, feeds))
            bits = ours.prepare(expansions[-1])().bits[:, : config.tokens[scale]]
            survivors = np.concatenate([prefix.repeat(branches, axis=0), bits], axis=1)
            prefix = survivors[: self._width]
        return expansions

    def _text(self) -> np.ndarray:
        ids = np.array([Tokenizer.from_file(str(self._folder / self._manifest["tokenizer"])).encode(PROMPT).ids])
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        return load(self._folder / "text.onnx").run(["text_features"], feeds)[0]


def _require_same(drawn: dict[str, Drawn]) -> None:
    ours = drawn["ours"]
    for name, other in drawn.items():
        different = (ours.bits != other.bits).mean()
        if different > DIFFERENT_BITS:
            raise BadInput(f"{name} draws other bits than ours, {different:.1%} of them: the weights are not the same")
        same = (ours.bits == other.bits).all(axis=(1, 2))
        if np.abs(ours.images[same].astype(int) - other.images[same]).max(initial=0) > 1:
            raise BadInput(f"{name} decodes the same bits to other pictures: the decoders are not the same")


def _row(title: str, expansion: Expansion, names: Sequence[str]) -> Row:
    shape = f"{expansion.hypotheses} × {expansion.branches}"
    return Row(title, shape, {name: [] for name in names}, {name: [] for name in names})


def _sum(rows: Sequence[Row], names: Sequence[str]) -> Row:
    def of(clock: str) -> dict[str, list[float]]:
        return {name: list(np.sum([getattr(row, clock)[name] for row in rows], axis=0)) for name in names}

    return Row("search", "", of("wall"), of("core"))


def _seconds(call: Callable[[], Drawn]) -> tuple[float, float]:
    wall, core = time.perf_counter(), time.process_time()
    call()
    return time.perf_counter() - wall, time.process_time() - core


def table(name: str, threads: int, rows: Sequence[Row]) -> str:
    """Medians in milliseconds, and how many times as long as ours the others take."""
    rounds = len(rows[0].wall["ours"])
    lines = [
        f"{name}, decoding included, {threads} thread{'s' if threads > 1 else ''}, {rounds} rounds",
        "          P × c      ours ms    eager ms  times   of cores     kept ms  times   of cores",
    ]
    for row in rows:
        cells = [f"{row.title:9} {row.shape:7}"]
        cells.append(f"{1000 * np.median(row.wall['ours']):11.1f}")
        for other in ("eager", "kept"):
            wall, core = (_ratio(seconds, other) for seconds in (row.wall, row.core))
            cells.append(f"{1000 * np.median(row.wall[other]):12.1f} {np.median(wall):6.2f} {np.median(core):10.2f}")
        lines.append("".join(cells))
    for other in ("eager", "kept"):
        lower, upper = np.quantile(_ratio(rows[-1].wall, other), (0.25, 0.75))
        lines.append(f"{other} over ours, the whole search: quartiles {lower:.2f} and {upper:.2f}")
    return "\n".join(lines)


def _ratio(seconds: dict[str, list[float]], other: str) -> list[float]:
    return [theirs / ours for theirs, ours in zip(seconds[other], seconds["ours"], strict=True)]


def measured(name: str, threads: int, rows: Sequence[Row]) -> list[Measured]:
    """Seconds of each contestant, and how many times as long as ours the others take: the more the better."""
    quantities = []
    for row in rows:
        for clock, of_each in {"s": row.wall, "core s": row.core}.items():
            where = f"{name}, {threads} threads, {row.title}"
            each = {who: Measured(PART, f"{where}, {who}", clock, values) for who, values in of_each.items()}
            quantities += each.values()
            for who in ("eager", "kept"):
                ratio = f"{where}, {who} over ours, {clock}"
                values = _ratio(of_each, who)
                quantities.append(Measured(PART, ratio, RATIO, values, smaller_is_better=False))
    return quantities


def version() -> str:
    return f"torch {torch.__version__}, onnxruntime {onnxruntime.__version__}"
