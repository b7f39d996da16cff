"""The zoo's command line."""

import functools
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from espalier_zoo.errors import BadInput

if TYPE_CHECKING:
    from espalier_zoo.export.public_verifiers import Order

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path.home() / ".cache" / "espalier"
RUNS = CACHE / "training"
FOLDER = click.Path(path_type=Path, file_okay=False)

PICTURES = {
    "visual-tokenizer": 260_000,
    "visual-tuning": 90_000,
    "visual-decoder": 30_000,
    "visual-encoder": 84_000,
    "generator": 520_000,
    "diffusion": 440_000,
    "clip": 380_000,
    "image-reward": 290_000,
    "aesthetic": 380_000,
    "vlm": 300_000,
}
"""The length of each training."""
COMPLETIONS = 4_096
"""Items of six pictures, of which the verifiers learn."""
VERIFIERS = ("aesthetic", "clip", "image-reward", "vlm")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Trains the shipped models and exports checkpoints to bundles."""


@main.command(context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...]) -> None:
    """Runs the linter, the formatter's check and the tests; ARGUMENTS go to pytest."""
    for command in (["ruff", "check"], ["ruff", "format", "--check"], ["pytest", "-q", *arguments]):
        code = subprocess.call([sys.executable, "-m", *command], cwd=ROOT)
        if code:
            sys.exit(code)


@main.command()
@click.argument("model", type=click.Choice(list(PICTURES)))
@click.option("--runs", type=FOLDER, default=RUNS, show_default=True, help="The folder of all trainings.")
@click.option("--pictures", type=int, help="The whole training's length  [default: as shipped]")
@click.option("--minutes", type=float, help="Stop after this time; the same command goes on later.")
@click.option("--threads", type=int, help="Cores to use  [default: all]")
def train(model: str, runs: Path, pictures: int | None, minutes: float | None, threads: int | None) -> None:
    """Trains MODEL into RUNS/MODEL, or goes on with what is there."""
    import torch

    from espalier_zoo.training import diffusion, generator, verifiers, visual_tokenizer

    if threads:
        torch.set_num_threads(threads)
    out, length, tokenizer_of = runs / model, pictures or PICTURES[model], visual_tokenizer.tokenizer_of
    match model:
        case "visual-tokenizer":
            done = visual_tokenizer.run(out, length, minutes)
        case "visual-tuning":
            done = visual_tokenizer.run(out, length, minutes, both=tokenizer_of(runs, "visual-tokenizer"))
        case "visual-decoder":
            done = visual_tokenizer.run(
                out, length, minutes, encoder=tokenizer_of(runs, "visual-encoder", "visual-tuning", "visual-tokenizer")
            )
        case "visual-encoder":
            done = visual_tokenizer.run(
                out, length, minutes, decoder=tokenizer_of(runs, "visual-tuning", "visual-tokenizer")
            )
        case "generator":
            done = generator.run(out, tokenizer_of(runs), runs / "features", length, minutes)
        case "diffusion":
            done = diffusion.run(out, tokenizer_of(runs), runs / "features", length, minutes)
        case "aesthetic":
            done = verifiers.run(model, out, length, minutes)
        case _:
            eye = None if model == "clip" else runs / "aesthetic"
            done = verifiers.run(model, out, length, minutes, completions=runs / "completions", eye=eye)
    click.echo("done" if done else "time is up; the same command goes on from here")


@main.command()
@click.option("--runs", type=FOLDER, default=RUNS, show_default=True, help="The folder of all trainings.")
@click.option("--pictures", type=int, default=260_000, show_default=True)
def encode(runs: Path, pictures: int) -> None:
    """Draws pictures and encodes them with the visual tokenizer, for the generators' trainings."""
    from espalier_zoo.training import generator, visual_tokenizer

    tokenizer = visual_tokenizer.load_tokenizer(visual_tokenizer.tokenizer_of(runs))
    generator.encode(tokenizer, runs / "features", pictures, seed=3)


