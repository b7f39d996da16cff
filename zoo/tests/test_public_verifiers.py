"""The graphs of published verifiers against the public implementations, at small random sizes."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import published
import pytest
import safetensors.torch
import torch
import torch.nn.functional as F
from click.testing import CliRunner
from open_clip.tokenizer import SimpleTokenizer, default_bpe
from PIL import Image
from published import PROMPTS, SHAPES, pictures
from tokenizers import Tokenizer
from transformers import CLIPConfig, CLIPModel

from espalier_zoo.commands import main
from espalier_zoo.export.graph import Graph
from espalier_zoo.export.picture import Preparation, pixels
from espalier_zoo.export.text_tokenizers import bert_tokenizer, clip_tokenizer, deaf_tokenizer

every_shape = pytest.mark.parametrize(("height", "width"), SHAPES)


def run(command: str, **options: object) -> str:
    """What an export prints, errors included."""
    arguments = [part for name, value in options.items() for part in (f"--{name.replace('_', '-')}", str(value))]
    result = CliRunner().invoke(main, [command, *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.output


@dataclass
class Bundle:
    folder: Path

    def manifest(self) -> dict:
        return json.loads((self.folder / "bundle.json").read_text())

    def words(self) -> tuple[np.ndarray, np.ndarray]:
        """input_ids and attention_mask of all prompts."""
        encoded = Tokenizer.from_file(str(self.folder / "tokenizer.json")).encode_batch(PROMPTS)
        return np.array([e.ids for e in encoded]), np.array([e.attention_mask for e in encoded])

    def session(self, threads: int = 1) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        return onnxruntime.InferenceSession(self.folder / "verifier.onnx", options, providers=["CPUExecutionProvider"])

    def scores(self, images: np.ndarray, *words: np.ndarray, session: onnxruntime.InferenceSession | None = None):
        names = ("image", "input_ids", "attention_mask")
        session = session or self.session()
        return session.run(["score"], dict(zip(names, (images, *(words or self.words())), strict=True)))[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("published")


# Pictures.


@pytest.fixture(scope="module", params=[True, False], ids=["bytes", "floats"])
def preparation(request):
    graph = Graph("pixels")
    image = graph.input("image", np.uint8, ["N", "H", "W", 3])
    graph.output(
        "pixels", pixels(graph, image, 224, Preparation(as_bytes=request.param)), np.float32, ["N", 3, 224, 224]
    )
    session = onnxruntime.InferenceSession(graph.model().SerializeToString())
    return request.param, lambda images: session.run(None, {"image": images})[0]


@every_shape
def test_pictures_are_prepared_as_the_public_code_does(preparation, height, width):
    as_bytes, prepare = preparation
    images = pictures(height, width)
    found = prepare(images)
    if as_bytes:
        np.testing.assert_array_equal(found, published.prepared(images, published.as_clip_does()))
    else:
        # torch computes the weights of far pixels in float32
        np.testing.assert_allclose(found, published.prepared(images, published.as_hps_does()), atol=2e-3, rtol=0)


# CLIP.


@pytest.fixture(scope="module")
def clip(folder):
    model = published.open_clip()
    torch.save(model.state_dict(), folder / "clip.pt")
    words, tokenizer = published.clip_words(folder)
    out = folder / "clip"
    assert not run("export-clip", weights=folder / "clip.pt", tokenizer=words, activation="quick-gelu", out=out)
    return Bundle(out), model, tokenizer(PROMPTS)


@every_shape
def test_clips_scores_are_open_clips(clip, height, width):
    bundle, model, ids = clip
    images = pictures(height, width)
    expected = published.cosine(model, published.prepared(images, published.as_clip_does()), ids)
    assert np.ptp(expected) > 0.05
    np.testing.assert_allclose(bundle.scores(images), expected, atol=1e-6, rtol=0)


def test_clips_features_are_the_images_unit_embeddings(clip, hps):
    for (bundle, model, _), pipeline in ((clip, published.as_clip_does()), (hps, published.as_hps_does())):
        images = pictures(97, 61)
        ids, mask = bundle.words()
        feeds = {"image": images, "input_ids": ids, "attention_mask": mask}
        found = bundle.session().run(["features"], feeds)[0]
        with torch.no_grad():
            expected = F.normalize(model.encode_image(published.prepared(images, pipeline)), dim=-1)
        np.testing.assert_allclose(found, expected.numpy(), atol=5e-5, rtol=0)


def test_a_score_is_the_same_to_the_bit_in_every_batch_and_with_any_threads(clip, reward):
    for bundle in (clip[0], reward[0]):
        images, words = (np.concatenate([part] * 3) for part in (pictures(97, 61), np.stack(bundle.words(), 1)))
        expected = bundle.scores(images, words[:, 0], words[:, 1])
        for threads in (1, 2):
            session = bundle.session(threads)
            for count in (2, 3, 4, 7, 8, 15):
                part = bundle.scores(images[-count:], words[-count:, 0], words[-count:, 1], session=session)
                np.testing.assert_array_equal(part, expected[-count:])


def test_openais_torchscript_is_read(clip, folder):
    bundle, model, _ = clip

    class Archive(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x

    archive = Archive()
    for name, module in model.named_children():
        archive.add_module(name, Weights(module))
    for name in ("positional_embedding", "text_projection", "logit_scale"):
        archive.register_parameter(name, getattr(model, name))
    for name, value in {"input_resolution": 224, "context_length": 77, "vocab_size": 522}.items():
        archive.register_buffer(name, torch.tensor(value))
    torch.jit.script(archive).save(str(folder / "script.pt"))
    words = folder / "bpe_simple_vocab_16e6.txt.gz"
    out = folder / "script"
    assert not run("export-clip", weights=folder / "script.pt", tokenizer=words, activation="quick-gelu", out=out)
    np.testing.assert_array_equal(Bundle(out).scores(pictures(97, 61)), bundle.scores(pictures(97, 61)))


class Weights(torch.nn.Module):
    """A module's weights under their names, without what it does."""

    def __init__(self, module: torch.nn.Module):
        super().__init__()
        for name, weight in module.named_parameters(recurse=False):
            self.register_parameter(name, weight)
        for name, child in module.named_children():
            self.add_module(name, Weights(child))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


