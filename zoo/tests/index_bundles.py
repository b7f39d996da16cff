"""Tiny bundles for tests, here and in Java: generators of index tokens, a verifier with features, and graphs that a
bundle may not have.

The generator is a table. The logits of a token depend on its place, on the prompt and on every bit before its scale, by
whole numbers alone; so nothing of it depends on a batch. Its picture shows the indices: red is the first scale's, green
the second's, blue the third's, and 255 what was not drawn.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from onnx import GraphProto, TensorProto
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from espalier_zoo.export.blocks import dimension, repeated
from espalier_zoo.export.bundle import About, write_manifest
from espalier_zoo.export.codebook import bits_of, draw, indices_of, log_likelihood, masses
from espalier_zoo.export.graph import Graph, Kind

SIDES = (1, 2, 3)
STARTS = tuple(np.cumsum([0, *(side**2 for side in SIDES)]).tolist())
TOKENS = STARTS[-1]
PIXELS = 6
CONTEXTS = 7
"""Rows of the table."""
UNCONDITIONAL = CONTEXTS
"""The row of no prompt."""
NOT_DRAWN = 255
PROMPT_TOKENS = 12
CODEBOOKS = {"indices": 6, "single-bits": 2}
"""The bundles and the sizes of their codebooks; six is no power of two."""
COMMITTED = Path(__file__).parents[2] / "models/src/test/resources/io/espalier/models/bundles"
"""Where Java reads them. Remove the folder, and ``python -m tests.index_bundles`` in ``zoo/`` writes them again."""


def write_all(folder: Path) -> None:
    """Writes the bundles below a new folder."""
    folder.mkdir()
    for name, codebook in CODEBOOKS.items():
        write_generator(folder / name, codebook)
    write_verifier(folder / "colours")
    _write(_verifier(flat=True), folder / "flat-features.onnx")
    _write(_flat_likelihood(), folder / "flat-likelihood.onnx")


def write_generator(out: Path, codebook: int) -> None:
    out.mkdir()
    for name, graph in {"text": _text(), "rollout": _rollout(codebook), "decode": _decode(codebook)}.items():
        _write(graph, out / f"{name}.onnx")
    _tokenizer().save(str(out / "tokenizer.json"), pretty=False)
    write_manifest(
        out,
        _about(out.name, "generator"),
        {
            "scales": [[side, side] for side in SIDES],
            "bitsPerToken": bits_of(codebook),
            "latent": [TOKENS, 1, 1],
            "image": [PIXELS, PIXELS],
            "prompt": {"tokens": PROMPT_TOKENS, "characters": 80},
            "guidance": [2.0, 1.5, 1.0],
            "temperature": [1.0, 0.9, 0.8],
            "topP": [1.0, 1.0, 0.95],
        },
    )


def write_verifier(out: Path) -> None:
    """How red a picture is; its features are the means of the three colours."""
    out.mkdir()
    _write(_verifier(), out / "verifier.onnx")
    _tokenizer().save(str(out / "tokenizer.json"), pretty=False)
    part = {"measures": "how red the picture is", "tokens": PROMPT_TOKENS, "mean": 100.0, "std": 50.0}
    write_manifest(out, _about(out.name, "verifier"), part)


def _write(graph: Graph, file: Path) -> None:
    """Writes a graph with short names in it, which are a third of its bytes otherwise."""
    model = graph.model()
    kept = {value.name for value in (*model.graph.input, *model.graph.output)}
    short: dict[str, str] = {}
    _rename(model.graph, lambda name: name if name in kept or not name else short.setdefault(name, f"v{len(short)}"))
    file.write_bytes(model.SerializeToString())


def _rename(graph: GraphProto, renamed: Callable[[str], str]) -> None:
    for node in graph.node:
        node.name = ""
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
        for attribute in node.attribute:
            if attribute.HasField("g"):
                _rename(attribute.g, renamed)
    for value in (*graph.input, *graph.output, *graph.initializer):
        value.name = renamed(value.name)


def _about(name: str, kind: str) -> About:
    return About(name, kind, "1.0.0", "Apache-2.0", "Espalier, zoo/tests/index_bundles.py", "nothing")


def _tokenizer() -> Tokenizer:
    words = ["<pad>", "</s>", "<unk>", "a", "red", "blue", "star", "ring"]
    made = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    return made


def table(codebook: int) -> np.ndarray:
    """Logits float [TOKENS, CONTEXTS + 1, codebook]."""
    logits = np.random.default_rng(codebook).normal(0, 1.5, (TOKENS, CONTEXTS + 1, codebook))
    return logits.astype(np.float16).astype(np.float32)


def _verifier(flat: bool = False) -> Graph:
    """``flat`` features are a number for each image, and no vector."""
    g = Graph("verifier")
    image = g.input("image", np.uint8, ["N", "H", "W", 3])
    for name in ("input_ids", "attention_mask"):
        g.input(name, np.int64, ["N", PROMPT_TOKENS])
    means = g.add("ReduceMean", g.add("Cast", image, to=TensorProto.FLOAT), g.ints(1, 2), keepdims=0)
    red = g.add("Gather", means, g.index(0), axis=1)
    g.output("score", red, np.float32, ["N"])
    g.output("features", red if flat else means, np.float32, ["N"] if flat else ["N", 3])
    return g


def _flat_likelihood() -> Graph:
    """A rollout for ``indices`` that gives one log-likelihood for all its scales."""
    g, bits = Graph("rollout"), bits_of(CODEBOOKS["indices"])
    g.input("text_features", np.float32, ["texts", "L", 1])
    g.input("prefix_bits", np.uint8, ["P", "T_prefix", bits])
    uniforms = g.input("uniforms", np.float32, ["rows", "T_sampled", bits])
    for name in ("guidance", "temperature", "top_p"):
        g.input(name, np.float32, ["P", len(SIDES)])
    drawn = g.add("Cast", g.add("Less", uniforms, g.number(0)), to=TensorProto.UINT8)
    g.output("bits", drawn, np.uint8, ["rows", "T_sampled", bits])
    shape = g.add("Concat", dimension(g, uniforms, 0), g.ints(TOKENS, 1, 1), axis=0)
    g.output("latent", g.add("ConstantOfShape", shape), np.float32, ["rows", TOKENS, 1, 1])
    nothing = g.add("Sub", g.add("ReduceSum", uniforms, g.ints(1, 2), keepdims=0), g.number(1e6))
    g.output("log_likelihood", nothing, np.float32, ["rows"])
    return g


def _text() -> Graph:
    g = Graph("text")
    ids, mask = (g.input(name, np.int64, ["N", "L"]) for name in ("input_ids", "attention_mask"))
    features = g.add("Unsqueeze", g.add("Cast", ids, to=TensorProto.FLOAT), g.ints(2))
    g.output("text_features", features, np.float32, ["N", "L", 1])
    g.output("text_mask", mask, np.int64, ["N", "L"])
    return g


def _rollout(codebook: int) -> Graph:
    """A loop over the scales to draw, each from its place in the table."""
    g, bits, scales = Graph("rollout", half=True), bits_of(codebook), len(SIDES)
    features = g.input("text_features", np.float32, ["texts", "L", 1])
    prefix = g.input("prefix_bits", np.uint8, ["P", "T_prefix", bits])
    uniforms = g.input("uniforms", np.float32, ["rows", "T_sampled", bits])
    knobs = [g.input(name, np.float32, ["P", scales]) for name in ("guidance", "temperature", "top_p")]
    starts, logits = g.ints(*STARTS), g.weight(table(codebook))

    def scales_in(tokens: str) -> str:
        ended = g.add("LessOrEqual", g.ints(*STARTS[1:]), tokens)
        return g.add("ReduceSum", g.add("Cast", ended, to=TensorProto.INT64), keepdims=1)

    rows, hypotheses = dimension(g, uniforms, 0), dimension(g, prefix, 0)
    before, sampled = dimension(g, prefix, 1), dimension(g, uniforms, 1)
    first = scales_in(before)
    trips = g.add("Sub", scales_in(g.add("Add", before, sampled)), first)
    words = g.add("Cast", g.add("ReduceSum", features, g.ints(1, 2), keepdims=0), to=TensorProto.INT64)
    words = g.add("Expand", words, hypotheses)
    prefix, words, *knobs = repeated(g, [prefix, words, *knobs], g.add("Div", rows, hypotheses))

    def step(body: Graph, trip: str, states: list[str]) -> list[str]:
        drawn, likelihood = states
        scale = body.add("Add", trip, first)
        start, end = (body.add("Gather", starts, at) for at in (scale, body.add("Add", scale, body.ints(1))))
        guidance, temperature, top_p = (
            body.add("Unsqueeze", body.add("Gather", knob, scale, axis=1), body.ints(2)) for knob in knobs
        )
        here = body.add("Slice", logits, start, end, body.ints(0))
        conditional = body.add("Gather", here, _context(body, drawn, words, codebook), axis=1)
        conditional = body.add("Transpose", conditional, perm=[1, 0, 2])
        unconditional = body.add("Unsqueeze", body.add("Gather", here, body.index(UNCONDITIONAL), axis=1), body.ints(0))
        apart = body.add("Mul", guidance, body.add("Sub", conditional, unconditional))
        guided = body.add("Div", body.add("Add", unconditional, apart), temperature)
        mass = masses(body, guided, top_p)
        places = [body.add("Sub", at, before) for at in (start, end)]
        new = draw(body, mass, body.add("Slice", uniforms, *places, body.ints(1)), codebook)
        of_scale = log_likelihood(body, mass, indices_of(body, new, codebook))
        new = body.add("Cast", new, to=TensorProto.UINT8)
        return [body.add("Concat", drawn, new, axis=1), body.add("Concat", likelihood, of_scale, axis=1)]

    none = g.add("ConstantOfShape", g.add("Concat", rows, g.ints(0), axis=0))
    drawn, likelihood = g.loop(trips, [Kind(np.uint8, 3), Kind(np.float32, 2)], [prefix, none], step)
    new = g.add("Slice", drawn, before, g.ints(TOKENS), g.ints(1))
    g.output("bits", new, np.uint8, ["rows", "T_sampled", bits])
    g.output("latent", _latent(g, drawn, codebook), np.float32, ["rows", TOKENS, 1, 1])
    g.output("log_likelihood", likelihood, np.float32, ["rows", "scales"])
    return g


def _context(g: Graph, drawn: str, words: str, codebook: int) -> str:
    """The table's row [rows] for the bits uint8 [rows, T, D] so far and the prompt's number [rows]."""
    indices = indices_of(g, drawn, codebook)
    places = g.add("Range", g.index(1), g.add("Squeeze", g.add("Add", dimension(g, drawn, 1), g.ints(1))), g.index(1))
    weighed = g.add("Mul", indices, places)
    # the first scale has nothing before it, and a sum needs something
    summed = g.add("ReduceSum", g.add("Concat", weighed, g.add("Unsqueeze", words, g.ints(1)), axis=1), g.ints(1))
    return g.add("Mod", g.add("Squeeze", summed, g.ints(1)), g.ints(CONTEXTS))


def _latent(g: Graph, drawn: str, codebook: int) -> str:
    """The indices [rows, TOKENS, 1, 1], and ``codebook`` in the place of those that are not drawn."""
    indices = indices_of(g, drawn, codebook)
    missing = g.add("Sub", g.ints(TOKENS), dimension(g, drawn, 1))
    padding = g.add("Concat", g.ints(0, 0, 0), missing, axis=0)
    padded = g.add("Pad", indices, padding, g.index(codebook))
    return g.add("Cast", g.add("Unsqueeze", padded, g.ints(2, 3)), to=TensorProto.FLOAT)


def _decode(codebook: int) -> Graph:
    g = Graph("decode")
    latent = g.input("latent", np.float32, ["N", TOKENS, 1, 1])
    y, x, scale = np.indices((PIXELS, PIXELS, len(SIDES)))
    sides, starts = np.array(SIDES)[scale], np.array(STARTS)[scale]
    source = starts + y * sides // PIXELS * sides + x * sides // PIXELS
    shown = g.add("Gather", g.add("Reshape", latent, g.ints(0, TOKENS)), g.constant(source.astype(np.int32)), axis=1)
    colour = g.add("Mul", shown, g.number(NOT_DRAWN // codebook))
    colour = g.add("Where", g.add("Equal", shown, g.number(codebook)), g.number(NOT_DRAWN), colour)
    g.output("image", g.add("Cast", colour, to=TensorProto.UINT8), np.uint8, ["N", PIXELS, PIXELS, 3])
    return g


if __name__ == "__main__":
    write_all(COMMITTED)
