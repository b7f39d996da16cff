"""Infinity, a bitwise visual autoregressive transformer (arXiv 2412.04431), under its public checkpoints' key names.

Per scale all tokens are drawn in one pass. Self-attention sees the scale itself and all earlier ones, cross-attention
the text; the pooled text modulates every block. A token's D bits are drawn independently, and their codes ±1/√d are
accumulated to the latent Z, from which the next scale's input is resized.

Letters in shapes: N sequences, T tokens, L text tokens, C width, H heads, E = C/H, D bits per token, d latent channels,
K scales.
"""

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import asdict, dataclass
from itertools import accumulate

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Grid = tuple[int, int]

LEVELS = 15
"""Rows of the level embedding, in every published size."""
POOL_HEAD_WIDTH = 128
"""The attentive pool has text width / 128 heads."""
NORM_EPSILON = 1e-6
MAX_LOG_SCALE = math.log(100)
"""Where the learned logarithm of the attention's scale is cut."""
ROPE_BASE = 10000.0


@dataclass(frozen=True)
class InfinityConfig:
    """Sizes. ``scales`` are (h, w) token grids; with ``patchify`` a token is 2×2 latent pixels.

    ``rope_grid`` is the grid on which rotary positions are counted: the last one of the 1M schedule of this ratio for
    the public models, also at lower resolutions; by default the last of ``scales``.
    """

    width: int
    heads: int
    depth: int
    block_chunks: int
    text_width: int
    text_max: int
    latent_channels: int
    scales: tuple[Grid, ...]
    rope_grid: Grid | None = None
    patchify: bool = False
    mlp_ratio: int = 4

    def __post_init__(self):
        if self.rope_grid is None:
            object.__setattr__(self, "rope_grid", self.scales[-1])
        if self.width % self.heads or self.head_width % 4:
            raise ValueError(f"width {self.width} over {self.heads} heads must be a multiple of 4: rotary pairs in 2D")
        if self.width % self.pool_heads:
            raise ValueError(f"width {self.width} must be a multiple of the attentive pool's {self.pool_heads} heads")
        if self.depth % self.block_chunks:
            raise ValueError(f"depth {self.depth} must be a multiple of block_chunks {self.block_chunks}")
        if not 1 <= len(self.scales) <= LEVELS:
            raise ValueError(f"{len(self.scales)} scales, but the level embedding holds 1 to {LEVELS}")

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def pool_heads(self) -> int:
        return max(1, self.text_width // POOL_HEAD_WIDTH)

    @property
    def patch(self) -> int:
        """Latent pixels per side of a token."""
        return 2 if self.patchify else 1

    @property
    def bits(self) -> int:
        """D, the bits per token."""
        return self.latent_channels * self.patch**2

    @property
    def tokens(self) -> tuple[int, ...]:
        """The number of tokens of each scale."""
        return tuple(h * w for h, w in self.scales)

    @property
    def starts(self) -> tuple[int, ...]:
        """The tokens before each scale, and at the end the tokens of all: [K + 1]."""
        return tuple(accumulate(self.tokens, initial=0))

    def latent_grid(self, scale: int = -1) -> Grid:
        """The grid of a scale in latent pixels; of the last one, the latent's own."""
        h, w = self.scales[scale]
        return h * self.patch, w * self.patch

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict) -> "InfinityConfig":
        """The inverse of ``to_dict``, also after a round through JSON."""
        tuples = {"scales": tuple(map(tuple, values["scales"]))}
        if values.get("rope_grid") is not None:
            tuples["rope_grid"] = tuple(values["rope_grid"])
        return cls(**(values | tuples))


def code(bits: Tensor, config: InfinityConfig, scale: int) -> Tensor:
    """The code ±1/√d of a scale's bits [N, h·w, D], on the scale's latent grid: [N, d, h, w]."""
    h, w = config.scales[scale]
    step = config.latent_channels**-0.5
    planes = torch.where(bits.bool(), step, -step).transpose(1, 2).unflatten(2, (h, w))
    return F.pixel_shuffle(planes, config.patch)