@main.command()
@click.option("--runs", type=FOLDER, default=RUNS, show_default=True, help="The folder of all trainings.")
@click.option("--items", type=int, default=COMPLETIONS, show_default=True, help="Six pictures each.")
@click.option("--threads", type=int, help="Cores to use  [default: all]")
def complete(runs: Path, items: int, threads: int | None) -> None:
    """Has the generator complete half-given drawings, for the verifiers' trainings."""
    import torch

    from espalier_zoo.training import completions, generator, visual_tokenizer

    if threads:
        torch.set_num_threads(threads)
    tokenizer = visual_tokenizer.load_tokenizer(visual_tokenizer.tokenizer_of(runs))
    model = generator.load_generator(runs / "generator")
    completions.write(model, tokenizer, runs / "completions", items, seed=5)


@main.command()
@click.argument("name", type=click.Choice(["shapes-infinity", "shapes-diffusion", *VERIFIERS]))
@click.option("--runs", type=FOLDER, default=RUNS, show_default=True, help="The folder of all trainings.")
@click.option("--out", type=FOLDER, required=True, help="The folder to write the bundle to.")
def bundle(name: str, runs: Path, out: Path) -> None:
    """Exports trained models to the bundle NAME."""
    from espalier_zoo.export import shapes

    match name:
        case "shapes-infinity":
            shapes.export_generator(runs, out)
        case "shapes-diffusion":
            shapes.export_diffusion(runs, out)
        case _:
            shapes.export_verifier_bundle(name, runs, out)


def _files(_: click.Context, __: click.Parameter, value: str) -> list[Path]:
    """F[,F…]: files, or folders of shards, that are there."""
    paths = [Path(part) for part in value.split(",") if part]
    for path in paths:
        if not path.exists():
            raise click.BadParameter(f"{path} is not there")
    return paths


def _text_encoder(_: click.Context, __: click.Parameter, value: str) -> Path | None:
    if value == "none":
        return None
    if not Path(value).is_dir():
        raise click.BadParameter(f"{value} is no folder; give the downloaded text encoder's, or none")
    return Path(value)


@main.command("export-infinity")
@click.option("--transformer", callback=_files, required=True, metavar="F[,F…]", help="Files, or a folder of shards.")
@click.option("--vae", callback=_files, required=True, metavar="F[,F…]", help="The visual tokenizer's checkpoint.")
@click.option(
    "--text-encoder", callback=_text_encoder, required=True, metavar="DIR|none", help="google/flan-t5-xl, downloaded."
)
@click.option("--config", type=click.Path(path_type=Path, dir_okay=False), help="Sizes and settings that go before.")
@click.option("--pn", help="The number of pixels: 0.06M, 0.25M, 0.60M or 1M  [default: 1M]")
@click.option("--aspect", type=float, help="Height / width, from 0.333 to 3.  [default: 1]")
@click.option("--dtype", type=click.Choice(["float32", "float16"]), default="float16", show_default=True)
@click.option("--out", type=FOLDER, required=True, help="The folder to write the bundle to; names the bundle.")
def export_infinity(
    transformer: list[Path],
    vae: list[Path],
    text_encoder: Path | None,
    config: Path | None,
    pn: str | None,
    aspect: float | None,
    dtype: str,
    out: Path,
) -> None:
    """Exports a public Infinity checkpoint to a bundle. See docs/models.md."""
    from espalier_zoo.export import infinity

    sources = infinity.Sources(transformer, vae, text_encoder)
    try:
        settings = infinity.read_settings(config) if config else {}
        half, say = dtype == "float16", partial(click.echo, err=True)
        infinity.export_infinity(sources, out, settings, pn, aspect, half, say)
    except BadInput as e:
        raise click.ClickException(str(e)) from e
    if text_encoder is None:
        click.echo(f"{out} has no text encoder: good to check its other graphs, but not to search", err=True)


