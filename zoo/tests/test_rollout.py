import os
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from infinity_cases import (
    CASES,
    PATCHED,
    SQUARE,
    Fixture,
    Rollout,
    assert_logits_within_a_thousandth,
    assert_same_draws,
    fixture_rollout,
    needs_fixture,
    probability_session,
    random_model,
    rollout_session,
    session,
    weights,
)

from espalier_zoo.export.rollout import build_rollout, export_rollout
from espalier_zoo.models.infinity import InfinityConfig, add_code, probability

EXACT_BITS = int(os.environ.get("ESPALIER_EXACT_BITS", "1000000"))
"""How many bits, in all, the tests of exactness compare."""

every_case = pytest.mark.parametrize("config", CASES.values(), ids=CASES)


# Against the public code.


def fixture_session(fixture: Fixture, half: bool = True):
    return session(build_rollout(fixture.config, fixture.weights.__getitem__, half))


@needs_fixture
def test_every_public_logit_is_met_within_a_thousandth_seen_through_the_bits():
    fixture = Fixture.load()
    assert_logits_within_a_thousandth(fixture, fixture_session(fixture))


@needs_fixture
def test_the_public_codes_bits_give_its_latent():
    fixture = Fixture.load()
    rollout = fixture_rollout(fixture, 0, 1.0 - fixture.bits(), guidance=1, temperature=5)  # 0 draws a 1, and 1 a 0
    bits, latent = rollout.run(fixture_session(fixture))
    assert np.array_equal(bits, fixture.bits())
    np.testing.assert_allclose(latent[0], fixture.expected["latent"], atol=1e-5)


# Against the reference.


@every_case
@pytest.mark.parametrize("first", [0, 1, 3])
def test_bits_and_latents_are_the_references(config, first):
    rollout = Rollout.random(config, np.random.default_rng([1, first]), hypotheses=3, branches=4, first=first)
    assert_same_draws(config, rollout, *rollout.run(rollout_session(config)))


@every_case
def test_a_rollout_may_stop_at_any_scale(config):
    rollout = Rollout.random(config, np.random.default_rng(2), hypotheses=2, branches=2, first=1)
    bits, _ = rollout.run(rollout_session(config))
    for last in range(1, len(config.scales)):
        tokens = config.starts[last + 1] - config.starts[1]
        cut, latent = rollout.until(tokens).run(rollout_session(config))
        assert np.array_equal(cut, bits[:, :tokens])
        z = torch.zeros(len(cut), config.latent_channels, *config.latent_grid())
        path = torch.from_numpy(np.concatenate([rollout.prefix_bits.repeat(2, axis=0), cut], axis=1))
        for scale in range(last + 1):
            z = add_code(z, path[:, config.starts[scale] : config.starts[scale + 1]], config, scale)
        np.testing.assert_allclose(latent, z, atol=1e-5)


@pytest.mark.parametrize("name", ["guidance", "temperature", "top_p"])
def test_a_setting_acts_on_its_own_row_and_scale_alone(name):
    rollout = Rollout.random(SQUARE, np.random.default_rng(3), hypotheses=3, branches=2, first=2)
    rollout = replace(rollout, top_p=np.ones_like(rollout.top_p))
    before, _ = rollout.run(probability_session(SQUARE))
    for scale in range(len(SQUARE.scales)):
        values = getattr(rollout, name).copy()
        values[1, scale] *= 0.6
        after, _ = replace(rollout, **{name: values}).run(probability_session(SQUARE))
        changed = (after != before).reshape(3, 2, *before.shape[1:])
        start, end = (max(0, SQUARE.starts[k] - SQUARE.starts[2]) for k in (scale, scale + 1))
        assert not changed[[0, 2]].any()
        assert not changed[1, :, :start].any()
        # a probability that top-p lets through does not change
        assert start == end or changed[1, :, start:end].mean() > (0.1 if name == "top_p" else 0.9)


def test_at_top_p_of_a_half_the_uniforms_do_not_matter():
    rollout = Rollout.random(SQUARE, np.random.default_rng(4), hypotheses=2, branches=3)
    rollout = replace(rollout, top_p=np.full_like(rollout.top_p, 0.5))
    bits, latent = rollout.run(rollout_session(SQUARE))
    assert_same_draws(SQUARE, rollout, bits, latent)
    per_branch = bits.reshape(2, 3, -1)
    assert (per_branch == per_branch[:, :1]).all()


