"""What a call takes beside the weights, where it takes most: workers bound their batches by it.

The sums are of the tensors that are there at once; docs/models.md has them beside what was measured on a CPU.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from math import prod

from espalier_zoo.models.diffusion import DiffusionConfig
from espalier_zoo.models.infinity import InfinityConfig

ROWS = 2
"""Guidance has every sequence drawn with its prompt and without."""
TOKEN_WIDTHS = 56
"""Numbers that a block has at once for a token, in its width: the residual, products, their copies by heads."""
FEATURE_MAPS = 3
"""Of a convolution: what goes in, what comes out, and the skip."""
ARENA = 1.15
"""Arenas keep blocks of the sizes that were asked for before."""
FLOAT = 4
HALF = 2


@dataclass(frozen=True)
class Memory:
    """Bytes for each sequence of a call, and for each picture that is decoded."""

    sequence: int
    picture: int

    def to_dict(self) -> dict:
        return asdict(self)


def of_rollout(config: InfinityConfig, half: bool, maps: Iterable[tuple[int, int, int]]) -> Memory:
    """Of a rollout to the last scale; ``maps`` are the decoder's feature maps, (channels, height, width).

    Keys and values of all tokens so far are there twice as a scale joins its own, but for the last one's, which no
    other reads.
    """
    number = HALF if half else FLOAT
    tokens = [height * width for height, width in config.scales]
    most = 0
    for k, drawn in enumerate(tokens):
        before, after = sum(tokens[:k]), sum(tokens[: k + 1])
        last = k == len(tokens) - 1
        keys_and_values = 2 * config.width * number * (config.depth * before + (1 if last else config.depth) * after)
        most = max(most, keys_and_values + drawn * TOKEN_WIDTHS * config.width * FLOAT)
    return Memory(int(ARENA * ROWS * most), _decoding(maps))


def of_sampling(config: DiffusionConfig, maps: Iterable[tuple[int, int, int]]) -> Memory:
    """Of a diffusion model's picture."""
    return Memory(int(ARENA * ROWS * config.tokens * TOKEN_WIDTHS * config.width * FLOAT), _decoding(maps))


def _decoding(maps: Iterable[tuple[int, int, int]]) -> int:
    return int(ARENA * FEATURE_MAPS * FLOAT * max(map(prod, maps)))
