from dataclasses import replace
from functools import cache
from itertools import islice

import numpy as np
import onnxruntime
import pytest
import torch
from tokenizers import Tokenizer
from torch import Tensor

from espalier_zoo.export.verifier import GRAPH, TOKENIZER, build_verifier, export_verifier
from espalier_zoo.models.verifiers import CONFIGS, Verifier, build, tokenized, verifier_tokenizer
from espalier_zoo.training.verifiers import (
    LESSONS,
    WRONG,
    Batch,
    Trainee,
    evaluate,
    load,
    reference_set,
    run,
)
from espalier_zoo.world import prompts
from espalier_zoo.world.data import FIRST_ITEMS, Gradings, Ranking, Rankings, View

WORDS = ["a red star left of a blue ring", "three zebras", "A star.", "four pink crosses", "an orange heart"]
every_kind = pytest.mark.parametrize("kind", CONFIGS)
every_stream = pytest.mark.parametrize("stream", [Rankings(5), Gradings(5)], ids=["rankings", "gradings"])


def views(item: Ranking | View) -> tuple[View, ...]:
    return item.views if isinstance(item, Ranking) else (item,)


# Data.


@every_stream
def test_an_item_depends_on_seed_and_index_alone(stream):
    later = type(stream)(5, start=3)
    for one, other in zip(islice(stream, 3, 6), later, strict=False):
        for a, b in zip(views(one), views(other), strict=True):
            assert np.array_equal(a.picture, b.picture)
            assert (a.scene, a.severity) == (b.scene, b.severity)
    assert not np.array_equal(views(stream.item(0))[0].picture, views(type(stream)(6).item(0))[0].picture)


def test_of_a_ranking_only_the_first_picture_is_right():
    for item in islice(Rankings(7, FIRST_ITEMS), 100):
        prompt, *others, again = item.prompts
        assert item.views[0].fits(prompt)
        assert item.views[0].fits(again)
        assert not any(view.fits(prompt) for view in item.views[1:])
        assert prompt not in others


def test_a_right_picture_is_worth_more_than_a_ruined_one_and_that_more_than_a_wrong_one():
    items = list(islice(Rankings(8, FIRST_ITEMS), 200))
    worth = np.array([[view.worth(item.prompts[0]) for view in item.views] for item in items])
    right, near, far, ruined = worth.T
    assert (right > near).all()
    assert (right > ruined).mean() > 0.98
    assert (ruined > far).all()
    assert near.mean() > far.mean() + 0.05


def test_a_near_miss_mostly_has_a_prompt_of_its_own():
    items = list(islice(Rankings(8, FIRST_ITEMS), 200))
    assert sum(item.views[1].fits(item.prompts[2]) for item in items) > 0.6 * len(items)


def test_no_held_out_prompt_is_trained_on():
    asked = [prompt for item in islice(Rankings(9, FIRST_ITEMS), 300) for prompt in item.prompts]
    asked += [prompts.parse(words) for words in reference_set(rankings=10)[0]]
    assert all(prompt.teaches() for prompt in asked)


def test_the_first_rankings_show_a_single_object():
    assert {item.prompts[0].task for item in islice(Rankings(9), 30)} == {"single", "colors"}
    assert {item.prompts[0].task for item in islice(Rankings(9, FIRST_ITEMS), 60)} == set(prompts.TASKS)


@pytest.mark.parametrize("way", ["another", "near"])
def test_what_is_evaluated_as_wrong_is_wrong(way, monkeypatch):
    shown = []
    monkeypatch.setattr("espalier_zoo.training.verifiers.draw", lambda scene, _: shown.append(scene))
    for task in prompts.TASKS:
        rng = np.random.default_rng(11)
        for _ in range(20):
            prompt = prompts.sample(task, rng, held_out=True)
            WRONG[way](prompt, prompts.scene_of(prompt, rng), rng)
            assert not prompt.true_of(shown[-1])