# Log-likelihoods.


def log_likelihoods(config: InfinityConfig, rollout: Rollout, threads: int = 1) -> np.ndarray:
    return rollout_session(config, threads, log_likelihood=True).run(["log_likelihood"], rollout.feeds)[0]


def expected_log_likelihoods(config: InfinityConfig, rollout: Rollout, bits: np.ndarray) -> tuple[np.ndarray, ...]:
    """The reference's log-probabilities of bits that were drawn, by scale, and how far each may be off: what is within
    1e-4 of where top-p would decide the other way may be all or nothing."""
    branches, model = rollout.uniforms.shape[1], random_model(config)
    inputs = {name: torch.from_numpy(value.repeat(branches, axis=0)) for name, value in vars(rollout).items()}
    drawn = inputs["prefix_bits"].shape[1]
    path = torch.cat([inputs["prefix_bits"], torch.from_numpy(bits)], dim=1)
    sums, slacks = [], []
    for scale in range(config.starts.index(drawn), config.starts.index(path.shape[1])):
        start, end = config.starts[scale], config.starts[scale + 1]
        guidance, temperature, top_p = (
            inputs[name][:, scale, None, None] for name in ("guidance", "temperature", "top_p")
        )
        logits = model.scale_logits(inputs["text_features"], path[:, :start])
        p = probability(logits, guidance, temperature).double()
        margin = torch.minimum(p, 1 - p) - (1 - top_p)
        of_bits = torch.where(path[:, start:end] > 0, p, 1 - p)
        logs = of_bits.log() * (margin > 0)
        sums.append(logs.sum((1, 2)))
        slacks.append(1e-3 - (of_bits.log() * (margin.abs() < 1e-4)).sum((1, 2)))
    return torch.stack(sums, 1).numpy(), torch.stack(slacks, 1).numpy()


@every_case
@pytest.mark.parametrize("first", [0, 2])
def test_the_log_likelihood_of_each_scale_is_the_references(config, first):
    rollout = Rollout.random(config, np.random.default_rng([11, first]), hypotheses=3, branches=4, first=first)
    likelihoods = log_likelihoods(config, rollout)
    bits, _ = rollout.run(rollout_session(config))
    expected, slack = expected_log_likelihoods(config, rollout, bits)
    assert likelihoods.shape == (12, len(config.scales) - first)
    assert (likelihoods <= 0).all()
    assert np.median(slack) < 2e-3
    assert (np.abs(likelihoods - expected) <= slack - 1e-5 * expected).all()


def test_a_graph_with_log_likelihoods_draws_the_same():
    rollout = Rollout.random(PATCHED, np.random.default_rng(12), hypotheses=2, branches=3, first=1)
    for one, other in zip(
        rollout.run(rollout_session(PATCHED, log_likelihood=True)), rollout.run(rollout_session(PATCHED)), strict=True
    ):
        assert np.array_equal(one, other)


def test_what_top_p_leaves_no_choice_of_is_certain():
    rollout = Rollout.random(SQUARE, np.random.default_rng(13), hypotheses=2, branches=2)
    assert (log_likelihoods(SQUARE, replace(rollout, top_p=np.full_like(rollout.top_p, 0.5))) == 0).all()


@every_case
def test_a_log_likelihood_does_not_depend_on_the_batch_the_threads_or_the_cut(config):
    rollout = Rollout.random(config, np.random.default_rng(14), hypotheses=3, branches=5, first=1)
    likelihoods = log_likelihoods(config, rollout)
    assert np.array_equal(log_likelihoods(config, rollout, threads=2), likelihoods)
    for hypothesis, branch in ((0, 0), (1, 4), (2, 2)):
        alone = log_likelihoods(config, rollout.only([hypothesis], [branch]))
        assert np.array_equal(alone[0], likelihoods[5 * hypothesis + branch])
    tokens = config.starts[2] - config.starts[1]
    bits, _ = rollout.run(rollout_session(config))
    halves = [log_likelihoods(config, part) for part in (rollout.until(tokens), rollout.after(bits[:, :tokens]))]
    assert np.array_equal(np.concatenate(halves, axis=1), likelihoods)


# Exactness. Probabilities are compared too: a difference in the last digit turns only one bit in millions.


