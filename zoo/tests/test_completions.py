"""Completions: what is kept of a drawing, how far the rest went astray, and what verifiers learn from it."""

import json

import numpy as np
import pytest
import torch

from espalier_zoo.models.visual_tokenizer import VisualTokenizer, VisualTokenizerConfig
from espalier_zoo.training import completions
from espalier_zoo.training.completions import (
    ROLES,
    CompletedRankings,
    Completions,
    complete,
    errors,
    sample,
    write,
)
from espalier_zoo.training.generator import ShapesGenerator, configs
from espalier_zoo.training.visual_tokenizer import reconstruct
from espalier_zoo.world import prompts
from espalier_zoo.world.data import FIRST_ITEMS
from espalier_zoo.world.scenes import Thing, draw
from espalier_zoo.world.words import text_tokenizer

SMALL = VisualTokenizerConfig(
    encoder_widths=(16, 16, 32),
    encoder_blocks=(0, 0, 1),
    decoder_widths=(16, 16, 32),
    decoder_blocks=(0, 0, 1),
)
SCENE = (Thing("circle", "red", 0.25, 0.5, 0.15), Thing("square", "blue", 0.75, 0.5, 0.15))


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(1)
    return ShapesGenerator(*configs(SMALL)).eval(), VisualTokenizer(SMALL).eval()


@pytest.fixture(scope="module")
def folder(models, tmp_path_factory):
    out = tmp_path_factory.mktemp("completions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(completions, "CHUNK", 4)
        write(*models, out, 8, seed=2)
    return out


@pytest.fixture
def intact(folder):
    """Completions as if the generator, which has learned nothing, had kept to every drawing."""
    held = Completions(folder)
    held.errors = np.zeros_like(held.errors)
    return held


@pytest.mark.parametrize("seed", range(6))
def test_prompts_that_are_completed_together_have_as_many_tokens(seed):
    items = sample(np.random.default_rng(seed), 20)
    tokens = [text_tokenizer().encode(str(prompt)).ids for pair in items for prompt in pair[:2]]
    assert len(set(map(len, tokens))) == 1
    for prompt, changed, right, near in items:
        assert prompt.true_of(right) and not prompt.true_of(near)
        assert changed != prompt
        assert prompt.teaches() and changed.teaches()


def test_a_drawing_of_which_all_is_kept_is_reconstructed(models):
    rng = np.random.default_rng(4)
    asked, _, scenes, _ = zip(*sample(rng, 3), strict=True)
    drawings = torch.from_numpy(np.stack([draw(scene, rng) for scene in scenes]))
    words = [str(prompt) for prompt in asked]
    assert torch.equal(complete(*models, words, drawings, 7, rng), reconstruct(models[1], drawings))
    for kept in (4, 0):
        assert not torch.equal(complete(*models, words, drawings, kept, rng), reconstruct(models[1], drawings))


def test_an_error_is_what_is_worst_of_an_object_and_outside_of_all():
    drawings = torch.full((3, 128, 128, 3), 200, dtype=torch.uint8)
    pictures = drawings.clone()
    pictures[1, 60:68, 92:96] = 0
    pictures[2, 4:12, 4:12] = 0
    apart = 200 / 255 * 3**0.5
    expected = [[0, 0, 0], [0, 0, apart / 2], [apart, 0, 0]]
    found = errors(pictures, drawings, [SCENE] * 3)
    np.testing.assert_allclose(found[:, :3], expected, atol=1e-6)
    assert not found[:, 3:].any()


def test_writing_goes_on_where_it_stopped(models, folder, tmp_path, monkeypatch):
    monkeypatch.setattr(completions, "CHUNK", 4)
    about = (folder / "items.json").read_text()
    for name in ("pictures.npy", "errors.npy"):
        values = np.load(folder / name)
        values[4:] = 0
        np.save(tmp_path / name, values)
    (tmp_path / "items.json").write_text(json.dumps(json.loads(about)[:4]))
    write(*models, tmp_path, 8, seed=2)
    assert (tmp_path / "items.json").read_text() == about
    for name in ("pictures.npy", "errors.npy"):
        assert np.array_equal(np.load(tmp_path / name), np.load(folder / name))


def test_a_completion_is_right_as_far_as_it_kept_to_the_drawing(intact):
    for seed in range(20):
        item = intact.ranking(np.random.default_rng(seed))
        right, drawn, *_ = item.views
        assert right.fits(item.prompts[0]) and right.fits(item.prompts[3]) and right.severity == 0
        assert drawn.ruined and drawn.worth(item.prompts[0]) == 0.5


def test_a_completion_that_lost_an_object_is_ruined_and_worth_what_is_left(intact):
    intact.errors[:, ROLES.index("fine"), 1] = 9
    for row in range(8):
        view = intact._view(row, "fine", np.random.default_rng(7))
        assert view.ruined and 0.5 <= view.worth(prompts.parse(intact.about[row]["prompt"])) < 1
        assert view.severity == pytest.approx(1 / len(view.scene))


def test_every_other_ranking_is_mirrored(folder, intact):
    pictures = np.load(folder / "pictures.npy")
    turned = 0
    for seed in range(60):
        item = intact.ranking(np.random.default_rng(seed))
        assert item.views[0].fits(item.prompts[0])
        assert all(prompt.teaches() for prompt in item.prompts)
        turned += not (pictures == item.views[1].picture).all((2, 3, 4)).any()
    assert 10 < turned < 40


def test_some_of_what_is_trained_on_is_completions(intact):
    given = {json.dumps([item["prompt"], item["altered"]]) for item in intact.about}
    given |= {json.dumps([str(prompts.parse(p).mirrored()) for p in json.loads(pair)]) for pair in given}
    stream = CompletedRankings(intact, 5)
    asked = [
        json.dumps([str(prompt) for prompt in stream.item(FIRST_ITEMS + index).prompts[:2]]) for index in range(60)
    ]
    assert 8 < sum(pair in given for pair in asked) < 30
