"""Bundles of Infinity's public checkpoints: transformer, VAE decoder and text encoder, from files to graphs.

Sizes are read from the weights. All keys and shapes are checked before anything is written, and weights are written one
by one, so that memory holds little more than the largest of them.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path
from shutil import copyfile

from tokenizers import Tokenizer

from espalier_zoo.errors import BadInput
from espalier_zoo.export.bundle import About, require_empty, write_manifest
from espalier_zoo.export.decode import Rounding, export_decode
from espalier_zoo.export.memory import of_rollout
from espalier_zoo.export.rollout import export_rollout
from espalier_zoo.export.t5 import T5Config, export_t5, open_t5
from espalier_zoo.models.checkpoint import Checkpoint, Shape, open_checkpoint
from espalier_zoo.models.infinity import InfinityConfig, checkpoint_shapes
from espalier_zoo.models.infinity_schedules import schedule
from espalier_zoo.models.infinity_vae import InfinityVaeConfig, InfinityVaeDecoder, decoder_key

VERSION = "1.0.0"
LICENCE = "MIT (code and weights of Infinity); Apache-2.0 (Flan-T5, the text encoder)"
TRAINED_ON = "what the public checkpoint was trained on: see the source"
TOKENIZER = "tokenizer.json"
PIXELS, ASPECT = "1M", 1.0
TOP_P = 0.97
GUIDANCE = 3.0
TEMPERATURE = {False: 0.5, True: 1.0}
"""By whether a token is a patch: the official notebooks' settings of the 2B and of the 8B model."""
CHARACTERS_PER_TOKEN = 8
"""Of the longest prompt: far above any language's mean, so that tokens are what limits it."""
BUNDLE_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*")

TRAINING_ROOT = "trainer.gpt_fsdp."
"""Where a training checkpoint keeps the transformer, beside the optimizer's state."""
WRAPPERS = ("_fsdp_wrapped_module.", "_orig_mod.")
"""Levels that sharded training and compilation add anywhere in a key."""

Setting = bool | int | float | str | list
TRANSFORMER_FIELDS: dict[str, tuple[str, type]] = {
    "embed_dim": ("width", int),
    "num_heads": ("heads", int),
    "depth": ("depth", int),
    "block_chunks": ("block_chunks", int),
    "mlp_ratio": ("mlp_ratio", int),
    "text_channels": ("text_width", int),
    "text_maxlen": ("text_max", int),
    "latent_dim": ("latent_channels", int),
    "spatial_patchify": ("patchify", bool),
}
"""Fields of ``--config``, the configuration's field that each one is, and its type."""
VAE_FIELDS: dict[str, tuple[str, type]] = {
    "latent_dim": ("latent_channels", int),
    "vae_base_channels": ("base_channels", int),
    "vae_channel_multipliers": ("channel_multipliers", list),
}
OTHER_FIELDS: dict[str, type] = {
    "pn": str,
    "aspect_h_div_w": float,
    "scales_hw": list,
    "cfg": float,
    "tau": float,
    "top_p": float,
    "bits_shapes": list,
}
"""The last one says what follows from the others; it is taken and not used."""


@dataclass(frozen=True)
class Sources:
    """The files of a model; the text encoder is a folder, or None for a bundle without one."""

    transformer: Sequence[Path]
    vae: Sequence[Path]
    text_encoder: Path | None


