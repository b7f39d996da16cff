"""The least that a rollout can take on a card: its arithmetic and its memory traffic, scale by scale."""

from collections.abc import Iterator
from dataclasses import dataclass

from espalier_zoo.models.infinity import InfinityConfig

HALF = 2
"""Bytes of a number in float16."""
ROWS = 2
"""Guidance has every sequence drawn with its prompt and without."""


@dataclass(frozen=True)
class Ceilings:
    """What a card can do, by its data sheet or as it was measured."""

    operations: float
    """Of dense products in float16, a second; a multiplication and an addition are two."""
    traffic: float
    """Bytes a second, read and written."""


@dataclass(frozen=True)
class Card:
    """A card by a part of the name that its driver gives it."""

    name: str
    ceilings: Ceilings


CARDS = (
    Card("H200 NVL", Ceilings(836e12, 4.8e12)),
    Card("H200", Ceilings(989e12, 4.8e12)),
    Card("H100 NVL", Ceilings(836e12, 3.9e12)),
    Card("H100 PCIe", Ceilings(756e12, 2.0e12)),
    Card("H100", Ceilings(989e12, 3.35e12)),
    Card("A100 80GB PCIe", Ceilings(312e12, 1.935e12)),
    Card("A100-SXM4-80GB", Ceilings(312e12, 2.039e12)),
)
"""By NVIDIA's data sheets, without sparsity; of several that fit a name the first."""


def of_card(name: str) -> Ceilings | None:
    """What the data sheet says of a card; None where there is none here."""
    return next((card.ceilings for card in CARDS if card.name in name), None)


@dataclass(frozen=True)
class Work:
    """What must be done whatever the implementation: each number is read once and written once."""

    operations: float
    traffic: float

    def seconds(self, ceilings: Ceilings) -> float:
        return max(self.operations / ceilings.operations, self.traffic / ceilings.traffic)


def of_scale(config: InfinityConfig, scale: int, sequences: int, text_length: int) -> Work:
    """One scale of so many sequences, both guidance rows of each, after all scales before it."""
    rows, tokens, seen = ROWS * sequences, config.tokens[scale], config.starts[scale + 1]
    weights = config.depth * (6 + 2 * config.mlp_ratio) * config.width**2
    attended = config.depth * 2 * config.width * (seen + text_length)
    ends = 2 * config.bits * config.width
    last = scale == len(config.scales) - 1
    keys_and_values = config.depth * 2 * config.width * HALF * rows
    return Work(
        operations=2.0 * rows * tokens * (weights + attended + ends),
        traffic=float(weights * HALF + keys_and_values * (config.starts[scale] + (0 if last else tokens))),
    )


def of_rollout(config: InfinityConfig, sequences: int, text_length: int, first: int = 0) -> Iterator[Work]:
    """The scales from ``first`` on, one after the other: none can begin before the one before it has ended."""
    for scale in range(first, len(config.scales)):
        yield of_scale(config, scale, sequences, text_length)


def least_seconds(config: InfinityConfig, sequences: int, text_length: int, ceilings: Ceilings) -> float:
    """A whole rollout's least time."""
    return sum(work.seconds(ceilings) for work in of_rollout(config, sequences, text_length))
