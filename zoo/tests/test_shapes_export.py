"""The text graph of the shapes generator against its encoder."""

import numpy as np
import onnxruntime
import pytest
import torch

from espalier_zoo.export.module import build_module
from espalier_zoo.export.shapes import TextGraph
from espalier_zoo.models.text_encoder import TextEncoder, TextEncoderConfig


@pytest.fixture(scope="module")
def encoder():
    torch.manual_seed(0)
    return TextEncoder(TextEncoderConfig(vocabulary=37)).eval()


@pytest.fixture(scope="module")
def session(encoder):
    ids = torch.ones(2, 3, dtype=torch.int64)
    axes = {0: "N", 1: "L"}
    inputs = {"input_ids": (ids, axes), "attention_mask": (ids, axes)}
    model = build_module(TextGraph(encoder), inputs, ["text_features", "text_mask"])
    return onnxruntime.InferenceSession(model.SerializeToString())


@pytest.mark.parametrize("rows, length, hidden", [(1, 2, 0), (1, 9, 0), (3, 24, 0), (3, 7, 2)])
def test_a_prompts_features_are_the_encoders(encoder, session, rows, length, hidden):
    ids = np.random.default_rng(length).integers(0, 37, (rows, length))
    mask = np.ones_like(ids)
    mask[-1, length - hidden :] = 0
    features, given = session.run(None, {"input_ids": ids, "attention_mask": mask})
    with torch.no_grad():
        expected = encoder(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    np.testing.assert_allclose(features, expected, atol=1e-5)
    assert (given == mask).all()
