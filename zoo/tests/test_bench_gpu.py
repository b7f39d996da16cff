"""The GPU's benchmark, tried on a processor: limits, differences, what is told when, and what CUDA needs."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from infinity_cases import SQUARE, Rollout, session

from espalier_zoo.bench import limits, random_weights
from espalier_zoo.bench.cuda import load_with_needs
from espalier_zoo.bench.device import Processor
from espalier_zoo.bench.gpu import BATCHES, GpuBench, compare
from espalier_zoo.commands import main
from espalier_zoo.errors import BadInput
from espalier_zoo.export.rollout import build_rollout

# Limits.


def test_infinity_2b_takes_what_its_publishers_sizes_say():
    config, _ = random_weights.infinity_2b()
    works = list(limits.of_rollout(config, sequences=1, text_length=0))
    assert sum(work.operations for work in works) / limits.ROWS == pytest.approx(57.6e12, rel=0.01)
    # the last scale reads all weights of its blocks, 4.3 GB, and 256 KiB for each token before it, for both rows
    before = config.starts[-2] * 256 * 1024 * limits.ROWS
    assert works[-1].traffic == pytest.approx(32 * 14 * 2048**2 * 2 + before)


def test_a_first_scale_is_bound_by_memory_and_a_last_one_by_arithmetic():
    config, _ = random_weights.infinity_2b()
    card = limits.of_card("NVIDIA H200")
    first, *_, last = limits.of_rollout(config, sequences=1, text_length=12)
    assert first.seconds(card) == first.traffic / card.traffic
    assert last.seconds(card) == last.operations / card.operations


@pytest.mark.parametrize(
    ("name", "traffic"),
    [("NVIDIA H100 80GB HBM3", 3.35e12), ("NVIDIA H100 PCIe", 2.0e12), ("NVIDIA H200", 4.8e12), ("Radeon", None)],
)
def test_a_card_is_known_by_what_its_driver_calls_it(name, traffic):
    found = limits.of_card(name)
    assert (found and found.traffic) == traffic


# On a GPU, tried on a processor.


def bits_of(*rows: list[int]) -> np.ndarray:
    """Rows of SQUARE's first three scales, 14 tokens of which the given ones are all ones."""
    bits = np.zeros((len(rows), 14, SQUARE.bits), np.uint8)
    for row, tokens in enumerate(rows):
        bits[row, tokens] = 1
    return bits


def test_draws_are_compared_row_by_row_and_scale_by_scale():
    short = replace(SQUARE, scales=SQUARE.scales[:3])
    assert str(compare(short, bits_of([], []), bits_of([], []))) == "all 2 the same"
    found = compare(short, bits_of([], [], []), bits_of([7], [3, 4, 13], []))
    assert (found.rows, found.compared, found.scale, found.bits) == (2, 3, 2, 2 * SQUARE.bits)
    later = compare(short, bits_of([])[:, 1:], bits_of([5])[:, 1:], first=1)
    assert (later.scale, later.bits) == (3, SQUARE.bits)


def values_of(file: Path) -> dict[str, list[float]]:
    return {each["name"]: each["values"] for each in json.loads(file.read_text())["measured"]}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """The folder of a tiny model."""
    folder, (config, vae) = tmp_path_factory.mktemp("models"), random_weights.tiny()
    random_weights.write_rollout(folder / "random-tiny", config)
    random_weights.write_decoder(folder / "random-tiny", config, vae)
    return folder


def test_the_gpus_benchmark_runs_whole_on_a_processor(tiny, tmp_path):
    file = tmp_path / "gpu.json"
    arguments = ["bench", "gpu", "--device", "cpu", "--tiny", "--folder", str(tiny), "--out", str(file)]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    values = values_of(file)
    for count in BATCHES:
        assert len(values[f"P·c {count}, tokens a second"]) == 2
        assert values[f"P·c {count}, rows that differ from smaller batches"] == [0]
        assert values[f"P·c {count}, rows that differ in repeated calls"] == [0, 0]
    assert values["P 2 × c 2, rows that differ from calls of their own"] == [0]
    assert {"a picture", "memory of a picture over the plan", "a sequence up to scale 5"} <= values.keys()


