"""Completions: pictures with a generator's own faults of which it is known what they should show.

The bits of a drawing's first scales are kept, and the generator draws the others for a prompt, as it would in a search.
What is left of the drawing says how right the picture is.
"""

import json
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from espalier_zoo.models.visual_tokenizer import VisualTokenizer, quantize
from espalier_zoo.training.generator import ShapesGenerator
from espalier_zoo.training.visual_tokenizer import to_bytes, to_float
from espalier_zoo.world import prompts
from espalier_zoo.world.data import FIRST_ITEMS, Ranking, Rankings, View, sample_task
from espalier_zoo.world.near_misses import altered, described, near_miss
from espalier_zoo.world.prompts import Prompt
from espalier_zoo.world.scenes import COLORS, SIDE, Scene, Thing, draw, mirrored
from espalier_zoo.world.words import text_tokenizer

CHUNK = 64
"""Items that are completed together, all with as many tokens."""
GUIDANCE = (2.0, 4.0)
TEMPERATURE = (0.4, 0.8)
ROLES = ("whole", "fine", "coarse", "near", "draw", "altered")
"""The pictures of an item: the drawing reconstructed; completed from most of its scales; from few; a near miss of it,
completed from some; and two that the generator drew alone, for the prompt and for one with one thing changed."""
DRAWS = ("draw", "altered")
RANKED = 0.3
"""The share of a training's rankings that are completions; the others are drawn. A few hundred completions that are
ranked more often are learned by heart."""
PAPER = 0.86
"""The grey of a typical background."""
WINDOW = 8
"""Pixels a side of the windows that pictures are compared in."""
MOST_THINGS = 6
"""The objects of a near miss of five that has one more."""


def sample(rng: np.random.Generator, items: int) -> list[tuple[Prompt, Prompt, Scene, Scene]]:
    """Prompts of the training split, each with an altered one, a scene that it is true of, and a near miss.

    All prompts have as many tokens.
    """
    chosen: list[Prompt] = []
    while len(chosen) < items:
        prompt = prompts.sample(sample_task(rng), rng)
        if not chosen or _tokens(prompt) == _tokens(chosen[0]):
            chosen.append(prompt)
    scenes = [prompts.scene_of(prompt, rng) for prompt in chosen]
    return [(p, _altered(p, rng), scene, near_miss(p, scene, rng)) for p, scene in zip(chosen, scenes, strict=True)]


def _tokens(prompt: Prompt) -> int:
    return len(str(prompt).replace(",", " ,").split())


def _altered(prompt: Prompt, rng: np.random.Generator) -> Prompt:
    while _tokens(changed := altered(prompt, rng)) != _tokens(prompt):
        pass
    return changed


