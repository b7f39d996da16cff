"""Bundles of published verifiers, from the files that their publishers give."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import onnxruntime
from PIL import Image
from tokenizers import Tokenizer

from espalier_zoo.errors import BadInput
from espalier_zoo.export import image_reward
from espalier_zoo.export.bundle import About, require_empty, write_manifest
from espalier_zoo.export.clip import Clip, ClipForm
from espalier_zoo.export.graph import Graph, WeightFile
from espalier_zoo.export.image_reward import ImageReward
from espalier_zoo.export.linear_head import LinearHead
from espalier_zoo.export.picture import Preparation
from espalier_zoo.export.strict_checkpoint import StrictCheckpoint
from espalier_zoo.export.text_tokenizers import DEAF_TOKENS, bert_tokenizer, clip_tokenizer, deaf_tokenizer
from espalier_zoo.export.verifier import GRAPH, TOKENIZER

VERSION = "1.0.0"
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
WEIGHTS = ("model.safetensors", "open_clip_model.safetensors", "pytorch_model.bin", "open_clip_pytorch_model.bin")
HPS = ClipForm("gelu", image_head_width=80, preparation=Preparation(as_bytes=False))
"""open_clip's ViT-H-14. HPS's own package makes a picture floats before it resizes it."""


@dataclass(frozen=True)
class Published:
    """What a manifest says of a verifier, whatever its weights."""

    licence: str
    source: str
    trained_on: str
    measures: str
    mean: float
    std: float
    spread: str
    """Where mean and std come from."""


CLIP = Published(
    "MIT",
    "https://github.com/openai/CLIP",
    "pictures and captions of the web",
    "how well the picture goes with the prompt: the cosine of CLIP's embeddings",
    0.25,
    0.05,
    "round figures that nobody published; measure your own with --reference",
)
AESTHETIC = Published(
    "Apache-2.0",
    "https://github.com/christophschuhmann/improved-aesthetic-predictor",
    "people's ratings of generated pictures, logos and photographs (SAC, LAION-Logos, AVA)",
    "how beautiful the picture is, from 1 to 10, whatever it shows",
    4.66,
    0.52,
    "the normal curve under which 600 million of LAION's 2.3 billion English pictures have 5 or more and 12 million 6",
)
IMAGE_REWARD = Published(
    "Apache-2.0",
    "https://github.com/THUDM/ImageReward",
    "137,000 comparisons by experts of pictures for one prompt",
    "how much people would prefer the picture for the prompt",
    0.0,
    1.0,
    "ImageReward's own normalisation, over its own set",
)
HPS_V21 = Published(
    "Apache-2.0",
    "https://github.com/tgxs002/HPSv2",
    "LAION-2B, then people's choices between pictures for one prompt (HPD v2)",
    "how much people would prefer the picture for the prompt: the cosine of CLIP's embeddings",
    0.25,
    0.046,
    "22 generators by 4 styles in HPSv2's table of v2.1; between pictures of one generator it is less",
)


@dataclass(frozen=True)
class Given:
    """What a verifier's nodes give."""

    score: str
    """[N]"""
    features: str | None = None
    """[N, width]"""
    width: int = 0


Nodes = Callable[[Graph, str, str, str], Given]
"""Makes a verifier's nodes from the graph's three inputs."""


@dataclass(frozen=True)
class Order:
    """What a user asks of any export."""

    out: Path
    half: bool
    mean: float | None = None
    std: float | None = None
    reference: Path | None = None


def export_clip(weights: Path, tokenizer: Path | None, activation: str | None, head_width: int, order: Order) -> None:
    """Writes a bundle of CLIP's cosine. A folder says its own activation and head widths."""
    clip = _clip(weights, activation, head_width)
    words = clip_tokenizer(tokenizer or weights, clip.vocabulary(), clip.tokens())
    _write(CLIP, clip.tokens(), words, order, lambda g, *inputs: _cosine(g, clip, *inputs))


