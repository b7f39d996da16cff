"""The command line."""

import base64
import hashlib
import io
from collections import Counter

import numpy as np
from click.testing import CliRunner
from PIL import Image

from espalier_zoo.commands import main
from espalier_zoo.world import prompts
from espalier_zoo.world.scenes import draw


def test_the_suite_has_prompts_of_every_task_and_none_twice():
    lines = [line.split("\t") for line in CliRunner().invoke(main, ["suite", "--per-task", "9"]).output.splitlines()]

    assert {task for task, _, _ in lines} == set(prompts.GENEVAL)
    assert len({words for _, words, _ in lines}) == len(lines) == 5 * 9 + 8
    for task, words, side in lines:
        prompt = prompts.parse(words)
        assert prompt.task == task
        assert (side == "held-out") == prompt.held_out()


def test_the_experiments_suite_stays_as_it_is():
    output = CliRunner().invoke(main, ["suite"]).output
    digest = hashlib.sha256(output.encode()).hexdigest()
    assert digest == "508e06cf708880f387a609dac6eb4aceabff7e775e8adc617eaa97c684a990cb"


def test_the_hard_suite_holds_eighty_held_out_prompts_of_each_compositional_task():
    lines = [line.split("\t") for line in CliRunner().invoke(main, ["suite", "--hard"]).output.splitlines()]

    assert Counter(task for task, _, _ in lines) == dict.fromkeys(prompts.COMPOSITIONAL, 80)
    assert len({words for _, words, _ in lines}) == len(lines)
    for task, words, side in lines:
        prompt = prompts.parse(words)
        assert prompt.task == task and prompt.held_out() and side == "held-out"


def test_prompts_are_of_the_tasks_that_are_named_and_apart_from_a_suite(tmp_path):
    suite = tmp_path / "suite.tsv"
    suite.write_text(CliRunner().invoke(main, ["suite", "--hard", "--per-task", "40"]).output)
    asked_for = {prompts.parse(line.split("\t")[1]).combination() for line in suite.read_text().splitlines()}
    options = ["--task", "row", "--task", "groups", "--per-task", "30", "--seed", "1", "--apart-from", str(suite)]
    asked = [prompts.parse(words) for words in CliRunner().invoke(main, ["prompts", *options]).output.splitlines()]

    assert Counter(prompt.task for prompt in asked) == {"row": 30, "groups": 30}
    assert all(prompt.held_out() and prompt.combination() not in asked_for for prompt in asked)
    assert len({str(prompt) for prompt in asked}) == 60


def test_a_task_of_which_a_suite_holds_everything_is_left_out(tmp_path):
    suite = tmp_path / "suite.tsv"
    suite.write_text(CliRunner().invoke(main, ["suite", "--per-task", "8"]).output)
    result = CliRunner().invoke(main, ["prompts", "--task", "single", "--apart-from", str(suite)])

    assert result.stdout == ""
    assert "single: every prompt is in the other suites" in result.stderr


def test_pictures_over_standard_input_are_judged():
    def asked(words: str, drawn: str) -> str:
        picture = io.BytesIO()
        rng = np.random.default_rng(1)
        Image.fromarray(draw(prompts.scene_of(prompts.parse(drawn), rng), rng)).save(picture, "PNG")
        return f"{words}\t{base64.b64encode(picture.getvalue()).decode()}\n"

    lines = asked("a red star", "a red star") + asked("a red star", "a blue ring")

    assert CliRunner().invoke(main, ["verdicts"], input=lines).output.split() == ["right", "wrong"]