def export_infinity(
    sources: Sources,
    out: Path,
    settings: Mapping[str, Setting],
    pixels: str | None = None,
    aspect: float | None = None,
    half: bool = True,
    say: Callable[[str], None] = lambda _: None,
    log_likelihood: bool = False,
) -> None:
    """Writes the bundle of a model, and says what it does.

    ``settings`` are those of ``--config``. With ``half`` the transformer's products are float16 and other matrices are
    stored so; without, all is float32. A bundle without a text encoder has no ``text.onnx`` and no tokenizer: good to
    test the other graphs, but nothing can be asked of it. With ``log_likelihood`` the rollout gives that of each scale.
    """
    if not BUNDLE_NAME.fullmatch(out.name):
        raise BadInput(
            f"--out: a bundle is named after its folder, and '{out.name}' is no name: use a-z, 0-9, . _ and -"
        )
    require_empty(out)
    transformer, vae = open_transformer(sources.transformer), open_vae(sources.vae)
    vae_config = vae_sizes(vae, settings)
    config = sizes(transformer, vae_config, settings, pixels, aspect)
    transformer.require(checkpoint_shapes(config))
    decoder = InfinityVaeDecoder(vae_config).load_checkpoint({f"decoder.{key}": value for key, value in vae.items()})
    if sources.text_encoder is not None:
        text_config = T5Config.load(sources.text_encoder)
        text = open_t5(sources.text_encoder, text_config)
        _check_text(sources.text_encoder, text_config, config)

    out.mkdir(parents=True, exist_ok=True)
    say(f"{transformer.name}: {_counted(transformer.shapes)} parameters, to rollout.onnx")
    export_rollout(
        config,
        transformer.array,
        out / "rollout.onnx",
        external=True,
        half_products=half,
        log_likelihood=log_likelihood,
    )
    latent = (config.latent_channels, *config.latent_grid())
    say(f"{vae.name}: {_counted(vae.shapes)} parameters, to decode.onnx")
    export_decode(decoder, latent, out / "decode.onnx", Rounding.TRUNCATE, half)
    if sources.text_encoder is not None:
        say(f"{text.name}: {_counted(text.shapes)} parameters, to text.onnx")
        export_t5(text_config, text.array, config.text_max, out / "text.onnx", half)
        copyfile(sources.text_encoder / TOKENIZER, out / TOKENIZER)
    say("digests, to bundle.json")
    memory = of_rollout(config, half, vae_config.feature_maps(*config.latent_grid()))
    write_manifest(out, _about(sources, out.name), manifest_part(config, vae_config, settings), memory)


def _counted(shapes: Mapping[str, Shape]) -> str:
    return f"{sum(map(prod, shapes.values())):,}"


def read_settings(file: Path) -> dict[str, Setting]:
    """The fields of a ``--config`` file, all known and of the right types."""
    try:
        settings = json.loads(file.read_text())
    except (OSError, ValueError) as e:
        raise BadInput(f"{file} cannot be read: {e}") from e
    if not isinstance(settings, dict):
        raise BadInput(f"{file} must be a JSON object")
    types = {name: kind for name, (_, kind) in (TRANSFORMER_FIELDS | VAE_FIELDS).items()} | OTHER_FIELDS
    for name, value in settings.items():
        if name not in types:
            raise BadInput(f"{file}: unknown field {name}; known are {', '.join(types)}")
        fits = isinstance(value, (int, float) if types[name] is float else types[name])
        if not fits or (isinstance(value, bool) and types[name] is not bool):
            raise BadInput(f"{file}: {name} is {json.dumps(value)}, but must be of type {types[name].__name__}")
    return settings


# Checkpoints in the layouts that occur.


def open_transformer(paths: Sequence[Path]) -> Checkpoint:
    """A transformer under the public names, from whichever layout: flat or nested by training, wrapped or not, and
    numbered by block alone where there is a single chunk."""

    def plain(key: str) -> str:
        for wrapper in WRAPPERS:
            key = key.replace(wrapper, "")
        return re.sub(r"^blocks\.", "block_chunks.0.module.", key.removeprefix("module."))

    return open_checkpoint(paths).below(TRAINING_ROOT).renamed(plain)


def open_vae(paths: Sequence[Path]) -> Checkpoint:
    """A VAE's decoder under plain names."""
    return open_checkpoint(paths).below("vae.").renamed(decoder_key)


# Sizes.


