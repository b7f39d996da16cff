"""The text tokenizer of the shipped models: one token a word of the shapes world."""

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from espalier_zoo.world.prompts import COUNTS, RELATIONS, plural
from espalier_zoo.world.scenes import COLORS
from espalier_zoo.world.shapes import SHAPES

PAD, END, UNKNOWN = "<pad>", "</s>", "<unk>"


def vocabulary() -> list[str]:
    """Every word that a prompt may hold, after the special ones."""
    relations = sorted({word for relation in RELATIONS for word in relation.split()})
    words = ["a", "and", ",", *relations, *COUNTS, *COLORS, *SHAPES, *map(plural, SHAPES)]
    return [PAD, END, UNKNOWN, *words]


def text_tokenizer() -> Tokenizer:
    """Words to ids, closed by ``</s>``; capitals, ``an`` and a full stop at the end are accepted."""
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(vocabulary())}, unk_token=UNKNOWN))
    tokenizer.normalizer = normalizers.Sequence(
        [
            normalizers.NFC(),
            normalizers.Lowercase(),
            normalizers.Replace(Regex(r"\s*\.\s*$"), ""),
            normalizers.Replace(Regex(r"\ban\b"), "a"),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([PAD, END, UNKNOWN])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {END}", special_tokens=[(END, tokenizer.token_to_id(END))]
    )
    return tokenizer
