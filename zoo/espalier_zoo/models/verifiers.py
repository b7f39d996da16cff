"""The four verifiers: pictures and prompts to scores, higher is better.

Each has the form of a model of the field, made small: CLIP's two towers (arXiv 2103.00020), ImageReward's text encoder
that looks at the image (arXiv 2304.05977), LAION's aesthetic predictor, and a vision-language model that is asked a
question (VQAScore, arXiv 2404.01291).
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer, models, processors
from torch import Tensor, nn

from espalier_zoo.models.text_encoder import TextEncoder, TextEncoderConfig, TransformerBlock
from espalier_zoo.world.words import PAD, UNKNOWN, text_tokenizer, vocabulary

QUESTION = 'Does this figure show " {prompt} " ? Please answer yes or no .'
"""VQAScore's question, a space between any two of its tokens."""


@dataclass(frozen=True)
class EyeConfig:
    """An image encoder: pictures are resized to ``side``; every convolution after the first halves the grid."""

    side: int
    widths: tuple[int, ...]
    depth: int
    heads: int = 2
    mlp_ratio: int = 2
    patch: int = 4

    @property
    def width(self) -> int:
        return self.widths[-1]

    @property
    def grid(self) -> int:
        return self.side // self.patch // 2 ** (len(self.widths) - 1)


@dataclass(frozen=True)
class VerifierConfig:
    """A verifier: how it sees, how many tokens a prompt is padded to, and how deep it reads."""

    kind: str
    eye: EyeConfig
    tokens: int = 16
    depth: int = 0
    heads: int = 2
    mlp_ratio: int = 2

    def to_dict(self) -> dict:
        return asdict(self)

    def text(self) -> TextEncoderConfig:
        words = len(text_vocabulary(self.kind))
        return TextEncoderConfig(words, self.tokens, self.eye.width, self.heads, self.depth, self.mlp_ratio)


_EYE = EyeConfig(96, (64, 128), depth=2)

CONFIGS = {
    config.kind: config
    for config in (
        VerifierConfig("clip", EyeConfig(64, (96, 128), depth=2), depth=1),
        VerifierConfig("image-reward", _EYE, depth=2),
        VerifierConfig("aesthetic", _EYE),
        VerifierConfig("vlm", _EYE, tokens=28, depth=3),
    )
}


def text_vocabulary(kind: str) -> list[str]:
    """The words of prompts; the question's own words, which no prompt can hold, are in angle brackets."""
    question = [f"<{word}>" for word in QUESTION.split() if word != "{prompt}"]
    return vocabulary() + (sorted(set(question)) if kind == "vlm" else [])


def verifier_tokenizer(config: VerifierConfig) -> Tokenizer:
    """Prompts to ids, always ``config.tokens`` of them: what a batch holds besides changes nothing of a row."""
    tokenizer = text_tokenizer()
    words = {word: i for i, word in enumerate(text_vocabulary(config.kind))}
    if config.kind == "vlm":
        tokenizer.model = models.WordLevel(words, unk_token=UNKNOWN)
        template = ["$A" if word == "{prompt}" else f"<{word}>" for word in QUESTION.split()]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=template, special_tokens=[(word, words[word]) for word in set(template) - {"$A"}]
        )
    tokenizer.enable_truncation(config.tokens)
    tokenizer.enable_padding(length=config.tokens, pad_id=words[PAD], pad_token=PAD)
    return tokenizer


def tokenized(tokenizer: Tokenizer, prompts: list[str]) -> tuple[Tensor, Tensor]:
    """input_ids and attention_mask, int64 [N, L]."""
    encoded = tokenizer.encode_batch(prompts)
    return torch.tensor([e.ids for e in encoded]), torch.tensor([e.attention_mask for e in encoded])


