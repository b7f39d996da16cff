"""Public checkpoints to bundles: layouts, sizes, schedules, the text encoder, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from infinity_cases import (
    FIXTURE,
    PATCHED,
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
)
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from espalier_zoo.commands import main
from espalier_zoo.errors import BadInput
from espalier_zoo.export.bundle import digest
from espalier_zoo.export.infinity import Sources, export_infinity, open_transformer, open_vae, read_settings, sizes
from espalier_zoo.export.t5 import T5Config, build_t5, export_t5
from espalier_zoo.models.checkpoint import open_checkpoint
from espalier_zoo.models.infinity import InfinityConfig, checkpoint_shapes
from espalier_zoo.models.infinity_schedules import GRIDS, SCALES, schedule
from espalier_zoo.models.infinity_vae import InfinityVaeConfig, InfinityVaeDecoder

State = dict[str, torch.Tensor]
TEXT = T5Config(vocabulary=40, width=256, heads=4, head_width=16, hidden=96, depth=2)


def small(pixels: str, aspect: float, patchify: bool = False) -> InfinityConfig:
    """A narrow transformer on a public schedule."""
    grids = schedule(pixels, aspect)
    channels = 14 if patchify else 32
    return InfinityConfig(128, 2, 2, 2, 256, 20, channels, grids.scales, grids.rope_grid, patchify)


# The fixture, through the command.


@pytest.fixture(scope="module")
def fixture_bundle(tmp_path_factory) -> Path:
    """The public fixture as a float32 bundle."""
    out = tmp_path_factory.mktemp("bundles") / "fixture"
    arguments = ["--transformer", FIXTURE / "infinity.safetensors", "--vae", FIXTURE / "vae_decoder.safetensors"]
    arguments += ["--text-encoder", "none", "--config", FIXTURE / "config.json", "--dtype", "float32", "--out", out]
    result = CliRunner().invoke(main, ["export-infinity", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return out


@needs_fixture
def test_the_exported_fixture_meets_every_public_logit(fixture_bundle):
    assert_logits_within_a_thousandth(Fixture.load(), session(fixture_bundle / "rollout.onnx"))


@needs_fixture
def test_the_exported_fixture_gives_the_public_latent_and_picture(fixture_bundle):
    fixture = Fixture.load()
    rollout = fixture_rollout(fixture, 0, 1.0 - fixture.bits(), guidance=1, temperature=5)  # 0 draws a 1, and 1 a 0
    _, latent = rollout.run(session(fixture_bundle / "rollout.onnx"))
    np.testing.assert_allclose(latent[0], fixture.expected["latent"], atol=1e-3)
    (image,) = session(fixture_bundle / "decode.onnx").run(["image"], {"latent": latent})
    assert np.abs(image[0, ..., ::-1].astype(int) - fixture.expected["image_bgr"]).max() <= 1


@needs_fixture
def test_the_fixtures_manifest_says_what_its_files_are(fixture_bundle):
    manifest = json.loads((fixture_bundle / "bundle.json").read_text())
    assert manifest["name"] == "fixture"
    files = {path.name: digest(path) for path in fixture_bundle.iterdir() if path.name != "bundle.json"}
    assert manifest["files"] == files
    assert set(files) == {"rollout.onnx", "rollout.onnx.data", "decode.onnx"}
    part = manifest["generator"]
    assert (part["bitsPerToken"], part["latent"], part["image"]) == (32, [32, 16, 16], [256, 256])
    assert (part["guidance"], part["temperature"], part["topP"]) == ([3.0] * 7, [0.5] * 7, [0.97] * 7)


# Schedules, against the reference.


@pytest.mark.parametrize("aspect", GRIDS)
def test_every_schedule_is_whole(aspect):
    grids = GRIDS[aspect]
    assert len(grids) == 13
    assert all(one[0] <= two[0] and one[1] <= two[1] for one, two in zip(grids, grids[1:], strict=False))
    assert grids[-1][0] / grids[-1][1] == pytest.approx(aspect, rel=0.01)
    assert 3800 <= np.prod(grids[-1]) <= 4110
    for pixels, count in SCALES.items():
        assert schedule(pixels, aspect).scales == grids[:count]
        assert schedule(pixels, aspect).rope_grid == grids[-1]


def test_wide_schedules_are_tall_ones_turned():
    assert schedule("0.06M", 0.666).scales == ((1, 1), (2, 2), (2, 3), (4, 6), (6, 9), (10, 15), (14, 21))
    assert schedule("1M", 0.571).rope_grid == (48, 84)


@pytest.mark.parametrize("aspect", [ratio for ratio in GRIDS if ratio != 1])
def test_every_ratio_but_the_square_has_exact_ties_of_rope_indices(aspect):
    grids = schedule("1M", aspect)
    ties = [
        (2 * i * last) % (2 * side) == side
        for grid in grids.scales
        for side, last in zip(grid, grids.rope_grid, strict=True)
        for i in range(side)
    ]
    assert any(ties)


@pytest.mark.parametrize(
    ("aspect", "patchify"), [(1.0, True), (1.25, False), (0.75, False), (1.5, True), (0.333, False), (0.571, True)]
)
def test_bits_and_latents_of_public_schedules_are_the_references(aspect, patchify):
    config = small("0.06M", aspect, patchify)
    rollout = Rollout.random(config, np.random.default_rng(1), hypotheses=2, branches=2, first=2)
    assert_same_draws(config, rollout, *rollout.run(rollout_session(config)))


# Products in float16.


def half_and_full(config: InfinityConfig, rollout: Rollout) -> tuple[np.ndarray, np.ndarray]:
    """P(bit = 1) of the first sampled scale."""
    count = config.tokens[config.starts.index(rollout.prefix_bits.shape[1])]
    cut = rollout.until(count)
    return tuple(cut.run(probability_session(config, half_products=half))[0] for half in (True, False))


@pytest.mark.parametrize("config", [small("0.06M", 1.333), PATCHED], ids=["tall", "patched"])
def test_float16_products_give_nearly_the_same_probabilities(config):
    for first in (0, 2, len(config.scales) - 1):
        rollout = Rollout.random(config, np.random.default_rng(first), hypotheses=2, branches=1, first=first)
        rollout = replace(rollout, top_p=np.ones_like(rollout.top_p))
        half, full = half_and_full(config, rollout)
        difference = np.abs(half - full)
        print(f"scale {first}: {difference.mean():.1e} in the mean, {difference.max():.1e} at most")
        assert difference.mean() < 2e-3
        assert difference.max() < 5e-2


def test_float16_products_are_exact_in_every_batch_and_branch():
    rng = np.random.default_rng(2)
    for first in range(len(PATCHED.scales)):
        rollout = Rollout.random(PATCHED, rng, hypotheses=3, branches=4, first=first)
        for run_on in (make(PATCHED, half_products=True) for make in (rollout_session, probability_session)):
            bits, latent = rollout.run(run_on)
            for hypothesis, branch in ((0, 0), (1, 3), (2, 1)):
                row = 4 * hypothesis + branch
                alone_bits, alone_latent = rollout.only([hypothesis], [branch]).run(run_on)
                assert np.array_equal(alone_bits[0], bits[row])
                assert np.array_equal(alone_latent[0], latent[row])


# Layouts and sizes.


def public(config: InfinityConfig) -> State:
    return {key: value.clone() for key, value in random_model(config).state_dict().items()}


def vae_state(channels: int, multipliers: tuple[int, ...] = (1, 2)) -> State:
    torch.manual_seed(3)
    return InfinityVaeDecoder(InfinityVaeConfig(channels, 32, multipliers)).state_dict()


def written(folder: Path, state: object, name: str = "model.pth") -> Path:
    torch.save(state, folder / name)
    return folder / name


def one_chunk(key: str) -> str:
    return key.replace("block_chunks.0.module.", "blocks.")


LAYOUTS = {
    "flat": lambda state: state,
    "training": lambda state: {"args": {"lr": 1.0}, "trainer": {"gpt_fsdp": state, "optimizer": {"m": torch.ones(2)}}},
    "wrapped": lambda state: {f"module._orig_mod.{key}": value for key, value in state.items()},
    "sharded training": lambda state: {
        key.replace("module.", "module._fsdp_wrapped_module."): value for key, value in state.items()
    },
    "one chunk": lambda state: {one_chunk(key): value for key, value in state.items()},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
def test_a_transformer_loads_in_every_layout(tmp_path, layout):
    config = replace(PATCHED, block_chunks=1) if layout is LAYOUTS["one chunk"] else PATCHED
    state = public(config)
    checkpoint = open_transformer([written(tmp_path, layout(state))])
    checkpoint.require(checkpoint_shapes(config))
    for key, value in state.items():
        assert np.array_equal(checkpoint.array(key), value.numpy())
    read = sizes(checkpoint, InfinityVaeConfig(config.latent_channels), {"scales_hw": list(config.scales)})
    assert replace(read, rope_grid=config.rope_grid) == config


def test_shards_and_a_folder_of_shards_are_one_checkpoint(tmp_path):
    state = {key: value.bfloat16() for key, value in public(PATCHED).items()}
    keys = list(state)
    for number, part in enumerate((keys[::2], keys[1::2])):
        save_file({key: state[key] for key in part}, tmp_path / f"model-{number}.safetensors")
    for paths in ([tmp_path], sorted(tmp_path.iterdir())):
        checkpoint = open_transformer(paths)
        checkpoint.require(checkpoint_shapes(PATCHED))
        assert np.array_equal(checkpoint.array(keys[3]), state[keys[3]].float().numpy())


def test_the_sizes_of_the_published_models_have_their_numbers_of_parameters():
    grids = schedule("1M", 1.0)
    published = {
        2_204_564_032: InfinityConfig(2048, 16, 32, 8, 2048, 512, 32, grids.scales),
        8_375_791_824: InfinityConfig(3584, 28, 40, 8, 2048, 512, 14, grids.scales, patchify=True),
    }
    for parameters, config in published.items():
        shapes = checkpoint_shapes(config)
        assert sum(int(np.prod(shape)) for key, shape in shapes.items() if "zero_k_bias" not in key) == parameters


# Bundles of small random models, from files to a check that finds nothing wrong.


def tokenizer() -> Tokenizer:
    words = {word: number for number, word in enumerate(["<pad>", "</s>", "<unk>", "a", "red", "circle", "left"])}
    made = Tokenizer(models.WordLevel(words, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return made


def text_state(config: T5Config = TEXT) -> State:
    """Weights that float16 holds exactly; queries are small, or attention would amplify what is rounded."""
    torch.manual_seed(4)
    state = {}
    for key, shape in config.shapes().items():
        std = 0.02 if key.endswith("SelfAttention.q.weight") else 0.3
        state[key] = (std * torch.randn(shape) + (1 if "norm" in key else 0)).half().float()
    return state


@pytest.fixture
def files(tmp_path) -> Sources:
    """A patchified model as it is downloaded: shards, a nested VAE, a text encoder with its decoder."""
    folder = tmp_path / "infinity_8b_weights"
    folder.mkdir()
    save_file({key: value.half() for key, value in public(small("0.06M", 1, True)).items()}, folder / "m.safetensors")
    vae = {f"decoder.{key}": value for key, value in vae_state(14).items()} | {"encoder.conv_in.weight": torch.ones(2)}
    text = tmp_path / "flan-t5-xl"
    text.mkdir()
    save_file(
        text_state() | {"decoder.block.0.x": torch.ones(2), "lm_head.weight": torch.ones(2)}, text / "m.safetensors"
    )
    tokenizer().save(str(text / "tokenizer.json"))
    fields = {"vocab_size": 40, "d_model": 256, "num_heads": 4, "d_kv": 16, "d_ff": 96, "num_layers": 2}
    (text / "config.json").write_text(json.dumps(fields | {"feed_forward_proj": "gated-gelu"}))
    return Sources([folder], [written(tmp_path, {"vae": vae}, "vae.pth")], text)


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_a_whole_bundle_is_exported_and_nothing_is_wrong_with_it(files, tmp_path, dtype):
    out = tmp_path / "small-8b"
    arguments = ["--transformer", files.transformer[0], "--vae", files.vae[0], "--text-encoder", files.text_encoder]
    arguments += ["--pn", "0.06M", "--aspect", "0.571", "--dtype", dtype, "--out", out]
    result = CliRunner().invoke(main, ["export-infinity", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    part = json.loads((out / "bundle.json").read_text())["generator"]
    assert part["scales"][-1] == [12, 21]
    assert (part["bitsPerToken"], part["latent"], part["image"]) == (56, [14, 24, 42], [48, 84])
    assert (part["guidance"][0], part["temperature"][0]) == (3.0, 1.0)
    checked = CliRunner().invoke(main, ["check", str(out), "--threads", "1"])
    assert checked.exit_code == 0, checked.output
    assert "draws 7 of 7 scales" in checked.output
    assert "image [1, 48, 84, 3]" in checked.output
    assert "nothing is wrong" in checked.output


def test_check_names_a_changed_file_and_a_graph_that_the_manifest_does_not_fit(files, tmp_path):
    out = tmp_path / "small-8b"
    export_infinity(files, out, {}, "0.06M")
    manifest = json.loads((out / "bundle.json").read_text())
    manifest["generator"]["image"] = [999, 16]
    manifest["files"]["decode.onnx"] = "0" * 64
    (out / "bundle.json").write_text(json.dumps(manifest))
    (out / "text.onnx").write_bytes(b"no graph")
    checked = CliRunner().invoke(main, ["check", str(out), "--threads", "1", "--scales", "3"])
    assert checked.exit_code == 1
    for fault in (
        "wrong: decode.onnx has the digest",
        "wrong: text.onnx has the digest",
        "wrong: text.onnx cannot be loaded",
        "wrong: decode.onnx gives image as uint8 [1, 64, 64, 3], but it must be uint8 [1, 999, 16, 3]",
    ):
        assert fault in checked.output
    assert "draws 3 of 7 scales" in checked.output


# The text encoder, against transformers.


@pytest.mark.parametrize("half", [False, True])
def test_text_features_are_those_of_transformers(tmp_path, half):
    t5 = pytest.importorskip("transformers")
    settings = t5.T5Config(
        vocab_size=40,
        d_model=256,
        d_kv=16,
        d_ff=96,
        num_layers=2,
        num_heads=4,
        feed_forward_proj="gated-gelu",
        dropout_rate=0.0,
    )
    encoder = t5.T5EncoderModel(settings).eval()
    state = text_state()
    loaded = encoder.load_state_dict(state, strict=False)
    assert not loaded.unexpected_keys
    assert set(loaded.missing_keys) <= {"encoder.embed_tokens.weight"}
    export_t5(TEXT, lambda key: state[key].numpy(), 300, tmp_path / "text.onnx", half)
    run_on, rng = session(tmp_path / "text.onnx"), np.random.default_rng(6)
    for rows, length in ((1, 1), (1, 300), (3, 21)):
        ids = rng.integers(0, 40, (rows, length))
        mask = np.ones_like(ids)
        mask[-1, length // 2 + 1 :] = 0
        features, given = run_on.run(["text_features", "text_mask"], {"input_ids": ids, "attention_mask": mask})
        with torch.no_grad():
            expected = encoder(torch.from_numpy(ids), torch.from_numpy(mask)).last_hidden_state.numpy()
        real = mask.astype(bool)
        np.testing.assert_allclose(features[real], expected[real], atol=1e-4)
        assert np.array_equal(given, mask)


def test_the_text_graph_declares_its_contract():
    state = text_state()
    graph = build_t5(TEXT, lambda key: state[key].numpy(), 20).graph
    shapes = {
        value.name: [side.dim_param or side.dim_value for side in value.type.tensor_type.shape.dim]
        for value in (*graph.input, *graph.output)
    }
    both = ["N", "L"]
    assert shapes == {"input_ids": both, "attention_mask": both, "text_features": [*both, 256], "text_mask": both}


# What is refused.


def test_missing_unknown_and_misshapen_keys_are_named_before_anything_is_written(files, tmp_path):
    state = public(small("0.06M", 1, True))
    state["block_chunks.1.module.0.sa.extra"] = state.pop("block_chunks.1.module.0.sa.q_bias")
    state["head.bias"] = torch.zeros(3)
    sources = replace(files, transformer=[written(tmp_path, state)])
    with pytest.raises(BadInput) as error:
        export_infinity(sources, tmp_path / "out", {}, "0.06M")
    for fault in (
        "model.pth: ",
        "missing block_chunks.1.module.0.sa.q_bias",
        "unknown block_chunks.1.module.0.sa.extra",
        "head.bias has shape [3], not [112]",
    ):
        assert fault in str(error.value)
    assert not (tmp_path / "out").exists()


def test_a_text_encoders_missing_and_unknown_keys_are_named(files, tmp_path):
    state = text_state()
    state["encoder.block.0.extra"] = state.pop("encoder.final_layer_norm.weight")
    save_file(state, files.text_encoder / "m.safetensors")
    with pytest.raises(BadInput, match="missing encoder.final_layer_norm.weight; unknown encoder.block.0.extra"):
        export_infinity(files, tmp_path / "out", {}, "0.06M")


def refused(files: Sources, tmp_path: Path, **change) -> str:
    arguments = {"out": tmp_path / "out", "settings": {}, "pixels": "0.06M"} | change
    with pytest.raises(BadInput) as error:
        export_infinity(arguments.pop("sources", files), **arguments)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_does_not_fit_is_refused_in_one_line(files, tmp_path):
    other_vae = written(tmp_path, {f"decoder.{key}": value for key, value in vae_state(5).items()}, "other.pth")
    assert "56 bits a token, but the VAE has 5 channels" in refused(
        files, tmp_path, sources=replace(files, vae=[other_vae])
    )
    assert "no schedule has the ratio 1.4" in refused(files, tmp_path, aspect=1.4)
    assert "no schedule has 2M pixels" in refused(files, tmp_path, pixels="2M")
    assert "is no name" in refused(files, tmp_path, out=tmp_path / "My Bundle")
    assert "is not empty" in refused(files, tmp_path, out=files.text_encoder)
    assert "rotary" in refused(files, tmp_path, settings={"num_heads": 3})
    assert "missing word_embed.weight" in refused(files, tmp_path, sources=replace(files, transformer=files.vae))
    no_tokenizer = files.text_encoder / "tokenizer.json"
    no_tokenizer.rename(tmp_path / "kept.json")
    assert "tokenizer.json is missing" in refused(files, tmp_path)


def test_a_tokenizer_that_does_not_end_prompts_is_refused(files, tmp_path):
    endless = tokenizer()
    endless.post_processor = processors.TemplateProcessing(single="$A", special_tokens=[])
    endless.save(str(files.text_encoder / "tokenizer.json"))
    assert "does not end in 1" in refused(files, tmp_path)


def test_a_text_encoder_of_another_width_is_refused(files, tmp_path):
    fields = json.loads((files.text_encoder / "config.json").read_text())
    wide = replace(TEXT, width=192)
    (files.text_encoder / "config.json").write_text(json.dumps(fields | {"d_model": 192}))
    save_file(text_state(wide), files.text_encoder / "m.safetensors")
    assert "gives 192 text features, but the transformer reads 256" in refused(files, tmp_path)


class Anything:
    """Not a tensor."""


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.pth", b"", "cannot be read"),
        ("a.pth", b"PK??", "cannot be read"),
        ("a.safetensors", b"xx", "cannot be read"),
    ],
)
def test_broken_files_are_named(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput, match=f"{name} {message}"):
        open_checkpoint([tmp_path / name])


def test_a_file_that_could_run_code_is_not_loaded(tmp_path):
    with pytest.raises(BadInput, match="could run code"):
        open_checkpoint([written(tmp_path, {"model": Anything()})])


def test_a_key_in_two_shards_and_a_folder_without_any_are_named(tmp_path):
    for name in ("a.pth", "b.pth"):
        written(tmp_path, {"x": torch.ones(1)}, name)
    with pytest.raises(BadInput, match=r"b\.pth: x is in another of a\.pth, b\.pth too"):
        open_checkpoint([tmp_path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput, match="has no checkpoint"):
        open_checkpoint([tmp_path / "empty"])


def test_a_vae_without_a_decoder_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"vae\.pth: missing conv_in\.weight"):
        export_infinity(
            Sources(
                [written(tmp_path, {})], [written(tmp_path, {"vae": {"encoder.x": torch.ones(1)}}, "vae.pth")], None
            ),
            tmp_path / "out",
            {},
        )
    assert len(open_vae([tmp_path / "vae.pth"])) == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "must be a JSON object"),
        ("{", "cannot be read"),
        ('{"depht": 3}', "unknown field depht"),
        ('{"depth": "3"}', 'depth is "3", but must be of type int'),
        ('{"depth": true}', "depth is true, but must be of type int"),
    ],
)
def test_faulty_settings_are_named(tmp_path, text, message):
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(BadInput, match=message):
        read_settings(tmp_path / "config.json")


def test_settings_go_before_what_is_read_and_a_schedule_asked_for_before_them(files):
    transformer, vae = open_transformer(files.transformer), InfinityVaeConfig(14)
    asked = {"pn": "0.25M", "aspect_h_div_w": 2, "text_maxlen": 7}
    read = sizes(transformer, vae, asked)
    assert (read.text_max, read.scales) == (7, schedule("0.25M", 2).scales)
    assert sizes(transformer, vae, asked, aspect=1.5).scales == schedule("0.25M", 1.5).scales
