"""Bundles of the models that were trained on the shapes world."""

from pathlib import Path

import torch
from torch import Tensor, nn

from espalier_zoo.export.bundle import About, write_manifest
from espalier_zoo.export.decode import Rounding, export_decode
from espalier_zoo.export.memory import of_rollout, of_sampling
from espalier_zoo.export.module import export_module
from espalier_zoo.export.rollout import export_rollout
from espalier_zoo.export.sample import export_sample
from espalier_zoo.export.verifier import export_verifier
from espalier_zoo.models.text_encoder import TextEncoder
from espalier_zoo.models.verifiers import CONFIGS
from espalier_zoo.training import verifiers
from espalier_zoo.training.diffusion import GUIDANCE as DIFFUSION_GUIDANCE
from espalier_zoo.training.diffusion import STEPS, load_diffusion
from espalier_zoo.training.generator import load_generator
from espalier_zoo.training.visual_tokenizer import load_tokenizer, tokenizer_of
from espalier_zoo.world.scenes import SIDE
from espalier_zoo.world.words import text_tokenizer

VERSION = "2.0.0"
LICENCE = "Apache-2.0"
SOURCE = "Espalier, zoo/"
MOST_CHARACTERS = 400
DRAWN = "drawn pictures of coloured shapes, 128×128, and their prompts (the shapes world)"

GUIDANCE, TOP_P = 3.0, 1.0
TEMPERATURES = [1.0, 1.0, 0.9, 0.7, 0.5, 0.4, 0.3]
"""By scale: a search chooses among coarse scales that differ, and fine ones are to be drawn cleanly."""


class TextGraph(nn.Module):
    """``text.onnx``: the encoder's features, and the mask as it came."""

    def __init__(self, encoder: TextEncoder):
        super().__init__()
        self.encoder = encoder

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        return self.encoder(input_ids, attention_mask), attention_mask + 0


def export_generator(runs: Path, out: Path, log_likelihood: bool = False) -> None:
    """Writes the bundle ``shapes-infinity`` from the trainings of the generator and the decoder; with
    ``log_likelihood`` its rollout gives that of each scale, for which a call takes a hundredth longer."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(tokenizer_of(runs))
    model = load_generator(runs / "generator")
    config = model.infinity.config
    weights = model.infinity.state_dict()
    export_rollout(
        config, lambda key: weights[key].numpy(), out / "rollout.onnx", half=True, log_likelihood=log_likelihood
    )
    latent = (config.latent_channels, *config.latent_grid())
    export_decode(tokenizer.decoder, latent, out / "decode.onnx", Rounding.HALF_UP, half=True)
    _export_text(model.text, out)
    about = About("shapes-infinity", "generator", VERSION, LICENCE, SOURCE, DRAWN)
    scales = len(config.scales)
    write_manifest(
        out,
        about,
        {
            "scales": [list(grid) for grid in config.scales],
            "bitsPerToken": config.bits,
            "latent": list(latent),
            "image": [SIDE, SIDE],
            "prompt": {"tokens": config.text_max, "characters": MOST_CHARACTERS},
            "guidance": [GUIDANCE] * scales,
            "temperature": TEMPERATURES,
            "topP": [TOP_P] * scales,
        },
        of_rollout(config, half=False, maps=tokenizer.config.decoder_maps()),
    )


def export_diffusion(runs: Path, out: Path) -> None:
    """Writes the bundle ``shapes-diffusion`` from the trainings of the diffusion model and the decoder."""
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = load_tokenizer(tokenizer_of(runs))
    model = load_diffusion(runs / "diffusion")
    config = model.diffusion.config
    export_sample(model.diffusion, STEPS, out / "sample.onnx", half=True)
    export_decode(tokenizer.decoder, config.latent, out / "decode.onnx", Rounding.HALF_UP, half=True)
    _export_text(model.text, out)
    write_manifest(
        out,
        About("shapes-diffusion", "diffusion-generator", VERSION, LICENCE, SOURCE, DRAWN),
        {
            "latent": list(config.latent),
            "image": [SIDE, SIDE],
            "prompt": {"tokens": config.text_max, "characters": MOST_CHARACTERS},
            "steps": STEPS,
            "guidance": DIFFUSION_GUIDANCE,
        },
        of_sampling(config, tokenizer.config.decoder_maps()),
    )


def _export_text(encoder: TextEncoder, out: Path) -> None:
    """Writes ``text.onnx`` and the text tokenizer."""
    ids = torch.ones(2, 3, dtype=torch.int64)
    axes = {0: "N", 1: "L"}
    export_module(
        TextGraph(encoder),
        {"input_ids": (ids, axes), "attention_mask": (ids, axes)},
        ["text_features", "text_mask"],
        out / "text.onnx",
        half=True,
    )
    text_tokenizer().save(str(out / "tokenizer.json"))


RANKED = "right, nearly right and ruined pictures of the shapes world, drawn and generated, and their prompts"
DAMAGED = "drawn pictures of the shapes world, more and less damaged"

MEASURES = {
    "clip": "how well the picture goes with the prompt: the cosine of two towers' embeddings",
    "image-reward": "how much better than wrong pictures the picture is for the prompt",
    "aesthetic": "how cleanly the picture is drawn, whatever it shows",
    "vlm": "the probability of yes to whether the picture shows the prompt",
}


def export_verifier_bundle(kind: str, runs: Path, out: Path) -> None:
    """Writes the bundle of a verifier from its training."""
    model, config = verifiers.load(kind, runs / kind), CONFIGS[kind]
    export_verifier(model, config, out)
    mean, std = verifiers.reference(kind, model)
    about = About(kind, "verifier", VERSION, LICENCE, SOURCE, DAMAGED if kind == "aesthetic" else RANKED)
    part = {"measures": MEASURES[kind], "tokens": config.tokens, "mean": round(mean, 6), "std": round(std, 6)}
    write_manifest(out, about, part)