@main.command()
@click.argument("bundle", type=FOLDER)
@click.option("--scales", type=click.IntRange(min=1), help="How many a generator draws  [default: the smaller ones]")
@click.option("--threads", type=int, default=0, help="Cores to use  [default: all]")
def check(bundle: Path, scales: int | None, threads: int) -> None:
    """Loads BUNDLE, runs it on noise, and prints sizes, shapes, digests, times and what is wrong.

    A generator draws the scales of at most 256 tokens, which for Infinity are the first seven, unless --scales says
    otherwise. Fails where anything is wrong.
    """
    from espalier_zoo.check import Check

    trial = Check(bundle, click.echo, scales, threads)
    try:
        trial.run()
    except BadInput as e:
        raise click.ClickException(str(e)) from e
    if trial.faults:
        raise click.ClickException(f"{bundle} is not right: {len(trial.faults)} things are wrong, see above")
    click.echo("nothing is wrong")


@main.group()
def bench() -> None:
    """Measures the generator."""


RECORDING = click.Path(path_type=Path, dir_okay=False)


@bench.command()
@click.option("--bundle", type=FOLDER, default=ROOT.parent / "bundles" / "shapes-infinity", show_default=True)
@click.option("--width", type=click.IntRange(min=1), default=3, show_default=True, help="Hypotheses that survive.")
@click.option("--branches", type=click.IntRange(min=2), default=5, show_default=True, help="Of each hypothesis.")
@click.option("--threads", type=click.IntRange(min=1), multiple=True, default=(1, 2), show_default=True)
@click.option("--rounds", type=click.IntRange(min=1), default=9, show_default=True)
@click.option("--out", type=RECORDING, help="A file for what was measured, as ./espalier bench flow reads it.")
def eager(bundle: Path, width: int, branches: int, threads: tuple[int, ...], rounds: int, out: Path | None) -> None:
    """Times BUNDLE's graphs against eager PyTorch with the same weights, on the model calls of a beam search."""
    from espalier_zoo.bench.eager import EagerBench, measured, table, version
    from espalier_zoo.bench.recording import Machine, write_recording

    try:
        trial = EagerBench(bundle, width, branches)
        quantities = []
        for count in threads:
            rows = trial.run(count, rounds)
            click.echo(table(trial.name, count, rows) + "\n")
            quantities += measured(trial.name, count, rows)
    except BadInput as e:
        raise click.ClickException(str(e)) from e
    if out:
        write_recording(out, version(), Machine.here(), quantities)


@bench.command()
@click.option("--device", default="cuda:0", show_default=True, help="cuda:N, or cpu to try the benchmark itself.")
@click.option("--tiny", is_flag=True, help="A tiny model, to try the benchmark itself.")
@click.option("--minutes", type=float, default=7.5, show_default=True, help="What would take longer is not begun.")
@click.option("--folder", type=FOLDER, default=CACHE, show_default=True, help="Keeps the model in a folder: 4.6 GB.")
@click.option("--out", type=RECORDING, help="A file for what was measured, as ./espalier bench flow reads it.")
def gpu(device: str, tiny: bool, minutes: float, folder: Path, out: Path | None) -> None:
    """Times Infinity-2B at 1024×1024, of random weights in float16, against what the card can do.

    Says too what it takes of the memory that its bundle plans, and whether a row's bits depend on its batch.
    """
    from espalier_zoo.bench import cuda, random_weights
    from espalier_zoo.bench.device import Cuda, Processor
    from espalier_zoo.bench.gpu import GpuBench

    number = re.fullmatch(r"cuda:(\d+)", device)
    if number is None and device != "cpu":
        raise click.UsageError(f"there is no device '{device}'; give cpu or cuda:N, where N counts from 0")
    config, vae = random_weights.tiny() if tiny else random_weights.infinity_2b()
    try:
        if number:
            cuda.require_runtime(CACHE, click.echo)
            cuda.load_libraries()
        trial = GpuBench(
            Cuda(int(number[1])) if number else Processor(),
            folder / ("random-tiny" if tiny else "random-infinity-2b"),
            config,
            vae,
            60 * minutes,
            click.echo,
            out,
        )
    except BadInput as e:
        raise click.ClickException(str(e)) from e
    trial.run()
    if trial.failed:
        raise click.ClickException(f"{len(trial.failed)} steps failed, see above")