@pytest.fixture(scope="module", params=["gelu", "quick_gelu"])
def transformers_folder(request, folder):
    tower = {"num_hidden_layers": 2, "intermediate_size": 96, "hidden_act": request.param}
    config = CLIPConfig(
        text_config={
            **tower,
            "hidden_size": 64,
            "num_attention_heads": 2,
            "vocab_size": published.CLIP_VOCABULARY,
            "eos_token_id": published.CLIP_VOCABULARY - 1,
        },
        vision_config={**tower, "hidden_size": 128, "num_attention_heads": 4, "patch_size": 32, "image_size": 224},
        projection_dim=48,
    )
    model = published.stirred(lambda: CLIPModel(config))
    saved = folder / f"transformers-{request.param}"
    model.save_pretrained(saved)
    words, _ = published.clip_words(folder)
    clip_tokenizer(words, published.CLIP_VOCABULARY, 77).save(str(saved / "tokenizer.json"))
    return saved, model


def test_a_folder_of_transformers_says_all_itself(transformers_folder, folder):
    saved, model = transformers_folder
    bundle = Bundle(folder / f"{saved.name}-bundle")
    assert not run("export-clip", weights=saved, out=bundle.folder)
    images, (ids, mask) = pictures(341, 512), bundle.words()
    with torch.no_grad():
        inputs = published.prepared(images, published.as_clip_does()), torch.tensor(ids), torch.tensor(mask)
        found = model(pixel_values=inputs[0], input_ids=inputs[1], attention_mask=inputs[2])
    expected = (found.image_embeds * found.text_embeds).sum(-1).numpy()
    np.testing.assert_allclose(bundle.scores(images), expected, atol=1e-6, rtol=0)


