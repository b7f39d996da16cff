"""The benchmark against eager PyTorch: that contestants have the same weights and draw the same, and its figures."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner
from infinity_cases import CASES, SQUARE, Rollout, random_model, rollout_session, weights
from torch import nn

from espalier_zoo.bench.eager import EagerBench, Expansion, Kept, Row, measured, table
from espalier_zoo.bench.from_bundle import read_decoder, read_infinity
from espalier_zoo.bench.recording import RATIO, Machine, Measured, write_recording
from espalier_zoo.commands import main
from espalier_zoo.errors import BadInput
from espalier_zoo.export.decode import Rounding, build_decode
from espalier_zoo.export.rollout import build_rollout
from espalier_zoo.models.infinity import MAX_LOG_SCALE, InfinityConfig
from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig

SHIPPED = Path(__file__).parents[2] / "bundles" / "shapes-infinity"

every_case = pytest.mark.parametrize("config", CASES.values(), ids=CASES)


# Weights out of a bundle.


def part_of(config: InfinityConfig) -> dict:
    """What a manifest says of a generator, as far as its weights need it."""
    latent = [config.latent_channels, *config.latent_grid()]
    return {"latent": latent, "bitsPerToken": config.bits, "scales": [list(grid) for grid in config.scales]}


@every_case
def test_a_graphs_weights_are_read_as_they_were_written(config):
    config = replace(config, rope_grid=config.scales[-1], block_chunks=1)
    model = random_model(config)
    read = read_infinity(build_rollout(config, weights(model)), part_of(config))
    assert read.config == config
    expected = dict(model.state_dict())
    expected["lvl_embed.weight"] = expected["lvl_embed.weight"].clone()
    expected["lvl_embed.weight"][len(config.scales) :] = 0
    for key, value in read.state_dict().items():
        wanted = expected[key].clamp_max(MAX_LOG_SCALE) if key.endswith("scale_mul_1H11") else expected[key]
        np.testing.assert_allclose(value, wanted, atol=1e-6, err_msg=key)


def test_a_graph_that_counts_positions_on_another_grid_is_refused():
    config = replace(SQUARE, rope_grid=(9, 9))
    with pytest.raises(BadInput, match="rotary positions"):
        read_infinity(build_rollout(config, weights(random_model(config))), part_of(config))


def test_a_decoders_weights_are_read_as_they_were_written():
    torch.manual_seed(0)
    decoder = VisualTokenizer(VisualTokenizerConfig()).decoder
    with torch.no_grad():
        for module in decoder.modules():
            if isinstance(module, nn.GroupNorm):
                module.weight.add_(torch.randn_like(module.weight))
                module.bias.add_(torch.randn_like(module.bias))
    read = read_decoder(build_decode(decoder, (32, 8, 8), Rounding.HALF_UP), 32).state_dict()
    assert decoder.state_dict().keys() == read.keys()
    for key, value in decoder.state_dict().items():
        assert torch.equal(value, read[key]), key


# Against eager PyTorch.


def expansion_of(rollout: Rollout, scale: int) -> Expansion:
    return Expansion(scale, rollout.uniforms.shape[1], rollout.feeds)


@every_case
@pytest.mark.parametrize("first", [0, 2])
def test_kept_keys_and_values_draw_what_a_call_without_them_draws(config, first):
    rollout = Rollout.random(config, np.random.default_rng([21, first]), hypotheses=3, branches=4, first=first)
    rollout = replace(rollout, text_features=rollout.text_features[:1])
    bits, latent = random_model(config).generate(**{k: torch.from_numpy(v) for k, v in rollout.feeds.items()})
    drawn = Kept(random_model(config), nn.Identity()).prepare(expansion_of(rollout, first))()
    same = (drawn.bits == bits.numpy()).all(axis=(1, 2))
    assert same.mean() > 0.8
    np.testing.assert_allclose(drawn.images[same], latent[same], atol=1e-5)


def test_slices_draw_what_one_call_draws_in_its_order():
    rollout = Rollout.random(SQUARE, np.random.default_rng(22), hypotheses=3, branches=4, first=2)
    rollout = replace(rollout, text_features=rollout.text_features[:1])
    slices = expansion_of(rollout, 2).slices(3)
    assert [len(each["uniforms"]) for each in slices] == [3, 1] * 3
    drawn = np.concatenate([rollout_session(SQUARE).run(["bits"], each)[0] for each in slices])
    assert np.array_equal(drawn, rollout.run(rollout_session(SQUARE))[0])


def test_all_contestants_draw_the_same_search_of_the_shipped_model_and_it_is_recorded(tmp_path):
    file = tmp_path / "deep" / "recording.json"
    options = ["--width", "1", "--branches", "2", "--threads", "1", "--rounds", "2", "--out", str(file)]
    result = CliRunner().invoke(main, ["bench", "eager", *options])
    assert result.exit_code == 0, result.output
    assert re.search(r"^search +[\d.]+ +[\d.]+ +[\d.]+", result.output, re.MULTILINE)
    recording = json.loads(file.read_text())
    assert recording["machine"].keys() == {"processor", "cores", "gibibytes"}
    of_search = [each for each in recording["measured"] if "search" in each["name"]]
    assert [each["unit"] for each in of_search] == ["s"] * 3 + [RATIO] * 2 + ["core s"] * 3 + [RATIO] * 2
    ours, eager, _, ratio, *_ = of_search
    assert ratio["values"] == pytest.approx([e / o for e, o in zip(eager["values"], ours["values"], strict=True)])
    assert ours["smallerIsBetter"] and not ratio["smallerIsBetter"]


def test_contestants_of_other_weights_are_refused(monkeypatch):
    def with_another_head(rollout: onnx.ModelProto, part: dict):
        model = read_infinity(rollout, part)
        with torch.no_grad():
            model.head.weight.mul_(-1)
        return model

    monkeypatch.setattr("espalier_zoo.bench.eager.read_infinity", with_another_head)
    with pytest.raises(BadInput, match="draws other bits than ours"):
        EagerBench(SHIPPED, width=1, branches=2).run(threads=1, rounds=1)


def test_the_table_gives_medians_of_ratios_and_not_ratios_of_medians():
    seconds = {"ours": [1.0, 2.0, 4.0], "eager": [2.0, 8.0, 8.0], "kept": [1.0, 2.0, 4.0]}
    rows = [Row("search", "", seconds, seconds)]
    assert re.search(r"search +2000\.0 +8000\.0 +2\.00 +2\.00 +2000\.0 +1\.00", table("beam", 1, rows))
    eager = next(each for each in measured("beam", 1, rows) if each.name.endswith("search, eager over ours, s"))
    assert eager.values == [2.0, 4.0, 2.0] and eager.median == 2.0


# Recordings.


def test_a_recording_is_what_the_flows_comparison_reads(tmp_path):
    file = tmp_path / "recording.json"
    seconds = Measured("generator", "warm", "s", [2.0, 1.0, 4.0])
    write_recording(file, "1", Machine("a processor", 2, 24), [seconds])
    recording = json.loads(file.read_text())
    assert recording.keys() == {"at", "version", "machine", "measured"}
    assert recording["machine"] == {"processor": "a processor", "cores": 2, "gibibytes": 24}
    assert recording["measured"] == [
        {"part": "generator", "name": "warm", "unit": "s", "smallerIsBetter": True, "values": [2.0, 1.0, 4.0]}
    ]
    assert [each.name for each in tmp_path.iterdir()] == ["recording.json"]
    assert seconds.median == 2 and seconds.quartiles == (1.5, 3.0)