def add_code(latent: Tensor, bits: Tensor, config: InfinityConfig, scale: int) -> Tensor:
    """Z [N, d, H, W] with a scale's bits [N, h·w, D] added."""
    return latent + _resized(code(bits, config, scale), config.latent_grid())


def features(latent: Tensor, config: InfinityConfig, scale: int) -> Tensor:
    """What a scale after the first is embedded from, Z on its grid: [N, h·w, D]."""
    return F.pixel_unshuffle(_resized(latent, config.latent_grid(scale)), config.patch).flatten(2).transpose(1, 2)


def _resized(planes: Tensor, grid: Grid) -> Tensor:
    if tuple(planes.shape[-2:]) == tuple(grid):
        return planes
    return F.interpolate(planes, size=grid, mode="bilinear", align_corners=False, antialias=False)


def rotation(config: InfinityConfig, scale: int) -> Tensor:
    """Unit complex numbers [h·w, E/2] that turn a head's pairs (2i, 2i+1) at each token of a scale.

    The first half of the angles counts rows, the second half columns, both on the rope grid, rounded half to even.
    """
    (h, w), (last_row, last_column) = config.scales[scale], config.rope_grid
    return turns(_rope_index(h, last_row), _rope_index(w, last_column), config.head_width)


def turns(rows: Tensor, columns: Tensor, head_width: int) -> Tensor:
    """Unit complex numbers [h·w, E/2] for tokens at these rows float64 [h] and columns [w]."""
    quarter, (h, w) = head_width // 4, (len(rows), len(columns))
    frequencies = ROPE_BASE ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    by_row = (rows[:, None] * frequencies)[:, None].expand(h, w, quarter)
    by_column = (columns[:, None] * frequencies)[None].expand(h, w, quarter)
    angles = torch.cat([by_row, by_column], dim=-1).reshape(h * w, -1)
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)


def _rope_index(length: int, last: int) -> Tensor:
    """round(i·last/length); a quotient of integers in float64 hits exact ties, which go to the even neighbour."""
    return (torch.arange(length, dtype=torch.float64) * last / length).round()


def attend(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None) -> Tensor:
    """Softmax attention without a scale of its own; heads [N, H, T, E] in, tokens [N, T, H·E] out.

    ``mask`` is added to the scores. Plain products: the fused attention is no faster in training on CPU.
    """
    scores = q @ k.transpose(-2, -1)
    if mask is not None:
        scores = scores + mask
    return (scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2)


class SelfAttention(nn.Module):
    """Cosine attention: q and k have unit length, a learned scale per head; both are rotated by position."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.scale_mul_1H11 = nn.Parameter(torch.full((1, heads, 1, 1), math.log(4.0)))
        self.mat_qkv = nn.Linear(width, 3 * width, bias=False)
        self.q_bias = nn.Parameter(torch.zeros(width))
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("zero_k_bias", torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(
        self, x: Tensor, turn: Tensor, mask: Tensor | None = None, past: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x [N, T, C], turn [T, E/2, 2], past k and v [N, H, T_past, E]: the output, and k and v with the past."""
        bias = torch.cat([self.q_bias, self.zero_k_bias, self.v_bias])
        qkv = F.linear(x, self.mat_qkv.weight, bias).unflatten(2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4)
        scale = self.scale_mul_1H11.clamp_max(MAX_LOG_SCALE).exp()
        q = turned(F.normalize(qkv[0].float(), dim=-1) * scale, turn)
        k, v = turned(F.normalize(qkv[1].float(), dim=-1), turn), qkv[2]
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        return self.proj(attend(q, k, v, mask)), (k, v)


def turned(heads: Tensor, turn: Tensor) -> Tensor:
    """Rotates the pairs of heads float32 [N, H, T, E] by turn [T, E/2, 2], cosines and sines.

    Real arithmetic: a compiler fuses it with what is around it, which it does not do with complex numbers.
    """
    cosine, sine = turn.unbind(-1)
    even, odd = heads.unflatten(-1, (-1, 2)).unbind(-1)
    return torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], dim=-1).flatten(-2)


