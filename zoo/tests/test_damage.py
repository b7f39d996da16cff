from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy import ndimage

from espalier_zoo.world import prompts
from espalier_zoo.world.damage import CLEAN, Damage, draw_damaged, graded, harmless, ruinous
from espalier_zoo.world.scenes import SIDE, Scene

FAULTS = list(asdict(CLEAN))
SCENE = prompts.scene_of(prompts.parse("a red star and a blue ring"), np.random.default_rng(3))


def drawing(damage: Damage, scene: Scene = SCENE, seed: int = 1, side: int = SIDE) -> np.ndarray:
    return draw_damaged(scene, damage, np.random.default_rng(seed), side)


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def pieces(picture: np.ndarray) -> int:
    high, low = picture.max(2).astype(float), picture.min(2)
    return ndimage.label((high - low) > 0.4 * high, structure=np.ones((3, 3)))[1]


def test_without_damage_every_object_stands_alone():
    for seed in range(20):
        for words, count in (("three red squares", 3), ("two red squares and three blue rings", 5)):
            scene = prompts.scene_of(prompts.parse(words), np.random.default_rng(seed))
            assert pieces(drawing(CLEAN, scene, seed)) == count


def test_the_same_seed_gives_the_same_picture():
    damage = Damage(**dict.fromkeys(FAULTS, 0.5))
    assert np.array_equal(drawing(damage), drawing(damage))


@pytest.mark.parametrize("side", [64, 96, 128, 33])
def test_a_picture_has_the_side_that_is_asked_for(side):
    picture = drawing(Damage(**dict.fromkeys(FAULTS, 0.7)), side=side)
    assert picture.shape == (side, side, 3)
    assert picture.dtype == np.uint8


@pytest.mark.parametrize("fault", FAULTS)
def test_more_of_a_fault_is_farther_from_the_clean_drawing_and_more_severe(fault):
    little, much = (
        np.mean([difference(drawing(CLEAN, seed=s), drawing(Damage(**{fault: amount}), seed=s)) for s in range(8)])
        for amount in (0.1, 0.9)
    )
    assert 0 < little < much
    assert 0 == CLEAN.severity() < Damage(**{fault: 0.1}).severity() < Damage(**{fault: 0.9}).severity() < 1


def test_a_bridge_makes_one_piece_of_two_objects():
    assert pieces(drawing(CLEAN)) == 2
    assert pieces(drawing(Damage(touch=0.6))) == 1


def test_a_single_object_cannot_touch():
    scene = prompts.scene_of(prompts.parse("a red star"), np.random.default_rng(3))
    assert np.array_equal(drawing(Damage(touch=1.0), scene), drawing(CLEAN, scene))
    assert all(ruinous(1, np.random.default_rng(seed)).touch == 0 for seed in range(50))


def test_harmless_damage_is_far_slighter_than_ruinous_damage():
    slight, heavy = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        clean = drawing(CLEAN, seed=seed)
        quiet = {"noise": 0.0, "blur": 0.0}
        slight.append(difference(clean, drawing(replace(harmless(rng), **quiet), seed=seed)))
        heavy.append(difference(clean, drawing(replace(ruinous(2, rng), **quiet), seed=seed)))
    assert 3 * np.mean(slight) < np.mean(heavy)


def test_every_picture_that_is_ruined_has_a_fault_that_ruins_it():
    worst = [max(asdict(ruinous(2, np.random.default_rng(seed))).values()) for seed in range(200)]
    assert min(worst) >= 0.5


def test_graded_damage_spans_all_severities():
    severities = [graded(2, np.random.default_rng(seed)).severity() for seed in range(400)]
    assert severities.count(0) > 40
    counts, _ = np.histogram(severities, 5, (0, 1))
    assert counts.min() > 25
