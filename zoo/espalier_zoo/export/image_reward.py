"""ImageReward (arXiv 2304.05977): BLIP's BERT reads the prompt and looks at the picture, and its first token is scored.

Letters in shapes: N rows of a batch, T tokens of a picture, L of a prompt, C the width of BERT.
"""

from onnx import TensorProto

from espalier_zoo.export.encoder import BlockKeys, Form, Layers, Patches, dense, encode, heads_of, norm
from espalier_zoo.export.graph import Graph
from espalier_zoo.export.linear_head import LinearHead
from espalier_zoo.export.picture import Preparation, pixels
from espalier_zoo.export.strict_checkpoint import StrictCheckpoint

TOKENS = 35
"""Every prompt is padded or cut to so many."""
MEAN, STD = 0.16717362830052426, 1.0333394966054072
"""Of the head's output over ImageReward's own set."""
HEAD_WIDTH = 64
IMAGE, TEXT = "blip.visual_encoder", "blip.text_encoder"
IMAGE_BLOCK = BlockKeys("norm1", ("attn.qkv.",), "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
IMAGE_FORM = Form(HEAD_WIDTH, "gelu", epsilon=1e-6)
TEXT_EPSILON = 1e-12
UNUSED = (r"blip\.text_encoder\.embeddings\.position_ids", r"blip\.(vision|text)_proj\.(weight|bias)")


class ImageReward:
    """The model of a checkpoint."""

    def __init__(self, checkpoint: StrictCheckpoint):
        self._checkpoint = checkpoint
        self._words = f"{TEXT}.embeddings.word_embeddings.weight"
        self._width = checkpoint.shape(self._words)[-1]

    def vocabulary(self) -> int:
        return self._checkpoint.shape(self._words)[0]

    def score(self, g: Graph, image: str, input_ids: str, attention_mask: str) -> str:
        """Pictures uint8 [N, H, W, 3] and prompts int64 [N, L] to scores [N]."""
        layers = Layers(g, self._checkpoint)
        seen, seen_width = self._see(g, layers, image)
        features = self._read(g, layers, input_ids, attention_mask, seen, seen_width)
        head = LinearHead.of(self._checkpoint, "mlp.layers").normalised(MEAN, STD)
        score = head.score(g, g.add("Gather", features, g.index(0), axis=1))
        self._checkpoint.finish(UNUSED)
        return score

    def _see(self, g: Graph, layers: Layers, image: str) -> tuple[str, int]:
        """Image tokens [N, T, ·] and their width."""
        kernel, places = f"{IMAGE}.patch_embed.proj", f"{IMAGE}.pos_embed"
        patches = Patches.of(self._checkpoint, f"{kernel}.weight", places)
        x = patches.tokens(
            g,
            pixels(g, image, patches.side, Preparation()),
            kernel=layers.table(f"{kernel}.weight", *patches.kernel),
            own=layers.table(f"{IMAGE}.cls_token", 1, 1, patches.width),
            places=layers.table(places, 1, patches.count, patches.width),
            bias=layers.table(f"{kernel}.bias", patches.width),
        )
        x = encode(g, layers, f"{IMAGE}.blocks", IMAGE_BLOCK, IMAGE_FORM, x, patches.width)
        x = norm(g, x, layers.norm(f"{IMAGE}.norm", patches.width), IMAGE_FORM.epsilon)
        return x, patches.width

    def _read(self, g: Graph, layers: Layers, input_ids: str, attention_mask: str, seen: str, seen_width: int) -> str:
        """BERT's last features [N, L, C]: every block attends to the prompt, then to the picture, then feeds forward.

        A block norms what each of the three adds to, after it is added.
        """
        width, embeddings = self._width, f"{TEXT}.embeddings"
        positions = self._checkpoint.shape(f"{embeddings}.position_embeddings.weight")[0]
        places = layers.table(f"{embeddings}.position_embeddings.weight", positions, width)
        places = g.add("Slice", places, g.ints(0), g.ints(TOKENS), g.ints(0))
        words = layers.table(self._words, self.vocabulary(), width)
        x = g.add("Add", g.add("Gather", words, input_ids), places)
        x = norm(g, x, layers.norm(f"{embeddings}.LayerNorm", width), TEXT_EPSILON)
        mask = g.add("Cast", attention_mask, to=TensorProto.INT32)
        for i in range(self._checkpoint.blocks(f"{TEXT}.encoder.layer")):
            block = f"{TEXT}.encoder.layer.{i}"
            x = self._attend(g, layers, f"{block}.attention", x, x, width, mask)
            x = self._attend(g, layers, f"{block}.crossattention", x, seen, seen_width)
            inner = self._checkpoint.shape(f"{block}.intermediate.dense.weight")[0]
            hidden = g.add("Gelu", dense(g, x, layers.linear(f"{block}.intermediate.dense", width, inner)))
            x = self._add(g, layers, f"{block}.output", x, hidden, inner)
        return x

    def _attend(self, g: Graph, layers: Layers, key: str, x: str, to: str, to_width: int, *mask: str) -> str:
        """x [N, L, C] after it attended to tokens [N, ·, ·], or to those that a mask int32 [N, ·] marks."""
        width, heads = self._width, heads_of(self._width, HEAD_WIDTH, TEXT)
        q = dense(g, x, layers.linear(f"{key}.self.query", width, width))
        k, v = (dense(g, to, layers.linear(f"{key}.self.{part}", to_width, width)) for part in ("key", "value"))
        no_bias = [""] * len(mask)
        drawn = g.add("MultiHeadAttention", q, k, v, *no_bias, *mask, num_heads=heads)
        return self._add(g, layers, f"{key}.output", x, drawn, width)

    def _add(self, g: Graph, layers: Layers, key: str, x: str, drawn: str, inner: int) -> str:
        added = g.add("Add", x, dense(g, drawn, layers.linear(f"{key}.dense", inner, self._width)))
        return norm(g, added, layers.norm(f"{key}.LayerNorm", self._width), TEXT_EPSILON)