class Eye(nn.Module):
    """Pictures uint8 [N, H, W, 3] of any size to tokens [N, grid², C]."""

    def __init__(self, config: EyeConfig):
        super().__init__()
        self.config = config
        layers: list[nn.Module] = [nn.PixelUnshuffle(config.patch)]
        width = 3 * config.patch**2
        for i, wider in enumerate(config.widths):
            layers += [nn.Conv2d(width, wider, 3, stride=1 if i == 0 else 2, padding=1), nn.GELU("tanh")]
            width = wider
        self.stem = nn.Sequential(*layers)
        self.places = nn.Parameter(torch.randn(config.grid**2, width) * 0.5 * width**-0.5)
        self.enter = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(
            TransformerBlock(width, config.heads, config.mlp_ratio) for _ in range(config.depth)
        )

    def forward(self, image: Tensor) -> Tensor:
        side = self.config.side
        pixels = image.permute(0, 3, 1, 2).float() / 127.5 - 1
        pixels = F.interpolate(pixels, size=(side, side), mode="bilinear", antialias=True)
        x = self.enter(self.stem(pixels).flatten(2).transpose(1, 2)) + self.places
        for block in self.blocks:
            x = block(x)
        return x


def _pooled(features: Tensor, mask: Tensor) -> Tensor:
    """The mean over real tokens: [..., L, C] and [..., L] to [..., C]."""
    weights = mask[..., None].to(features.dtype)
    return (features * weights).sum(-2) / weights.sum(-2)


