"""Indices as bits: the draws against probabilities, and the tiny bundles that Java's tests search with."""

from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from index_bundles import (
    CODEBOOKS,
    COMMITTED,
    CONTEXTS,
    SIDES,
    STARTS,
    TOKENS,
    UNCONDITIONAL,
    _rollout,
    table,
    write_all,
)
from infinity_cases import session

from espalier_zoo.export.codebook import bits_of, draw, indices_of, log_likelihood, masses
from espalier_zoo.export.graph import Graph

LARGEST_UNIFORM = np.float32(1 - 2**-24)
every_codebook = pytest.mark.parametrize("codebook", [2, 3, 6, 8, 100, 4096])


@cache
def drawer(codebook: int) -> onnxruntime.InferenceSession:
    """Logits and uniforms to bits, indices, masses and log-likelihoods."""
    g = Graph("drawer")
    logits = g.input("logits", np.float32, ["N", "T", codebook])
    uniforms = g.input("uniforms", np.float32, ["N", "T", bits_of(codebook)])
    mass = masses(g, logits, g.input("top_p", np.float32, ["N", 1, 1]))
    bits = draw(g, mass, uniforms, codebook)
    indices = indices_of(g, bits, codebook)
    g.output("bits", bits, np.bool_, ["N", "T", bits_of(codebook)])
    g.output("indices", indices, np.int64, ["N", "T"])
    g.output("masses", mass, np.float64, ["N", "T", codebook])
    g.output("log_likelihood", log_likelihood(g, mass, indices), np.float32, ["N", 1])
    return session(g.model())


