import numpy as np
import pytest

from espalier_zoo.world import prompts
from espalier_zoo.world.near_misses import altered, described, near_miss
from espalier_zoo.world.scenes import Scene

every_task = pytest.mark.parametrize("task", prompts.TASKS)


def drawn(task: str, seed: int) -> tuple[prompts.Prompt, Scene, np.random.Generator]:
    rng = np.random.default_rng([seed, prompts.TASKS.index(task)])
    prompt = prompts.sample(task, rng)
    return prompt, prompts.scene_of(prompt, rng), rng


def differing(scene: Scene, changed: Scene, part: str) -> int:
    return sum(getattr(one, part) != getattr(other, part) for one, other in zip(scene, changed, strict=True))


@every_task
def test_a_near_miss_is_false_and_what_it_came_from_is_true(task):
    for seed in range(150):
        prompt, scene, rng = drawn(task, seed)
        assert prompt.true_of(scene)
        assert not prompt.true_of(near_miss(prompt, scene, rng))


@every_task
def test_a_near_miss_changes_one_thing(task):
    for seed in range(150):
        prompt, scene, rng = drawn(task, seed)
        changed = near_miss(prompt, scene, rng)
        if len(changed) != len(scene):
            assert abs(len(changed) - len(scene)) == 1
            shorter, longer = sorted((changed, scene), key=len)
            assert set(shorter) <= set(longer)
        else:
            assert sum(one != other for one, other in zip(scene, changed, strict=True)) <= 2


@every_task
def test_a_near_miss_keeps_objects_apart_and_inside(task):
    for seed in range(100):
        prompt, scene, rng = drawn(task, seed)
        changed = near_miss(prompt, scene, rng)
        for i, thing in enumerate(changed):
            width, height = thing.half()
            assert width < thing.x < 1 - width
            assert height < thing.y < 1 - height
            for other in changed[:i]:
                w, h = other.half()
                assert abs(thing.x - other.x) > width + w or abs(thing.y - other.y) > height + h


def test_every_change_that_can_make_a_position_false_occurs():
    seen = set()
    for seed in range(300):
        prompt, scene, rng = drawn("position", seed)
        changed = near_miss(prompt, scene, rng)
        if len(changed) != len(scene):
            seen.add("added" if len(changed) > len(scene) else "dropped")
        else:
            found = [part for part in ("shape", "color", "x") for _ in range(differing(scene, changed, part))]
            seen.add(" ".join(found))
    assert seen == {"added", "dropped", "shape", "color", "color color", "x", "x x"}


def test_the_same_seed_gives_the_same_near_miss():
    one, other = (near_miss(*drawn("attribution", 5)) for _ in range(2))
    assert one == other


@every_task
def test_an_altered_prompt_is_another_one_of_the_training_split(task):
    for seed in range(150):
        prompt, _, rng = drawn(task, seed)
        changed = altered(prompt, rng)
        assert changed != prompt
        assert changed.task == task
        assert changed.teaches()
        assert prompts.parse(str(changed)) == changed


@every_task
def test_a_description_is_true_and_of_the_training_split(task):
    for seed in range(150):
        prompt, scene, rng = drawn(task, seed)
        for shown in (scene, near_miss(prompt, scene, rng)):
            description = described(shown, rng)
            if description is not None:
                assert description.true_of(shown)
                assert description.teaches()
                assert prompts.parse(str(description)) == description


def test_what_no_task_asks_for_has_no_description():
    rng = np.random.default_rng(1)
    scene = prompts.scene_of(prompts.parse("four stars"), rng)
    added = (*scene[:3], prompts.scene_of(prompts.parse("a ring"), rng)[0])
    assert described(added, rng) is None
