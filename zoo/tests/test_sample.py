"""The sampling graph of the diffusion baseline against its reference, and the exactness of its batches."""

from functools import cache

import numpy as np
import onnxruntime
import pytest
import torch
from infinity_cases import session

from espalier_zoo.export.sample import build_sample
from espalier_zoo.models.diffusion import Diffusion, DiffusionConfig

CONFIG = DiffusionConfig((6, 4, 3), text_width=24, text_max=7, width=64, heads=2, depth=2)
STEPS = 5


@cache
def random_model(config: DiffusionConfig = CONFIG) -> Diffusion:
    """A model in which every weight matters: the initial modulations, head and biases would hide most of it."""
    torch.manual_seed(0)
    model = Diffusion(config).eval()
    with torch.no_grad():
        for name, weight in model.state_dict().items():
            if name.endswith("bias") or "modulation" in name or name.startswith("head"):
                weight.add_(0.1 * torch.randn_like(weight))
        model.mean.normal_()
        model.std.uniform_(0.5, 2)
    return model


@cache
def sampler(config: DiffusionConfig = CONFIG, threads: int = 1) -> onnxruntime.InferenceSession:
    return session(build_sample(random_model(config), STEPS), threads)


def inputs(config: DiffusionConfig, pictures: int, texts: int, length: int, seed: int = 1) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "text_features": rng.standard_normal((texts, length, config.text_width), dtype=np.float32),
        "noise": rng.standard_normal((pictures, *config.latent), dtype=np.float32),
        "guidance": rng.uniform(1, 5, pictures).astype(np.float32),
    }


def rows(feeds: dict[str, np.ndarray], chosen: list[int]) -> dict[str, np.ndarray]:
    """Some pictures of a batch in which each has a text of its own."""
    return {name: value[chosen] for name, value in feeds.items()}


def latent(feeds: dict[str, np.ndarray], config: DiffusionConfig = CONFIG, threads: int = 1) -> np.ndarray:
    return sampler(config, threads).run(["latent"], feeds)[0]


@pytest.mark.parametrize("pictures, texts, length", [(1, 1, 1), (3, 1, 4), (3, 3, 7)])
def test_a_graphs_latents_are_the_references(pictures, texts, length):
    feeds = inputs(CONFIG, pictures, texts, length)
    expected = random_model().sample(**{name: torch.from_numpy(value) for name, value in feeds.items()}, steps=STEPS)
    np.testing.assert_allclose(latent(feeds), expected.numpy(), atol=1e-4)


def test_guidance_of_one_is_the_conditional_row_alone():
    model, feeds = random_model(), inputs(CONFIG, 2, 2, 3)
    text, noise = (torch.from_numpy(feeds[name]) for name in ("text_features", "noise"))
    x = noise.flatten(2).transpose(1, 2)
    with torch.no_grad():
        for step in range(STEPS):
            x = x - model(x, torch.full((2,), 1 - step / STEPS), text) / STEPS
    feeds["guidance"][:] = 1
    np.testing.assert_allclose(latent(feeds), model.latent(x).numpy(), atol=1e-4)


@pytest.mark.parametrize(
    "config",
    [CONFIG, DiffusionConfig((32, 8, 8), text_width=128, text_max=24, depth=1)],
    ids=["small", "as wide as the shipped one"],
)
def test_a_rows_latent_is_the_same_to_the_bit_in_any_batch(config):
    feeds = inputs(config, 15, 15, 5)
    whole = latent(feeds, config)
    for size in (1, 2, 3, 7, 14):
        chosen = np.random.default_rng(size).permutation(15)[:size].tolist()
        assert np.array_equal(latent(rows(feeds, chosen), config), whole[chosen])
    assert np.array_equal(latent(feeds, config, threads=2), whole)
    shared = feeds | {"text_features": feeds["text_features"][:1]}
    repeated = feeds | {"text_features": feeds["text_features"][[0] * 15]}
    assert np.array_equal(latent(shared, config), latent(repeated, config))


def test_the_time_layers_are_left_out_and_half_weights_halve_the_file():
    model = random_model()
    sizes = [len(build_sample(model, STEPS, half).SerializeToString()) for half in (False, True)]
    kept = [w for name, w in model.state_dict().items() if "modulation" not in name and not name.startswith("time_")]
    assert sizes[0] < 4 * (sum(w.numel() for w in kept) + STEPS * 14 * CONFIG.width) + 60_000
    assert sizes[1] < 0.65 * sizes[0]


def test_the_graph_declares_its_contract():
    graph = build_sample(random_model(), STEPS).graph
    shapes = {
        value.name: [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    assert shapes == {
        "text_features": ["texts", "L", 24],
        "noise": ["N", 6, 4, 3],
        "guidance": ["N"],
        "latent": ["N", 6, 4, 3],
    }
