"""Tries a bundle: files and digests, then every graph on noise, against what its manifest says.

Of a remote or simulated model there is nothing to load: its manifest alone is looked at.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from espalier_zoo.errors import BadInput
from espalier_zoo.export.bundle import MANIFEST, SCHEMA, digest

GRAPHS = {
    "generator": ("text.onnx", "rollout.onnx", "decode.onnx"),
    "diffusion-generator": ("text.onnx", "sample.onnx", "decode.onnx"),
    "verifier": ("verifier.onnx",),
}
"""What each kind of bundle must hold."""
FIELDS = ("name", "version", "licence", "source", "trainedOn")
GRAPH_FIELDS = ("tokenizer", "files")
"""Of bundles with graphs besides."""
PARTS = {
    "generator": ("scales", "bitsPerToken", "latent", "image", "prompt", "guidance", "temperature", "topP"),
    "diffusion-generator": ("latent", "image", "prompt", "steps", "guidance"),
    "verifier": ("measures", "mean", "std"),
}
"""The fields of each kind's own part."""
GRAPH_PARTS = {"verifier": ("tokens",)}
"""Of bundles with graphs besides."""
MOST_TOKENS = 256
"""A rollout on noise goes through the scales of at most so many tokens, unless told otherwise."""
PROMPT = "a red circle left of a blue square"
DIGEST_SHOWN = 12
QUICK = 1.0
"""Seconds; a call that takes less is timed again, without what the first one does once."""

Feeds = dict[str, np.ndarray]


@dataclass(frozen=True)
class Rule:
    """What a field must be, in words and as a test."""

    words: str
    holds: Callable[[object], bool]
    required: bool = True