def drawn(codebook: int, logits: np.ndarray, uniforms: np.ndarray, top_p: float = 1.0) -> list[np.ndarray]:
    knob = np.full((len(logits), 1, 1), top_p, np.float32)
    return drawer(codebook).run(None, {"logits": logits, "uniforms": uniforms, "top_p": knob})


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits.astype(np.float64) - logits.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def random_inputs(codebook: int, rows: int, tokens: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng([seed, codebook])
    logits = rng.normal(0, 2, (rows, tokens, codebook)).astype(np.float32)
    return logits, rng.random((rows, tokens, bits_of(codebook)), dtype=np.float32)


@pytest.mark.parametrize(("codebook", "bits"), [(2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (8, 3), (9, 4), (4096, 12)])
def test_an_index_has_as_many_bits_as_the_largest_needs(codebook, bits):
    assert bits_of(codebook) == bits


@every_codebook
def test_bits_are_the_index_most_significant_first(codebook):
    bits, indices, _, _ = drawn(codebook, *random_inputs(codebook, 5, 40))
    for token_bits, index in zip(bits.reshape(-1, bits_of(codebook)), indices.flat, strict=True):
        assert int("".join(str(int(bit)) for bit in token_bits), 2) == index


@pytest.mark.parametrize("codebook", [2, 3, 6, 8])
def test_an_index_is_drawn_with_its_own_probability(codebook):
    logits, _ = random_inputs(codebook, 1, 1)
    count = 200_000
    uniforms = np.random.default_rng(1).random((1, count, bits_of(codebook)), dtype=np.float32)
    _, indices, _, _ = drawn(codebook, logits.repeat(count, axis=1), uniforms)
    expected = softmax(logits)[0, 0]
    found = np.bincount(indices[0], minlength=codebook) / count
    assert (np.abs(found - expected) < 5 * np.sqrt(expected * (1 - expected) / count)).all()


@every_codebook
@pytest.mark.parametrize("uniform", [0.0, 0.5, LARGEST_UNIFORM])
def test_no_uniform_draws_what_has_no_probability(codebook, uniform):
    logits, uniforms = random_inputs(codebook, 3, 50)
    hidden = np.random.default_rng(2).random(logits.shape) < 0.5
    hidden[..., codebook // 2] = False
    logits[hidden] = -200
    _, indices, mass, likelihood = drawn(codebook, logits, np.full_like(uniforms, uniform))
    assert indices.max() < codebook
    assert not np.take_along_axis(hidden, indices[..., None], 2).any()
    assert not mass[hidden].any()
    assert np.isfinite(likelihood).all()


@pytest.mark.parametrize("top_p", [0.1, 0.5, 0.9, 0.97])
def test_top_p_leaves_the_fewest_likely_indices_that_make_it(top_p):
    logits, uniforms = random_inputs(100, 4, 20)
    _, _, mass, _ = drawn(100, logits, uniforms, top_p)
    order = np.argsort(-softmax(logits), axis=-1)
    ranked = np.take_along_axis(softmax(logits), order, -1)
    expected = ranked.cumsum(-1) - ranked < top_p
    assert np.array_equal(np.take_along_axis(mass, order, -1) > 0, expected)
    np.testing.assert_allclose(mass[mass > 0] / 2**40, softmax(logits)[mass > 0], rtol=1e-5)


def test_a_log_likelihood_is_of_what_top_p_leaves():
    logits, uniforms = random_inputs(6, 5, 9)
    _, indices, mass, likelihood = drawn(6, logits, uniforms, 0.8)
    share = np.take_along_axis(mass / mass.sum(-1, keepdims=True), indices[..., None], 2)
    np.testing.assert_allclose(likelihood[:, 0], np.log(share).sum((1, 2)), rtol=1e-6)
    assert (likelihood <= 0).all()


@every_codebook
def test_a_draw_is_the_same_to_the_bit_in_any_batch(codebook):
    logits, uniforms = random_inputs(codebook, 8, 30)
    together = drawn(codebook, logits, uniforms, 0.95)
    for row in range(8):
        alone = drawn(codebook, logits[row : row + 1], uniforms[row : row + 1], 0.95)
        for one, all_ in zip(alone, together, strict=True):
            assert np.array_equal(one[0], all_[row])


# The tiny bundles.


def test_the_committed_bundles_are_what_the_code_makes(tmp_path):
    def contents(folder: Path) -> dict[str, bytes]:
        return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}

    write_all(tmp_path / "bundles")
    made, committed = contents(tmp_path / "bundles"), contents(COMMITTED)
    assert made.keys() == committed.keys()
    assert [name for name in made if made[name] != committed[name]] == []


@cache
def rollout(codebook: int) -> onnxruntime.InferenceSession:
    return session(_rollout(codebook).model())


def feeds(codebook: int, hypotheses: int, branches: int, first: int, seed: int = 3) -> dict[str, np.ndarray]:
    rng, bits = np.random.default_rng([seed, codebook]), bits_of(codebook)
    prefix = rng.integers(0, codebook, (hypotheses, STARTS[first]))
    shifts = np.arange(bits - 1, -1, -1)
    return {
        "text_features": rng.integers(3, 8, (hypotheses, 4, 1)).astype(np.float32),
        "prefix_bits": (prefix[..., None] >> shifts & 1).astype(np.uint8),
        "uniforms": rng.random((hypotheses * branches, TOKENS - STARTS[first], bits), dtype=np.float32),
        "guidance": rng.uniform(1, 3, (hypotheses, 3)).astype(np.float32),
        "temperature": rng.uniform(0.5, 1.2, (hypotheses, 3)).astype(np.float32),
        "top_p": rng.uniform(0.7, 1, (hypotheses, 3)).astype(np.float32),
    }


@pytest.mark.parametrize("codebook", CODEBOOKS.values(), ids=CODEBOOKS)
@pytest.mark.parametrize("first", [0, 1, 2])
def test_the_generator_draws_from_its_table_by_prefix_and_prompt(codebook, first):
    given = feeds(codebook, hypotheses=3, branches=4, first=first)
    bits, latent, likelihood = rollout(codebook).run(["bits", "latent", "log_likelihood"], given)
    places = 2 ** np.arange(bits_of(codebook) - 1, -1, -1)
    for row in range(12):
        hypothesis = row // 4
        path = np.concatenate([given["prefix_bits"][hypothesis], bits[row]]) @ places
        assert path.max() < codebook
        assert latent[row].ravel().tolist() == path.tolist()
        for scale in range(first, len(SIDES)):
            here = slice(STARTS[scale], STARTS[scale + 1])
            so_far = path[: here.start]
            context = (so_far * np.arange(1, len(so_far) + 1)).sum() + given["text_features"][hypothesis].sum()
            logits = table(codebook)[here]
            free, bound = logits[:, UNCONDITIONAL], logits[:, int(context) % CONTEXTS]
            knobs = (given[name][hypothesis, scale] for name in ("guidance", "temperature", "top_p"))
            guidance, temperature, top_p = knobs
            guided = (free + guidance * (bound - free)) / temperature
            uniforms = given["uniforms"][row, here.start - STARTS[first] : here.stop - STARTS[first]]
            _, indices, _, expected = drawn(codebook, guided[None], uniforms[None], top_p)
            assert indices[0].tolist() == path[here].tolist()
            np.testing.assert_allclose(likelihood[row, scale - first], expected[0, 0], rtol=1e-6)


@pytest.mark.parametrize("codebook", CODEBOOKS.values(), ids=CODEBOOKS)
def test_a_cut_rollout_that_goes_on_is_the_whole_one(codebook):
    given = feeds(codebook, hypotheses=1, branches=3, first=0)
    bits, latent, likelihood = rollout(codebook).run(["bits", "latent", "log_likelihood"], given)
    for cut in (1, 2):
        early = rollout(codebook).run(None, given | {"uniforms": given["uniforms"][:, : STARTS[cut]]})
        later = [
            rollout(codebook).run(
                None,
                given
                | {"prefix_bits": early[0][row : row + 1], "uniforms": given["uniforms"][row : row + 1, STARTS[cut] :]},
            )
            for row in range(3)
        ]
        assert np.array_equal(np.concatenate([early[0], np.concatenate([part[0] for part in later])], axis=1), bits)
        assert np.array_equal(np.concatenate([part[1] for part in later]), latent)
        joined = np.concatenate([early[2], np.concatenate([part[2] for part in later])], axis=1)
        assert np.array_equal(joined, likelihood)