class Comparison:
    """Counts the bits compared; all must be equal."""

    def __init__(self, config: InfinityConfig):
        self.config, self.bits = config, 0

    def run(self, rollout: Rollout, threads: int = 1) -> tuple[np.ndarray, ...]:
        """Bits, latent and probabilities."""
        probabilities, _ = rollout.run(probability_session(self.config, threads))
        return *rollout.run(rollout_session(self.config, threads)), probabilities

    def equal(self, ones: tuple[np.ndarray, ...], others: tuple[np.ndarray, ...]) -> None:
        self.bits += ones[0].size
        for one, other in zip(ones, others, strict=True):
            assert np.array_equal(one, other)


def rows(result: tuple[np.ndarray, ...], chosen: list[int]) -> tuple[np.ndarray, ...]:
    return tuple(part[chosen] for part in result)


def in_any_batch(compare: Comparison, rng: np.random.Generator, first: int) -> None:
    rollout = Rollout.random(compare.config, rng, hypotheses=30, branches=1, first=first)
    full = compare.run(rollout)
    for size in rng.permutation(np.arange(1, 30))[:6]:
        chosen = rng.permutation(30)[:size].tolist()
        compare.equal(compare.run(rollout.only(chosen, [0])), rows(full, chosen))


def in_every_batch(compare: Comparison, rng: np.random.Generator, first: int) -> None:
    rollout = Rollout.random(compare.config, rng, hypotheses=30, branches=1, first=first)
    full = compare.run(rollout)
    for size in range(1, 30):
        compare.equal(compare.run(rollout.only(list(range(size)), [0])), rows(full, list(range(size))))


def branched_or_alone(compare: Comparison, rng: np.random.Generator, first: int) -> None:
    rollout = Rollout.random(compare.config, rng, hypotheses=3, branches=5, first=first)
    full = compare.run(rollout)
    for hypothesis in range(3):
        for branch in range(5):
            alone = compare.run(rollout.only([hypothesis], [branch]))
            compare.equal(alone, rows(full, [5 * hypothesis + branch]))
    compare.equal(compare.run(rollout.only([2, 0], [1, 4])), rows(full, [11, 14, 1, 4]))


def on_one_thread_or_two(compare: Comparison, rng: np.random.Generator, first: int) -> None:
    branches = int(rng.integers(1, 11))
    rollout = Rollout.random(compare.config, rng, hypotheses=3, branches=branches, first=first)
    compare.equal(compare.run(rollout, threads=2), compare.run(rollout))


def in_one_call_or_several(compare: Comparison, rng: np.random.Generator, first: int) -> None:
    config = compare.config
    rollout = Rollout.random(config, rng, hypotheses=3, branches=4, first=first)
    bits, latent, probabilities = compare.run(rollout)
    for middle in range(first + 1, len(config.scales)):
        tokens = config.starts[middle] - config.starts[first]
        early, _, early_probabilities = compare.run(rollout.until(tokens))
        late, late_latent, late_probabilities = compare.run(rollout.after(early))
        joined = [np.concatenate(pair, axis=1) for pair in ((early, late), (early_probabilities, late_probabilities))]
        compare.equal((joined[0], late_latent, joined[1]), (bits, latent, probabilities))


def with_a_text_of_its_own_or_shared(compare: Comparison, rng: np.random.Generator, first: int) -> None:
    rollout = Rollout.random(compare.config, rng, hypotheses=4, branches=3, first=first)
    shared = replace(rollout, text_features=rollout.text_features[:1])
    repeated = replace(rollout, text_features=rollout.text_features[[0] * 4])
    compare.equal(compare.run(shared), compare.run(repeated))


WAYS = [
    in_any_batch,
    in_every_batch,
    branched_or_alone,
    on_one_thread_or_two,
    in_one_call_or_several,
    with_a_text_of_its_own_or_shared,
]


@every_case
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_rows_draw_is_the_same_to_the_bit(config, way):
    compare, rng = Comparison(config), np.random.default_rng([5, WAYS.index(way)])
    first = 0
    while compare.bits < EXACT_BITS / len(WAYS) / len(CASES):
        way(compare, rng, first % len(config.scales))
        first += 1
    print(f"{compare.bits} bits and as many probabilities")