class CrossAttention(nn.Module):
    """Attention from tokens to the text."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.mat_q = nn.Linear(width, width)
        self.mat_kv = nn.Linear(width, 2 * width, bias=False)
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("zero_k_bias", torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, text: Tensor, mask: Tensor | None = None) -> Tensor:
        """x [N, T, C], text [N, L, C], mask added to the scores [N, H, T, L]."""
        k, v = _keys_and_values(self, text)
        q = self.mat_q(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        return self.proj(attend(q, k * k.shape[-1] ** -0.5, v, mask))


class PoolAttention(nn.Module):
    """Attention of one learned query to the text."""

    def __init__(self, width: int, heads: int, text_width: int):
        super().__init__()
        self.heads = heads
        self.mat_q = nn.Parameter(torch.empty(1, heads, width // heads))
        self.mat_kv = nn.Linear(text_width, 2 * width, bias=False)
        self.v_bias = nn.Parameter(torch.zeros(width))
        self.register_buffer("zero_k_bias", torch.zeros(width))
        self.proj = nn.Linear(width, width)

    def forward(self, text: Tensor, mask: Tensor | None = None) -> Tensor:
        """text [N, L, Ct] to [N, C]."""
        k, v = _keys_and_values(self, text)
        return self.proj(attend(self.mat_q[:, :, None] * k.shape[-1] ** -0.5, k, v, mask))[:, 0]


def _keys_and_values(attention: CrossAttention | PoolAttention, text: Tensor) -> tuple[Tensor, Tensor]:
    """Text [N, L, C] to keys and values [N, H, L, E]."""
    bias = torch.cat([attention.zero_k_bias, attention.v_bias])
    kv = F.linear(text, attention.mat_kv.weight, bias).unflatten(2, (2, attention.heads, -1)).permute(2, 0, 3, 1, 4)
    return kv[0], kv[1]


class AttentivePool(nn.Module):
    """The text as one vector; the extra level carries the checkpoints' name."""

    def __init__(self, width: int, heads: int, text_width: int):
        super().__init__()
        self.ca = PoolAttention(width, heads, text_width)


class FeedForward(nn.Module):
    def __init__(self, width: int, hidden: int):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.gelu(self.fc1(x), approximate="tanh"))


