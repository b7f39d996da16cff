"""Published models at small random sizes, in the files that their publishers give, and their own pipelines."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from open_clip.model import CLIP, CLIPTextCfg, CLIPVisionCfg
from open_clip.tokenizer import SimpleTokenizer
from open_clip.transform import image_transform
from PIL import Image
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torchvision.transforms import CenterCrop, Compose, InterpolationMode, Normalize, Resize, ToTensor
from transformers import BertTokenizer, BlipTextConfig
from transformers.models.blip.modeling_blip_text import BlipTextModel

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
MERGES = ["r e", "re d</w>", "s t", "a r</w>", "st ar</w>", "t h", "i n", "in g</w>"]
CLIP_VOCABULARY = 512 + len(MERGES) + 2
PIECES = ["red", "star", "ring", "of", "left", "blue", "it", "is", "a", "st", "##ar", "##s", "8", "##k", "'", "!", ","]
PROMPTS = [
    "a red star left of a blue ring",
    "It's  RED!! isn't it, 80 k",
    "Ünï—code 日本 😀",
    "",
    "star " * 100,
]
"""The last is longer than any of the models reads."""
SHAPES = [(1, 1), (2, 3), (97, 61), (224, 224), (341, 512), (640, 427), (427, 640), (4096, 64), (64, 4096)]


def pictures(height: int, width: int) -> np.ndarray:
    """uint8 [5, H, W, 3]: noise, smooth blots, and blots with noise, which is most like a photograph."""
    random = np.random.default_rng(height * 10_000 + width)
    noise = random.integers(0, 256, (5, height, width, 3), dtype=np.uint8)
    for i in range(1, 5):
        blots = Image.fromarray(random.integers(0, 256, (7, 5, 3), dtype=np.uint8))
        smooth = np.asarray(blots.resize((width, height), Image.Resampling.BICUBIC))
        noise[i] = smooth if i % 2 else smooth // 4 * 3 + noise[i] // 4
    return noise


def as_clip_does() -> Compose:
    return image_transform(224, is_train=False)


def as_hps_does() -> Compose:
    """Floats first, and no bytes again."""
    resize = Resize(224, InterpolationMode.BICUBIC)
    return Compose([ToTensor(), resize, CenterCrop(224), Normalize(MEAN, STD)])


def prepared(images: np.ndarray, transform: Compose) -> Tensor:
    return torch.stack([transform(Image.fromarray(image)) for image in images])


def stirred(build: Callable[[], nn.Module]) -> nn.Module:
    """With weights so large that pictures and prompts change the score, norms' weights and biases among them."""
    torch.manual_seed(8)
    module = build()
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn_like(weight) * 0.05)
    return module.eval()


# CLIP and HPS.


def open_clip(quick_gelu: bool = True, head_width: int = 64) -> CLIP:
    image = CLIPVisionCfg(layers=2, width=2 * head_width, head_width=head_width, patch_size=32, image_size=224)
    text = CLIPTextCfg(context_length=77, vocab_size=CLIP_VOCABULARY, width=64, heads=1, layers=2)
    return stirred(lambda: CLIP(48, image, text, quick_gelu=quick_gelu))


def cosine(model: CLIP, pixels: Tensor, ids: Tensor) -> np.ndarray:
    with torch.no_grad():
        image, text, _ = model(pixels, ids)
    return (image * text).sum(-1).numpy()


def clip_words(folder: Path) -> tuple[Path, SimpleTokenizer]:
    """A small vocabulary in OpenAI's format, and open_clip's reading of it."""
    file = folder / "bpe_simple_vocab_16e6.txt.gz"
    file.write_bytes(gzip.compress("\n".join(["#version: 0.2", *MERGES]).encode()))
    return file, SimpleTokenizer(str(file))


# LAION's aesthetic predictor, and ImageReward, whose heads are alike.


class Head(nn.Module):
    """Five layers, with dropout where their numbers leave gaps."""

    def __init__(self, width: int):
        super().__init__()
        sizes = [width, 1024, 128, 64, 16, 1]
        linear = [nn.Linear(inner, outer) for inner, outer in zip(sizes, sizes[1:], strict=False)]
        dropout = [nn.Dropout(0.2), nn.Dropout(0.2), nn.Dropout(0.1)]
        self.layers = nn.Sequential(
            linear[0], dropout[0], linear[1], dropout[1], linear[2], dropout[2], linear[3], linear[4]
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class ImageReward(nn.Module):
    """Put together as the publisher does, of timm's ViT and transformers' BLIP, whose keys are the checkpoint's."""

    def __init__(self):
        super().__init__()
        self.blip = nn.Module()
        self.blip.visual_encoder = VisionTransformer(224, 32, num_classes=0, embed_dim=128, depth=2, num_heads=2)
        config = BlipTextConfig(
            vocab_size=len(bert_vocabulary()) + 2,
            hidden_size=64,
            encoder_hidden_size=128,
            intermediate_size=96,
            num_hidden_layers=2,
            num_attention_heads=1,
            layer_norm_eps=1e-12,
            is_decoder=True,
            pad_token_id=0,
            bos_token_id=2,
            sep_token_id=3,
        )
        self.blip.text_encoder = BlipTextModel(config, add_pooling_layer=False)
        self.blip.vision_proj, self.blip.text_proj = nn.Linear(128, 16), nn.Linear(64, 16)
        self.mlp = Head(64)

    def forward(self, pixels: Tensor, ids: Tensor, mask: Tensor) -> Tensor:
        seen = self.blip.visual_encoder.forward_features(pixels)
        read = self.blip.text_encoder(ids, mask, encoder_hidden_states=seen, is_decoder=False)
        return (self.mlp(read.last_hidden_state[:, 0]) - 0.16717362830052426) / 1.0333394966054072


def bert_vocabulary() -> list[str]:
    return ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *PIECES]


def bert_words(folder: Path) -> tuple[Path, BertTokenizer]:
    """A small vocabulary in BERT's format, and transformers' reading of it with BLIP's two tokens."""
    file = folder / "vocab.txt"
    file.write_text("\n".join([*bert_vocabulary(), ""]))
    tokenizer = BertTokenizer({piece: i for i, piece in enumerate(bert_vocabulary())})
    tokenizer.add_special_tokens({"bos_token": "[DEC]"})
    tokenizer.add_special_tokens({"additional_special_tokens": ["[ENC]"]})
    return file, tokenizer


def save_json(file: Path, value: dict) -> None:
    file.write_text(json.dumps(value))