class Clip(nn.Module):
    """Two towers that never see each other; the score is the cosine of their embeddings."""

    def __init__(self, config: VerifierConfig):
        super().__init__()
        width = config.eye.width
        self.eye, self.text = Eye(config.eye), TextEncoder(config.text())
        self.from_image, self.from_text = nn.Linear(width, width, bias=False), nn.Linear(width, width, bias=False)
        self.log_temperature = nn.Parameter(torch.tensor(0.07).log())

    def embed_image(self, image: Tensor) -> Tensor:
        return self.embed_seen(self.eye(image))

    def embed_seen(self, seen: Tensor) -> Tensor:
        """Of image tokens [N, T, C]."""
        return F.normalize(self.from_image(seen.mean(1)), dim=-1)

    def embed_text(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        features = self.text(input_ids, attention_mask)
        return F.normalize(self.from_text(_pooled(features, attention_mask)), dim=-1)

    def forward(self, image: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return (self.embed_image(image) * self.embed_text(input_ids, attention_mask)).sum(-1)


class CrossAttention(nn.Module):
    """Text tokens look at image tokens, around a skip."""

    def __init__(self, width: int, heads: int):
        super().__init__()
        self.heads = heads
        self.norm, self.image_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.kv, self.proj = nn.Linear(width, width), nn.Linear(width, 2 * width), nn.Linear(width, width)

    def forward(self, x: Tensor, image: Tensor, places: Tensor) -> Tensor:
        """x [N, L, C], image [N, T, C], places [T, C]."""
        n, length, width = x.shape
        parts = (self.q(self.norm(x)), *self.kv(self.image_norm(image) + places).split(width, -1))
        q, k, v = (part.view(n, part.shape[1], self.heads, -1).transpose(1, 2) for part in parts)
        weights = (q @ k.transpose(-2, -1) * (width // self.heads) ** -0.5).softmax(-1)
        return x + self.proj((weights @ v).transpose(1, 2).reshape(n, length, width))


class Words(nn.Module):
    """input_ids int64 [..., L] to embeddings [..., L, C], places added.

    Both begin as large as what a look adds to them: of small ones, which word a token is and where it stands are lost
    after the first.
    """

    def __init__(self, config: VerifierConfig):
        super().__init__()
        width = config.eye.width
        self.words = nn.Embedding(len(text_vocabulary(config.kind)), width)
        self.places = nn.Parameter(torch.randn(config.tokens, width))

    def forward(self, input_ids: Tensor) -> Tensor:
        return self.words(input_ids) + self.places


def _hidden(allowed: Tensor) -> Tensor:
    """What is added to attention's scores: nothing where it is allowed to look, the least number elsewhere."""
    return torch.where(allowed, 0.0, torch.finfo(torch.float32).min)


def _blocks(config: VerifierConfig) -> nn.ModuleList:
    width = config.eye.width
    return nn.ModuleList(TransformerBlock(width, config.heads, config.mlp_ratio) for _ in range(config.depth))


class Reader(nn.Module):
    """A text encoder that looks at the image before each of its blocks, and is told where it looks."""

    def __init__(self, config: VerifierConfig):
        super().__init__()
        width = config.eye.width
        self.eye, self.words, self.blocks = Eye(config.eye), Words(config), _blocks(config)
        self.looks = nn.ModuleList(CrossAttention(width, config.heads) for _ in range(config.depth))
        self.norm = nn.LayerNorm(width)
        self.places = nn.Linear(2, width, bias=False)
        nn.init.normal_(self.places.weight, std=0.5)
        centres = torch.linspace(-1, 1, config.eye.grid)
        self.register_buffer("centres", torch.cartesian_prod(centres, centres), persistent=False)

    def states(self, seen: Tensor, input_ids: Tensor, attention_mask: Tensor) -> list[Tensor]:
        """The tokens [N, P, L, C] of prompts int64 [N, P, L] over image tokens [N, T, C], after each block."""
        x, states, places = self.words(input_ids), [], self.places(self.centres)
        hidden = _hidden(attention_mask.flatten(0, 1)[:, None, None] > 0)
        for look, block in zip(self.looks, self.blocks, strict=True):
            x = look(x.flatten(1, 2), seen, places).view(x.shape)
            x = block(x.flatten(0, 1), hidden).view(x.shape)
            states.append(x)
        return states

    def read(self, state: Tensor, attention_mask: Tensor) -> Tensor:
        """The mean token [N, P, C] of the last of ``states``."""
        return _pooled(self.norm(state), attention_mask)


class ImageReward(Reader):
    """A reader of the prompt; its mean token gives the reward."""

    def __init__(self, config: VerifierConfig):
        super().__init__(config)
        width = config.eye.width
        self.head = nn.Sequential(nn.Linear(width, width), nn.GELU("tanh"), nn.Linear(width, 1))

    def rewards(self, state: Tensor, attention_mask: Tensor) -> Tensor:
        """Rewards [N, P] by the last of ``states``."""
        return self.head(self.read(state, attention_mask)).squeeze(-1)

    def forward(self, image: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        state = self.states(self.eye(image), input_ids[:, None], attention_mask[:, None])[-1]
        return self.rewards(state, attention_mask[:, None]).squeeze(1)


class Aesthetic(nn.Module):
    """One minus the severity of the damage that it sees; deaf to the prompt.

    Damage is where it is, so every place is asked of its own, and a picture is sound where every place is.
    """

    def __init__(self, config: VerifierConfig):
        super().__init__()
        width = config.eye.width
        self.eye, self.norm = Eye(config.eye), nn.LayerNorm(width)
        self.head = nn.Sequential(nn.Linear(width, width), nn.GELU("tanh"), nn.Linear(width, 1))
        nn.init.constant_(self.head[-1].bias, -2 * math.log(config.eye.grid))

    def soundness(self, seen: Tensor) -> Tensor:
        """The logarithm of what is left of 1 [N] by the damage at each of image tokens [N, T, C]."""
        return F.logsigmoid(-self.head(self.norm(seen)).squeeze(-1)).sum(1)

    def forward(self, image: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        return self.soundness(self.eye(image)).exp()


class Vlm(Reader):
    """A reader of a question about the picture; the score is P("yes")."""

    def __init__(self, config: VerifierConfig):
        super().__init__(config)
        self.head = nn.Linear(config.eye.width, 2)

    def answers(self, state: Tensor, attention_mask: Tensor) -> Tensor:
        """Logits of no and yes [N, Q, 2] to questions, by the last of ``states``."""
        return self.head(self.read(state, attention_mask))

    def forward(self, image: Tensor, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        state = self.states(self.eye(image), input_ids[:, None], attention_mask[:, None])[-1]
        logits = self.answers(state, attention_mask[:, None])
        return logits.softmax(-1)[:, 0, 1]


Verifier = Clip | ImageReward | Aesthetic | Vlm


def build(config: VerifierConfig) -> Verifier:
    kinds = {"clip": Clip, "image-reward": ImageReward, "aesthetic": Aesthetic, "vlm": Vlm}
    return kinds[config.kind](config)
