"""CLIP (arXiv 2103.00020) in the layouts of OpenAI, open_clip and ``transformers``, as nodes of a graph.

Letters in shapes: N rows of a batch, T tokens of a picture, L of a prompt, C a tower's width, E the embeddings' width.
"""

from dataclasses import dataclass

import numpy as np

from espalier_zoo.export.encoder import BlockKeys, Form, Layers, Patches, encode, norm, picked
from espalier_zoo.export.graph import Graph
from espalier_zoo.export.picture import Preparation, pixels
from espalier_zoo.export.strict_checkpoint import StrictCheckpoint

EPSILON = 1e-5
"""Of every norm."""


@dataclass(frozen=True)
class TowerKeys:
    """What a checkpoint calls the parts that both towers have."""

    blocks: str
    block: BlockKeys
    places: str
    last_norm: str
    projection: str


@dataclass(frozen=True)
class Layout:
    """The names of one way to store CLIP."""

    image: TowerKeys
    kernel: str
    own_token: str
    first_norm: str
    text: TowerKeys
    words: str
    projects_by_layer: bool
    """Whether a projection is stored as a layer is, [E, C], and not as [C, E]."""
    unused: tuple[str, ...]
    """Patterns of keys that a cosine does without."""
    text_only: tuple[str, ...]
    """Patterns of what reads prompts."""


_OPENAI_BLOCK = BlockKeys("ln_1", ("attn.in_proj_",), "attn.out_proj", "ln_2", "mlp.c_fc", "mlp.c_proj")
OPENAI = Layout(
    image=TowerKeys(
        "visual.transformer.resblocks", _OPENAI_BLOCK, "visual.positional_embedding", "visual.ln_post", "visual.proj"
    ),
    kernel="visual.conv1.weight",
    own_token="visual.class_embedding",
    first_norm="visual.ln_pre",
    text=TowerKeys("transformer.resblocks", _OPENAI_BLOCK, "positional_embedding", "ln_final", "text_projection"),
    words="token_embedding.weight",
    projects_by_layer=False,
    unused=("logit_scale", "input_resolution", "context_length", "vocab_size"),
    text_only=(r"transformer\..*", r"token_embedding\..*", "positional_embedding", r"ln_final\..*", "text_projection"),
)
"""OpenAI's files and open_clip's, and so HPS's."""

_TRANSFORMERS_BLOCK = BlockKeys(
    "layer_norm1",
    ("self_attn.q_proj.", "self_attn.k_proj.", "self_attn.v_proj."),
    "self_attn.out_proj",
    "layer_norm2",
    "mlp.fc1",
    "mlp.fc2",
)
TRANSFORMERS = Layout(
    image=TowerKeys(
        "vision_model.encoder.layers",
        _TRANSFORMERS_BLOCK,
        "vision_model.embeddings.position_embedding.weight",
        "vision_model.post_layernorm",
        "visual_projection.weight",
    ),
    kernel="vision_model.embeddings.patch_embedding.weight",
    own_token="vision_model.embeddings.class_embedding",
    first_norm="vision_model.pre_layrnorm",
    text=TowerKeys(
        "text_model.encoder.layers",
        _TRANSFORMERS_BLOCK,
        "text_model.embeddings.position_embedding.weight",
        "text_model.final_layer_norm",
        "text_projection.weight",
    ),
    words="text_model.embeddings.token_embedding.weight",
    projects_by_layer=True,
    unused=("logit_scale", r".*\.position_ids"),
    text_only=(r"text_model\..*", r"text_projection\..*"),
)


@dataclass(frozen=True)
class ClipForm:
    """What cannot be read from CLIP's weights."""

    activation: str
    image_head_width: int = 64
    text_head_width: int = 64
    preparation: Preparation = Preparation()


class Clip:
    """The towers of a checkpoint."""

    def __init__(self, checkpoint: StrictCheckpoint, form: ClipForm):
        self._checkpoint, self._form = checkpoint, form
        self._layout = TRANSFORMERS if TRANSFORMERS.kernel in checkpoint else OPENAI

    def tokens(self) -> int:
        """L, to which every prompt is padded."""
        return self._checkpoint.shape(self._layout.text.places)[0]

    def vocabulary(self) -> int:
        return self._checkpoint.shape(self._layout.words)[0]

    def embedding(self) -> int:
        """E"""
        shape = self._checkpoint.shape(self._layout.image.projection)
        return shape[0 if self._layout.projects_by_layer else -1]

    def embed_image(self, g: Graph, image: str) -> str:
        """Pictures uint8 [N, H, W, 3] to unit embeddings [N, E]."""
        layout, form, layers = self._layout, self._form, Layers(g, self._checkpoint)
        patches = Patches.of(self._checkpoint, layout.kernel, layout.image.places)
        x = patches.tokens(
            g,
            pixels(g, image, patches.side, form.preparation),
            kernel=layers.table(layout.kernel, *patches.kernel),
            own=layers.table(layout.own_token, patches.width),
            places=layers.table(layout.image.places, patches.count, patches.width),
        )
        x = norm(g, x, layers.norm(layout.first_norm, patches.width), EPSILON)
        form = Form(form.image_head_width, form.activation, EPSILON)
        x = encode(g, layers, layout.image.blocks, layout.image.block, form, x, patches.width)
        x = g.add("Gather", x, g.index(0), axis=1)
        return self._projected(g, layers, x, layout.image, patches.width)

    def embed_text(self, g: Graph, input_ids: str) -> str:
        """Prompts int64 [N, L] to unit embeddings [N, E]; no token sees a later one, so padding says nothing."""
        layout, layers = self._layout, Layers(g, self._checkpoint)
        width = self._checkpoint.shape(layout.words)[1]
        words = layers.table(layout.words, self.vocabulary(), width)
        places = layers.table(layout.text.places, self.tokens(), width)
        x = g.add("Add", g.add("Gather", words, input_ids), places)
        form = Form(self._form.text_head_width, self._form.activation, EPSILON, causal=True)
        x = encode(g, layers, layout.text.blocks, layout.text.block, form, x, width)
        end_of_text = g.add("ArgMax", input_ids, axis=1, keepdims=1)
        return self._projected(g, layers, picked(g, x, end_of_text), layout.text, width)

    def finish(self, text_too: bool = True) -> None:
        """Refuses keys that no part asked for, but for the prompts' where those are not read."""
        layout = self._layout
        self._checkpoint.finish([*layout.unused, *([] if text_too else layout.text_only)])

    def _projected(self, g: Graph, layers: Layers, x: str, keys: TowerKeys, width: int) -> str:
        """[N, C] to unit [N, E]."""
        x = norm(g, x, layers.norm(keys.last_norm, width), EPSILON)
        if self._layout.projects_by_layer:
            matrix = self._checkpoint.take(keys.projection, self.embedding(), width).T
        else:
            matrix = self._checkpoint.take(keys.projection, width, self.embedding())
        x = g.add("MatMul", x, g.weight(np.ascontiguousarray(matrix)))
        return g.add("Div", x, g.add("ReduceL2", x, g.ints(1), keepdims=1))