# Text.


@every_kind
def test_a_prompt_is_always_padded_to_the_same_length(kind):
    config = CONFIGS[kind]
    tokenizer = verifier_tokenizer(config)
    for words in [*WORDS, "", "a star " * 40]:
        encoded = tokenizer.encode(words)
        assert len(encoded.ids) == len(encoded.attention_mask) == config.tokens
    longest = "a red star left of a blue ring left of a green heart"
    assert sum(tokenizer.encode(longest).attention_mask) < config.tokens


@every_kind
def test_a_word_outside_the_vocabulary_is_unknown(kind):
    tokens = verifier_tokenizer(CONFIGS[kind]).encode("please show no red zebra").tokens
    assert tokens.count("<unk>") == 4
    assert "red" in tokens


def test_the_vlm_is_asked_the_question():
    tokens = verifier_tokenizer(CONFIGS["vlm"]).encode("a star").tokens
    asked = '<Does> <this> <figure> <show> <"> a star <"> <?> <Please> <answer> <yes> <or> <no> <.>'
    assert [token for token in tokens if token != "<pad>"] == asked.split()


# Models.


def rounded(model: Verifier) -> Verifier:
    """With its matrices as they are stored in a graph."""
    with torch.no_grad():
        for weight in model.parameters():
            if sum(side > 1 for side in weight.shape) > 1:
                weight.copy_(weight.half())
    return model


@cache
def model_of(kind: str) -> Verifier:
    torch.manual_seed(4)
    return rounded(build(CONFIGS[kind]).eval())


def inputs(kind: str, rows: int, height: int = 128, width: int = 128) -> tuple[Tensor, Tensor, Tensor]:
    random = torch.Generator().manual_seed(rows)
    image = torch.randint(0, 256, (rows, height, width, 3), dtype=torch.uint8, generator=random)
    return image, *tokenized(verifier_tokenizer(CONFIGS[kind]), (WORDS * 6)[:rows])


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [("clip", 0.5, 0.7), ("image-reward", 0.6, 0.9), ("aesthetic", 0.3, 0.5), ("vlm", 0.8, 1.1)],
)
def test_sizes(kind, low, high):
    assert low < sum(weight.numel() for weight in model_of(kind).parameters()) / 1e6 < high


@every_kind
def test_padding_says_nothing(kind):
    image, ids, mask = inputs(kind, 3)
    other = torch.where(mask > 0, ids, 7)
    with torch.no_grad():
        assert torch.equal(model_of(kind)(image, ids, mask), model_of(kind)(image, other, mask))


def test_questions_that_share_a_look_are_answered_as_alone():
    vlm = model_of("vlm")
    image, ids, mask = inputs("vlm", 3)
    with torch.no_grad():
        seen = vlm.eye(image)

        def answers(ids: Tensor, mask: Tensor) -> Tensor:
            return vlm.answers(vlm.states(seen, ids, mask)[-1], mask)

        together = answers(ids.expand(3, 3, -1), mask.expand(3, 3, -1))
        for q in range(3):
            alone = answers(ids[None, q : q + 1].expand(3, -1, -1), mask[None, q : q + 1].expand(3, -1, -1))
            torch.testing.assert_close(together[:, q], alone[:, 0], atol=1e-5, rtol=0)


# Graphs.


@cache
def graph(kind: str) -> bytes:
    return build_verifier(model_of(kind), CONFIGS[kind]).SerializeToString()


@cache
def session(kind: str, threads: int = 1) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(graph(kind), options, providers=["CPUExecutionProvider"])


def scored(kind: str, rows: tuple[Tensor, Tensor, Tensor], threads: int = 1) -> np.ndarray:
    names = ("image", "input_ids", "attention_mask")
    (score,) = session(kind, threads).run(["score"], {n: row.numpy() for n, row in zip(names, rows, strict=True)})
    return score


