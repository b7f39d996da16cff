import numpy as np
import pytest

from espalier_zoo.world import prompts
from espalier_zoo.world.near_misses import _fits, _places_shuffled, altered, described, near_miss
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
def test_a_near_miss_changes_one_thing_or_shows_a_twin(task):
    for seed in range(150):
        prompt, scene, rng = drawn(task, seed)
        changed = near_miss(prompt, scene, rng)
        if len(changed) != len(scene):
            assert abs(len(changed) - len(scene)) == 1
            shorter, longer = sorted((changed, scene), key=len)
            assert set(shorter) <= set(longer)
        elif not shows_a_twin(prompt, changed):
            assert sum(one != other for one, other in zip(scene, changed, strict=True)) <= 2


def shows_a_twin(prompt: prompts.Prompt, scene: Scene) -> bool:
    return any(twin.true_of(scene) for twin in prompt.twins())


@pytest.mark.parametrize("task", ["position", "attribution", "triple", "groups", "row"])
def test_every_other_near_miss_shows_a_twin_and_none_is_shown_always(task):
    twins, shown = [], set()
    for seed in range(200):
        prompt, scene, rng = drawn(task, seed)
        changed = near_miss(prompt, scene, rng)
        twins.append(shows_a_twin(prompt, changed))
        shown |= {number for number, twin in enumerate(prompt.twins()) if twin.true_of(changed)}
    assert 0.45 < np.mean(twins) < 0.85
    assert len(shown) == {"triple": 5, "row": 5, "groups": 3}.get(task, 1)


def test_objects_change_places_without_touching_each_other():
    for seed in range(100):
        prompt, scene, rng = drawn("row", seed)
        changed = _places_shuffled(scene, rng)
        assert _fits(changed)
        assert sorted((thing.x, thing.y) for thing in changed) == sorted((thing.x, thing.y) for thing in scene)
        assert shows_a_twin(prompt, changed)


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


@pytest.mark.parametrize(
    ("task", "changes"),
    [("position", {"x x"}), ("row", {"x x", "x x x"}), ("groups", {"color color", "color color color"})],
)
def test_every_change_that_can_make_a_prompt_false_occurs(task, changes):
    seen = set()
    for seed in range(300):
        prompt, scene, rng = drawn(task, seed)
        changed = near_miss(prompt, scene, rng)
        if len(changed) != len(scene):
            seen.add("added" if len(changed) > len(scene) else "dropped")
        else:
            found = [part for part in ("shape", "color", "x") for _ in range(differing(scene, changed, part))]
            seen.add(" ".join(found))
    assert seen >= {"added", "dropped", "shape", "color"} | changes
    assert ("x" in seen) == (task != "groups")


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


@every_task
def test_what_a_prompt_asks_for_is_described_so(task):
    tasks = set()
    for seed in range(100):
        prompt, scene, rng = drawn(task, seed)
        description = described(scene, rng)
        assert description is not None
        tasks.add(description.task)
    assert task in tasks


def test_what_no_task_asks_for_has_no_description():
    rng = np.random.default_rng(1)
    scene = prompts.scene_of(prompts.parse("four red stars"), rng)
    added = (*scene[:3], prompts.scene_of(prompts.parse("a red ring"), rng)[0])
    assert described(added, rng) is None
