import json
from functools import cache

import numpy as np
import pytest
import torch
from infinity_cases import FIXTURE, Fixture, needs_fixture, session
from onnx import ModelProto, TensorProto
from safetensors.torch import load_file
from torch import nn

from espalier_zoo.export.decode import Rounding, build_decode, export_decode
from espalier_zoo.models.infinity_vae import InfinityVaeConfig, InfinityVaeDecoder
from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig


@cache
def own() -> nn.Module:
    torch.manual_seed(1)
    sizes = VisualTokenizerConfig(decoder_widths=(16, 32, 64), bits=8)
    return VisualTokenizer(sizes).decoder


@cache
def public() -> nn.Module:
    torch.manual_seed(2)
    return InfinityVaeDecoder(InfinityVaeConfig(latent_channels=8, base_channels=32, channel_multipliers=(1, 2, 2)))


GRID = (5, 7)
DECODERS = {"own": (own, Rounding.HALF_UP), "public": (public, Rounding.TRUNCATE)}
every_decoder = pytest.mark.parametrize(("decoder", "rounding"), DECODERS.values(), ids=DECODERS)


@cache
def graph(decoder, rounding: Rounding, half: bool = False) -> ModelProto:
    return build_decode(decoder(), (8, *GRID), rounding, half)


def latents(count: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((count, 8, *GRID), dtype=np.float32)


def decoded(model: ModelProto, latent: np.ndarray, threads: int = 1) -> np.ndarray:
    (image,) = session(model, threads).run(["image"], {"latent": latent})
    return image


def expected(decoder: nn.Module, rounding: Rounding, latent: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        pictures = decoder(torch.from_numpy(latent)).double().clamp(-1, 1).permute(0, 2, 3, 1).numpy()
    return np.floor((pictures + 1) * 127.5 + {Rounding.HALF_UP: 0.5, Rounding.TRUNCATE: 0}[rounding])


@every_decoder
def test_the_graph_gives_the_decoders_picture_within_one_step_of_255(decoder, rounding):
    latent = latents(3)
    image = decoded(graph(decoder, rounding), latent)
    assert image.dtype == np.uint8
    assert image.std() > 10
    difference = np.abs(image - expected(decoder(), rounding, latent))
    assert difference.max() <= 1
    assert difference.mean() < 1e-3


@every_decoder
def test_kernels_stored_in_half_give_nearly_the_same_picture(decoder, rounding):
    latent = latents(3)
    half = graph(decoder, rounding, half=True)
    assert np.abs(decoded(half, latent) - expected(decoder(), rounding, latent)).max() <= 2
    assert half.ByteSize() < 0.6 * graph(decoder, rounding).ByteSize()
    kernels = [weight for weight in half.graph.initializer if len(weight.dims) == 4]
    assert {weight.data_type for weight in kernels} == {TensorProto.FLOAT16}


@every_decoder
def test_a_picture_is_the_same_to_the_bit_in_every_batch(decoder, rounding):
    """Compared before rounding, which would hide nearly every difference."""
    model = ModelProto()
    model.CopyFrom(graph(decoder, rounding))
    (cast,) = (node for node in model.graph.node if node.op_type == "Cast")
    model.graph.output.add(name=cast.input[0])
    sessions, latent = [session(model, threads) for threads in (1, 2)], latents(30)
    image, exact = sessions[0].run(["image", cast.input[0]], {"latent": latent})
    for count in range(1, 31):
        for on in sessions:
            some_image, some_exact = on.run(["image", cast.input[0]], {"latent": latent[30 - count :]})
            assert np.array_equal(some_image, image[30 - count :])
            assert np.array_equal(some_exact, exact[30 - count :])


@pytest.mark.parametrize(
    ("rounding", "bytes_"),
    [(Rounding.TRUNCATE, [0, 0, 127, 254, 255, 255]), (Rounding.HALF_UP, [0, 0, 128, 255, 255, 255])],
)
def test_rounding_and_clamping_are_as_asked(rounding, bytes_):
    values = np.array([-2, -1, 0, 0.9999, 1, 2], np.float32)
    model = build_decode(nn.Identity(), (3, 1, 6), rounding)
    image = decoded(model, np.broadcast_to(values, (2, 3, 1, 6)).copy())
    assert np.array_equal(image, np.broadcast_to(np.array(bytes_, np.uint8)[None, None, :, None], (2, 1, 6, 3)))


def test_the_first_channel_stays_the_first():
    picture = np.zeros((1, 3, 1, 1), np.float32)
    picture[0, :, 0, 0] = [1, 0, -1]
    image = decoded(build_decode(nn.Identity(), (3, 1, 1), Rounding.TRUNCATE), picture)
    assert image.tolist() == [[[[255, 127, 0]]]]


@needs_fixture
def test_the_public_codes_picture_comes_out_in_rgb(tmp_path):
    sizes = json.loads((FIXTURE / "config.json").read_text())
    config = InfinityVaeConfig(sizes["latent_dim"], sizes["vae_base_channels"], tuple(sizes["vae_channel_multipliers"]))
    decoder = InfinityVaeDecoder(config).load_checkpoint(load_file(FIXTURE / "vae_decoder.safetensors"))
    latent = Fixture.load().expected["latent"][None]
    export_decode(decoder, latent.shape[1:], tmp_path / "decode.onnx", Rounding.TRUNCATE, half=True)
    (image,) = session(tmp_path / "decode.onnx").run(["image"], {"latent": latent})
    bgr = Fixture.load().expected["image_bgr"]
    assert np.abs(image[0, ..., ::-1].astype(int) - bgr).max() <= 1


@every_decoder
def test_the_file_holds_nothing_of_the_machine_it_was_made_on(decoder, rounding):
    raw = graph(decoder, rounding).SerializeToString()
    for trace in (b"stack_trace", __file__.encode(), torch.__file__.encode(), b".py"):
        assert trace not in raw


def test_the_graph_declares_its_contract():
    values = {
        value.name: value.type.tensor_type
        for value in (*graph(own, Rounding.HALF_UP).graph.input, *graph(own, Rounding.HALF_UP).graph.output)
    }
    shapes = {name: [side.dim_param or side.dim_value for side in kind.shape.dim] for name, kind in values.items()}
    assert shapes == {"latent": ["N", 8, 5, 7], "image": ["N", 80, 112, 3]}
    assert values["image"].elem_type == TensorProto.UINT8