def modulated(x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """LN(x)·(1 + scale) + shift, the norm without weights."""
    return torch.addcmul(shift, F.layer_norm(x, x.shape[-1:], eps=NORM_EPSILON), 1 + scale)


class Block(nn.Module):
    """Self-attention and feed-forward, both modulated and gated by the pooled text, cross-attention between them."""

    def __init__(self, config: InfinityConfig):
        super().__init__()
        self.ada_gss = nn.Parameter(torch.empty(1, 1, 6, config.width))
        self.sa = SelfAttention(config.width, config.heads)
        self.ca_norm = nn.LayerNorm(config.width, eps=NORM_EPSILON)
        self.ca = CrossAttention(config.width, config.heads)
        self.ffn = FeedForward(config.width, config.mlp_ratio * config.width)

    def forward(
        self,
        x: Tensor,
        modulation: Tensor,
        text: Tensor,
        turn: Tensor,
        mask: Tensor | None = None,
        text_mask: Tensor | None = None,
        past: tuple[Tensor, Tensor] | None = None,
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """x [N, T, C], modulation [N, 1, 6, C], text [N, L, C]: the new x, and the keys and values to keep."""
        gate1, gate2, scale1, scale2, shift1, shift2 = (self.ada_gss + modulation).unbind(2)
        drawn, kept = self.sa(modulated(x, scale1, shift1), turn, mask, past)
        x = torch.addcmul(x, drawn, gate1)
        x = x + self.ca(self.ca_norm(x), text, text_mask)
        return torch.addcmul(x, self.ffn(modulated(x, scale2, shift2)), gate2), kept


class BlockChunk(nn.Module):
    """A run of blocks; checkpoints number blocks by chunk."""

    def __init__(self, config: InfinityConfig):
        super().__init__()
        self.module = nn.ModuleList(Block(config) for _ in range(config.depth // config.block_chunks))


class HeadNorm(nn.Module):
    """The modulated norm before the head."""

    def __init__(self, width: int):
        super().__init__()
        self.ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))

    def forward(self, x: Tensor, pooled: Tensor) -> Tensor:
        """x [N, T, C], pooled text [N, C]."""
        scale, shift = self.ada_lin(pooled).unflatten(1, (2, 1, -1)).unbind(1)
        return modulated(x, scale, shift)


@dataclass(frozen=True)
class Text:
    """What the transformer sees of a prompt."""

    pooled: Tensor
    """[N, C]"""
    tokens: Tensor
    """[N, L, C], for cross-attention."""
    modulation: Tensor
    """[N, 1, 6, C]: gates, scales and shifts shared by all blocks."""
    mask: Tensor | None
    """Added to scores over the text, [N, 1, 1, L]; None where every token is real."""


class Infinity(nn.Module):
    """The transformer; its state dictionary has exactly the public checkpoints' keys."""

    def __init__(self, config: InfinityConfig):
        super().__init__()
        self.config = config
        width = config.width
        self.cfg_uncond = nn.Parameter(torch.empty(config.text_max, config.text_width))
        self.pos_start = nn.Parameter(torch.empty(1, 1, width))
        self.text_norm = nn.RMSNorm(config.text_width, eps=NORM_EPSILON)
        self.text_proj_for_sos = AttentivePool(width, config.pool_heads, config.text_width)
        self.text_proj_for_ca = nn.Sequential(
            nn.Linear(config.text_width, width), nn.GELU(approximate="tanh"), nn.Linear(width, width)
        )
        self.lvl_embed = nn.Embedding(LEVELS, width)
        self.word_embed = nn.Linear(config.bits, width)
        self.shared_ada_lin = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.head_nm = HeadNorm(width)
        self.head = nn.Linear(width, 2 * config.bits)
        self.block_chunks = nn.ModuleList(BlockChunk(config) for _ in range(config.block_chunks))
        turns = torch.cat([rotation(config, scale) for scale in range(len(config.scales))])
        scale_of_token = torch.tensor([scale for scale, count in enumerate(config.tokens) for _ in range(count)])
        self.register_buffer("_turns", torch.view_as_real(turns), persistent=False)
        self.register_buffer("_scale_of_token", scale_of_token, persistent=False)
        self._initialise()

    @torch.no_grad()
    def _initialise(self) -> None:
        """Truncated normals; gates start near zero, so that a block starts near the identity."""
        std = (3 * self.config.width) ** -0.5
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.trunc_normal_(module.weight, std=std)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        for weight in (self.pos_start, self.lvl_embed.weight, self.text_proj_for_sos.ca.mat_q):
            nn.init.trunc_normal_(weight, std=std)
        nn.init.normal_(self.cfg_uncond, std=self.config.text_width**-0.5)
        self.head.weight.mul_(0.02)
        self.head_nm.ada_lin[1].weight.mul_(0.5)
        modulation = self.shared_ada_lin[1].weight.unflatten(0, (6, -1))
        modulation.mul_(0.5)[:2].mul_(1e-3)
        for block in self.blocks():
            nn.init.normal_(block.ada_gss, std=0.5 * std)
            block.ada_gss[:, :, :2].mul_(1e-3)
            for last in (block.sa.proj, block.ca.proj, block.ffn.fc2):
                last.weight.div_(math.sqrt(2 * self.config.depth))

    def blocks(self) -> list[Block]:
        return [block for chunk in self.block_chunks for block in chunk.module]

    def forward(
        self, text_features: Tensor, text_mask: Tensor, drop: Tensor | None, inputs: Sequence[Tensor]
    ) -> Tensor:
        """Logits of the first k scales at once, from the right bits of the earlier ones: for training.

        text_features [N, L, Ct] and text_mask bool [N, L], true at real tokens; rows with drop [N] are unconditional:
        they see ``cfg_uncond``, at the length of their text. inputs: the features [N, h·w, D] of scales 2..k. Returns
        [N, T, 2·D], of which 2i and 2i+1 are bit i's classes 0 and 1.
        """
        if drop is not None:
            length = text_features.shape[1]
            text_features = torch.where(drop[:, None, None], self.cfg_uncond[:length], text_features)
        text = self.text(text_features, text_mask)
        x = torch.cat([self._start(text), self.word_embed(torch.cat(list(inputs), dim=1))], dim=1)
        scales, turns = self._scale_of_token[: x.shape[1]], self._turns[: x.shape[1]]
        x = x + self.lvl_embed(scales)
        visible = scales[:, None] >= scales[None]
        mask = torch.zeros(visible.shape, dtype=x.dtype, device=x.device).masked_fill_(~visible, -torch.inf)
        for block in self.blocks():
            x, _ = block(x, text.modulation, text.tokens, turns, mask, text.mask)
        return self.head(self.head_nm(x, text.pooled))

    def text(self, text_features: Tensor, text_mask: Tensor | None = None) -> Text:
        """text_features [N, L, Ct], text_mask bool [N, L] or None where every token is real."""
        mask = None
        if text_mask is not None:
            mask = torch.zeros(text_mask.shape, dtype=text_features.dtype, device=text_mask.device)
            mask = mask.masked_fill_(~text_mask, -torch.inf)[:, None, None]
        normed = self.text_norm(text_features)
        pooled = self.text_proj_for_sos.ca(normed, mask)
        modulation = self.shared_ada_lin(pooled).unflatten(1, (1, 6, -1))
        return Text(pooled, self.text_proj_for_ca(normed), modulation, mask)

    def _start(self, text: Text) -> Tensor:
        """The first scale's input [N, 1, C]."""
        return text.pooled[:, None] + self.pos_start

    @torch.no_grad()
    def scale_logits(self, text_features: Tensor, prefix_bits: Tensor) -> Tensor:
        """The logits [2, N, h·w, 2·D] of the scale after the prefix: conditional and unconditional rows.

        text_features [N, L, Ct], all real; prefix_bits [N, T_prefix, D].
        """
        return self.after(text_features, prefix_bits).logits()

    @torch.no_grad()
    def generate(
        self,
        text_features: Tensor,
        prefix_bits: Tensor,
        uniforms: Tensor,
        guidance: Tensor,
        temperature: Tensor,
        top_p: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Draws the scales after a prefix: the reference that ``rollout.onnx`` equals.

        text_features [1|P, L, Ct], all real; prefix_bits [P, T_prefix, D]; uniforms [P·c, T_sampled, D] for c branches
        of each hypothesis, row p·c + j; guidance, temperature and top_p each [P, K]. The first and the last scale
        follow from the numbers of tokens. Returns the bits drawn, uint8 [P·c, T_sampled, D], and Z after the last
        drawn scale, [P·c, d, H, W].
        """
        hypotheses, first = prefix_bits.shape[0], self._scales_in(prefix_bits.shape[1])
        last = self._scales_in(prefix_bits.shape[1] + uniforms.shape[1])
        branches = uniforms.shape[0] // hypotheses
        guidance, temperature, top_p, prefix_bits, text_features = (
            value.repeat_interleave(branches, dim=0)
            for value in (guidance, temperature, top_p, prefix_bits, text_features.expand(hypotheses, -1, -1))
        )
        sequence = self.after(text_features, prefix_bits)
        drawn = []
        for scale in range(first, last):
            start, end = (self.config.starts[k] - self.config.starts[first] for k in (scale, scale + 1))
            knobs = (value[:, scale, None, None] for value in (guidance, temperature, top_p))
            bits = draw(sequence.logits(), uniforms[:, start:end], *knobs)
            sequence.add(bits)
            drawn.append(bits)
        return torch.cat(drawn, dim=1), sequence.latent

    @torch.no_grad()
    def after(self, text_features: Tensor, prefix_bits: Tensor) -> "Sequences":
        """Sequences that have drawn a prefix; text_features [N, L, Ct], all real, and prefix_bits [N, T_prefix, D]."""
        sequence = Sequences(self, text_features)
        for scale in range(self._scales_in(prefix_bits.shape[1])):
            sequence.logits()
            sequence.add(prefix_bits[:, self.config.starts[scale] : self.config.starts[scale + 1]])
        return sequence

    def _scales_in(self, tokens: int) -> int:
        """The number of scales that so many tokens make."""
        if tokens not in self.config.starts:
            raise ValueError(f"{tokens} tokens end inside a scale; scales end at {self.config.starts}")
        return self.config.starts.index(tokens)


class Sequences:
    """N sequences that grow scale by scale, each with its conditional and its unconditional row."""

    def __init__(self, model: Infinity, text_features: Tensor):
        self._model = model
        unconditional = model.cfg_uncond[: text_features.shape[1]].expand_as(text_features)
        self._text = model.text(torch.cat([text_features, unconditional]))
        self._past: list[tuple[Tensor, Tensor] | None] = [None] * model.config.depth
        self._scale = 0
        self.latent = text_features.new_zeros(
            text_features.shape[0], model.config.latent_channels, *model.config.latent_grid()
        )

    def logits(self) -> Tensor:
        """Runs the next scale: [2, N, h·w, 2·D]."""
        model, config, scale = self._model, self._model.config, self._scale
        if scale == 0:
            x = model._start(self._text)
        else:
            x = model.word_embed(features(self.latent, config, scale)).repeat(2, 1, 1)
        x = x + model.lvl_embed.weight[scale]
        turn = model._turns[config.starts[scale] : config.starts[scale + 1]]
        for i, block in enumerate(model.blocks()):
            x, self._past[i] = block(x, self._text.modulation, self._text.tokens, turn, past=self._past[i])
        return model.head(model.head_nm(x, self._text.pooled)).unflatten(0, (2, -1))

    def selected(self, rows: Tensor) -> "Sequences":
        """The sequences of these rows int64 [M], some several times or not at all, with copies of keys and values."""

        def of_both(values: Tensor) -> Tensor:
            return values.unflatten(0, (2, -1))[:, rows].flatten(0, 1)

        chosen = copy(self)
        pooled, tokens, modulation = map(of_both, (self._text.pooled, self._text.tokens, self._text.modulation))
        chosen._text = Text(pooled, tokens, modulation, None)
        chosen._past = [past and (of_both(past[0]), of_both(past[1])) for past in self._past]
        chosen.latent = self.latent[rows]
        return chosen

    def add(self, bits: Tensor) -> None:
        """Takes the bits [N, h·w, D] of the scale just run."""
        self.latent = add_code(self.latent, bits, self._model.config, self._scale)
        self._scale += 1


def draw(logits: Tensor, uniforms: Tensor, guidance: Tensor, temperature: Tensor, top_p: Tensor) -> Tensor:
    """Bits uint8 [N, T, D] from logits [2, N, T, 2·D] and uniforms [N, T, D]; the others [N, 1, 1]."""
    p = probability(logits, guidance, temperature)
    kept = torch.minimum(p, 1 - p) > 1 - top_p
    return (uniforms < torch.where(kept, p, (p > 0.5).to(p.dtype))).to(torch.uint8)


def probability(logits: Tensor, guidance: Tensor, temperature: Tensor) -> Tensor:
    """P(bit = 1), guided, before top-p: [N, T, D]."""
    zero, one = logits.unflatten(-1, (-1, 2)).unbind(-1)
    conditional, unconditional = (one - zero) / temperature
    return torch.sigmoid(guidance * conditional + (1 - guidance) * unconditional)


def checkpoint_shapes(config: InfinityConfig) -> dict[str, tuple[int, ...]]:
    """The keys of a checkpoint of these sizes, and their shapes."""
    with torch.device("meta"):
        return {key: tuple(value.shape) for key, value in Infinity(config).state_dict().items()}