def test_a_folder_of_open_clip_says_all_itself(folder):
    model, saved = published.open_clip(quick_gelu=False, head_width=80), folder / "open-clip"
    saved.mkdir()
    safetensors.torch.save_file(model.state_dict(), saved / "open_clip_model.safetensors")
    words, tokenizer = published.clip_words(saved)
    config = {"vision_cfg": {"head_width": 80}, "text_cfg": {"width": 64, "heads": 1}}
    preparation = {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]}
    published.save_json(saved / "open_clip_config.json", {"model_cfg": config, "preprocess_cfg": preparation})
    bundle = Bundle(folder / "open-clip-bundle")
    assert not run("export-clip", weights=saved, out=bundle.folder)
    images = pictures(97, 61)
    transform = published.image_transform(224, is_train=False, mean=(0.5,) * 3, std=(0.5,) * 3)
    expected = published.cosine(model, published.prepared(images, transform), tokenizer(PROMPTS))
    np.testing.assert_allclose(bundle.scores(images), expected, atol=1e-6, rtol=0)


def test_half_the_file_for_a_little_less_precision(clip, folder):
    bundle, model, _ = clip
    words, half = folder / "bpe_simple_vocab_16e6.txt.gz", Bundle(folder / "half")
    options = {"tokenizer": words, "activation": "quick-gelu", "dtype": "float16", "out": half.folder}
    assert not run("export-clip", weights=folder / "clip.pt", **options)
    sizes = [(each.folder / "verifier.onnx.data").stat().st_size for each in (half, bundle)]
    assert sizes[0] < 0.6 * sizes[1]
    np.testing.assert_allclose(half.scores(pictures(97, 61)), bundle.scores(pictures(97, 61)), atol=2e-3, rtol=0)


# HPS, the aesthetic predictor and ImageReward.


@every_shape
def test_hps_scores_are_its_own_pipelines(folder, hps, height, width):
    bundle, model, ids = hps
    images = pictures(height, width)
    expected = published.cosine(model, published.prepared(images, published.as_hps_does()), ids)
    # torch computes the weights of far pixels in float32, which shows where 4096 pixels become 14336
    np.testing.assert_allclose(bundle.scores(images), expected, atol=5e-5, rtol=0)


@pytest.fixture(scope="module")
def hps(folder):
    model = published.open_clip(quick_gelu=False, head_width=80)
    torch.save({"state_dict": model.state_dict()}, folder / "hps.pt")
    words, tokenizer = published.clip_words(folder)
    assert not run("export-hps", weights=folder / "hps.pt", tokenizer=words, out=folder / "hps")
    return Bundle(folder / "hps"), model, tokenizer(PROMPTS)


@pytest.fixture(scope="module")
def aesthetic(folder, clip):
    head = published.stirred(lambda: published.Head(48))
    torch.save(head.state_dict(), folder / "head.pth")
    options = {"weights": folder / "head.pth", "clip": folder / "clip.pt", "activation": "quick-gelu"}
    assert not run("export-aesthetic", **options, out=folder / "aesthetic")
    return Bundle(folder / "aesthetic"), clip[1], head


@every_shape
def test_aesthetic_scores_are_the_heads_on_clip(aesthetic, height, width):
    bundle, model, head = aesthetic
    images = pictures(height, width)
    with torch.no_grad():
        embedding = model.encode_image(published.prepared(images, published.as_clip_does()))
        expected = head(F.normalize(embedding, dim=-1))[:, 0].numpy()
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(bundle.scores(images), expected, atol=1e-5, rtol=0)


def test_the_aesthetic_predictor_is_deaf(aesthetic):
    ids, mask = aesthetic[0].words()
    assert ids.shape == (5, 1)
    assert not mask.any()
    assert deaf_tokenizer().encode("two\nlines").tokens == ["[PAD]"]


