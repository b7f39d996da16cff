"""The shapes world: prompts, scenes, pictures, words and the judge."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from espalier_zoo.world import judge, prompts
from espalier_zoo.world.damage import draw_damaged, harmless, ruinous
from espalier_zoo.world.data import Pictures
from espalier_zoo.world.prompts import TASKS, Prompt, parse, sample, scene_of
from espalier_zoo.world.scenes import COLORS, SIDE, Thing, draw, mirrored
from espalier_zoo.world.shapes import SHAPES
from espalier_zoo.world.words import text_tokenizer

EACH = 60


def _asked(task: str, count: int = EACH, held_out: bool = False) -> tuple[list[Prompt], np.random.Generator]:
    rng = np.random.default_rng([3, TASKS.index(task), held_out])
    return [sample(task, rng, held_out) for _ in range(count)], rng


@pytest.mark.parametrize("task", TASKS)
def test_a_prompt_is_read_as_it_is_written(task):
    for prompt in _asked(task)[0]:
        assert parse(str(prompt)) == prompt


def test_capitals_articles_and_a_full_stop_are_accepted():
    assert parse("A Ring  LEFT OF a star.") == parse("a ring left of a star")
    assert str(parse("A orange ring.")) == "an orange ring"
    assert parse("Four  Blue Crosses.") == Prompt("counting", (("cross", "blue"),), (4,))
    assert parse("A star , an ring and a heart") == parse("a star, a ring and a heart")
    assert str(parse("an orange star and three orange rings")) == "an orange star and three orange rings"


def test_what_is_asked_for_is_read_from_the_words():
    assert parse("a red star and three blue rings") == Prompt("groups", (("star", "red"), ("ring", "blue")), (1, 3))
    assert parse("a star, a ring and a heart").kinds == (("star", None), ("ring", None), ("heart", None))
    assert parse("a red star, a blue ring and a green heart").task == "triple"
    row = parse("a star above a ring above a heart")
    assert (row.task, row.relation, row.counts) == ("row", "above", (1, 1, 1))
    assert parse("two red stars and a blue ring").wanted == (("star", "red"), ("star", "red"), ("ring", "blue"))


@pytest.mark.parametrize(
    "words",
    [
        *("", "a", "star", "a dog", "three star", "a star and", "a red star and a ring", "two reds", "five stars"),
        *("a star, a ring", "a star, a red ring and a heart", "a star and a ring and a heart", "a star, and a ring"),
        *("two stars and a ring", "four red stars and a blue ring", "three red stars and three blue rings"),
        *("a star left of a ring above a heart", "a star above a ring above a red heart", "two stars above a ring"),
        "a star, a ring, a heart and a cross",
    ],
)
def test_what_is_no_prompt_is_refused(words):
    with pytest.raises(ValueError, match="not a prompt"):
        parse(words)


@pytest.mark.parametrize("task", TASKS)
def test_a_mirrored_prompt_is_true_of_a_mirrored_scene(task):
    asked, rng = _asked(task)
    for prompt in asked:
        assert prompt.mirrored().true_of(mirrored(scene_of(prompt, rng)))
        assert prompt.mirrored().mirrored() == prompt


def test_a_wrong_scene_meets_a_prompt_by_the_objects_that_are_there():
    red_star, blue_ring = Thing("star", "red", 0.2, 0.5, 0.1), Thing("ring", "blue", 0.7, 0.6, 0.1)
    green_heart = Thing("heart", "green", 0.5, 0.2, 0.1)
    prompt = parse("a red star and a blue ring")
    assert prompt.met_by((blue_ring, red_star)) == 1
    assert prompt.met_by((red_star,)) == 0.25
    assert prompt.met_by((red_star, green_heart)) == 0.25
    assert prompt.met_by((red_star, replace(blue_ring, color="red"))) == 0.375
    assert prompt.met_by((green_heart,)) == 0
    assert parse("a star").met_by((red_star, red_star)) == 0.25
    assert parse("a star right of a ring").met_by((red_star, blue_ring)) == 0.5


@pytest.mark.parametrize("task", TASKS)
def test_a_scene_of_a_prompt_makes_it_true_and_its_things_lie_apart(task):
    asked, rng = _asked(task)
    for prompt in asked:
        scene = scene_of(prompt, rng)
        assert prompt.true_of(scene)
        for i, one in enumerate(scene):
            (w1, h1) = one.half()
            assert w1 <= one.x <= 1 - w1 and h1 <= one.y <= 1 - h1
            for other in scene[i + 1 :]:
                (w2, h2) = other.half()
                assert abs(one.x - other.x) > w1 + w2 or abs(one.y - other.y) > h1 + h2


def test_truth_is_exact():
    star, ring = Thing("star", "red", 0.2, 0.5, 0.1), Thing("ring", "blue", 0.7, 0.6, 0.1)
    for words in ("a star and a ring", "a ring and a star", "a star left of a ring", "a ring right of a star"):
        assert parse(words).true_of((star, ring)), words
        assert parse(words).true_of((ring, star)), words
    assert parse("a red star and a blue ring").true_of((star, ring))
    for words in ("a star", "a star right of a ring", "a star above a ring", "a blue star and a red ring", "two stars"):
        assert not parse(words).true_of((star, ring)), words
    assert parse("two red stars").true_of((star, star))
    assert not parse("two blue stars").true_of((star, star))


def test_truth_is_exact_of_three_objects_and_more():
    star, ring, heart = (
        Thing("star", "red", 0.2, 0.4, 0.1),
        Thing("ring", "blue", 0.5, 0.5, 0.1),
        Thing("heart", "green", 0.8, 0.6, 0.1),
    )
    shown = (ring, heart, star)
    for words in (
        "a star, a ring and a heart",
        "a blue ring, a green heart and a red star",
        "a star left of a ring left of a heart",
        "a heart right of a ring right of a star",
    ):
        assert parse(words).true_of(shown), words
        assert not parse(words).true_of(shown[:2]), words
        assert not parse(words).true_of((*shown, star)), words
    for words in (
        "a star, a ring and a cross",
        "a red ring, a green heart and a blue star",
        "a ring left of a star left of a heart",
        "a star above a ring above a heart",
    ):
        assert not parse(words).true_of(shown), words
    grouped = parse("two red stars and a blue ring")
    assert grouped.true_of((star, ring, star))
    assert not grouped.true_of((star, ring, ring)) and not grouped.true_of((star, star, heart))
    assert grouped.met_by((star, ring, ring)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("task", [task for task in TASKS if task != "single"])
def test_held_out_prompts_never_come_up_in_training(task):
    held_out = {prompt.combination() for prompt in _asked(task, 400, held_out=True)[0]}
    trained = {prompt.combination() for prompt in _asked(task, 2000)[0]}
    assert held_out and not held_out & trained


def test_twins_are_the_same_words_in_another_order():
    for words, twins in (
        ("a star left of a red ring", {"a red ring left of a star"}),
        ("a blue star and a red ring", {"a red star and a blue ring"}),
        ("a star and a ring", set()),
        ("three red stars", set()),
        ("a star, a ring and a heart", set()),
        ("two red stars and two blue rings", {"two blue stars and two red rings"}),
        (
            "a red star and two blue rings",
            {"a blue star and two red rings", "two red stars and a blue ring", "two blue stars and a red ring"},
        ),
    ):
        assert {str(twin) for twin in parse(words).twins()} == twins
    row = {str(twin) for twin in parse("a star above a ring above a heart").twins()}
    assert len(row) == 5 and "a heart above a ring above a star" in row
    triple = {str(twin) for twin in parse("a red star, a blue ring and a green heart").twins()}
    assert len(triple) == 5 and "a blue star, a green ring and a red heart" in triple


@pytest.mark.parametrize("task", TASKS)
def test_twins_ask_for_something_else_and_are_trained_on_together_or_not_at_all(task):
    asked, rng = _asked(task, 200)
    for prompt in asked:
        scene = scene_of(prompt, rng)
        for twin in prompt.twins():
            assert twin.teaches() and not twin.held_out()
            assert prompt in twin.twins() and parse(str(twin)) == twin
            assert not twin.true_of(scene)


@pytest.mark.parametrize("task", TASKS)
def test_all_wordings_of_one_combination_fall_on_the_same_side(task):
    asked, rng = _asked(task)
    for prompt in asked:
        wording = _another_wording(prompt, rng)
        assert wording.combination() == prompt.combination()
        assert wording.held_out() == prompt.held_out() and wording.teaches() == prompt.teaches()
        assert wording.true_of(scene_of(prompt, rng))
    assert len({prompt.combination() for prompt in asked}) > len(asked) / 20


def _another_wording(prompt: Prompt, rng: np.random.Generator) -> Prompt:
    if prompt.relation:
        return replace(prompt, kinds=prompt.kinds[::-1], relation=prompts.OPPOSITE[prompt.relation])
    order = rng.permutation(len(prompt.kinds))
    return replace(prompt, kinds=tuple(prompt.kinds[i] for i in order), counts=tuple(prompt.counts[i] for i in order))


@pytest.mark.parametrize(
    ("words", "held_out"),
    [
        ("a circle", False),
        ("a circle and a diamond", False),
        ("a triangle and a diamond", True),
        ("two red circles", False),
        ("two cyan crosses", True),
        ("a red circle", False),
        ("a pink triangle", True),
        ("a red circle left of a pink diamond", False),
        ("a purple diamond below a green ring", True),
        ("a red circle and a pink diamond", False),
        ("a yellow triangle and a purple diamond", True),
    ],
)
def test_what_is_held_out_of_the_tasks_of_geneval_stays_held_out(words, held_out):
    assert parse(words).held_out() == held_out


def test_the_split_of_the_tasks_of_geneval_is_as_it_was():
    sides = []
    for task in prompts.GENEVAL:
        rng = np.random.default_rng(123)
        asked = [sample(task, rng, held_out) for held_out in (False, True) for _ in range(300)]
        sides += [f"{p}|{p.combination()}|{p.held_out()}|{p.teaches()}" for p in asked]
    digest = hashlib.sha256("\n".join(sides).encode()).hexdigest()
    assert digest == "4c807f60a68445ad7bd46023e533e76336cec8f65a2718c2417bdcf15ac0ed30"


def test_a_suite_finds_enough_held_out_wordings_of_every_compositional_task():
    for task in prompts.COMPOSITIONAL:
        assert len({str(prompt) for prompt in _asked(task, 1000, held_out=True)[0]}) >= 80


def test_a_picture_is_a_function_of_seed_and_index():
    one, other = Pictures(5).item(17), Pictures(5, start=17)
    assert one[0] == next(iter(other))[0]
    assert np.array_equal(one[1], Pictures(5).item(17)[1])
    assert not np.array_equal(one[1], Pictures(6).item(17)[1])


def test_pictures_are_plain_and_light_behind_the_things():
    picture = draw((), np.random.default_rng(1))
    assert picture.shape == (SIDE, SIDE, 3) and picture.dtype == np.uint8
    assert picture.min() > 0.65 * 255


@pytest.mark.parametrize("task", TASKS)
def test_the_judge_passes_true_drawings_and_no_false_ones(task):
    asked, rng = _asked(task, held_out=True)
    drawn = [(prompt, scene_of(prompt, rng)) for prompt in asked]
    passed = [judge.passes(prompt, draw(scene, rng)) for prompt, scene in drawn]
    assert np.mean(passed) >= 0.97
    for (_, scene), (other, _) in zip(drawn, drawn[1:], strict=False):
        if not other.true_of(scene):
            assert not judge.passes(other, draw(scene, rng))


def test_the_judge_passes_what_is_a_little_damaged_and_not_what_is_ruined():
    rng = np.random.default_rng(4)
    asked = [prompt for task in TASKS for prompt in _asked(task)[0]]
    scenes = [(prompt, scene_of(prompt, rng)) for prompt in asked]
    little = [judge.passes(prompt, draw_damaged(scene, harmless(rng), rng)) for prompt, scene in scenes]
    ruined = [judge.passes(prompt, draw_damaged(scene, ruinous(len(scene), rng), rng)) for prompt, scene in scenes]
    assert np.mean(little) >= 0.92
    assert np.mean(ruined) <= 0.08


def test_a_star_that_has_lost_the_ends_of_its_points_is_a_star():
    picture = draw((Thing("star", "red", 0.5, 0.5, 0.14),), np.random.default_rng(2))
    rows, columns = np.nonzero(picture[:, :, 1] < 120)
    top, left, right = rows.min() + 4, columns.min() + 3, columns.max() - 3
    paper = picture[0, 0]
    picture[:top], picture[:, :left], picture[:, right + 1 :] = paper, paper, paper
    assert judge.passes(parse("a star"), picture)
    assert not judge.passes(parse("a diamond"), picture)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("color", COLORS)
def test_the_judge_sees_every_shape_in_every_color(shape, color):
    rng = np.random.default_rng([SHAPES.index(shape), list(COLORS).index(color)])
    (seen,) = judge.see(draw((Thing(shape, color, 0.5, 0.45, 0.15),), rng))
    assert (seen.shape, seen.color) == (shape, color)
    assert abs(seen.x - 0.5) < 0.02 and abs(seen.y - 0.45) < 0.02


def test_a_large_piece_that_is_no_shape_makes_a_picture_wrong():
    rng = np.random.default_rng(2)
    picture = draw((Thing("star", "red", 0.3, 0.3, 0.2),), rng)
    assert judge.see(picture) is not None
    picture[80:120, 60:120] = (40, 80, 220)
    picture[95:120, 60:105] = 230
    assert judge.see(picture) is None


def test_a_speck_is_ignored():
    picture = draw((Thing("star", "red", 0.3, 0.3, 0.2),), np.random.default_rng(2))
    picture[100:103, 100:103] = (40, 80, 220)
    assert judge.passes(parse("a star"), picture)


def test_the_text_tokenizer_knows_every_word_of_the_world_and_no_other():
    tokenizer = text_tokenizer()
    for task in TASKS:
        for prompt in _asked(task)[0]:
            tokens = tokenizer.encode(str(prompt)).tokens
            assert "<unk>" not in tokens and tokens[-1] == "</s>"
            assert len(tokens) <= 14
    assert tokenizer.encode("a dog").tokens == ["a", "<unk>", "</s>"]
    assert tokenizer.encode("An orange ring.").ids == tokenizer.encode("a orange ring").ids


def test_all_prompts_of_the_world_fit_the_tasks():
    for task in TASKS:
        assert {prompts.parse(str(p)).task for p in _asked(task)[0]} == {task}