def _task(_: click.Context, __: click.Parameter, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """Names of tasks; all of them where none is named."""
    from espalier_zoo.world.prompts import TASKS

    for task in tasks:
        if task not in TASKS:
            raise click.BadParameter(f"{task!r} is no task; the tasks are {', '.join(TASKS)}")
    return tasks or TASKS


@main.command()
@click.option("--per-task", type=int, default=12, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
@click.option("--held-out/--training", default=True, show_default=True, help="Which side of the split.")
@click.option("--task", "tasks", multiple=True, callback=_task, help="May be given several times  [default: all ten]")
@click.option(
    "--apart-from",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    help="Leave out what a suite's file asks for, in any wording. May be given several times.",
)
def prompts(per_task: int, seed: int, held_out: bool, tasks: tuple[str, ...], apart_from: tuple[Path, ...]) -> None:
    """Prints prompts, one a line; distinct ones as far as a task has so many."""
    import numpy as np

    from espalier_zoo.world import prompts as world

    lines = [line for file in apart_from for line in file.read_text().splitlines()]
    elsewhere = {world.parse(line.split("\t")[1]).combination() for line in lines}
    for task in tasks:
        rng = np.random.default_rng([seed, world.TASKS.index(task)])
        seen: dict[str, None] = {}
        tries = 0
        while len(seen) < per_task and tries < 100 * per_task:
            prompt = world.sample(task, rng, held_out)
            if prompt.combination() not in elsewhere:
                seen[str(prompt)] = None
            tries += 1
        words = list(seen)
        if not words:
            click.echo(f"{task}: every prompt is in the other suites", err=True)
        for i in range(per_task if words else 0):
            click.echo(words[i % len(words)])


@main.command()
@click.argument("folders", type=FOLDER, nargs=-1, required=True)
def judge(folders: tuple[Path, ...]) -> None:
    """Judges the pictures that `espalier search --prompts` wrote to FOLDERS: a column for each folder."""
    import json

    import numpy as np
    from PIL import Image

    from espalier_zoo.world import prompts as world
    from espalier_zoo.world.judge import passes

    columns: list[dict[str, list[bool]]] = []
    for folder in folders:
        verdicts: dict[str, list[bool]] = {task: [] for task in world.TASKS}
        for result in sorted(folder.glob("*/result.json")):
            prompt = world.parse(json.loads(result.read_text())["prompt"])
            picture = np.asarray(Image.open(result.parent / "result.png").convert("RGB"))
            verdicts[prompt.task].append(passes(prompt, picture))
        columns.append(verdicts)
    names = [folder.name for folder in folders]
    click.echo(f"{'task':12} {'prompts':>7} " + " ".join(f"{name:>16}" for name in names))
    tasks = [task for task in world.TASKS if columns[0][task]]
    for task in tasks:
        rates = " ".join(f"{np.mean(column[task]):16.3f}" for column in columns)
        click.echo(f"{task:12} {len(columns[0][task]):7} {rates}")
    means = " ".join(f"{np.mean([np.mean(column[task]) for task in tasks]):16.3f}" for column in columns)
    click.echo(f"{'all':12} {sum(len(columns[0][task]) for task in tasks):7} {means}")


@main.command()
@click.option("--per-task", type=int, help="[default: 60; with --hard 80]")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--hard", is_flag=True, help="Of the four compositional tasks, not of the six of GenEval.")
def suite(per_task: int | None, seed: int, hard: bool) -> None:
    """Prints the experiment's prompts: task, prompt and side of the split, those held out first.

    All lines differ; a task that has too few held-out prompts goes on with others.
    """
    import numpy as np

    from espalier_zoo.world import prompts as world

    per_task = per_task or (80 if hard else 60)
    for task in world.COMPOSITIONAL if hard else world.GENEVAL:
        rng = np.random.default_rng([seed, world.TASKS.index(task)])
        seen: dict[str, world.Prompt] = {}
        for held_out in (True, False):
            for _ in range(100 * per_task):
                if len(seen) < per_task:
                    prompt = world.sample(task, rng, held_out)
                    seen.setdefault(str(prompt), prompt)
        for words, prompt in seen.items():
            click.echo(f"{task}\t{words}\t{'held-out' if prompt.held_out() else 'seen'}")


@main.command()
def verdicts() -> None:
    """Answers each line of standard input, a prompt, a tab and a PNG in base64, with right or wrong."""
    import base64
    import io
    import sys

    import numpy as np
    from PIL import Image

    from espalier_zoo.world import prompts as world
    from espalier_zoo.world.judge import passes

    for line in sys.stdin:
        words, png = line.rstrip("\n").split("\t")
        picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB"))
        click.echo("right" if passes(world.parse(words), picture) else "wrong")


# Published verifiers.

PATH = click.Path(path_type=Path, exists=True)


def _exporting(command: Callable) -> Callable:
    """The options of every export of a verifier, given to the command as one ``order``; errors are one line."""
    options = (
        click.option("--weights", type=PATH, required=True, help="The published weights."),
        click.option("--out", type=FOLDER, required=True, help="The folder to write the bundle to."),
        click.option(
            "--dtype",
            type=click.Choice(["float32", "float16"]),
            default="float32",
            show_default=True,
            help="How matrices are stored; they are computed with in float32.",
        ),
        click.option("--mean", type=float, help="The scores' mean over a reference set  [default: as published]"),
        click.option("--std", type=click.FloatRange(0, min_open=True), help="Their standard deviation."),
        click.option(
            "--reference",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="Measure both on this folder: pictures, each with its prompt in a .txt file of its name.",
        ),
    )

    @functools.wraps(command)
    def run(
        *, out: Path, dtype: str, mean: float | None, std: float | None, reference: Path | None, **others: object
    ) -> None:
        from espalier_zoo.export.public_verifiers import Order

        try:
            command(order=Order(out, dtype == "float16", mean, std, reference), **others)
        except BadInput as e:
            raise click.ClickException(str(e)) from e

    for option in reversed(options):
        run = option(run)
    return main.command()(run)


def _clip_form(command: Callable) -> Callable:
    """The options of what a file of CLIP's weights does not say."""
    activation = click.option(
        "--activation",
        type=click.Choice(["quick-gelu", "gelu"]),
        help="Of a single file; quick-gelu for OpenAI's weights. A folder's configuration says it itself.",
    )
    head_width = click.option(
        "--head-width",
        type=click.IntRange(1),
        default=64,
        show_default=True,
        help="Of the image tower of a single file.",
    )
    return activation(head_width(command))


CLIP_TOKENIZER = "tokenizer.json, merges.txt or bpe_simple_vocab_16e6.txt.gz, or a folder with one."


@_exporting
@click.option("--tokenizer", type=PATH, help=f"{CLIP_TOKENIZER}  [default: the weights' folder]")
@_clip_form
def export_clip(weights: Path, tokenizer: Path | None, activation: str | None, head_width: int, order: "Order") -> None:
    """Writes a verifier bundle of CLIP: OpenAI's or open_clip's file, or a folder with a configuration."""
    from espalier_zoo.export import public_verifiers

    public_verifiers.export_clip(weights, tokenizer, activation, head_width, order)


@_exporting
@click.option("--clip", type=PATH, required=True, help="CLIP ViT-L/14 as OpenAI trained it: a file or a folder.")
@_clip_form
def export_aesthetic(weights: Path, clip: Path, activation: str | None, head_width: int, order: "Order") -> None:
    """Writes a verifier bundle of LAION's aesthetic predictor, which is a head over CLIP."""
    from espalier_zoo.export import public_verifiers

    public_verifiers.export_aesthetic(weights, clip, activation, head_width, order)


@_exporting
@click.option("--tokenizer", type=PATH, required=True, help="bert-base-uncased's vocab.txt or tokenizer.json.")
def export_imagereward(weights: Path, tokenizer: Path, order: "Order") -> None:
    """Writes a verifier bundle of ImageReward."""
    from espalier_zoo.export import public_verifiers

    public_verifiers.export_image_reward(weights, tokenizer, order)


@_exporting
@click.option("--tokenizer", type=PATH, required=True, help=CLIP_TOKENIZER)
def export_hps(weights: Path, tokenizer: Path, order: "Order") -> None:
    """Writes a verifier bundle of HPS v2.1."""
    from espalier_zoo.export import public_verifiers

    public_verifiers.export_hps(weights, tokenizer, order)
