"""The command line."""

import base64
import io

import numpy as np
from click.testing import CliRunner
from PIL import Image

from espalier_zoo.commands import main
from espalier_zoo.world import prompts
from espalier_zoo.world.scenes import draw


def test_the_suite_has_prompts_of_every_task_and_none_twice():
    lines = [line.split("\t") for line in CliRunner().invoke(main, ["suite", "--per-task", "9"]).output.splitlines()]

    assert {task for task, _, _ in lines} == set(prompts.TASKS)
    assert len({words for _, words, _ in lines}) == len(lines) == 5 * 9 + 8
    for task, words, side in lines:
        prompt = prompts.parse(words)
        assert prompt.task == task
        assert (side == "held-out") == prompt.held_out()


def test_pictures_over_standard_input_are_judged():
    def asked(words: str, drawn: str) -> str:
        picture = io.BytesIO()
        rng = np.random.default_rng(1)
        Image.fromarray(draw(prompts.scene_of(prompts.parse(drawn), rng), rng)).save(picture, "PNG")
        return f"{words}\t{base64.b64encode(picture.getvalue()).decode()}\n"

    lines = asked("a red star", "a red star") + asked("a red star", "a blue ring")

    assert CliRunner().invoke(main, ["verdicts"], input=lines).output.split() == ["right", "wrong"]
