"""llama.cpp's server with a vision-language model of random weights, whose first token is mostly a yes or a no.

Usage: llama_server.py FOLDER KEY. Writes the weights into the folder, prints the address and serves until the standard input ends.
"""

import sys
from pathlib import Path

import gguf
import numpy as np
import xllamacpp

WIDTH, HIDDEN, HEADS = 64, 128, 4
VISION_WIDTH, VISION_HIDDEN, PATCH, SIDE = 32, 64, 16, 64
ANSWERS = ["▁Yes", "▁No", "Yes", "No", "yes", "no", "▁yes", "▁no"]
LETTERS = '▁abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".,:?'
CHAT = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"

random = np.random.default_rng(3)


def normal(*shape: int, std: float = 0.3) -> np.ndarray:
    return (std * random.standard_normal(shape)).astype(np.float32)


def ones(size: int) -> np.ndarray:
    return np.ones(size, np.float32)


def write(writer: gguf.GGUFWriter, tensors: dict[str, np.ndarray]) -> None:
    for name, tensor in tensors.items():
        writer.add_tensor(name, tensor)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_language_model(file: Path) -> None:
    control = ["<unk>", "<s>", "</s>"]
    octets = [f"<0x{i:02X}>" for i in range(256)]
    words = ANSWERS + list(LETTERS)
    tokens = control + octets + words
    kinds = gguf.TokenType
    types = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL] + [kinds.BYTE] * 256 + [kinds.NORMAL] * len(words)

    writer = gguf.GGUFWriter(file, "llama")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * 3 + [-1000.0] * 256 + [-1 - i / 100 for i in range(len(words))])
    writer.add_token_types(types)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_chat_template(CHAT)

    # The first channel is large in every token and passes through, and only a yes or a no looks at it.
    embedding = normal(len(tokens), WIDTH, std=1)
    embedding[:, 0] = 16
    output = normal(len(tokens), WIDTH)
    output[:, 0] = [token in ANSWERS for token in tokens]
    tensors = {"token_embd.weight": embedding, "output.weight": output, "output_norm.weight": ones(WIDTH)}
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        tensors[f"blk.0.{name}.weight"] = normal(WIDTH, WIDTH, std=0.1)
    tensors["blk.0.ffn_gate.weight"] = normal(HIDDEN, WIDTH, std=0.1)
    tensors["blk.0.ffn_up.weight"] = normal(HIDDEN, WIDTH, std=0.1)
    tensors["blk.0.ffn_down.weight"] = normal(WIDTH, HIDDEN, std=0.1)
    tensors["blk.0.attn_norm.weight"] = ones(WIDTH)
    tensors["blk.0.ffn_norm.weight"] = ones(WIDTH)
    write(writer, tensors)


def write_vision_model(file: Path) -> None:
    writer = gguf.GGUFWriter(file, "clip")
    writer.add_clip_has_vision_encoder(True)
    writer.add_clip_projector_type("mlp")
    writer.add_vision_use_gelu(True)
    writer.add_vision_image_size(SIDE)
    writer.add_vision_patch_size(PATCH)
    writer.add_vision_embedding_length(VISION_WIDTH)
    writer.add_vision_feed_forward_length(VISION_HIDDEN)
    writer.add_vision_projection_dim(WIDTH)
    writer.add_vision_block_count(1)
    writer.add_vision_head_count(2)
    writer.add_vision_attention_layernorm_eps(1e-5)
    writer.add_vision_image_mean([0.5] * 3)
    writer.add_vision_image_std([0.25] * 3)

    tensors = {
        "v.class_embd": normal(VISION_WIDTH),
        "v.patch_embd.weight": normal(VISION_WIDTH, 3, PATCH, PATCH),
        "v.position_embd.weight": normal((SIDE // PATCH) ** 2 + 1, VISION_WIDTH),
    }
    for name in ("v.pre_ln", "v.blk.0.ln1", "v.blk.0.ln2"):
        tensors[f"{name}.weight"] = ones(VISION_WIDTH)
        tensors[f"{name}.bias"] = normal(VISION_WIDTH)
    squares = [f"v.blk.0.{name}" for name in ("attn_q", "attn_k", "attn_v", "attn_out")]
    for name, rows, columns in [
        *((name, VISION_WIDTH, VISION_WIDTH) for name in squares),
        ("v.blk.0.ffn_up", VISION_HIDDEN, VISION_WIDTH),
        ("v.blk.0.ffn_down", VISION_WIDTH, VISION_HIDDEN),
        ("mm.0", WIDTH, VISION_WIDTH),
        ("mm.2", WIDTH, WIDTH),
    ]:
        tensors[f"{name}.weight"] = normal(rows, columns, std=1)
        tensors[f"{name}.bias"] = normal(rows)
    write(writer, tensors)


def main() -> None:
    folder = Path(sys.argv[1])
    write_language_model(folder / "language.gguf")
    write_vision_model(folder / "vision.gguf")
    params = xllamacpp.CommonParams()
    params.model.path = str(folder / "language.gguf")
    params.mmproj.path = str(folder / "vision.gguf")
    params.n_ctx = 8192
    params.n_parallel = 4
    params.warmup = False
    params.cpuparams.n_threads = 1
    params.cpuparams_batch.n_threads = 1
    params.port = 0
    params.api_keys = [sys.argv[2]]
    server = xllamacpp.Server(params)
    print(server.listening_address, flush=True)
    sys.stdin.read()


main()