@every_kind
@pytest.mark.parametrize(("height", "width"), [(128, 128), (1, 1), (300, 200), (4096, 64)])
def test_a_graph_scores_as_the_model_does_at_any_size(kind, height, width):
    rows = inputs(kind, 3, height, width)
    with torch.no_grad():
        expected = model_of(kind)(*rows).numpy()
    assert expected.shape == (3,)
    np.testing.assert_allclose(scored(kind, rows), expected, atol=1e-4, rtol=0)


@every_kind
def test_a_score_is_the_same_to_the_bit_in_every_batch_and_with_any_threads(kind):
    rows = inputs(kind, 30)
    expected = scored(kind, rows)
    for threads in (1, 2):
        for count in (2, 3, 4, 5, 7, 8, 15, 16, 17, 30):
            part = tuple(value[30 - count :] for value in rows)
            np.testing.assert_array_equal(scored(kind, part, threads), expected[30 - count :])


def features_of(rows: tuple[Tensor, Tensor, Tensor], threads: int = 1) -> np.ndarray:
    names = ("image", "input_ids", "attention_mask")
    feeds = {n: row.numpy() for n, row in zip(names, rows, strict=True)}
    return session("clip", threads).run(["features"], feeds)[0]


def test_clips_features_are_its_images_unit_embeddings():
    rows = inputs("clip", 3, 300, 200)
    found = features_of(rows)
    with torch.no_grad():
        expected = model_of("clip").embed_image(rows[0]).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5, rtol=0)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-6)
    assert np.array_equal(features_of((rows[0], rows[1][[1, 2, 0]], rows[2][[1, 2, 0]])), found)


def test_features_are_the_same_to_the_bit_in_every_batch_and_with_any_threads():
    rows = inputs("clip", 30)
    expected = features_of(rows)
    for threads in (1, 2):
        for count in (2, 3, 4, 5, 7, 8, 15, 16, 17, 30):
            part = tuple(value[30 - count :] for value in rows)
            np.testing.assert_array_equal(features_of(part, threads), expected[30 - count :])


@every_kind
def test_only_a_verifier_that_embeds_images_has_features(kind):
    outputs = [value.name for value in session(kind).get_outputs()]
    assert outputs == (["score", "features"] if kind == "clip" else ["score"])


def test_a_graph_takes_less_than_its_weights_in_float32():
    weights = 4 * sum(weight.numel() for weight in model_of("vlm").parameters())
    assert len(graph("vlm")) < 0.6 * weights


def test_an_exported_folder_holds_the_graph_and_the_tokenizer(tmp_path, monkeypatch):
    config = CONFIGS["aesthetic"]
    monkeypatch.setattr("espalier_zoo.export.verifier.build_verifier", lambda *_: Stored())
    export_verifier(model_of("aesthetic"), config, tmp_path)
    assert (tmp_path / GRAPH).read_bytes() == graph("aesthetic")
    ids, mask = tokenized(Tokenizer.from_file(str(tmp_path / TOKENIZER)), WORDS)
    expected = tokenized(verifier_tokenizer(config), WORDS)
    assert torch.equal(ids, expected[0])
    assert torch.equal(mask, expected[1])


class Stored:
    """A graph that was built before: building one takes seconds."""

    def SerializeToString(self) -> bytes:  # noqa: N802, protobuf's name
        return graph("aesthetic")


# Training.


def lesson_batch(kind: str, items: int) -> Batch:
    lesson = LESSONS[kind](CONFIGS[kind])
    return lesson.collate(list(islice(lesson.stream(12, 0), items)))


@every_kind
def test_a_few_steps_lower_the_loss(kind):
    torch.manual_seed(6)
    lesson, trainee, batch = LESSONS[kind](CONFIGS[kind]), Trainee(CONFIGS[kind]), lesson_batch(kind, 8)
    optimizer = torch.optim.AdamW(trainee.parameters(), lr=1e-3)
    values = []
    for _ in range(15):
        value, _ = lesson.loss(trainee, batch)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert values[-1] < 0.8 * values[0]


