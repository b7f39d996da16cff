"""Trains the generator: Infinity over the bits of drawn pictures, with a text encoder of its own.

Pictures are encoded once, into a file of continuous features; bits are drawn from them anew in every batch, some
flipped, so that the transformer learns to correct its own mistakes (Infinity's bitwise self-correction).
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader
from tqdm import tqdm

from espalier_zoo.models.infinity import Infinity, InfinityConfig
from espalier_zoo.models.text_encoder import TextEncoder, TextEncoderConfig
from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig, quantize
from espalier_zoo.training.loop import CHECKPOINT, Schedule, load_average, train
from espalier_zoo.training.roles import NONE, Roles, roles_of
from espalier_zoo.training.single_draws import judged, pictures_of
from espalier_zoo.training.visual_tokenizer import load_tokenizer, to_float
from espalier_zoo.world.data import Pictures
from espalier_zoo.world.prompts import parse
from espalier_zoo.world.words import text_tokenizer, vocabulary

MOST_FLIPS = 0.25
UNCONDITIONAL = 0.1
BATCH = 32
"""Pictures a step that learns all scales."""
COARSE = 5
"""The scales of a coarse step."""
COARSE_BATCH = 80
"""Pictures of a coarse step, which takes about as long."""


class ShapesGenerator(nn.Module):
    """Infinity and the text encoder that is trained with it."""

    def __init__(self, infinity: InfinityConfig, text: TextEncoderConfig):
        super().__init__()
        self.infinity = Infinity(infinity)
        self.text = TextEncoder(text)
        self.roles = Roles(text.width)


def configs(tokenizer: VisualTokenizerConfig) -> tuple[InfinityConfig, TextEncoderConfig]:
    """The shipped sizes."""
    text = TextEncoderConfig(vocabulary=len(vocabulary()))
    infinity = InfinityConfig(
        width=192,
        heads=3,
        depth=6,
        block_chunks=2,
        text_width=text.width,
        text_max=text.tokens,
        latent_channels=tokenizer.bits,
        scales=tuple((side, side) for side in tokenizer.scales),
    )
    return infinity, text


def load_generator(folder: Path) -> ShapesGenerator:
    """The generator that a training folder holds."""
    saved = torch.load(folder / CHECKPOINT, map_location="cpu", weights_only=True)
    infinity = InfinityConfig.from_dict(saved["config"]["infinity"])
    model = ShapesGenerator(infinity, TextEncoderConfig(**saved["config"]["text"]))
    return load_average(folder / CHECKPOINT, model)


@torch.no_grad()
def encode(tokenizer: VisualTokenizer, out: Path, pictures: int, seed: int, batch: int = 128) -> None:
    """Writes ``features.npy`` (float16 [pictures, d, H, W]) and ``prompts.json``; goes on where it stopped."""
    out.mkdir(parents=True, exist_ok=True)
    d, side = tokenizer.config.bits, tokenizer.config.scales[-1]
    done_file, prompts_file = out / "done.json", out / "prompts.json"
    shape = (pictures, d, side, side)
    done = json.loads(done_file.read_text()) if done_file.exists() else 0
    words: list[str] = json.loads(prompts_file.read_text())[:done] if done else []
    features = np.lib.format.open_memmap(
        out / "features.npy", mode="r+" if done else "w+", dtype=np.float16, shape=None if done else shape
    )
    loader = iter(DataLoader(Pictures(seed, done), batch_size=batch, num_workers=1, collate_fn=list))
    with tqdm(total=pictures, initial=done, desc="encoding", unit="picture") as bar:
        while done < pictures:
            items = next(loader)[: pictures - done]
            drawn = torch.from_numpy(np.stack([picture for _, picture in items]))
            features[done : done + len(items)] = tokenizer.encoder(to_float(drawn)).numpy()
            words += [prompt for prompt, _ in items]
            done += len(items)
            bar.update(len(items))
            if done % (batch * 50) == 0 or done >= pictures:
                features.flush()
                prompts_file.write_text(json.dumps(words))
                done_file.write_text(json.dumps(done))


@dataclass(frozen=True)
class Encodings:
    """A batch of pictures and their prompts, of which so many scales are to be learned."""

    features: Tensor
    """float32 [N, d, H, W]"""
    ids: Tensor
    """int64 [N, L]"""
    mask: Tensor
    roles: Tensor
    """int64 [N, L, 3], see ``roles_of``."""
    scales: int


class Encoded:
    """A folder that ``encode`` wrote, in batches that depend on (seed, batch number) alone.

    Where things are and what they are is said by the coarse scales, which are few tokens, so some steps learn these
    alone, from more pictures: four of five at first, in the end none. Hardest to learn is which of several objects is
    what, and where: every other batch is of several kinds alone. ``steps`` is the whole training's length.
    """

    def __init__(self, folder: Path, seed: int, steps: int, batch: int = BATCH, coarse_batch: int = COARSE_BATCH):
        self.features = np.load(folder / "features.npy", mmap_mode="r")
        prompts = json.loads((folder / "prompts.json").read_text())
        tokens = [row.ids for row in text_tokenizer().encode_batch(prompts)]
        length = max(map(len, tokens))
        self.several = np.flatnonzero([len(parse(words).kinds) > 1 for words in prompts])
        self.roles = pad_sequence([roles_of(words) for words in prompts], batch_first=True, padding_value=NONE)
        self.ids = torch.tensor([row + [0] * (length - len(row)) for row in tokens])
        self.mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in tokens])
        self.seed, self.steps, self.batch, self.coarse_batch = seed, steps, batch, coarse_batch

    def batches(self, start: int, scales: int) -> Iterator[Encodings]:
        """Batches from the start-th on, of a model of so many scales."""
        for number in count(start):
            rng = np.random.default_rng([self.seed, number])
            coarse = rng.random() < 0.8 * (1 - number / self.steps)
            size = self.coarse_batch if coarse else self.batch
            yield Encodings(*self.batch_of(rng, size), min(COARSE, scales) if coarse else scales)

    def batch_of(self, rng: np.random.Generator, size: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """As ``pictures``, every other time of several kinds alone."""
        several = rng.random() < 0.5 and len(self.several) >= size
        return self.pictures(rng, size, self.several if several else None)

    def pictures(
        self, rng: np.random.Generator, size: int, among: np.ndarray | None = None
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """So many pictures by chance: features, ids, mask and roles."""
        rows = np.sort(rng.choice(len(self.ids) if among is None else among, size, replace=False))
        features = torch.from_numpy(self.features[rows].astype(np.float32))
        return features, self.ids[rows], self.mask[rows], self.roles[rows]


def bit_loss(model: ShapesGenerator, batch: Encodings) -> tuple[Tensor, dict[str, float]]:
    """Cross-entropy a bit, each scale weighted by the square root of its tokens, and the text's roles."""
    config = model.infinity.config
    scales = tuple(h for h, _ in config.scales)
    n, learned = len(batch.ids), config.tokens[: batch.scales]
    flips = MOST_FLIPS * torch.rand(n, len(scales)) * (torch.rand(n, 1) < 0.85)
    quantized = quantize(batch.features, scales, flips)
    drop = torch.rand(n) < UNCONDITIONAL
    text, inputs = model.text(batch.ids, batch.mask), quantized.inputs[: batch.scales - 1]
    logits = model.infinity(text, batch.mask.bool(), drop, inputs)
    target = torch.cat(quantized.bits[: batch.scales], 1).float()
    zero, one = logits.float().unflatten(-1, (-1, 2)).unbind(-1)
    each = F.binary_cross_entropy_with_logits(one - zero, target, reduction="none").mean((0, 2))
    weights = torch.cat([torch.full((tokens,), tokens**-0.5) for tokens in learned])
    roles = model.roles.loss(text, batch.roles)
    parts = {f"scale{k + 1}": part.mean().item() for k, part in enumerate(each.detach().split(learned))}
    return (each * weights).sum() / weights.sum() + roles, parts | {"roles": roles.item()}