def test_wide_products_are_exact_too():
    """Their sums are made in several parts, between which a bias could come or not."""
    config = replace(SQUARE, width=576, heads=3, text_width=256, depth=1, scales=((1, 1), (2, 3), (3, 4)))
    compare = Comparison(config)
    for way in (branched_or_alone, on_one_thread_or_two, in_one_call_or_several):
        way(compare, np.random.default_rng(6), 1)
    print(f"{compare.bits} bits and as many probabilities")


# The file.


def test_half_weights_are_exact_in_float16_checkpoints_and_halve_the_file(tmp_path):
    state = {key: np.float16(value) for key, value in random_model(PATCHED).state_dict().items()}
    rollout, files = Rollout.random(PATCHED, np.random.default_rng(7), hypotheses=2, branches=2, first=1), {}
    for half in (False, True):
        files[half] = tmp_path / f"{half}.onnx"
        export_rollout(PATCHED, state.__getitem__, files[half], half)
    for one, other in zip(*(rollout.run(session(file)) for file in files.values()), strict=True):
        assert np.array_equal(one, other)
    assert files[True].stat().st_size < 0.55 * files[False].stat().st_size


def test_weights_can_live_in_a_file_of_their_own(tmp_path):
    rollout = Rollout.random(SQUARE, np.random.default_rng(8), hypotheses=2, branches=2, first=1)
    path = tmp_path / "rollout.onnx"
    export_rollout(SQUARE, weights(random_model(SQUARE)), path, external=True)
    assert path.stat().st_size < 0.5 * (tmp_path / "rollout.onnx.data").stat().st_size
    for one, other in zip(rollout.run(session(path)), rollout.run(rollout_session(SQUARE)), strict=True):
        assert np.array_equal(one, other)


def test_every_weight_is_asked_for_once():
    asked, state = [], random_model(PATCHED).state_dict()

    def get(key: str) -> np.ndarray:
        asked.append(key)
        return state[key].numpy()

    build_rollout(PATCHED, get)
    assert sorted(asked) == sorted(state)


def test_a_weight_of_the_wrong_shape_is_named():
    state = {key: value.numpy() for key, value in random_model(SQUARE).state_dict().items()}
    state["word_embed.weight"] = state["word_embed.weight"][:, 1:]
    with pytest.raises(ValueError, match=r"word_embed\.weight has shape \[64, 15\], not \[64, 16\]"):
        build_rollout(SQUARE, state.__getitem__)


@pytest.mark.parametrize(("number", "half"), [(np.nan, False), (1e5, True)])
def test_a_weight_that_the_graph_cannot_hold_is_named(number, half):
    state = {key: value.numpy().copy() for key, value in random_model(SQUARE).state_dict().items()}
    state["head.weight"][1, 2] = number
    with pytest.raises(ValueError, match=r"head\.weight has a number"):
        build_rollout(SQUARE, state.__getitem__, half_products=half)


def test_a_later_scale_of_a_single_token_is_refused():
    config = replace(SQUARE, scales=((1, 1), (1, 1), (2, 2)))
    with pytest.raises(ValueError, match="only the first may have a single token"):
        build_rollout(config, weights(random_model(config)))


def test_the_graph_declares_its_contract():
    plain, likely = (
        build_rollout(PATCHED, weights(random_model(PATCHED)), log_likelihood=asked).graph for asked in (False, True)
    )

    def shapes(values) -> dict[str, list]:
        return {
            value.name: [
                onnx.TensorProto.DataType.Name(value.type.tensor_type.elem_type),
                *[side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim],
            ]
            for value in values
        }

    assert shapes(plain.input) == shapes(likely.input)
    assert shapes(plain.input) == {
        "text_features": ["FLOAT", "texts", "L", 256],
        "prefix_bits": ["UINT8", "P", "T_prefix", 20],
        "uniforms": ["FLOAT", "rows", "T_sampled", 20],
        "guidance": ["FLOAT", "P", 5],
        "temperature": ["FLOAT", "P", 5],
        "top_p": ["FLOAT", "P", 5],
    }
    outputs = {
        "bits": ["UINT8", "rows", "T_sampled", 20],
        "latent": ["FLOAT", "rows", 5, 8, 14],
    }
    assert shapes(plain.output) == outputs
    assert shapes(likely.output) == outputs | {"log_likelihood": ["FLOAT", "rows", "scales"]}