def trial_of(tiny: Path, lines: list[str], **changes) -> GpuBench:
    config, vae = random_weights.tiny()
    return GpuBench(Processor(), tiny / "random-tiny", config, vae, **({"seconds": 60, "say": lines.append} | changes))


def test_what_would_take_longer_than_is_left_is_not_begun(tiny):
    lines: list[str] = []
    trial = trial_of(tiny, lines, seconds=0)
    trial.run()
    assert not trial.failed
    assert any(re.search(r"^P·c 1: not tried", line) for line in lines), lines
    assert not any(each.name.startswith("P·c") for each in trial.measured)


def test_a_step_that_fails_is_told_and_the_others_run(tiny, tmp_path):
    class WithoutDecoder(Processor):
        def session(self, file):
            if file.name == "decode.onnx":
                raise RuntimeError("no kernel for Conv\nat a line that says no more")
            return super().session(file)

    lines: list[str] = []
    trial = trial_of(tiny, lines, out=tmp_path / "gpu.json", batches=(1, 2))
    trial.device = WithoutDecoder()
    trial.run()
    assert trial.failed == ["decoding: no kernel for Conv"]
    assert "P·c 2, a call" in values_of(tmp_path / "gpu.json")


def test_a_batch_that_the_memory_does_not_hold_ends_the_growing_alone(tiny):
    class Small(Processor):
        def session(self, file):
            loaded = super().session(file)
            if file.name == "rollout.onnx":
                run = loaded.run

                def bounded(outputs, feeds, *options):
                    if len(feeds["uniforms"]) > 2:
                        raise RuntimeError("Failed to allocate memory for requested buffer of size 9")
                    return run(outputs, feeds, *options)

                loaded.run = bounded
            return loaded

    lines: list[str] = []
    trial = trial_of(tiny, lines, batches=(1, 2, 3, 4))
    trial.device = Small()
    trial.run()
    assert any("3  does not fit" in line for line in lines), lines
    assert not any("P·c 4" in each.name for each in trial.measured)
    assert any(each.name == "a picture" for each in trial.measured)


def test_random_weights_are_not_all_alike_and_draw_both_bits():
    config, _ = random_weights.tiny()
    get = random_weights.RandomWeights(config)
    block = "block_chunks.0.module.0"
    assert get(f"{block}.ca.mat_q.weight").shape == (config.width, config.width)
    assert not np.array_equal(get(f"{block}.ca.mat_q.weight"), get(f"{block}.ca.proj.weight"))
    rollout = Rollout.random(config, np.random.default_rng(3), hypotheses=1, branches=2)
    assert 0.3 < rollout.run(session(build_rollout(config, get, half_products=True)))[0].mean() < 0.7


# What CUDA needs.


class Loader:
    """A loader of libraries that need others."""

    def __init__(self, needs: dict[str, list[str]], elsewhere: tuple[str, ...] = ()):
        self.needs, self.loaded = needs, list(elsewhere)

    def __call__(self, file: str) -> None:
        name = Path(file).name
        for needed in self.needs.get(name, []):
            if needed not in self.loaded:
                raise OSError(f"{needed}: cannot open shared object file: No such file or directory")
        if file == name:
            raise OSError(f"{name}: cannot open shared object file: No such file or directory")
        self.loaded.append(name)


def test_a_library_is_loaded_after_what_it_needs(tmp_path):
    for file in ("capi/libprovider.so", "cu13/lib/libcublas.so.13", "cu13/lib/libcublasLt.so.13"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    needs = {"libprovider.so": ["libcublas.so.13"], "libcublas.so.13": ["libcublasLt.so.13"]}
    loader = Loader(needs)
    load_with_needs("libprovider.so", [tmp_path], loader)
    assert loader.loaded == ["libcublasLt.so.13", "libcublas.so.13", "libprovider.so"]


def test_a_library_that_is_nowhere_is_named(tmp_path):
    (tmp_path / "libprovider.so").touch()
    with pytest.raises(BadInput, match=r"libcuda\.so\.1 is missing.*NVIDIA driver"):
        load_with_needs("libprovider.so", [tmp_path], Loader({"libprovider.so": ["libcuda.so.1"]}))