def export_hps(weights: Path, tokenizer: Path, order: Order) -> None:
    """Writes a bundle of HPS v2.1, a CLIP trained on people's choices."""
    clip = Clip(StrictCheckpoint.read(weights), HPS)
    words = clip_tokenizer(tokenizer, clip.vocabulary(), clip.tokens())
    _write(HPS_V21, clip.tokens(), words, order, lambda g, *inputs: _cosine(g, clip, *inputs))


def export_aesthetic(weights: Path, clip: Path, activation: str | None, head_width: int, order: Order) -> None:
    """Writes a bundle of LAION's predictor, whose weights are a head over CLIP's image embeddings."""
    eyes, checkpoint = _clip(clip, activation, head_width), StrictCheckpoint.read(weights)
    head = LinearHead.of(checkpoint, "layers")
    checkpoint.finish()
    if len(head.weight) != eyes.embedding():
        raise BadInput(f"{weights} reads embeddings {len(head.weight)} wide, but {clip} gives {eyes.embedding()}")

    def score(g: Graph, image: str, input_ids: str, attention_mask: str) -> Given:
        embedding = eyes.embed_image(g, image)
        eyes.finish(text_too=False)
        return Given(head.score(g, embedding))

    _write(AESTHETIC, DEAF_TOKENS, deaf_tokenizer(), order, score)


def export_image_reward(weights: Path, tokenizer: Path, order: Order) -> None:
    """Writes a bundle of ImageReward."""
    model = ImageReward(StrictCheckpoint.read(weights))
    words = bert_tokenizer(tokenizer, model.vocabulary(), image_reward.TOKENS)
    _write(IMAGE_REWARD, image_reward.TOKENS, words, order, lambda g, *inputs: Given(model.score(g, *inputs)))


def _clip(weights: Path, activation: str | None, head_width: int) -> Clip:
    if weights.is_dir():
        return _clip_folder(weights)
    if activation is None:
        raise BadInput(
            f"{weights} does not say which activation it was trained with; give --activation quick-gelu for OpenAI's"
            " weights, gelu for most of open_clip's"
        )
    return Clip(StrictCheckpoint.read(weights), ClipForm(activation, image_head_width=head_width))


def _clip_folder(folder: Path) -> Clip:
    """A folder as ``transformers`` or open_clip writes it, with a configuration beside the weights."""
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise BadInput(f"{folder} holds no weights; give a folder with one of {', '.join(WEIGHTS)}, or a file")
    for name, form_of in {"open_clip_config.json": _open_clip_form, "config.json": _transformers_form}.items():
        if (folder / name).is_file():
            try:
                return Clip(StrictCheckpoint.read(weights), form_of(json.loads((folder / name).read_text())))
            except (KeyError, TypeError, ValueError) as e:
                raise BadInput(f"{folder / name} is no configuration of CLIP's: {type(e).__name__} {e}") from e
    raise BadInput(f"{folder} has no config.json or open_clip_config.json; give the weights' file and --activation")


def _transformers_form(config: dict) -> ClipForm:
    image, text = config["vision_config"], config["text_config"]
    activation = image.get("hidden_act", "quick_gelu")
    if text.get("hidden_act", "quick_gelu") != activation or activation not in ("quick_gelu", "gelu"):
        raise ValueError(f"hidden_act must be gelu or quick_gelu in both towers, not {activation}")
    return ClipForm(
        activation.replace("_", "-"),
        image.get("hidden_size", 768) // image.get("num_attention_heads", 12),
        text.get("hidden_size", 512) // text.get("num_attention_heads", 8),
    )


def _open_clip_form(config: dict) -> ClipForm:
    model, preparation = config["model_cfg"], config.get("preprocess_cfg", {})
    text = model["text_cfg"]
    return ClipForm(
        "quick-gelu" if model.get("quick_gelu") else "gelu",
        model["vision_cfg"].get("head_width", 64),
        text["width"] // text["heads"],
        Preparation(**{key: tuple(preparation[key]) for key in ("mean", "std") if key in preparation}),
    )


