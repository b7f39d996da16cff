"""What the tests of Infinity share: small random models, the public fixture, sessions and rollouts."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import ModelProto
from safetensors.numpy import load_file

from espalier_zoo.export.graph import Graph
from espalier_zoo.export.rollout import _Rollout, build_rollout
from espalier_zoo.models.infinity import Infinity, InfinityConfig, probability

FIXTURES = Path(os.environ.get("ESPALIER_FIXTURES", Path(__file__).parents[3] / "shared" / "fixtures"))
FIXTURE = FIXTURES / "infinity-r1.0-d32"
needs_fixture = pytest.mark.skipif(
    not FIXTURE.is_dir(), reason=f"{FIXTURE} is absent: point ESPALIER_FIXTURES at the folder of fixtures"
)

SQUARE = InfinityConfig(
    width=64,
    heads=2,
    depth=2,
    block_chunks=1,
    text_width=48,
    text_max=12,
    latent_channels=16,
    scales=((1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)),
)
TALL = InfinityConfig(
    width=96,
    heads=1,
    depth=3,
    block_chunks=3,
    text_width=128,
    text_max=16,
    latent_channels=8,
    scales=((1, 1), (2, 1), (4, 3), (6, 4), (9, 6)),
    rope_grid=(15, 10),
)
"""Not square, and its rope grid is no multiple of its scales: 15 / 6 and 10 / 4 have exact ties."""
PATCHED = InfinityConfig(
    width=192,
    heads=3,
    depth=4,
    block_chunks=2,
    text_width=256,
    text_max=16,
    latent_channels=5,
    scales=((1, 1), (1, 2), (2, 3), (3, 5), (4, 7)),
    rope_grid=(9, 14),
    patchify=True,
)
CASES = {"square": SQUARE, "tall": TALL, "patched": PATCHED}


@cache
def random_model(config: InfinityConfig, seed: int = 0) -> Infinity:
    """A model in which every weight matters: the initial gates and biases would hide most of it."""
    torch.manual_seed(seed)
    model = Infinity(config).eval()
    with torch.no_grad():
        for name, weight in model.state_dict().items():
            if name.endswith("bias") or "ada" in name:
                weight.add_(0.1 * torch.randn_like(weight))
        for block in model.blocks():
            block.ada_gss[:, :, :2] += 0.5
            block.sa.scale_mul_1H11.add_(torch.randn_like(block.sa.scale_mul_1H11)).mul_(2)
            block.sa.scale_mul_1H11[:, 1:2] = 5.0  # beyond where it is cut
        model.head.weight.mul_(50)
    return model


def weights(model: Infinity) -> Callable[[str], np.ndarray]:
    state = model.state_dict()
    return lambda key: state[key].numpy()


def session(model: ModelProto | Path, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    source = str(model) if isinstance(model, Path) else model.SerializeToString()
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


@cache
def rollout_session(
    config: InfinityConfig, threads: int = 1, half_products: bool = False, log_likelihood: bool = False
) -> onnxruntime.InferenceSession:
    """The rollout of the case's random model."""
    get = weights(random_model(config))
    return session(build_rollout(config, get, half_products=half_products, log_likelihood=log_likelihood), threads)


class _ShowingProbabilities(_Rollout):
    """A rollout that draws the same bits, but shows P(bit = 1) in their place."""

    drawn_type = np.float32

    def _draw(self, g: Graph, p: str, z: str, scale: str) -> list[str]:
        _, *others = super()._draw(g, p, z, scale)
        return [p, *others]


@cache
def probability_session(
    config: InfinityConfig, threads: int = 1, half_products: bool = False
) -> onnxruntime.InferenceSession:
    """The same model's rollout with probabilities float [P·c, T_sampled, D] as its ``bits``."""
    graph = Graph("rollout", half_products=half_products)
    _ShowingProbabilities(graph, config, weights(random_model(config))).build()
    return session(graph.model(), threads)