def sizes(
    transformer: Checkpoint,
    vae: InfinityVaeConfig,
    settings: Mapping[str, Setting],
    pixels: str | None = None,
    aspect: float | None = None,
) -> InfinityConfig:
    """A transformer's sizes from its weights, where the settings do not give them.

    A schedule that is asked for by ``pixels`` or ``aspect`` comes before one of the settings.
    """
    width, bits = transformer.shape("word_embed.weight", 2)
    text_max, text_width = transformer.shape("cfg_uncond", 2)
    first = "block_chunks.0.module.0"
    _, heads, _, _ = transformer.shape(f"{first}.sa.scale_mul_1H11", 4)
    hidden, _ = transformer.shape(f"{first}.ffn.fc1.weight", 2)
    blocks = {tuple(key.split(".")[1:4:2]) for key in transformer if key.startswith("block_chunks.")}
    read = {
        "width": width,
        "heads": heads,
        "depth": len(blocks),
        "block_chunks": len({chunk for chunk, _ in blocks}),
        "mlp_ratio": hidden // width,
        "text_width": text_width,
        "text_max": text_max,
        "latent_channels": vae.latent_channels,
        "patchify": bits == 4 * vae.latent_channels,
    }
    read |= _given(settings, TRANSFORMER_FIELDS)
    channels = read["latent_channels"] * (4 if read["patchify"] else 1)
    if bits != channels:
        raise BadInput(
            f"{transformer.name} draws {bits} bits a token, but the VAE has {vae.latent_channels} channels: neither as "
            "many nor a quarter (a patch is four); give the VAE that the transformer was trained with"
        )
    grids = schedule(pixels or settings.get("pn", PIXELS), aspect or settings.get("aspect_h_div_w", ASPECT))
    try:
        scales = grids.scales
        if "scales_hw" in settings and pixels is None and aspect is None:
            scales = tuple((int(h), int(w)) for h, w in settings["scales_hw"])
        return InfinityConfig(**read, scales=scales, rope_grid=grids.rope_grid)
    except (ValueError, TypeError) as e:
        raise BadInput(f"{transformer.name}: {e}") from e


def vae_sizes(vae: Checkpoint, settings: Mapping[str, Setting]) -> InfinityVaeConfig:
    """A decoder's sizes from its weights, where the settings do not give them."""
    _, latent_channels, _, _ = vae.shape("conv_in.weight", 4)
    levels = len({key.split(".")[1] for key in vae if key.startswith("up.")})
    channels = [vae.shape(f"up.{level}.block.0.conv1.weight", 4)[0] for level in range(levels)]
    if not channels or any(channel % channels[0] for channel in channels):
        raise BadInput(f"{vae.name}: levels of {channels} channels are no multiples of the first")
    read = {
        "latent_channels": latent_channels,
        "base_channels": channels[0],
        "channel_multipliers": [channel // channels[0] for channel in channels],
    }
    return InfinityVaeConfig.from_dict(read | _given(settings, VAE_FIELDS))


def _given(settings: Mapping[str, Setting], fields: Mapping[str, tuple[str, type]]) -> dict[str, Setting]:
    return {name: settings[field] for field, (name, _) in fields.items() if field in settings}


def _check_text(folder: Path, text: T5Config, config: InfinityConfig) -> None:
    """Refuses a text encoder of another width, and a tokenizer that does not end prompts as T5 does."""
    if text.width != config.text_width:
        raise BadInput(
            f"{folder} gives {text.width} text features, but the transformer reads {config.text_width}: take the text "
            "encoder that it was trained with (google/flan-t5-xl for the public models)"
        )
    file = folder / TOKENIZER
    if not file.is_file():
        raise BadInput(f"{file} is missing; download the text encoder's whole folder")
    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as e:  # the tokenizers' own, which has no better class
        raise BadInput(f"{file} cannot be read: {e}; download it again") from e
    ids = tokenizer.encode("a").ids
    if not ids or ids[-1] != text.end or max(ids) >= text.vocabulary:
        raise BadInput(f"{file} encodes 'a' as {ids}, which does not end in {text.end}: is it the encoder's own?")


# The manifest.


def manifest_part(config: InfinityConfig, vae: InfinityVaeConfig, settings: Mapping[str, Setting]) -> dict:
    """What ``bundle.json`` says of the generator."""
    height, width = config.latent_grid()
    zoom = 2 ** (len(vae.channel_multipliers) - 1)
    scales = len(config.scales)
    return {
        "scales": [list(grid) for grid in config.scales],
        "bitsPerToken": config.bits,
        "latent": [config.latent_channels, height, width],
        "image": [height * zoom, width * zoom],
        "prompt": {"tokens": config.text_max, "characters": config.text_max * CHARACTERS_PER_TOKEN},
        "guidance": [float(settings.get("cfg", GUIDANCE))] * scales,
        "temperature": [float(settings.get("tau", TEMPERATURE[config.patchify]))] * scales,
        "topP": [float(settings.get("top_p", TOP_P))] * scales,
    }


def _about(sources: Sources, name: str) -> About:
    files = [path.name for path in (*sources.transformer, *sources.vae)]
    if sources.text_encoder is not None:
        files.append(sources.text_encoder.resolve().name)
    return About(name, "generator", VERSION, LICENCE, f"FoundationVision/Infinity: {', '.join(files)}", TRAINED_ON)
