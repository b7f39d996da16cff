import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from infinity_cases import CASES, FIXTURE, PATCHED, SQUARE, TALL, Fixture, Rollout, needs_fixture, random_model
from safetensors.torch import load_file

from espalier_zoo.models.infinity import (
    Infinity,
    InfinityConfig,
    add_code,
    checkpoint_shapes,
    draw,
    features,
    probability,
    rotation,
)
from espalier_zoo.models.infinity_vae import InfinityVaeConfig, InfinityVaeDecoder
from espalier_zoo.models.visual_tokenizer import quantize

every_case = pytest.mark.parametrize("config", CASES.values(), ids=CASES)


def teacher_inputs(config: InfinityConfig, bits: torch.Tensor) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The input features of scales 2..K for the bits of all scales, and Z after the last."""
    latent = torch.zeros(bits.shape[0], config.latent_channels, *config.latent_grid())
    inputs = []
    for scale in range(len(config.scales)):
        if scale > 0:
            inputs.append(features(latent, config, scale))
        latent = add_code(latent, bits[:, config.starts[scale] : config.starts[scale + 1]], config, scale)
    return inputs, latent


def random_bits(config: InfinityConfig, rows: int) -> torch.Tensor:
    return torch.randint(0, 2, (rows, config.starts[-1], config.bits))


# Against the public code.


@needs_fixture
def test_the_public_checkpoints_logits_are_met_scale_by_scale():
    fixture = Fixture.load()
    model, text = fixture.model(), torch.from_numpy(fixture.text)
    for scale in range(len(fixture.config.scales)):
        logits = model.scale_logits(text, torch.from_numpy(fixture.bits(scale)))[:, 0]
        np.testing.assert_allclose(logits, fixture.logits(scale), atol=1e-3)


@needs_fixture
def test_the_public_checkpoints_logits_are_met_all_at_once():
    fixture = Fixture.load()
    inputs, _ = teacher_inputs(fixture.config, torch.from_numpy(fixture.bits()))
    text, real = torch.from_numpy(fixture.text).repeat(2, 1, 1), torch.ones(2, fixture.text.shape[1], dtype=torch.bool)
    with torch.no_grad():
        logits = fixture.model()(text, real, torch.tensor([False, True]), [x.repeat(2, 1, 1) for x in inputs])
    expected = np.concatenate([fixture.logits(scale) for scale in range(len(fixture.config.scales))], axis=1)
    np.testing.assert_allclose(logits, expected, atol=1e-3)


@needs_fixture
def test_the_public_codes_bits_are_drawn_and_its_latent_accumulated():
    fixture = Fixture.load()
    scales, text = len(fixture.config.scales), torch.from_numpy(fixture.text)
    settings = [torch.full((1, scales), value) for value in (fixture.guidance, fixture.temperature, 1.0)]
    uniforms = 1 - torch.from_numpy(fixture.bits()).float()  # 0 always draws a 1, and 1 a 0
    bits, latent = fixture.model().generate(text, torch.from_numpy(fixture.bits(0)), uniforms, *settings)
    assert np.array_equal(bits, fixture.bits())
    np.testing.assert_allclose(latent[0], fixture.expected["latent"], atol=1e-5)


@needs_fixture
def test_the_public_decoders_picture_is_met_within_one_step_of_255():
    sizes = json.loads((FIXTURE / "config.json").read_text())
    config = InfinityVaeConfig(sizes["latent_dim"], sizes["vae_base_channels"], tuple(sizes["vae_channel_multipliers"]))
    decoder = InfinityVaeDecoder(config).load_checkpoint(load_file(FIXTURE / "vae_decoder.safetensors"))
    expected = Fixture.load().expected
    with torch.no_grad():
        picture = decoder(torch.from_numpy(expected["latent"])[None])[0].clamp(-1, 1)
    picture = ((picture + 1) * 127.5).to(torch.uint8).permute(1, 2, 0).flip(-1)
    assert np.abs(picture.int().numpy() - expected["image_bgr"]).max() <= 1


def test_the_keys_and_shapes_are_the_public_checkpoints():
    config = InfinityConfig(256, 2, 4, 2, 128, 9, 32, ((1, 1), (2, 2)))
    linear = {"weight": (256, 256), "bias": (256,)}
    block = {
        "ada_gss": (1, 1, 6, 256),
        "sa.scale_mul_1H11": (1, 2, 1, 1),
        "sa.q_bias": (256,),
        "sa.v_bias": (256,),
        "sa.zero_k_bias": (256,),
        "sa.mat_qkv.weight": (768, 256),
        "ca.v_bias": (256,),
        "ca.zero_k_bias": (256,),
        "ca.mat_kv.weight": (512, 256),
        "ffn.fc1.weight": (1024, 256),
        "ffn.fc1.bias": (1024,),
        "ffn.fc2.weight": (256, 1024),
        "ffn.fc2.bias": (256,),
        "ca_norm.weight": (256,),
        "ca_norm.bias": (256,),
    }
    for name in ("sa.proj", "ca.mat_q", "ca.proj"):
        block |= {f"{name}.{part}": shape for part, shape in linear.items()}
    expected = {
        "cfg_uncond": (9, 128),
        "pos_start": (1, 1, 256),
        "text_norm.weight": (128,),
        "text_proj_for_sos.ca.mat_q": (1, 1, 256),
        "text_proj_for_sos.ca.v_bias": (256,),
        "text_proj_for_sos.ca.zero_k_bias": (256,),
        "text_proj_for_sos.ca.mat_kv.weight": (512, 128),
        "text_proj_for_sos.ca.proj.weight": (256, 256),
        "text_proj_for_sos.ca.proj.bias": (256,),
        "text_proj_for_ca.0.weight": (256, 128),
        "text_proj_for_ca.0.bias": (256,),
        "text_proj_for_ca.2.weight": (256, 256),
        "text_proj_for_ca.2.bias": (256,),
        "lvl_embed.weight": (15, 256),
        "word_embed.weight": (256, 32),
        "word_embed.bias": (256,),
        "shared_ada_lin.1.weight": (1536, 256),
        "shared_ada_lin.1.bias": (1536,),
        "head_nm.ada_lin.1.weight": (512, 256),
        "head_nm.ada_lin.1.bias": (512,),
        "head.weight": (64, 256),
        "head.bias": (64,),
    }
    for chunk in range(2):
        for module in range(2):
            expected |= {f"block_chunks.{chunk}.module.{module}.{name}": shape for name, shape in block.items()}
    assert checkpoint_shapes(config) == expected


# Training and sampling agree.


@every_case
def test_all_scales_at_once_give_the_logits_of_scale_by_scale(config):
    torch.manual_seed(1)
    model, bits, lengths = random_model(config), random_bits(config, 3), (5, 2, 9)
    text = torch.randn(3, max(lengths), config.text_width)
    real = torch.arange(max(lengths)) < torch.tensor(lengths)[:, None]
    inputs, _ = teacher_inputs(config, bits)
    with torch.no_grad():
        given, dropped = (model(text, real, torch.full((3,), drop), inputs) for drop in (False, True))
    for row, length in enumerate(lengths):
        for scale in range(len(config.scales)):
            start, end = config.starts[scale : scale + 2]
            logits = model.scale_logits(text[row : row + 1, :length], bits[row : row + 1, :start])
            torch.testing.assert_close(given[row, start:end], logits[0, 0], atol=2e-4, rtol=1e-4)
            torch.testing.assert_close(dropped[row, start:end], logits[1, 0], atol=2e-4, rtol=1e-4)


def test_a_scale_sees_itself_and_earlier_scales_only():
    model = random_model(SQUARE)
    text, real = torch.randn(1, 4, SQUARE.text_width), torch.ones(1, 4, dtype=torch.bool)
    inputs, _ = teacher_inputs(SQUARE, random_bits(SQUARE, 1))
    changed = [*inputs[:2], inputs[2] + 1, *inputs[3:]]
    with torch.no_grad():
        difference = (model(text, real, None, inputs) - model(text, real, None, changed)).abs().amax(dim=(0, 2))
    fourth = SQUARE.starts[3]
    assert difference[:fourth].max() < 1e-4 < difference[fourth:].min()


def test_a_few_steps_of_training_learn_a_picture():
    torch.manual_seed(2)
    model, bits = Infinity(SQUARE), random_bits(SQUARE, 1)
    text, real = torch.randn(1, 4, SQUARE.text_width), torch.ones(1, 4, dtype=torch.bool)
    inputs, _ = teacher_inputs(SQUARE, bits)
    optimizer, losses = torch.optim.Adam(model.parameters(), 3e-3), []
    for _ in range(40):
        logits = model(text, real, None, inputs).unflatten(-1, (-1, 2))
        loss = F.cross_entropy(logits.flatten(0, 2), bits.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] == pytest.approx(np.log(2), abs=0.01)
    assert losses[-1] < 0.3


def test_every_weight_gets_a_gradient():
    model = random_model(PATCHED)
    inputs, _ = teacher_inputs(PATCHED, random_bits(PATCHED, 2))
    text, real = torch.randn(2, 16, PATCHED.text_width), torch.ones(2, 16, dtype=torch.bool)
    loss = model(text, real, torch.tensor([False, True]), inputs).square().sum()
    gradients = torch.autograd.grad(loss, list(model.parameters()))
    missing = [name for (name, _), g in zip(model.named_parameters(), gradients, strict=True) if not g.abs().any()]
    assert missing == []


# The pieces.


def test_the_latent_accumulates_as_in_the_tokenizer_that_is_trained():
    sides = (1, 2, 3, 5, 8)
    config = replace(SQUARE, scales=tuple((side, side) for side in sides))
    quantized = quantize(torch.randn(2, config.latent_channels, 8, 8), sides)
    inputs, latent = teacher_inputs(config, torch.cat(quantized.bits, dim=1))
    torch.testing.assert_close(latent, quantized.latent)
    for mine, theirs in zip(inputs, quantized.inputs, strict=True):
        torch.testing.assert_close(mine, theirs)


def test_a_patch_of_four_pixels_is_one_token_channel_by_channel():
    config = replace(PATCHED, scales=((1, 1), (1, 2)), latent_channels=2, rope_grid=(1, 2))
    bits = torch.zeros(1, 2, 8, dtype=torch.long)
    bits[0, 1, 4 + 2] = 1
    latent = add_code(torch.zeros(1, 2, 2, 4), bits, config, 1)
    expected = torch.full((1, 2, 2, 4), -(2**-0.5))
    expected[0, 1, 1, 2] = 2**-0.5
    torch.testing.assert_close(latent, expected)
    torch.testing.assert_close(features(latent, config, 1), (2 * bits.float() - 1) * 2**-0.5)


def test_rotary_positions_are_counted_on_the_last_grid_and_ties_go_to_the_even_one():
    config = replace(TALL, scales=((1, 1), (4, 6)), rope_grid=(6, 15))
    head = config.head_width
    turns = rotation(config, 1).reshape(4, 6, head // 2)
    rows, columns = [0, 2, 3, 4], [0, 2, 5, 8, 10, 12]  # 0 1.5 3 4.5 and 0 2.5 5 7.5 10 12.5
    frequencies = 10000.0 ** (-2 * np.arange(head // 4) / (head // 2))
    expected = np.empty((4, 6, head // 2), np.complex128)
    expected[..., : head // 4] = np.exp(1j * np.multiply.outer(rows, frequencies))[:, None]
    expected[..., head // 4 :] = np.exp(1j * np.multiply.outer(columns, frequencies))[None]
    np.testing.assert_allclose(turns, expected, atol=1e-6)


def test_guidance_works_on_logits_over_temperature():
    conditional, unconditional = torch.tensor([0.5, 1.5]), torch.tensor([1.0, 0.25])
    p = probability(torch.stack([conditional, unconditional])[:, None, None], torch.tensor(3.0), torch.tensor(0.5))
    torch.testing.assert_close(p.squeeze(), torch.sigmoid(torch.tensor(3 * 2.0 - 2 * -1.5)))


@pytest.mark.parametrize(
    ("p", "top_p", "uniform", "bit"),
    [
        (0.04, 0.97, 0.03, 1),
        (0.02, 0.97, 0.0, 0),
        (0.98, 0.97, 0.999, 1),
        (0.02, 1.0, 0.01, 1),
        (0.4, 0.3, 0.0, 0),
        (0.6, 0.3, 0.999, 1),
        (0.25, 1.0, 0.25, 0),
    ],
)
def test_top_p_takes_away_the_rarer_class_when_it_is_rare(p, top_p, uniform, bit):
    logits = torch.tensor([0.0, np.log(p / (1 - p))], dtype=torch.float64).repeat(2, 1, 1, 1)
    one = torch.ones(1, 1, 1, dtype=torch.float64)
    assert draw(logits, uniform * one, one, one, top_p * one).item() == bit


def test_branches_of_a_hypothesis_share_its_prefix_and_differ_by_their_uniforms():
    rollout = Rollout.random(SQUARE, np.random.default_rng(3), hypotheses=2, branches=3, first=2)
    tensors = {name: torch.from_numpy(value) for name, value in rollout.feeds.items()}
    bits, latent = random_model(SQUARE).generate(**tensors)
    for hypothesis in range(2):
        for branch in range(3):
            alone = {name: torch.from_numpy(v) for name, v in rollout.only([hypothesis], [branch]).feeds.items()}
            own_bits, own_latent = random_model(SQUARE).generate(**alone)
            row = 3 * hypothesis + branch
            assert (bits[row] != own_bits[0]).float().mean() < 1e-3
            assert (latent[row] - own_latent[0]).abs().mean() < 1e-2
    assert len(torch.unique(bits, dim=0)) == 6


def test_tokens_that_end_inside_a_scale_are_refused():
    rollout = Rollout.random(SQUARE, np.random.default_rng(4), hypotheses=1, branches=1).until(4)
    tensors = {name: torch.from_numpy(value) for name, value in rollout.feeds.items()}
    with pytest.raises(ValueError, match="4 tokens end inside a scale"):
        random_model(SQUARE).generate(**tensors)


@every_case
def test_a_configuration_survives_json(config):
    assert InfinityConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_the_rope_grid_is_the_last_scale_unless_told_otherwise():
    assert SQUARE.rope_grid == (6, 6)
    assert TALL.rope_grid == (15, 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 60, "heads": 2}, "rotary"),
        ({"block_chunks": 3}, "block_chunks"),
        ({"scales": ()}, "scales"),
        ({"text_width": 640}, "pool"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SQUARE, **change)


# The VAE's loader.


@pytest.fixture
def vae() -> InfinityVaeDecoder:
    torch.manual_seed(5)
    return InfinityVaeDecoder(InfinityVaeConfig(latent_channels=4, base_channels=32, channel_multipliers=(1, 2)))


def deeper(key: str) -> str:
    """A plain key in the layout with one more level."""
    stem, part = key.rsplit(".", 1)
    return f"vae.decoder.{stem}.{'norm' if 'norm' in stem.rsplit('.', 1)[-1] else 'conv'}.{part}"


@pytest.mark.parametrize("rename", [deeper, "decoder.{}".format], ids=["deeper", "plain"])
def test_both_layouts_of_a_vae_checkpoint_load(vae, rename):
    state = {rename(key): value for key, value in vae.state_dict().items()} | {"vae.encoder.x": torch.zeros(1)}
    other = InfinityVaeDecoder(vae.config).load_checkpoint(state)
    latent = torch.randn(1, 4, 3, 5)
    torch.testing.assert_close(other(latent), vae(latent))
    assert other(latent).shape == (1, 3, 6, 10)


def test_faulty_keys_of_a_vae_checkpoint_are_named(vae):
    state = {deeper(key): value for key, value in vae.state_dict().items()}
    state["vae.decoder.mid.attn_1.q.weight"] = state.pop("vae.decoder.conv_in.conv.bias")
    state["vae.decoder.norm_out.norm.weight"] = torch.zeros(7)
    with pytest.raises(ValueError) as error:
        InfinityVaeDecoder(vae.config).load_checkpoint(state)
    for fault in ("missing conv_in.bias", "unknown mid.attn_1.q.weight", r"norm_out.weight has shape [7], not [32]"):
        assert fault in str(error.value)


def test_a_vae_configuration_survives_json(vae):
    assert InfinityVaeConfig.from_dict(json.loads(json.dumps(vae.config.to_dict()))) == vae.config