@dataclass(frozen=True)
class Rollout:
    """One call's inputs; ``uniforms`` as [P, c, T_sampled, D]."""

    text_features: np.ndarray
    prefix_bits: np.ndarray
    uniforms: np.ndarray
    guidance: np.ndarray
    temperature: np.ndarray
    top_p: np.ndarray

    @classmethod
    def random(
        cls, config: InfinityConfig, rng: np.random.Generator, hypotheses: int, branches: int, first: int = 0
    ) -> "Rollout":
        """All scales from ``first`` on, after a random prefix, with settings that differ everywhere."""
        drawn, sampled = config.starts[first], config.starts[-1] - config.starts[first]
        length = int(rng.integers(1, config.text_max + 1))

        def knob(low: float, high: float) -> np.ndarray:
            return rng.uniform(low, high, (hypotheses, len(config.scales))).astype(np.float32)

        return cls(
            text_features=rng.standard_normal((hypotheses, length, config.text_width), dtype=np.float32),
            prefix_bits=rng.integers(0, 2, (hypotheses, drawn, config.bits), dtype=np.uint8),
            uniforms=rng.random((hypotheses, branches, sampled, config.bits), dtype=np.float32),
            guidance=knob(1, 4),
            temperature=knob(0.4, 1.2),
            top_p=knob(0.9, 1),
        )

    def only(self, hypotheses: list[int], branches: list[int]) -> "Rollout":
        """Some of its hypotheses, in any order, and of each the same branches."""
        parts = {name: value[hypotheses] for name, value in vars(self).items()}
        return Rollout(**(parts | {"uniforms": parts["uniforms"][:, branches]}))

    def until(self, tokens: int) -> "Rollout":
        """Its first so many sampled tokens."""
        return replace(self, uniforms=self.uniforms[:, :, :tokens])

    def after(self, bits: np.ndarray) -> "Rollout":
        """What is left after the bits [P·c, T, D] were drawn: every branch is a hypothesis of its own."""
        branches = self.uniforms.shape[1]
        parts = {name: value.repeat(branches, axis=0) for name, value in vars(self).items()}
        prefix_bits = np.concatenate([parts["prefix_bits"], bits], axis=1)
        uniforms = self.uniforms.reshape(-1, 1, *self.uniforms.shape[2:])[:, :, bits.shape[1] :]
        return Rollout(**(parts | {"prefix_bits": prefix_bits, "uniforms": uniforms}))

    @property
    def feeds(self) -> dict[str, np.ndarray]:
        return vars(self) | {"uniforms": self.uniforms.reshape(-1, *self.uniforms.shape[2:])}

    def run(self, on: onnxruntime.InferenceSession) -> tuple[np.ndarray, np.ndarray]:
        """Bits [P·c, T_sampled, D] and latent [P·c, d, H, W]."""
        bits, latent = on.run(["bits", "latent"], self.feeds)
        return bits, latent


@dataclass(frozen=True)
class Fixture:
    """A small checkpoint under the public key names, and what the public code makes of it."""

    config: InfinityConfig
    weights: dict[str, np.ndarray]
    expected: dict[str, np.ndarray]
    guidance: float
    temperature: float

    @classmethod
    def load(cls) -> "Fixture":
        sizes = json.loads((FIXTURE / "config.json").read_text())
        config = InfinityConfig(
            width=sizes["embed_dim"],
            heads=sizes["num_heads"],
            depth=sizes["depth"],
            block_chunks=sizes["block_chunks"],
            mlp_ratio=sizes["mlp_ratio"],
            text_width=sizes["text_channels"],
            text_max=sizes["text_maxlen"],
            latent_channels=sizes["latent_dim"],
            patchify=sizes["spatial_patchify"],
            scales=tuple(map(tuple, sizes["scales_hw"])),
            rope_grid=(64, 64),
        )
        expected = dict(np.load(FIXTURE / "expected.npz"))
        return cls(config, load_file(FIXTURE / "infinity.safetensors"), expected, sizes["cfg"], sizes["tau"])

    def model(self) -> Infinity:
        model = Infinity(self.config).eval()
        model.load_state_dict({key: torch.from_numpy(value).float() for key, value in self.weights.items()})
        return model

    @property
    def text(self) -> np.ndarray:
        """[1, L, Ct]"""
        return self.expected["text"][None]

    def bits(self, scales: int | None = None) -> np.ndarray:
        """The bits of the first so many scales, or of all: [1, T, D]."""
        scales = len(self.config.scales) if scales is None else scales
        parts = [np.unpackbits(self.expected[f"bits_{scale}"]) for scale in range(scales)]
        return np.concatenate([*parts, np.zeros(0, np.uint8)]).reshape(1, -1, self.config.bits)

    def logits(self, scale: int) -> np.ndarray:
        """[2, T, 2·D]: the conditional and the unconditional row."""
        return self.expected[f"logits_{scale}"]


