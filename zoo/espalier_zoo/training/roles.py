"""What a text encoder is told in training: a noun's colour, on which side of its neighbours it stands, and its number.

T5 knows from all that it has read which word belongs to which. An encoder that is trained with a generator learns it
from pictures alone only after many: who is left of whom is one bit of the thousands that a picture has.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from espalier_zoo.world.prompts import COUNTS, OPPOSITE, RELATIONS, Prompt, parse, plural
from espalier_zoo.world.scenes import COLORS
from espalier_zoo.world.words import text_tokenizer

NONE = -100
"""What is asked of words that are no nouns: nothing."""
WEIGHT = 0.05
"""Of the loss, beside that of pictures."""
MIDDLE = ("between left and right", "between above and below")
SIDES = (None, *RELATIONS, *MIDDLE)
NAMED_COLORS = (None, *COLORS)
NUMBERS = (1, *COUNTS.values())


class Roles(nn.Module):
    """Names a noun's side, its colour, none where none is named, and its number; for training alone."""

    def __init__(self, width: int):
        super().__init__()
        self.side, self.color, self.number = (nn.Linear(width, len(of)) for of in (SIDES, NAMED_COLORS, NUMBERS))

    def loss(self, features: Tensor, roles: Tensor) -> Tensor:
        """Cross-entropy of text features [N, L, C]; roles int64 [N, L, 3], see ``roles_of``."""
        nouns = roles[..., 0] != NONE
        named = (head(features[nouns]) for head in (self.side, self.color, self.number))
        asked = zip(named, roles[nouns].unbind(-1), strict=True)
        total = sum(F.cross_entropy(one.float(), right, reduction="sum") for one, right in asked)
        return WEIGHT * total / nouns.sum().clamp(min=1)


@cache
def roles_of(words: str) -> Tensor:
    """The side, the colour and the number of each token of a prompt, int64 [L, 3], from 0."""
    prompt, tokens = parse(words), text_tokenizer().encode(words).tokens
    roles = torch.full((len(tokens), 3), NONE)
    for (shape, color), count, side in zip(prompt.kinds, prompt.counts, _sides(prompt), strict=True):
        named = [SIDES.index(side), NAMED_COLORS.index(color), NUMBERS.index(count)]
        roles[tokens.index(shape if count == 1 else plural(shape))] = torch.tensor(named)
    return roles


def _sides(prompt: Prompt) -> list[str | None]:
    """Of each kind: the first one stands as the relation says, the last one the other way."""
    if prompt.relation is None:
        return [None] * len(prompt.kinds)
    middle = MIDDLE[prompt.relation in ("above", "below")]
    return [prompt.relation, *[middle] * (len(prompt.kinds) - 2), OPPOSITE[prompt.relation]]