def _cosine(g: Graph, clip: Clip, image: str, input_ids: str, attention_mask: str) -> Given:
    """The cosine of the embeddings, and the image's."""
    embedding = clip.embed_image(g, image)
    together = g.add("Mul", embedding, clip.embed_text(g, input_ids))
    clip.finish()
    return Given(g.add("ReduceSum", together, g.ints(1), keepdims=0), embedding, clip.embedding())


def _write(published: Published, tokens: int, tokenizer: Tokenizer, order: Order, nodes: Nodes) -> None:
    """Writes the bundle, whole or not at all."""
    require_empty(order.out)
    order.out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".export-", dir=order.out.parent) as beside:
        draft = Path(beside) / order.out.name
        draft.mkdir()
        _fill(draft, published, tokens, tokenizer, order, nodes)
        draft.replace(order.out)


def _fill(folder: Path, published: Published, tokens: int, tokenizer: Tokenizer, order: Order, nodes: Nodes) -> None:
    g = Graph("verifier", order.half, WeightFile(folder / f"{GRAPH}.data"))
    inputs = [g.input("image", np.uint8, ["N", "H", "W", 3])]
    inputs += [g.input(name, np.int64, ["N", tokens]) for name in ("input_ids", "attention_mask")]
    given = nodes(g, *inputs)
    g.output("score", given.score, np.float32, ["N"])
    if given.features is not None:
        g.output("features", given.features, np.float32, ["N", given.width])
    onnx.save(g.model(), folder / GRAPH)
    tokenizer.save(str(folder / TOKENIZER))
    mean, std = measure(folder, order.reference) if order.reference else (published.mean, published.std)
    mean, std = (own if own is not None else one for own, one in ((order.mean, mean), (order.std, std)))
    about = About(
        order.out.resolve().name, "verifier", VERSION, published.licence, published.source, published.trained_on
    )
    part = {"measures": published.measures, "tokens": tokens, "mean": float(f"{mean:.6g}"), "std": float(f"{std:.6g}")}
    write_manifest(folder, about, part)


def measure(bundle: Path, folder: Path) -> tuple[float, float]:
    """Mean and standard deviation of a verifier's scores of pictures, each with its prompt in a .txt of its name."""
    pairs = [(file, file.with_suffix(".txt")) for file in sorted(folder.iterdir()) if file.suffix.lower() in PICTURES]
    missing = next((prompt for _, prompt in pairs if not prompt.is_file()), None)
    if missing:
        raise BadInput(f"{missing} is missing; put each picture's prompt in a .txt file of the picture's name")
    if len(pairs) < 2:
        raise BadInput(f"{folder} holds {len(pairs)} pictures ({', '.join(PICTURES)}); a spread needs two or more")
    tokenizer = Tokenizer.from_file(str(bundle / TOKENIZER))
    session = onnxruntime.InferenceSession(bundle / GRAPH, providers=["CPUExecutionProvider"])
    scores = []
    for picture, prompt in pairs:
        encoded = tokenizer.encode(prompt.read_text("utf-8").strip())
        try:
            image = np.asarray(Image.open(picture).convert("RGB"))
        except OSError as e:
            raise BadInput(f"{picture} cannot be read as a picture: {e}") from e
        row = {
            "image": image,
            "input_ids": np.array(encoded.ids),
            "attention_mask": np.array(encoded.attention_mask),
        }
        scores += session.run(["score"], {name: value[None] for name, value in row.items()})[0].tolist()
    mean, std = float(np.mean(scores)), float(np.std(scores))
    if std == 0:
        raise BadInput(f"{folder}: all {len(scores)} pictures score {mean}, so they say nothing of the spread")
    return mean, std