def errors(pictures: Tensor, drawings: Tensor, scenes: list[Scene]) -> np.ndarray:
    """How far pictures uint8 [N, S, S, 3] are from drawings of scenes, as colours' distances where it is worst.

    float32 [N, 1 + MOST_THINGS]: first outside of all objects, then at each object; nothing where there is no object.
    """
    apart = (pictures.float() - drawings.float()).div(255).norm(dim=-1)
    windows = F.avg_pool2d(apart[:, None], WINDOW, WINDOW // 2).squeeze(1).numpy()
    centres = (np.arange(windows.shape[-1]) + 1) * (WINDOW // 2) / SIDE
    worst = np.zeros((len(scenes), 1 + MOST_THINGS), np.float32)
    for row, (window, scene) in enumerate(zip(windows, scenes, strict=True)):
        outside = np.ones_like(window, bool)
        for number, thing in enumerate(scene, start=1):
            width, height = thing.half()
            across, down = abs(centres - thing.x) <= width, abs(centres - thing.y) <= height
            worst[row, number] = window[np.ix_(down, across)].max()
            outside[np.ix_(*(_grown(along) for along in (down, across)))] = False
        worst[row, 0] = window[outside].max(initial=0)
    return worst


def _grown(along: np.ndarray) -> np.ndarray:
    """One window more on both sides."""
    return np.convolve(along, [1, 1, 1], "same") > 0


@torch.no_grad()
def complete(
    model: ShapesGenerator,
    tokenizer: VisualTokenizer,
    words: list[str],
    drawings: Tensor,
    kept: int,
    rng: np.random.Generator,
) -> Tensor:
    """Pictures uint8 [N, S, S, 3] that keep so many scales of drawings; prompts have as many tokens each."""
    n, config = len(words), model.infinity.config
    encoded = quantize(tokenizer.encoder(to_float(drawings)), tokenizer.config.scales)
    if kept == len(config.scales):
        return to_bytes(tokenizer.decoder(encoded.latent))
    start = config.starts[kept]
    ids = torch.tensor([ids.ids for ids in text_tokenizer().encode_batch(words)])
    guidance, temperature = (
        torch.from_numpy(rng.uniform(*among, (n, 1)).astype(np.float32)).expand(-1, len(config.scales))
        for among in (GUIDANCE, TEMPERATURE)
    )
    _, latent = model.infinity.generate(
        model.text(ids, torch.ones_like(ids)),
        torch.cat(encoded.bits, 1)[:, :start].to(torch.uint8),
        torch.from_numpy(rng.random((n, config.starts[-1] - start, config.bits), np.float32)),
        guidance,
        temperature,
        torch.ones_like(guidance),
    )
    return to_bytes(tokenizer.decoder(latent))


def write(model: ShapesGenerator, tokenizer: VisualTokenizer, out: Path, items: int, seed: int) -> None:
    """Writes items of six pictures, see ``ROLES``; goes on where it stopped.

    ``pictures.npy`` is uint8 [items, 6, S, S, 3] and ``errors.npy`` float32 [items, 4, 6], of the pictures that were
    completed (see ``errors``); ``items.json`` holds prompts and scenes.
    """
    out.mkdir(parents=True, exist_ok=True)
    items = -(-items // CHUNK) * CHUNK
    about_file = out / "items.json"
    about = json.loads(about_file.read_text()) if about_file.exists() else []
    shapes = {"pictures": (np.uint8, (items, 6, SIDE, SIDE, 3)), "errors": (np.float32, (items, 4, 1 + MOST_THINGS))}
    pictures, apart = (
        np.lib.format.open_memmap(out / f"{name}.npy", "r+" if about else "w+", dtype, None if about else shape)
        for name, (dtype, shape) in shapes.items()
    )
    scales = len(tokenizer.config.scales)
    with tqdm(total=items, initial=len(about), desc="completing", unit="item") as bar:
        while len(about) < items:
            start = len(about)
            rows = slice(start, start + CHUNK)
            rng = np.random.default_rng([seed, start])
            asked, others, *sides = zip(*sample(rng, CHUNK), strict=True)
            words, other_words = ([str(prompt) for prompt in some] for some in (asked, others))
            right, near = (torch.from_numpy(np.stack([draw(scene, rng) for scene in scenes])) for scenes in sides)
            kept = [scales, *(int(rng.integers(low, high)) for low, high in ((3, scales), (1, 3), (3, scales + 1)))]
            for role, (drawings, scenes, k) in enumerate(
                zip((right, right, right, near), (*[sides[0]] * 3, sides[1]), kept, strict=True)
            ):
                made = complete(model, tokenizer, words, drawings, k, rng)
                pictures[rows, role] = made.numpy()
                apart[rows, role] = errors(made, drawings, scenes)
            for role, text in ((4, words), (5, other_words)):
                pictures[rows, role] = complete(model, tokenizer, text, right, 0, rng).numpy()
            about += [
                {
                    "prompt": text,
                    "altered": other,
                    "kept": kept,
                    "scenes": [[astuple(thing) for thing in scene] for scene in pair],
                }
                for text, other, *pair in zip(words, other_words, *sides, strict=True)
            ]
            pictures.flush()
            apart.flush()
            about_file.write_text(json.dumps(about))
            bar.update(CHUNK)


class Completions:
    """What a folder that ``write`` filled holds, as rankings; every other one is mirrored."""

    def __init__(self, folder: Path):
        self.about = json.loads((folder / "items.json").read_text())
        self.rows = [row for row, item in enumerate(self.about) if _teaches(item)]
        self.pictures, self.errors = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("pictures", "errors"))

    def ranking(self, rng: np.random.Generator) -> Ranking:
        """One of the two pictures that are nearest to the drawing, the generator's own draw, and two of the others."""
        row = self.rows[int(rng.integers(len(self.rows)))]
        prompt, changed = (prompts.parse(self.about[row][name]) for name in ("prompt", "altered"))
        right, near = self._scenes(row)
        asked = (prompt, changed, described(near, rng) or changed, described(right, rng) or prompt)
        nearest = ("whole", "fine")[int(rng.integers(2))]
        others = rng.choice([role for role in ROLES if role not in (nearest, "draw")], 2, replace=False)
        views = tuple(self._view(row, role, rng) for role in (nearest, "draw", *others))
        turned = tuple(one.mirrored() for one in asked)
        if rng.random() < 0.5 or not all(one.teaches() for one in turned):
            return Ranking(asked, views)
        return Ranking(turned, tuple(map(_mirrored, views)))

    def _scenes(self, row: int) -> tuple[Scene, Scene]:
        right, near = (tuple(Thing(*thing) for thing in scene) for scene in self.about[row]["scenes"])
        return right, near

    def _view(self, row: int, role: str, rng: np.random.Generator) -> View:
        number, (right, near) = ROLES.index(role), self._scenes(row)
        picture = np.array(self.pictures[row, number])
        if role in DRAWS:
            asked = prompts.parse(self.about[row]["altered" if role == "altered" else "prompt"])
            return View(picture, prompts.scene_of(asked, rng), severity=1, ruined=True, known=False)
        scene = near if role == "near" else right
        lost = _lost(self.errors[row, number], scene)
        return View(picture, scene, max(lost[0], float(lost[1:].mean())), ruined=bool(lost.max() > 0.5))


def _teaches(item: dict) -> bool:
    return all(prompts.parse(item[name]).teaches() for name in ("prompt", "altered"))


def _lost(error: np.ndarray, scene: Scene) -> np.ndarray:
    """The share of its worst window that has another colour, 0..1: outside of all objects, then of each object."""
    contrasts = [1.0, *(float(np.linalg.norm(np.array(COLORS[thing.color]) - PAPER)) for thing in scene)]
    return np.minimum(error[: len(contrasts)] / contrasts, 1)


def _mirrored(view: View) -> View:
    return replace(view, picture=view.picture[:, ::-1], scene=mirrored(view.scene))


class CompletedRankings(Rankings):
    """Rankings, some of them of completions."""

    def __init__(self, completions: Completions, seed: int, start: int = 0):
        super().__init__(seed, start)
        self.completions = completions

    def item(self, index: int) -> Ranking:
        rng = np.random.default_rng([self.seed, index, 1])
        drawn = index < FIRST_ITEMS or rng.random() >= RANKED
        return super().item(index) if drawn else self.completions.ranking(rng)
