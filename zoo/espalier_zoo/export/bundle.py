"""Bundles: a folder of graphs, a text tokenizer and the manifest that describes and digests them."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from espalier_zoo.errors import BadInput
from espalier_zoo.export.memory import Memory

SCHEMA = 1
MANIFEST = "bundle.json"


@dataclass(frozen=True)
class About:
    """Who a bundle is."""

    name: str
    kind: str
    version: str
    licence: str
    source: str
    trained_on: str


def require_empty(folder: Path) -> None:
    """Refuses a folder that a bundle would be written over."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} is not empty; remove it or name another folder")


def write_manifest(folder: Path, about: About, part: dict, memory: Memory | None = None) -> None:
    """Writes ``bundle.json`` over the files that lie in the folder.

    ``part`` is what the manifest says under the kind's own field, such as ``generator``; ``memory`` what a generator's
    calls take.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name != MANIFEST)
    manifest = {
        "schema": SCHEMA,
        "name": about.name,
        "kind": about.kind,
        "version": about.version,
        "licence": about.licence,
        "source": about.source,
        "trainedOn": about.trained_on,
        "tokenizer": "tokenizer.json",
        "files": {path.name: digest(path) for path in files},
        **({"memory": memory.to_dict()} if memory else {}),
        about.kind.split("-")[0]: part,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")


def digest(path: Path) -> str:
    """A file's SHA-256 in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