@torch.no_grad()
def generate(
    model: ShapesGenerator,
    tokenizer: VisualTokenizer,
    words: list[str],
    guidance: float,
    temperature: float,
    seed: int,
) -> np.ndarray:
    """One picture per prompt, uint8 [N, S, S, 3], by the reference sampler."""
    config, rng = model.infinity.config, torch.Generator().manual_seed(seed)
    scales = len(config.scales)

    def latents(ids: Tensor) -> Tensor:
        n = len(ids)
        _, latent = model.infinity.generate(
            model.text(ids, torch.ones_like(ids)),
            torch.zeros(n, 0, config.bits, dtype=torch.uint8),
            torch.rand(n, config.starts[-1], config.bits, generator=rng),
            torch.full((n, scales), guidance),
            torch.full((n, scales), temperature),
            torch.ones(n, scales),
        )
        return latent

    return pictures_of(words, latents, tokenizer)


def evaluate(
    model: ShapesGenerator,
    tokenizer: VisualTokenizer,
    per_task: int = 32,
    guidance: float = 3.0,
    temperature: float = 0.5,
    seed: int = 11,
) -> dict[str, float]:
    """The judge's score of single draws on held-out prompts, per task and overall."""
    return judged(lambda words: generate(model, tokenizer, words, guidance, temperature, seed), per_task, seed)


def run(out: Path, tokenizer_folder: Path, features: Path, pictures: int, minutes: float | None, seed: int = 2) -> bool:
    torch.manual_seed(seed)
    tokenizer = load_tokenizer(tokenizer_folder)
    infinity, text = configs(tokenizer.config)
    model = ShapesGenerator(infinity, text)
    for block in model.infinity.blocks():
        # batches have one of two shapes, so two compilations serve the whole training
        block.compile(dynamic=False)
    schedule = Schedule(pictures, BATCH, learning_rate=1e-3, average=0.995)
    data = Encoded(features, seed, schedule.steps)
    return train(
        model,
        schedule,
        lambda start: data.batches(start, len(infinity.scales)),
        bit_loss,
        out,
        minutes,
        {"infinity": infinity.to_dict(), "text": text.to_dict()},
        lambda average: evaluate(average, tokenizer),
        matrices=[weight for block in model.infinity.blocks() for weight in block.parameters() if weight.ndim == 2],
    )
