"""``zoo check`` on tiny bundles: what a bundle may give or not, and what is wrong with it."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from index_bundles import COMMITTED
from onnx import helper, numpy_helper

from espalier_zoo.check import Check
from espalier_zoo.export.bundle import digest


def checked(folder: Path) -> tuple[list[str], list[str]]:
    """What a check says, and what is wrong."""
    said: list[str] = []
    check = Check(folder, said.append, threads=1)
    check.run()
    return said, check.faults


@pytest.fixture
def changed(tmp_path) -> Callable[[str, str, str, Callable[[onnx.GraphProto, str], None]], list[str]]:
    """What is wrong with a bundle whose graph gives an output in another way."""

    def change(bundle: str, graph: str, output: str, by: Callable[[onnx.GraphProto, str], None]) -> list[str]:
        folder = tmp_path / bundle
        shutil.copytree(COMMITTED / bundle, folder)
        model = onnx.load(folder / graph)
        last = next(node for node in model.graph.node if output in node.output)
        last.output[:] = [f"{output}_before"]
        by(model.graph, output)
        onnx.save(model, folder / graph)
        manifest = json.loads((folder / "bundle.json").read_text())
        manifest["files"][graph] = digest(folder / graph)
        (folder / "bundle.json").write_text(json.dumps(manifest))
        return checked(folder)[1]

    return change


def node(op: str, *constants: np.ndarray, **attributes: object) -> Callable[[onnx.GraphProto, str], None]:
    """Puts a node with constants before an output."""

    def by(graph: onnx.GraphProto, output: str) -> None:
        names = [f"changed_{number}" for number in range(len(constants))]
        graph.initializer.extend(numpy_helper.from_array(*pair) for pair in zip(constants, names, strict=True))
        graph.node.append(helper.make_node(op, [f"{output}_before", *names], [output], **attributes))
        value = next(value for value in graph.output if value.name == output)
        value.type.tensor_type.ClearField("shape")

    return by


@pytest.mark.parametrize("name", [folder.name for folder in sorted(COMMITTED.iterdir()) if folder.is_dir()])
def test_nothing_is_wrong_with_the_tiny_bundles(name):
    said, faults = checked(COMMITTED / name)
    assert faults == []
    optional = "features [2, 3]" if name == "colours" else "log_likelihood [1, 3]"
    assert any(optional in line for line in said)


def graphless(tmp_path: Path, kind: str, part: dict) -> list[str]:
    """What is wrong with a bundle that is a manifest alone."""
    about = {"name": "n", "version": "1", "licence": "none", "source": "a test", "trainedOn": "nothing"}
    manifest = {"schema": 1, "kind": kind, **about, kind: part}
    (tmp_path / "bundle.json").write_text(json.dumps(manifest))
    said, faults = checked(tmp_path)
    assert any("there is nothing to load" in line for line in said)
    return faults


SETTINGS = {name: [1.0, 1.0] for name in ("guidance", "temperature", "topP")}
GENERATOR = {
    "scales": [[1, 1], [2, 2]],
    "bitsPerToken": 8,
    "latent": [8, 2, 2],
    "image": [16, 16],
    "prompt": {"tokens": 8, "characters": 64},
    **SETTINGS,
}
VERIFIER = {"measures": "chance", "mean": 0.0, "std": 1.0}
DRAWING = {"callSeconds": 0.15, "sequenceSeconds": 0.58, "imageSeconds": 0, "sequences": 11}
SCORING = {"callSeconds": 0.01, "imageSeconds": 0.002}
REMOTE = {"endpoint": "http://localhost:8000/v1", "model": "qwen"}


def test_nothing_is_wrong_with_a_manifest_alone_whose_model_is_elsewhere_or_nowhere(tmp_path):
    assert graphless(tmp_path, "generator", {**GENERATOR, "simulated": DRAWING}) == []
    assert graphless(tmp_path, "verifier", {**VERIFIER, "simulated": SCORING}) == []
    assert graphless(tmp_path, "verifier", {**VERIFIER, "remote": REMOTE}) == []


SIMULATED = Path(__file__).parents[2] / "standalone/src/main/resources/io/espalier/standalone/simulated"


@pytest.mark.parametrize("folder", sorted(SIMULATED.iterdir()), ids=lambda folder: folder.name)
def test_nothing_is_wrong_with_the_simulated_h200(folder):
    assert checked(folder)[1] == []


@pytest.mark.parametrize(
    ("kind", "part", "word", "fields", "fault"),
    [
        ("generator", GENERATOR, "simulated", DRAWING | {"callSeconds": -1}, "callSeconds must be from 0 to 3600"),
        ("generator", GENERATOR, "simulated", DRAWING | {"sequences": 0}, "sequences must be positive"),
        ("generator", GENERATOR, "simulated", DRAWING | {"sequences": None}, "sequences is missing"),
        ("generator", GENERATOR | {"topP": [1.0]}, "simulated", DRAWING, "topP has 1 values for 2 scales"),
        ("verifier", VERIFIER, "simulated", SCORING | {"imageSeconds": 3601}, "imageSeconds must be from 0 to 3600"),
        ("verifier", VERIFIER | {"std": 0}, "simulated", SCORING, "std is 0, but must be positive"),
        ("verifier", VERIFIER | {"remote": REMOTE}, "simulated", SCORING, "exclude each other"),
        ("verifier", VERIFIER, "remote", REMOTE | {"endpoint": "http://me:key@host/v1"}, "endpoint must be a URL"),
        ("verifier", VERIFIER, "remote", REMOTE | {"question": "why?"}, "question must hold {prompt}"),
        ("verifier", VERIFIER, "remote", REMOTE | {"retries": -1}, "retries must not be negative"),
    ],
)
def test_what_is_wrong_with_a_manifest_alone_is_named(tmp_path, kind, part, word, fields, fault):
    (actual,) = graphless(tmp_path, kind, {**part, word: fields})
    assert fault in actual


NEGATED = node("Neg")
FLAT = node("ReduceSum", np.array([1]), keepdims=0)
NOT_FINITE = node("Mul", np.array(np.nan, np.float32))


def test_a_log_likelihood_above_zero_is_wrong(changed):
    (fault,) = changed("indices", "rollout.onnx", "log_likelihood", NEGATED)
    assert "log_likelihood has " in fault
    assert "at most 0" in fault


def test_a_log_likelihood_of_another_shape_is_wrong(changed):
    assert changed("indices", "rollout.onnx", "log_likelihood", FLAT) == [
        "rollout.onnx gives log_likelihood as float32 [1], but it must be float32 [1, 3]"
    ]


def test_a_log_likelihood_that_is_not_finite_is_wrong(changed):
    faults = changed("indices", "rollout.onnx", "log_likelihood", NOT_FINITE)
    assert faults == ["rollout.onnx: log_likelihood is not finite"]


def test_bits_above_one_are_wrong(changed):
    twice = node("Add", np.array(1, np.uint8))
    assert changed("indices", "rollout.onnx", "bits", twice) == ["rollout.onnx: bits has a value above 1"]


def test_features_of_another_shape_are_wrong(changed):
    faults = changed("colours", "verifier.onnx", "features", FLAT)
    assert set(faults) == {"verifier.onnx gives features as float32 [2], but it must be float32 [2, -1]"}


def test_features_that_are_not_finite_are_wrong(changed):
    assert set(changed("colours", "verifier.onnx", "features", NOT_FINITE)) == {"verifier.onnx: features is not finite"}


def test_features_must_be_of_one_width_whatever_the_images_size(changed):
    def as_wide_as_the_image(graph: onnx.GraphProto, output: str) -> None:
        graph.node.extend(
            [
                helper.make_node("Shape", ["image"], ["changed_width"], start=1, end=2),
                helper.make_node("Concat", ["changed_rows", "changed_width"], ["changed_shape"], axis=0),
                helper.make_node("Shape", ["image"], ["changed_rows"], start=0, end=1),
                helper.make_node("ConstantOfShape", ["changed_shape"], [output]),
            ]
        )
        nodes = sorted(graph.node, key=lambda each: each.output[0] in ("changed_shape", output))
        del graph.node[:]
        graph.node.extend(nodes)
        value = next(value for value in graph.output if value.name == output)
        value.type.tensor_type.ClearField("shape")

    (fault,) = changed("colours", "verifier.onnx", "features", as_wide_as_the_image)
    assert fault == "verifier.onnx gives features of several widths: 64, 96"
