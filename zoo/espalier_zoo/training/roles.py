"""What a text encoder is told in training: which colour a noun has, and on which side of the other one it stands.

T5 knows from all that it has read which word belongs to which. An encoder that is trained with a generator learns it
from pictures alone only after many: who is left of whom is one bit of the thousands that a picture has.
"""

from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from espalier_zoo.world.prompts import OPPOSITE, RELATIONS, parse
from espalier_zoo.world.scenes import COLORS
from espalier_zoo.world.words import text_tokenizer

NONE = -100
"""What is asked of words that are no nouns of one object: nothing."""
WEIGHT = 0.05
"""Of the loss, beside that of pictures."""


class Roles(nn.Module):
    """Names a noun's side, 0 where it has none, and its colour, 0 where none is named; for training alone."""

    def __init__(self, width: int):
        super().__init__()
        self.side, self.color = nn.Linear(width, 1 + len(RELATIONS)), nn.Linear(width, 1 + len(COLORS))

    def loss(self, features: Tensor, roles: Tensor) -> Tensor:
        """Cross-entropy of text features [N, L, C]; roles int64 [N, L, 2], see ``roles_of``."""
        nouns = roles[..., 0] != NONE
        side, color = roles[nouns].unbind(-1)
        asked = ((self.side(features[nouns]), side), (self.color(features[nouns]), color))
        total = sum(F.cross_entropy(named.float(), right, reduction="sum") for named, right in asked)
        return WEIGHT * total / nouns.sum().clamp(min=1)


@cache
def roles_of(words: str) -> Tensor:
    """The side and the colour of each token of a prompt, int64 [L, 2]."""
    prompt, tokens = parse(words), text_tokenizer().encode(words).tokens
    roles = torch.full((len(tokens), 2), NONE)
    if prompt.count == 1:
        sides = (prompt.relation, OPPOSITE.get(prompt.relation))
        for (shape, color), side in zip(prompt.kinds, sides, strict=False):
            named = [1 + RELATIONS.index(side) if side else 0, 1 + list(COLORS).index(color) if color else 0]
            roles[tokens.index(shape)] = torch.tensor(named)
    return roles