@pytest.fixture(scope="module")
def reward(folder):
    model = published.stirred(published.ImageReward)
    torch.save(model.state_dict(), folder / "reward.pt")
    words, tokenizer = published.bert_words(folder)
    assert not run("export-imagereward", weights=folder / "reward.pt", tokenizer=words, out=folder / "reward")
    return Bundle(folder / "reward"), model, tokenizer


@every_shape
def test_image_rewards_are_the_public_models(reward, height, width):
    bundle, model, tokenizer = reward
    images = pictures(height, width)
    words = tokenizer(PROMPTS, padding="max_length", truncation=True, max_length=35, return_tensors="pt")
    with torch.no_grad():
        seen = published.prepared(images, published.as_clip_does())
        expected = model(seen, words["input_ids"], words["attention_mask"])[:, 0].numpy()
    assert np.ptp(expected) > 0.01
    np.testing.assert_allclose(bundle.scores(images), expected, atol=1e-5, rtol=0)


# Prompts.


def test_clips_words_are_open_clips(folder):
    words = clip_tokenizer(Path(default_bpe()), 49408, 77)
    further = ["can't won't I'LL 12345 a_b <|endoftext|> <html> tab\there", "naïve café\u0301 \u00a0x", "🌲🌲 #1!"]
    expected = SimpleTokenizer()([*PROMPTS, *further[1:]])
    found = [encoded.ids for encoded in words.encode_batch([*PROMPTS, *further[1:]])]
    np.testing.assert_array_equal(found, expected)
    assert expected[4][-1] == found[4][-1] == 49407


def test_berts_words_are_transformers(folder):
    file, tokenizer = published.bert_words(folder)
    expected = tokenizer([*PROMPTS, "[ENC] red"], padding="max_length", truncation=True, max_length=35)
    found = bert_tokenizer(file, len(tokenizer), 35).encode_batch([*PROMPTS, "[ENC] red"])
    assert [encoded.ids for encoded in found] == expected["input_ids"]
    assert [encoded.attention_mask for encoded in found] == expected["attention_mask"]
    assert all(encoded.tokens[0] == "[CLS]" for encoded in found)
    assert found[4].tokens[-1] == "[SEP]"


# Bundles.


def test_a_manifest_says_what_is_measured_and_how_many_tokens_are_read(clip, reward, hps, aesthetic):
    parts = [made[0].manifest()["verifier"] for made in (clip, reward, hps, aesthetic)]
    assert [part["tokens"] for part in parts] == [77, 35, 77, 1]
    assert (parts[1]["mean"], parts[1]["std"]) == (0, 1)
    assert all(part["measures"] and part["std"] > 0 for part in parts)
    assert clip[0].manifest()["files"].keys() == {"tokenizer.json", "verifier.onnx", "verifier.onnx.data"}


def test_mean_and_std_are_given_or_measured(clip, folder):
    bundle, reference = clip[0], folder / "reference"
    reference.mkdir()
    images = [pictures(30 + i, 40)[i] for i in range(3)]
    for i, image in enumerate(images):
        Image.fromarray(image).save(reference / f"{i}.png")
        (reference / f"{i}.txt").write_text(PROMPTS[i])
    ids, mask = bundle.words()
    scores = [bundle.scores(image[None], ids[[i]], mask[[i]])[0] for i, image in enumerate(images)]

    words = folder / "bpe_simple_vocab_16e6.txt.gz"
    options = {"weights": folder / "clip.pt", "tokenizer": words, "activation": "quick-gelu"}
    assert not run("export-clip", **options, reference=reference, out=folder / "spread")
    part = Bundle(folder / "spread").manifest()["verifier"]
    assert (part["mean"], part["std"]) == pytest.approx((np.mean(scores), np.std(scores)), abs=1e-5)
    assert not run("export-clip", **options, mean=0.3, std=0.1, out=folder / "given")
    part = Bundle(folder / "given").manifest()["verifier"]
    assert (part["mean"], part["std"]) == (0.3, 0.1)

    (reference / "1.txt").unlink()
    options["out"] = folder / "missing"
    assert "1.txt is missing; put each picture's prompt" in run("export-clip", **options, reference=reference)
    assert not list(folder.glob("*missing*")) + list(folder.glob(".export-*"))


