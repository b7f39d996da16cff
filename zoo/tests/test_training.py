"""The trainers: a few steps lower the loss, and a training goes on where it stopped."""

import json
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from espalier_zoo.export.shapes import export_diffusion
from espalier_zoo.models.diffusion import DiffusionConfig
from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig, quantize
from espalier_zoo.training import diffusion, generator, loop, visual_tokenizer
from espalier_zoo.training.loop import CHECKPOINT, Schedule, load_average, train
from espalier_zoo.training.muon import orthogonal
from espalier_zoo.training.roles import MIDDLE, NAMED_COLORS, NONE, NUMBERS, SIDES, Roles, roles_of

SMALL = VisualTokenizerConfig(
    encoder_widths=(16, 16, 32),
    encoder_blocks=(0, 0, 1),
    decoder_widths=(16, 16, 32),
    decoder_blocks=(0, 0, 1),
)


def _losses(folder) -> list[float]:
    rows = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    return [row["loss"] for row in rows if "loss" in row]


def _train_tokenizer(folder, pictures=480, minutes=None):
    torch.manual_seed(0)
    return train(
        VisualTokenizer(SMALL),
        Schedule(pictures, 16, learning_rate=3e-3),
        lambda start: visual_tokenizer._batches(16, 1, start),
        visual_tokenizer.reconstruction_loss,
        folder,
        minutes,
        SMALL.to_dict(),
        log_every=5,
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder of all trainings, after a few steps of the visual tokenizer and an encoded set of pictures."""
    runs = tmp_path_factory.mktemp("runs")
    assert _train_tokenizer(runs / "visual-tokenizer")
    tokenizer = visual_tokenizer.load_tokenizer(runs / "visual-tokenizer")
    generator.encode(tokenizer, runs / "features", 64, seed=3, batch=16)
    return runs


def test_a_few_steps_lower_the_tokenizers_loss(trained):
    losses = _losses(trained / "visual-tokenizer")
    assert losses[-1] < 0.6 * losses[0]


def test_a_training_that_is_cut_goes_on_where_it_stopped(tmp_path, monkeypatch):
    seconds = count()  # a clock that goes on by one whenever it is read
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    assert not _train_tokenizer(tmp_path, minutes=1 / 60)
    first = torch.load(tmp_path / CHECKPOINT, weights_only=True)["step"]
    assert not _train_tokenizer(tmp_path, minutes=20 / 60)
    second = torch.load(tmp_path / CHECKPOINT, weights_only=True)["step"]
    assert first == 0 and 0 < second < 30
    assert _train_tokenizer(tmp_path)
    assert torch.load(tmp_path / CHECKPOINT, weights_only=True)["step"] == 30


def test_the_average_is_what_is_exported(trained):
    folder = trained / "visual-tokenizer"
    saved = torch.load(folder / CHECKPOINT, weights_only=True)
    model = load_average(folder / CHECKPOINT, VisualTokenizer(SMALL))
    name = "encoder.1.weight"
    assert torch.equal(model.state_dict()[name], saved["average"][f"module.{name}"])
    assert not torch.equal(model.state_dict()[name], saved["model"][name])


def test_encoding_goes_on_where_it_stopped(trained, tmp_path):
    tokenizer = visual_tokenizer.load_tokenizer(trained / "visual-tokenizer")
    generator.encode(tokenizer, tmp_path, 64, seed=3, batch=16)
    (tmp_path / "done.json").write_text("32")
    before = generator.Encoded(tmp_path, 8, 0)
    generator.encode(tokenizer, tmp_path, 64, seed=3, batch=16)
    after = generator.Encoded(tmp_path, 8, 0)
    assert (before.features[:] == after.features[:]).all()
    assert torch.equal(before.ids, after.ids)


def test_batches_depend_on_their_number_alone(trained):
    data = generator.Encoded(trained / "features", 9, steps=10, batch=16, coarse_batch=24)
    stream = data.batches(0, 7)
    batches = [next(stream) for _ in range(7)]
    again = next(data.batches(6, 7))
    assert torch.equal(batches[6].features, again.features) and torch.equal(batches[6].ids, again.ids)
    assert batches[6].scales == again.scales


def test_early_steps_learn_coarse_scales_and_late_ones_all(trained):
    data = generator.Encoded(trained / "features", 9, steps=200, batch=1, coarse_batch=2)
    stream = data.batches(0, 7)
    coarse = [next(stream).scales == generator.COARSE for _ in range(200)]
    assert sum(coarse[:50]) > 25 and sum(coarse[-50:]) < 15


def test_every_other_batch_is_of_several_kinds(trained):
    data = generator.Encoded(trained / "features", 9, steps=1)
    several = {tuple(row) for row in data.ids[data.several].tolist()}
    assert 0 < len(data.several) < len(data.ids)
    chosen = [
        {tuple(row) for row in data.batch_of(np.random.default_rng(seed), 8)[1].tolist()} <= several
        for seed in range(80)
    ]
    assert 25 < sum(chosen) < 65


def test_a_few_steps_lower_the_generators_loss(trained, tmp_path):
    torch.manual_seed(0)
    infinity, text = generator.configs(SMALL)
    model = generator.ShapesGenerator(infinity, text)
    data = generator.Encoded(trained / "features", 9, steps=30, batch=16, coarse_batch=16)
    matrices = [weight for block in model.infinity.blocks() for weight in block.parameters() if weight.ndim == 2]
    train(
        model,
        Schedule(480, 16, 2e-3),
        lambda start: data.batches(start, len(infinity.scales)),
        generator.bit_loss,
        tmp_path,
        matrices=matrices,
        log_every=5,
    )
    losses = _losses(tmp_path)
    assert losses[-1] < 0.95 * losses[0]


@pytest.fixture(scope="module")
def flowing(trained):
    """The same folder, after a few steps of a small diffusion model in it."""
    torch.manual_seed(0)
    shipped, text = diffusion.configs(SMALL)
    config = DiffusionConfig(shipped.latent, text.width, text.tokens, width=64, heads=2, depth=2)
    model = diffusion.ShapesDiffusion(config, text)
    data = generator.Encoded(trained / "features", 9, steps=60)
    diffusion.measure(model.diffusion, data, SMALL.scales)
    train(
        model,
        Schedule(60 * 32, 32, 4e-3, matrix_rate=8e-3),
        lambda start: diffusion.batches(data, SMALL.scales, start, 32),
        diffusion.flow_loss,
        trained / "diffusion",
        config={"diffusion": config.to_dict(), "text": text.to_dict()},
        matrices=model.matrices(),
        log_every=10,
    )
    return trained


def test_a_few_steps_lower_the_flows_loss(flowing):
    losses = _losses(flowing / "diffusion")
    assert losses[-1] < 0.8 * losses[0]


def test_the_flow_works_on_latents_of_mean_zero_and_variance_one(flowing):
    model = diffusion.load_diffusion(flowing / "diffusion").diffusion
    data = generator.Encoded(flowing / "features", 9, steps=1)
    latent = next(diffusion.batches(data, SMALL.scales, 0, 64)).latent
    tokens = model.normalised(latent)
    assert torch.allclose(tokens.mean((0, 1)), torch.zeros(32), atol=1e-3)
    assert torch.allclose(tokens.std((0, 1)), torch.ones(32), atol=1e-3)
    assert torch.allclose(model.latent(tokens), latent, atol=1e-5)


def test_a_diffusion_models_pictures_are_in_the_order_of_their_prompts(flowing):
    model = diffusion.load_diffusion(flowing / "diffusion")
    tokenizer = visual_tokenizer.load_tokenizer(flowing / "visual-tokenizer")
    words = ["a star", "a red star and a blue ring", "a ring"]
    made = diffusion.generate(model, tokenizer, words, guidance=1.0, steps=2, seed=0)
    assert made.shape == (3, 128, 128, 3) and made.dtype == "uint8"
    alone = diffusion.generate(model, tokenizer, words[:1], guidance=1.0, steps=2, seed=0)
    assert abs(made[:1].astype(int) - alone).max() <= 1


def test_the_diffusion_bundle_says_what_it_is(flowing, tmp_path):
    export_diffusion(flowing, tmp_path)
    manifest = json.loads((tmp_path / "bundle.json").read_text())
    assert manifest["kind"] == "diffusion-generator"
    assert set(manifest["files"]) == {"text.onnx", "sample.onnx", "decode.onnx", "tokenizer.json"}
    assert manifest["diffusion"] == {
        "latent": [32, 8, 8],
        "image": [128, 128],
        "prompt": {"tokens": 24, "characters": 400},
        "steps": diffusion.STEPS,
        "guidance": diffusion.GUIDANCE,
    }


def test_the_decoder_is_trained_under_an_encoder_that_stays(trained, tmp_path, monkeypatch):
    before = visual_tokenizer.load_tokenizer(trained / "visual-tokenizer")
    monkeypatch.setattr(visual_tokenizer, "evaluate", lambda _: {})
    visual_tokenizer.run(tmp_path, 96, None, encoder=trained / "visual-tokenizer")
    after = visual_tokenizer.load_tokenizer(tmp_path)
    same = [torch.equal(*pair) for pair in zip(before.encoder.parameters(), after.encoder.parameters(), strict=True)]
    changed = [
        not torch.equal(*pair) for pair in zip(before.decoder.parameters(), after.decoder.parameters(), strict=True)
    ]
    assert all(same) and any(changed)


def test_where_no_visual_tokenizer_was_trained_the_shipped_one_serves(trained, tmp_path):
    assert visual_tokenizer.tokenizer_of(trained) == trained / "visual-tokenizer"
    shipped = visual_tokenizer.tokenizer_of(tmp_path)
    assert shipped == visual_tokenizer.SHIPPED
    assert visual_tokenizer.evaluate(visual_tokenizer.load_tokenizer(shipped), per_task=10)["all"] > 0.85


def test_a_visual_tokenizer_may_begin_with_another_ones_weights(trained, tmp_path, monkeypatch):
    before = visual_tokenizer.load_tokenizer(trained / "visual-tokenizer")
    monkeypatch.setattr(visual_tokenizer, "evaluate", lambda _: {})
    visual_tokenizer.run(tmp_path, 96, None, both=trained / "visual-tokenizer")
    after = visual_tokenizer.load_tokenizer(tmp_path)
    for one, other in zip(before.parameters(), after.parameters(), strict=True):
        assert not torch.equal(one, other)
        assert (one - other).abs().max() < 0.1


def test_an_encoder_is_trained_under_a_decoder_that_stays(trained, tmp_path, monkeypatch):
    before = visual_tokenizer.load_tokenizer(trained / "visual-tokenizer")
    monkeypatch.setattr(visual_tokenizer, "evaluate", lambda _: {})
    visual_tokenizer.run(tmp_path, 96, None, decoder=trained / "visual-tokenizer")
    after = visual_tokenizer.load_tokenizer(tmp_path)
    same = [torch.equal(*pair) for pair in zip(before.decoder.parameters(), after.decoder.parameters(), strict=True)]
    assert all(same)
    assert not torch.equal(before.encoder[1].weight, after.encoder[1].weight)


@pytest.mark.parametrize("rows, columns", [(24, 96), (96, 24), (32, 32)])
def test_an_orthogonal_update_has_singular_values_near_one(rows, columns):
    values = torch.linalg.svdvals(orthogonal(torch.randn(rows, columns, generator=torch.Generator().manual_seed(1))))
    assert (values > 0.3).all() and (values < 1.3).all()


@pytest.mark.parametrize(
    "words, sides, colors, numbers",
    [
        ("a star left of a ring", ["left of", "right of"], [None, None], [1, 1]),
        ("a blue ring below a red heart", ["below", "above"], ["blue", "red"], [1, 1]),
        ("a red star and a blue ring", [None, None], ["red", "blue"], [1, 1]),
        ("an orange star", [None], ["orange"], [1]),
        ("three blue stars", [None], ["blue"], [3]),
        ("a red star, a blue cross and a pink ring", [None] * 3, ["red", "blue", "pink"], [1, 1, 1]),
        ("two red crosses and a blue ring", [None, None], ["red", "blue"], [2, 1]),
        ("a star right of a ring right of a heart", ["right of", MIDDLE[0], "left of"], [None] * 3, [1, 1, 1]),
        (
            "a red star above a red ring above a pink heart",
            ["above", MIDDLE[1], "below"],
            ["red", "red", "pink"],
            [1] * 3,
        ),
    ],
)
def test_a_text_encoder_is_told_the_side_the_colour_and_the_number_of_each_noun(words, sides, colors, numbers):
    asked = [named for named in roles_of(words).tolist() if named != [NONE] * 3]
    assert asked == [
        [SIDES.index(side), NAMED_COLORS.index(color), NUMBERS.index(number)]
        for side, color, number in zip(sides, colors, numbers, strict=True)
    ]


def test_a_batch_without_nouns_has_no_roles_to_learn():
    assert Roles(8).loss(torch.randn(2, 4, 8), torch.full((2, 4, 3), NONE)) == 0


def test_quantised_latents_are_the_sum_of_the_scales_codes():
    features = torch.randn(2, 8, 4, 4)
    quantized = quantize(features, (1, 2, 4))
    latent = torch.zeros_like(features)
    for bits, side in zip(quantized.bits, (1, 2, 4), strict=True):
        code = torch.where(bits, 8**-0.5, -(8**-0.5)).transpose(1, 2).reshape(2, 8, side, side)
        latent = latent + torch.nn.functional.interpolate(code, size=(4, 4), mode="bilinear")
    assert torch.allclose(latent, quantized.latent, atol=1e-6)


def test_flipped_bits_are_seen_and_corrected_by_later_scales():
    features = torch.randn(64, 8, 4, 4)
    torch.manual_seed(0)
    plain = quantize(features, (1, 2, 4))
    flipped = quantize(features, (1, 2, 4), torch.full((64, 3), 0.3) * torch.tensor([1.0, 0.0, 0.0]))
    assert torch.equal(plain.bits[0], flipped.bits[0])
    assert not torch.equal(plain.inputs[0], flipped.inputs[0])
    assert not torch.equal(plain.bits[1], flipped.bits[1])
