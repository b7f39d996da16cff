"""ONNX graphs written by hand: nodes one line each, names made up, constants and weights in the outermost graph."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET = 18
IR_VERSION = 8
CONTRIB = "com.microsoft"
CONTRIB_OPS = frozenset(
    {"FastGelu", "Gelu", "MultiHeadAttention", "QuickGelu", "RotaryEmbedding", "SkipLayerNormalization"}
)
EXTERNAL_FROM = 1024
"""Weights of at least so many bytes go to the data file, if there is one."""
ALIGNMENT = 4096
"""Where a weight may start in the data file, so that it can be mapped into memory."""


class WeightFile:
    """A file beside the model for weights: a protobuf message ends at 2 GB. Each weight is written as it comes."""

    def __init__(self, path: Path):
        self._path = path
        path.write_bytes(b"")

    @classmethod
    def beside(cls, model: Path) -> "WeightFile":
        """The weights of this model file, ``{model}.data``."""
        return cls(model.with_name(model.name + ".data"))

    def store(self, name: str, value: np.ndarray) -> TensorProto:
        tensor = TensorProto(name=name, dims=value.shape, data_location=TensorProto.EXTERNAL)
        tensor.data_type = helper.np_dtype_to_tensor_dtype(value.dtype)
        with self._path.open("ab") as file:
            file.write(bytes(-file.tell() % ALIGNMENT))
            offset = file.tell()
            file.write(np.ascontiguousarray(value).data)
        for key, entry in {"location": self._path.name, "offset": offset, "length": value.nbytes}.items():
            tensor.external_data.add(key=key, value=str(entry))
        return tensor


@dataclass(frozen=True)
class Kind:
    """What must be declared of a value that crosses into or out of an inner graph."""

    dtype: type
    rank: int


class Graph:
    """A graph under construction. A value is its name; an inner graph sees all values made before it.

    With ``half``, matrices are stored in float16 and cast to float32 in the graph: half the file, and a runtime folds
    the casts at load time. Vectors stay as they are.

    With ``half_products``, products between ``narrowed`` and ``widened`` are computed in float16, and their weights are
    stored so: half the memory, and what a GPU is fast at. Everything else stays float32.
    """

    def __init__(
        self, name: str, half: bool = False, weight_file: WeightFile | None = None, half_products: bool = False
    ):
        self._name, self._half, self._weight_file = name, half, weight_file
        self.product_type = np.float16 if half_products else np.float32
        self._outermost = self
        self._count: Counter[str] = Counter()
        self._constants: dict[tuple, str] = {}
        self._initializers: list[TensorProto] = []
        self._nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, dtype: type, shape: Sequence[str | int | None]) -> str:
        self._inputs.append(_value_info(name, dtype, shape))
        return name

    def output(self, name: str, value: str, dtype: type, shape: Sequence[str | int | None]) -> None:
        self._nodes.append(helper.make_node("Identity", [value], [name]))
        self._outputs.append(_value_info(name, dtype, shape))

    def add(self, op: str, *inputs: str, **attributes: object) -> str:
        """Appends a node with one output."""
        return self.add_multiple(op, 1, *inputs, **attributes)[0]

    def add_multiple(self, op: str, outputs: int, *inputs: str, **attributes: object) -> list[str]:
        """Appends a node with several outputs."""
        names = [self._unique(op) for _ in range(outputs)]
        domain = CONTRIB if op in CONTRIB_OPS else None
        self._nodes.append(helper.make_node(op, list(inputs), names, name=names[0], domain=domain, **attributes))
        return names

    def loop(
        self,
        trips: str,
        kinds: Sequence[Kind],
        initial: Sequence[str],
        step: Callable[["Graph", str, list[str]], Sequence[str]],
    ) -> list[str]:
        """Appends a Loop of so many trips int64 [1]; ``step(body, trip [1], states)`` gives the next states."""
        body = self._inner("loop")
        trip = body.add("Reshape", body.input(self._unique("trip"), np.int64, []), self.ints(1))
        go_on = body.input(self._unique("condition"), np.bool_, [])
        states = [body.input(self._unique("state"), kind.dtype, [None] * kind.rank) for kind in kinds]
        results = step(body, trip, states)
        body._give([go_on, *results], [Kind(np.bool_, 0), *kinds])
        always = self.constant(np.array(True))
        return self.add_multiple("Loop", len(kinds), trips, always, *initial, body=body.proto())

    def choose(
        self,
        condition: str,
        kinds: Sequence[Kind],
        then: Callable[["Graph"], Sequence[str]],
        otherwise: Callable[["Graph"], Sequence[str]],
    ) -> list[str]:
        """Appends an If; each side gives its values in an inner graph."""
        sides = {}
        for side, values in {"then_branch": then, "else_branch": otherwise}.items():
            inner = self._inner(side)
            inner._give(values(inner), kinds)
            sides[side] = inner.proto()
        return self.add_multiple("If", len(kinds), condition, **sides)

    def constant(self, value: np.ndarray) -> str:
        """A constant, stored as it is; equal ones are stored once."""
        key = (value.dtype.str, value.shape, value.tobytes())
        outermost = self._outermost
        if key not in outermost._constants:
            name = self._unique("constant")
            outermost._initializers.append(numpy_helper.from_array(value, name))
            outermost._constants[key] = name
        return outermost._constants[key]

    def ints(self, *values: int) -> str:
        """A constant int64 vector."""
        return self.constant(np.array(values, np.int64))

    def index(self, value: int) -> str:
        """A constant int64 without dimensions."""
        return self.constant(np.array(value, np.int64))

    def number(self, value: float) -> str:
        """A constant float32 without dimensions."""
        return self.constant(np.array(value, np.float32))

    def weight(self, value: np.ndarray) -> str:
        """A weight of the model, float32 to every node; only for the outermost graph."""
        halved = self._half and value.ndim > 1
        name = self._stored(value.astype(np.float16 if halved else np.float32))
        return self.add("Cast", name, to=TensorProto.FLOAT) if halved else name

    def product_weight(self, value: np.ndarray) -> str:
        """A weight of a product between ``narrowed`` and ``widened``; only for the outermost graph."""
        if self.product_type is np.float32:
            return self.weight(value)
        return self._stored(value.astype(self.product_type))

    def narrowed(self, value: str) -> str:
        """A float32 value as products take it."""
        return self._cast_product(value, TensorProto.FLOAT16)

    def widened(self, value: str) -> str:
        """What a product gave, as float32."""
        return self._cast_product(value, TensorProto.FLOAT)

    def _cast_product(self, value: str, to: int) -> str:
        return value if self._outermost.product_type is np.float32 else self.add("Cast", value, to=to)

    def _stored(self, value: np.ndarray) -> str:
        name = self._unique("weight")
        if self._weight_file is not None and value.nbytes >= EXTERNAL_FROM:
            self._initializers.append(self._weight_file.store(name, value))
        else:
            self._initializers.append(numpy_helper.from_array(value, name))
        return name

    def proto(self) -> onnx.GraphProto:
        return helper.make_graph(self._nodes, self._name, self._inputs, self._outputs, self._initializers)

    def model(self) -> onnx.ModelProto:
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(CONTRIB, 1)]
        return helper.make_model(self.proto(), opset_imports=opsets, ir_version=IR_VERSION, producer_name="espalier")

    def _inner(self, name: str) -> "Graph":
        inner = Graph(self._unique(name))
        inner._outermost = self._outermost
        return inner

    def _give(self, values: Sequence[str], kinds: Sequence[Kind]) -> None:
        """Declares an inner graph's outputs, which must be made in it: hence the Identity of ``output``."""
        for value, kind in zip(values, kinds, strict=True):
            self.output(self._unique("result"), value, kind.dtype, [None] * kind.rank)

    def _unique(self, stem: str) -> str:
        count = self._outermost._count
        count[stem] += 1
        return f"{stem}_{count[stem]}"


def _value_info(name: str, dtype: type, shape: Sequence[str | int | None]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), shape)
