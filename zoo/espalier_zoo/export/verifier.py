"""``verifier.onnx``: image uint8 [N, H, W, 3] of any size, input_ids, attention_mask int64 [N, L] to score float [N].

L is fixed: the tokenizer pads every prompt to it, so that no row depends on what else is in its batch. A verifier that
embeds images gives features float [N, F] too: CLIP's unit embedding.
"""

from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from espalier_zoo.export.module import build_module
from espalier_zoo.models.verifiers import Clip, Verifier, VerifierConfig, verifier_tokenizer

GRAPH, TOKENIZER = "verifier.onnx", "tokenizer.json"


class ClipGraph(nn.Module):
    """CLIP's cosine, and the image's embedding that it is made of."""

    def __init__(self, clip: Clip):
        super().__init__()
        self.clip = clip

    def forward(self, image: Tensor, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.clip.embed_image(image)
        return (embedding * self.clip.embed_text(input_ids, attention_mask)).sum(-1), embedding


def export_verifier(model: Verifier, config: VerifierConfig, folder: Path, half: bool = True) -> None:
    """Writes the graph and the tokenizer. With ``half`` matrices are stored in float16 and cast in the graph."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / GRAPH).write_bytes(build_verifier(model, config, half).SerializeToString())
    verifier_tokenizer(config).save(str(folder / TOKENIZER))


def build_verifier(model: Verifier, config: VerifierConfig, half: bool = True) -> onnx.ModelProto:
    """The graph; the example's height and width differ, for equal ones would be taken for the same."""
    image = torch.zeros(2, 48, 40, 3, dtype=torch.uint8)
    text = torch.ones(2, config.tokens, dtype=torch.int64)
    inputs = {
        "image": (image, {0: "N", 1: "H", 2: "W"}),
        "input_ids": (text, {0: "N"}),
        "attention_mask": (text.clone(), {0: "N"}),
    }
    if isinstance(model, Clip):
        return build_module(ClipGraph(model), inputs, ["score", "features"], half)
    return build_module(model, inputs, ["score"], half)
