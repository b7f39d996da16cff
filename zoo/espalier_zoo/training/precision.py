"""Which numbers a training computes with."""

from contextlib import AbstractContextManager
from functools import cache

import torch


@cache
def computes_in_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 matrices itself, which is two to four times as fast as float32."""
    able = torch.cpu.get_capabilities()
    return any(able.get(instructions) for instructions in ("avx512_bf16", "amx_bf16"))


def mixed_precision() -> AbstractContextManager:
    """Products in bfloat16 where the processor can, all else in float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=computes_in_bfloat16())