def fixture_rollout(fixture: Fixture, first: int, uniforms: np.ndarray, guidance: float, temperature: float) -> Rollout:
    """``uniforms`` [c, T_sampled, D], after the fixture's own bits."""
    scales = len(fixture.config.scales)
    settings = [np.full((1, scales), value, np.float32) for value in (guidance, temperature, 1)]
    return Rollout(fixture.text, fixture.bits(first), uniforms[None].astype(np.float32), *settings)


def assert_logits_within_a_thousandth(fixture: Fixture, run_on: onnxruntime.InferenceSession) -> None:
    """Every guided logit of every scale, at three guidances, seen through the bits that uniforms beside it draw."""
    seen = 0
    for guidance, temperature in ((fixture.guidance, fixture.temperature), (1, 1), (0, 1)):
        for scale, tokens in enumerate(fixture.config.tokens):
            rows = fixture.logits(scale).astype(np.float64).reshape(2, tokens, -1, 2)
            conditional, unconditional = (rows[..., 1] - rows[..., 0]) / temperature
            margin = guidance * conditional + (1 - guidance) * unconditional
            below, above = (1 / (1 + np.exp(-(margin + shift))) for shift in (-1e-3, 1e-3))
            rollout = fixture_rollout(fixture, scale, np.stack([below, above]), guidance, temperature)
            bits, _ = rollout.run(run_on)
            tested = np.abs(margin) < 8  # further out a thousandth is below what a float32 uniform resolves
            assert bits[0][tested].all()
            assert not bits[1][tested].any()
            seen += tested.sum()
    print(f"{seen} logits")
    assert seen > 20_000


def assert_same_draws(config: InfinityConfig, rollout: Rollout, bits: np.ndarray, latent: np.ndarray) -> None:
    """The reference draws the same, but for bits whose probability is within 1e-4 of where they would turn.

    A row is followed until its first such bit, which later scales depend on.
    """
    model = random_model(config)
    expected, expected_latent = model.generate(**{name: torch.from_numpy(v) for name, v in rollout.feeds.items()})
    branches = rollout.uniforms.shape[1]
    inputs = {name: torch.from_numpy(value.repeat(branches, axis=0)) for name, value in vars(rollout).items()}
    inputs["uniforms"] = torch.from_numpy(rollout.feeds["uniforms"])
    drawn = inputs["prefix_bits"].shape[1]
    same = np.ones(len(bits), bool)
    for scale in range(config.starts.index(drawn), len(config.scales)):
        here = slice(config.starts[scale] - drawn, config.starts[scale + 1] - drawn)
        prefix = torch.cat([inputs["prefix_bits"], torch.from_numpy(bits[:, : here.start])], dim=1)
        logits = model.scale_logits(inputs["text_features"], prefix)
        guidance, temperature, top_p = (
            inputs[name][:, scale, None, None] for name in ("guidance", "temperature", "top_p")
        )
        p = probability(logits, guidance, temperature)
        turns = (p - inputs["uniforms"][:, here]).abs(), (torch.minimum(p, 1 - p) - (1 - top_p)).abs()
        close = (torch.minimum(*turns) < 1e-4).numpy()
        different = bits[:, here] != expected[:, here].numpy()
        assert not (different & ~close)[same].any()
        same &= ~different.any(axis=(1, 2))
    assert same.mean() > 0.8
    np.testing.assert_allclose(latent[same], expected_latent[same], atol=1e-5)