def test_a_picture_that_a_prompt_is_true_of_is_no_negative():
    lesson, batch = LESSONS["clip"](CONFIGS["clip"]), lesson_batch("clip", 4)
    trainee = Trainee(CONFIGS["clip"])
    seen, _ = trainee.seen(batch.pictures, batch.places)
    everything = replace(batch, truth=torch.ones_like(batch.truth))
    values = [lesson.lesson_loss(trainee, seen, some)[0].item() for some in (everything, batch)]
    assert values[0] < 1e-6 < values[1]


def test_pictures_of_equal_worth_are_not_compared():
    lesson, batch = LESSONS["image-reward"](CONFIGS["image-reward"]), lesson_batch("image-reward", 2)
    trainee = Trainee(CONFIGS["image-reward"])
    seen, _ = trainee.seen(batch.pictures, batch.places)
    worth = torch.zeros_like(batch.worth)
    worth[0, 2, 1] = 1
    state, mask, pointing = lesson.states(trainee, seen, batch)
    rewards = trainee.verifier.rewards(state, mask)[:4, 1]
    expected = -torch.nn.functional.logsigmoid(rewards[2] - rewards[[0, 1, 3]]).mean()
    value, _ = lesson.lesson_loss(trainee, seen, replace(batch, worth=worth))
    torch.testing.assert_close(value, expected + pointing)


def test_words_learn_where_the_one_object_is_that_they_are_for():
    lesson = LESSONS["vlm"](CONFIGS["vlm"])
    items = list(islice(lesson.stream(12, 5000), 12))
    batch = lesson.collate(items)
    where = batch.where.view(len(items), lesson.views, lesson.questions, -1, 2)
    for i, v, q in zip(*where.isnan().logical_not().any(-1).any(-1).nonzero().T.tolist(), strict=True):
        prompt, view = items[i].prompts[q], items[i].views[v]
        centres = {(thing.x, thing.y) for _, thing in prompt.found(view.scene)}
        words = where[i, v, q][~where[i, v, q].isnan().any(-1)]
        assert not view.ruined
        assert len(words) == len(centres)
        for word in words:
            assert any(torch.allclose(word, torch.tensor(centre)) for centre in centres)
    assert not where.isnan().all()


def test_a_training_leaves_a_verifier_that_can_be_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr("espalier_zoo.training.verifiers.evaluate", lambda *_: {})
    monkeypatch.setattr(LESSONS["aesthetic"], "batch", 4)
    for name in ("first", "second"):
        assert run("aesthetic", tmp_path / name, pictures=8)
    one, other = (load("aesthetic", tmp_path / name).head[0].weight for name in ("first", "second"))
    assert torch.equal(one, other)


def test_a_verifier_may_begin_with_the_eye_of_another(tmp_path, monkeypatch):
    monkeypatch.setattr("espalier_zoo.training.verifiers.evaluate", lambda *_: {})
    monkeypatch.setattr(LESSONS["aesthetic"], "batch", 4)
    assert run("aesthetic", tmp_path, pictures=8)
    trainee = Trainee(CONFIGS["vlm"])
    trainee.begin_with(tmp_path)
    eye = load("aesthetic", tmp_path).eye.state_dict()
    assert all(torch.equal(eye[key], value) for key, value in trainee.verifier.eye.state_dict().items())


def test_an_evaluation_tells_tasks_and_ways_of_being_wrong_apart():
    results = evaluate("clip", model_of("clip"), per_task=2)
    for way in WRONG:
        assert all(0 <= results[f"{way} {task}"] <= 1 for task in (*prompts.TASKS, "all"))
    assert {"graded", "milliseconds", "mean", "std"} <= results.keys()
    assert results["std"] > 0