def test_a_folder_that_holds_something_is_not_written_over(clip, folder):
    words = folder / "bpe_simple_vocab_16e6.txt.gz"
    options = {"weights": folder / "clip.pt", "tokenizer": words, "activation": "quick-gelu", "out": clip[0].folder}
    before = clip[0].manifest()
    assert "is not empty; remove it or name another folder" in run("export-clip", **options)
    assert clip[0].manifest() == before


# What is refused.


def test_a_missing_an_extra_and_a_misshapen_key_are_named(clip, reward, folder):
    def said(weights: dict, name: str, **options: object) -> str:
        torch.save(weights, folder / "bad.pt")
        output = run(name, weights=folder / "bad.pt", out=folder / "bad", **options)
        assert output.count("\n") == 1
        assert not (folder / "bad" / "bundle.json").exists()
        return output

    for model, name, key, options in (
        (clip[1], "export-clip", "visual.transformer.resblocks.1.mlp.c_fc.bias", {"activation": "quick-gelu"}),
        (reward[1], "export-imagereward", "blip.text_encoder.encoder.layer.1.crossattention.self.key.weight", {}),
    ):
        options["tokenizer"] = folder / ("vocab.txt" if "reward" in name else "bpe_simple_vocab_16e6.txt.gz")
        weights = model.state_dict()
        assert f"missing {key}" in said({k: v for k, v in weights.items() if k != key}, name, **options)
        assert "unknown extra.weight" in said({**weights, "extra.weight": torch.ones(1)}, name, **options)
        assert f"{key} has shape [3], but must have" in said({**weights, key: torch.ones(3)}, name, **options)


def test_the_keys_of_a_transformers_file_are_named_as_they_are_there(transformers_folder, folder):
    saved, model = transformers_folder
    key = "text_model.encoder.layers.0.self_attn.k_proj.weight"
    broken = folder / "broken"
    broken.mkdir(exist_ok=True)
    (broken / "config.json").write_text((saved / "config.json").read_text())
    torch.save({k: v for k, v in model.state_dict().items() if k != key}, broken / "pytorch_model.bin")
    said = run("export-clip", weights=broken, tokenizer=saved / "tokenizer.json", out=folder / "bad")
    assert f"missing {key}" in said


def test_what_cannot_be_exported_is_said_in_a_line(clip, aesthetic, folder):
    words, file = folder / "bpe_simple_vocab_16e6.txt.gz", folder / "clip.pt"
    known = {"activation": "quick-gelu", "out": folder / "bad"}
    text = folder / "text.pt"
    text.write_text("not weights")
    (folder / "empty").mkdir()
    for expected, options in {
        "which activation": {"weights": file, "tokenizer": words, "out": folder / "bad"},
        "cannot be read: it is no checkpoint": {"weights": text, "tokenizer": words, **known},
        "holds no weights": {"weights": folder / "empty", "tokenizer": words, **known},
        "holds no tokenizer": {"weights": file, "tokenizer": folder / "empty", **known},
        "but the model has 522": {"weights": file, "tokenizer": default_bpe(), **known},
        "no multiple of its heads' width 48": {"weights": file, "tokenizer": words, "head_width": 48, **known},
        "missing token_embedding.weight": {"weights": folder / "head.pth", "tokenizer": words, **known},
    }.items():
        output = run("export-clip", **options)
        assert expected in output
        assert output.count("\n") == 1
    torch.save(published.Head(40).state_dict(), folder / "narrow.pth")
    output = run("export-aesthetic", weights=folder / "narrow.pth", clip=file, **known)
    assert "reads embeddings 40 wide, but" in output