def _whole(least: int) -> Callable[[object], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _seconds(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST_SECONDS


def _is_base(value: object) -> bool:
    """Whether requests can be sent below it; a user in it would be a key in the manifest."""
    if not isinstance(value, str):
        return False
    try:
        url = urlsplit(value)
        return (
            url.scheme in ("http", "https") and bool(url.hostname) and not (url.username or url.query or url.fragment)
        )
    except ValueError:
        return False


MOST_SECONDS = 3600
SECONDS = Rule(f"must be from 0 to {MOST_SECONDS}", _seconds)
GRAPHLESS = {
    "generator": {
        "simulated": {
            "callSeconds": SECONDS,
            "sequenceSeconds": SECONDS,
            "imageSeconds": SECONDS,
            "sequences": Rule("must be positive", _whole(1)),
        }
    },
    "verifier": {
        "remote": {
            "endpoint": Rule(
                "must be a URL such as https://host/v1, without a user, a question mark or a fragment", _is_base
            ),
            "model": Rule("must name a model", lambda value: isinstance(value, str) and bool(value.strip())),
            "question": Rule("must hold {prompt}", lambda value: "{prompt}" in str(value), required=False),
            "timeoutSeconds": Rule("must be positive", _whole(1), required=False),
            "retries": Rule("must not be negative", _whole(0), required=False),
            "concurrency": Rule("must be positive", _whole(1), required=False),
            "samples": Rule("must be positive", _whole(1), required=False),
        },
        "simulated": {"callSeconds": SECONDS, "imageSeconds": SECONDS},
    },
}
"""The parts that stand in the graphs' place, by kind, and the rules for their fields."""


@dataclass
class Check:
    """A bundle being tried. ``say`` takes a line as soon as it is known; ``faults`` holds what is wrong."""

    folder: Path
    say: Callable[[str], None]
    scales: int | None = None
    """How many scales a rollout draws; by default those of at most ``MOST_TOKENS`` tokens."""
    threads: int = 0
    """Of a model call; 0 is as many as there are cores."""
    seed: int = 0
    faults: list[str] = field(default_factory=list)

    def run(self) -> None:
        """Tries all of it; what is wrong in one place does not keep another from being tried."""
        manifest = self._manifest()
        kind = manifest.get("kind")
        name = str(kind).split("-")[0]
        part = manifest.get(name)
        graphless = [word for word in GRAPHLESS.get(kind, {}) if isinstance(part, dict) and part.get(word) is not None]
        self._files(manifest, graphs=not graphless)
        if kind not in GRAPHS:
            self._wrong(f"{MANIFEST}: kind is '{kind}', but can be {', '.join(GRAPHS)}")
            return
        needed = PARTS[kind] if graphless else (*PARTS[kind], *GRAPH_PARTS.get(kind, ()))
        if missing := [field for field in needed if not isinstance(part, dict) or field not in part]:
            self._wrong(f"{MANIFEST}: {name} lacks {', '.join(missing)}")
            return
        if graphless:
            self._graphless(name, part, graphless)
            return
        match kind:
            case "generator":
                self._generator(manifest, part)
            case "diffusion-generator":
                self._diffusion(manifest, part)
            case _:
                self._verifier(manifest, part)

    # The folder.

    def _manifest(self) -> dict:
        file = self.folder / MANIFEST
        try:
            raw = file.read_bytes()
            manifest = json.loads(raw)
        except (OSError, ValueError) as e:
            raise BadInput(f"{self.folder} is no bundle: {MANIFEST} cannot be read: {e}") from e
        if not isinstance(manifest, dict):
            raise BadInput(f"{self.folder} is no bundle: {MANIFEST} must be a JSON object")
        self.say(" · ".join(str(manifest.get(name, "?")) for name in ("name", "version", "kind", "licence")))
        self.say(f"digest {sha256(raw).hexdigest()}")
        if manifest.get("schema") != SCHEMA:
            self._wrong(f"{MANIFEST}: schema is {manifest.get('schema')}, but must be {SCHEMA}")
        for name in FIELDS:
            if name not in manifest:
                self._wrong(f"{MANIFEST}: {name} is missing")
        return manifest

    def _files(self, manifest: dict, *, graphs: bool) -> None:
        digests = manifest.get("files", {})
        for name, said in sorted(digests.items()):
            file = self.folder / name
            if not file.is_file():
                self._wrong(f"{name} is missing; fetch or export the bundle again")
                continue
            actual = digest(file)
            self.say(f"{name:18} {_size(file.stat().st_size):>9}  {actual[:DIGEST_SHOWN]}")
            if actual != said:
                self._wrong(f"{name} has the digest {actual}, but files says {said}; fetch or export the bundle again")
        if not graphs:
            return
        for name in GRAPH_FIELDS:
            if name not in manifest:
                self._wrong(f"{MANIFEST}: {name} is missing")
        needed = (*GRAPHS.get(manifest.get("kind"), ()), manifest.get("tokenizer", "tokenizer.json"))
        for name in needed:
            if name not in digests:
                self._wrong(f"{MANIFEST}: files has no digest of {name}, without which nothing can be searched")

    # The kinds.

    def _graphless(self, kind: str, part: dict, words: list[str]) -> None:
        """Looks at what stands in the graphs' place."""
        if len(words) > 1:
            self._wrong(f"{MANIFEST}: {' and '.join(f'{kind}.{word}' for word in words)} exclude each other")
        for word in words:
            self.say(f"{word}: there is nothing to load")
            if not isinstance(part[word], dict):
                self._wrong(f"{MANIFEST}: {kind}.{word} must be a JSON object")
                continue
            for name, rule in GRAPHLESS[kind][word].items():
                value = part[word].get(name)
                if value is None and rule.required:
                    self._wrong(f"{MANIFEST}: {kind}.{word}.{name} is missing")
                elif value is not None and not rule.holds(value):
                    self._wrong(f"{MANIFEST}: {kind}.{word}.{name} {rule.words}")
        if kind == "generator":
            self._settings(part)
        else:
            self._deviation(part)

    def _settings(self, part: dict) -> bool:
        """Whether there is a value of each setting for each scale."""
        count = len(part["scales"])
        for name in ("guidance", "temperature", "topP"):
            if len(part[name]) != count:
                self._wrong(f"{MANIFEST}: {name} has {len(part[name])} values for {count} scales")
                return False
        return True

    def _deviation(self, part: dict) -> None:
        if not part["std"] > 0:
            self._wrong(f"{MANIFEST}: std is {part['std']}, but must be positive")

    def _generator(self, manifest: dict, part: dict) -> None:
        rng, scales = np.random.default_rng(self.seed), part["scales"]
        tokens = [h * w for h, w in scales]
        drawn = self.scales or max(1, sum(count <= MOST_TOKENS for count in tokens))
        if drawn > len(scales):
            raise BadInput(f"--scales {drawn}: {manifest.get('name')} has {len(scales)}")
        if not self._settings(part):
            return
        features = self._text(manifest, part)
        session = self._load("rollout.onnx")
        latent = rng.standard_normal((1, *part["latent"]), dtype=np.float32)
        if session is not None:
            width = session.get_inputs()[0].shape[-1]
            if features is None:
                features = rng.standard_normal((1, 4, width), dtype=np.float32)
            bits, sampled = part["bitsPerToken"], sum(tokens[:drawn])
            settings = {"guidance": "guidance", "temperature": "temperature", "top_p": "topP"}
            feeds = {
                "text_features": features,
                "prefix_bits": np.zeros((1, 0, bits), np.uint8),
                "uniforms": rng.random((1, sampled, bits), dtype=np.float32),
                **{name: np.array([part[said]], np.float32) for name, said in settings.items()},
            }
            self.say(f"  draws {drawn} of {len(scales)} scales, {sampled} of {sum(tokens)} tokens")
            outputs = self._call("rollout.onnx", session, feeds)
            if (
                self._expect("rollout.onnx", outputs, "bits", np.uint8, (1, sampled, bits))
                and outputs["bits"].max() > 1
            ):
                self._wrong("rollout.onnx: bits has a value above 1")
            self._log_likelihood(outputs, drawn)
            if self._expect("rollout.onnx", outputs, "latent", np.float32, latent.shape):
                latent = outputs["latent"]
            del session
        self._decode(part, latent)

    def _log_likelihood(self, outputs: Feeds, drawn: int) -> None:
        """Tries what a rollout may give or not."""
        name = "log_likelihood"
        if name not in outputs or not self._expect("rollout.onnx", outputs, name, np.float32, (1, drawn)):
            return
        if outputs[name].max() > 0:
            most = outputs[name].max()
            self._wrong(f"rollout.onnx: {name} has {most:g}, but the logarithm of a probability is at most 0")

    def _diffusion(self, manifest: dict, part: dict) -> None:
        rng = np.random.default_rng(self.seed)
        features = self._text(manifest, part)
        latent = rng.standard_normal((1, *part["latent"]), dtype=np.float32)
        session = self._load("sample.onnx")
        if session is not None:
            if features is None:
                features = rng.standard_normal((1, 4, session.get_inputs()[0].shape[-1]), dtype=np.float32)
            guidance = np.array([part["guidance"]], np.float32)
            feeds = {"text_features": features, "noise": latent, "guidance": guidance}
            outputs = self._call("sample.onnx", session, feeds)
            if self._expect("sample.onnx", outputs, "latent", np.float32, latent.shape):
                latent = outputs["latent"]
        self._decode(part, latent)

    def _verifier(self, manifest: dict, part: dict) -> None:
        rng, session = np.random.default_rng(self.seed), self._load("verifier.onnx")
        tokenizer = self._tokenizer(manifest)
        if session is None or tokenizer is None:
            return
        tokenizer.enable_truncation(part["tokens"])
        tokenizer.enable_padding(length=part["tokens"])
        prompt, widths = tokenizer.encode(PROMPT), set()
        for height, width in ((64, 64), (96, 48)):
            feeds = {
                "image": rng.integers(0, 256, (2, height, width, 3), dtype=np.uint8),
                "input_ids": np.array([prompt.ids] * 2, np.int64),
                "attention_mask": np.array([prompt.attention_mask] * 2, np.int64),
            }
            outputs = self._call("verifier.onnx", session, feeds)
            self._expect("verifier.onnx", outputs, "score", np.float32, (2,))
            if outputs:
                widths.add(self._features(outputs))
        if len(widths) > 1:
            self._wrong(f"verifier.onnx gives features of several widths: {', '.join(map(str, sorted(widths)))}")
        self._deviation(part)

    def _features(self, outputs: Feeds) -> int:
        """The width of what a verifier may give or not; 0 where it gives none."""
        if "features" not in outputs:
            return 0
        value = outputs["features"]
        width = value.shape[-1] if value.ndim == 2 and value.size else -1
        self._expect("verifier.onnx", outputs, "features", np.float32, (2, width))
        return width

    # The graphs that generators share.

    def _text(self, manifest: dict, part: dict) -> np.ndarray | None:
        """The features of a prompt, float [1, L, Ct]; None where the bundle gives none."""
        session, tokenizer = self._load("text.onnx"), self._tokenizer(manifest)
        if session is None or tokenizer is None:
            return None
        ids = np.array([tokenizer.encode(PROMPT).ids], np.int64)
        if ids.shape[1] > part["prompt"]["tokens"]:
            ids = ids[:, : part["prompt"]["tokens"]]
        outputs = self._call("text.onnx", session, {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        self._expect("text.onnx", outputs, "text_mask", np.int64, ids.shape)
        features = outputs.get("text_features")
        shape = (*ids.shape, features.shape[-1] if features is not None and features.ndim == 3 else -1)
        return features if self._expect("text.onnx", outputs, "text_features", np.float32, shape) else None

    def _decode(self, part: dict, latent: np.ndarray) -> None:
        session = self._load("decode.onnx")
        if session is None:
            return
        outputs = self._call("decode.onnx", session, {"latent": latent})
        shape = (1, *part["image"], 3)
        if self._expect("decode.onnx", outputs, "image", np.uint8, shape) and outputs["image"].std() == 0:
            self._wrong("decode.onnx: the picture of noise is a single colour")

    # A graph.

    def _tokenizer(self, manifest: dict) -> Tokenizer | None:
        file = self.folder / manifest.get("tokenizer", "tokenizer.json")
        if not file.is_file():
            return None
        try:
            return Tokenizer.from_file(str(file))
        except Exception as e:  # the tokenizers' own, which has no better class
            self._wrong(f"{file.name} cannot be read: {e}")
            return None

    def _load(self, name: str) -> onnxruntime.InferenceSession | None:
        """A graph, loaded as the services do; None where it is not there or cannot be loaded."""
        file = self.folder / name
        if not file.is_file():
            return None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        start = time.perf_counter()
        try:
            session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as e:  # the runtime's own, which have no common class
            self._wrong(f"{name} cannot be loaded: {_line(e)}")
            return None
        self.say(f"{name}: loaded in {_duration(time.perf_counter() - start)}")
        return session

    def _call(self, name: str, session: onnxruntime.InferenceSession, feeds: Feeds) -> Feeds:
        """A graph's outputs by name; nothing where the call fails."""
        names = {value.name for value in session.get_inputs()}
        if names != set(feeds):
            self._wrong(f"{name} has the inputs {', '.join(sorted(names))}, but must have {', '.join(sorted(feeds))}")
            return {}
        outputs = [value.name for value in session.get_outputs()]
        try:
            results, seconds = _timed(lambda: session.run(outputs, feeds))
            if seconds < QUICK:
                results, seconds = _timed(lambda: session.run(outputs, feeds))
        except Exception as e:  # the runtime's own, which have no common class
            self._wrong(f"{name} failed: {_line(e)}")
            return {}
        given, got = (
            ", ".join(f"{value_name} {list(value.shape)}" for value_name, value in values)
            for values in (feeds.items(), zip(outputs, results, strict=True))
        )
        self.say(f"  {given} → {got}: {_duration(seconds)} a call")
        return dict(zip(outputs, results, strict=True))

    def _expect(self, graph: str, outputs: Feeds, name: str, dtype: type, shape: tuple[int, ...]) -> bool:
        """Whether an output is there, of this type and shape, and finite."""
        if not outputs:
            return False
        if name not in outputs:
            self._wrong(f"{graph} has no output {name}")
            return False
        value = outputs[name]
        if value.dtype != dtype or value.shape != tuple(shape):
            self._wrong(
                f"{graph} gives {name} as {value.dtype} {list(value.shape)}, but it must be {np.dtype(dtype)} "
                f"{list(shape)}"
            )
            return False
        if not np.isfinite(value).all():
            self._wrong(f"{graph}: {name} is not finite")
            return False
        return True

    def _wrong(self, fault: str) -> None:
        self.faults.append(fault)
        self.say(f"wrong: {fault}")


def _timed(call: Callable[[], list[np.ndarray]]) -> tuple[list[np.ndarray], float]:
    """A call's results, and its seconds."""
    start = time.perf_counter()
    results = call()
    return results, time.perf_counter() - start


def _line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _size(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def _duration(seconds: float) -> str:
    return f"{1000 * seconds:.1f} ms" if seconds < 1 else f"{seconds:.1f} s"
