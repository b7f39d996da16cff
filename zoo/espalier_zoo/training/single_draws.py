"""What models that draw pictures from prompts are measured by: the judge, on one draw for each held-out prompt."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from espalier_zoo.models.visual_tokenizer import VisualTokenizer
from espalier_zoo.training.visual_tokenizer import to_bytes
from espalier_zoo.world import judge, prompts
from espalier_zoo.world.words import text_tokenizer


def pictures_of(words: list[str], latents: Callable[[Tensor], Tensor], tokenizer: VisualTokenizer) -> np.ndarray:
    """One picture per prompt, uint8 [N, S, S, 3].

    ``latents`` gives the latents [n, d, H, W] of n prompts int64 [n, L] that have the same number of tokens.
    """
    text = text_tokenizer()
    by_length: dict[int, list[int]] = {}
    encoded = [text.encode(prompt).ids for prompt in words]
    for i, ids in enumerate(encoded):
        by_length.setdefault(len(ids), []).append(i)
    pictures: list[np.ndarray | None] = [None] * len(words)
    for rows in by_length.values():
        latent = latents(torch.tensor([encoded[i] for i in rows]))
        for i, picture in zip(rows, to_bytes(tokenizer.decoder(latent)).numpy(), strict=True):
            pictures[i] = picture
    return np.stack(pictures)


def judged(generate: Callable[[list[str]], np.ndarray], per_task: int, seed: int) -> dict[str, float]:
    """The judge's score of single draws on held-out prompts, per task and overall."""
    rates = {}
    for number, task in enumerate(prompts.TASKS):
        rng = np.random.default_rng([seed, number])
        asked = [prompts.sample(task, rng, held_out=True) for _ in range(per_task)]
        made = generate([str(prompt) for prompt in asked])
        rates[task] = float(np.mean([judge.passes(p, image) for p, image in zip(asked, made, strict=True)]))
    return rates | {"all": float(np.mean(list(rates.values())))}
