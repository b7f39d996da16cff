"""The tokenizers of CLIP and of BERT as ``tokenizer.json``, from whichever files their publishers give."""

import gzip
from collections.abc import Callable
from pathlib import Path

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from espalier_zoo.errors import BadInput

START, END = "<|startoftext|>", "<|endoftext|>"
CLIP_WORDS = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+"
"""What CLIP's tokenizer takes for words: English endings, letters, single digits, and what is left."""
MERGES = 48_894
"""How many of its file's merges CLIP uses, at most."""
BLIP_TOKENS = ("[DEC]", "[ENC]")
"""What BLIP adds to BERT's vocabulary."""
DEAF_TOKENS = 1


def clip_tokenizer(path: Path, vocabulary: int, tokens: int) -> Tokenizer:
    """From ``tokenizer.json``, ``merges.txt`` or OpenAI's ``bpe_simple_vocab_16e6.txt.gz``, or a folder with one.

    Each prompt becomes ``tokens`` ids; one that is longer is cut and keeps its end-of-text. Merges say the vocabulary:
    256 bytes, the same at the end of a word, a token for every merge, and the two marks.
    """
    readers = {"tokenizer.json": _ready, "merges.txt": _from_merges, "bpe_simple_vocab_16e6.txt.gz": _from_merges}
    tokenizer = _read(path, readers, vocabulary)
    ids = tokenizer.encode("").ids
    if ids[-1:] != [vocabulary - 1]:
        raise BadInput(f"{path} does not end a text with its highest id, by which CLIP finds the end; is it CLIP's?")
    return _fixed(tokenizer, tokens)


def bert_tokenizer(path: Path, vocabulary: int, tokens: int) -> Tokenizer:
    """From ``tokenizer.json`` or ``vocab.txt``, or a folder with one: lower case, [CLS] … [SEP], padded with [PAD].

    BLIP's own two tokens are added where they are not there yet.
    """
    tokenizer = _read(path, {"tokenizer.json": _ready, "vocab.txt": _from_vocabulary}, vocabulary, BLIP_TOKENS)
    start, pad = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[PAD]")
    if pad != 0 or tokenizer.encode("").ids[:1] != [start]:
        raise BadInput(f"{path} does not start a text with [CLS], or has [PAD] elsewhere than at 0; is it BERT's?")
    return _fixed(tokenizer, tokens)


def deaf_tokenizer() -> Tokenizer:
    """Of a verifier that looks at pictures alone: no prompt has any tokens."""
    tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0}, unk_token="[PAD]"))
    tokenizer.normalizer = normalizers.Replace(Regex(r"[\s\S]+"), "")
    return _fixed(tokenizer, DEAF_TOKENS)


def _read(
    path: Path, readers: dict[str, Callable[[Path], Tokenizer]], vocabulary: int, added: tuple[str, ...] = ()
) -> Tokenizer:
    names = " or ".join(readers)
    file = next((path / name for name in readers if (path / name).is_file()), path)
    if not file.is_file():
        raise BadInput(f"{path} holds no tokenizer; give {names}, or a folder with one of them")
    reader = next((reader for name, reader in readers.items() if file.name.endswith(name)), None)
    if reader is None:
        raise BadInput(f"{file} is no tokenizer by its name; give {names}, or a folder with one of them")
    try:
        tokenizer = reader(file)
    except BadInput:
        raise
    except Exception as e:  # the library raises nothing more special
        raise BadInput(f"{file} cannot be read as a tokenizer: {e}") from e
    tokenizer.add_special_tokens(list(added))
    size = tokenizer.get_vocab_size()
    if size != vocabulary:
        raise BadInput(f"{file} has {size} tokens, but the model has {vocabulary}; give the model's own tokenizer")
    return tokenizer


def _ready(file: Path) -> Tokenizer:
    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _from_merges(file: Path) -> Tokenizer:
    """Of a first line that says the version and a merge on every other; OpenAI's file has more than CLIP uses."""
    text = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    alphabet = _alphabet()
    tokens = [*alphabet, *(f"{character}</w>" for character in alphabet)]
    lines = text.decode().split("\n")[1 : MERGES + 1]
    merges = [(left, right) for left, right in (line.split() for line in lines if line)]
    tokens += [*(left + right for left, right in merges), START, END]
    ids = {token: i for i, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(ids, merges, unk_token=END, end_of_word_suffix="</w>"))
    space = normalizers.Replace(Regex(r"\s+"), " ")
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), space, normalizers.Lowercase()])
    words = pre_tokenizers.Split(Regex(CLIP_WORDS), behavior="removed", invert=True)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.ByteLevel(False, use_regex=False)])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{START} $A {END}", special_tokens=[(START, ids[START]), (END, ids[END])]
    )
    tokenizer.add_special_tokens([START, END])
    return tokenizer


def _alphabet() -> list[str]:
    """A character for every byte, as GPT-2 orders them: printable ones stand for themselves and come first."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    return [chr(byte) for byte in printable] + [chr(256 + i) for i in range(256 - len(printable))]


def _from_vocabulary(file: Path) -> Tokenizer:
    """Of a token on every line."""
    ids = {token: i for i, token in enumerate(file.read_text("utf-8").splitlines())}
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(mark, ids[mark]) for mark in ("[CLS]", "[SEP]")]
    )
    tokenizer.add_special_tokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"])
    return tokenizer


def _fixed(tokenizer: Tokenizer, tokens: int) -> Tokenizer:
    """Every prompt cut or padded, with id 0, to so many tokens, as the bundle's reader does."""
    tokenizer.enable_truncation(tokens)
    tokenizer.enable_padding(length=tokens, pad_id=0, pad_token=tokenizer.id_to_token(0))
    return tokenizer
