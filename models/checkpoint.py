"""One file from which a killed training goes on: named tensors, and a JSON position in the same safetensors file.

One file cannot disagree with itself; it is written under another name, synced and renamed, so what is there is whole.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from project.progress import note

FILE = "checkpoint.safetensors"
EVERY_S = 20.0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`tensors` by name, and `position`: what else is needed to go on, as JSON values."""

    tensors: Mapping[str, Tensor]
    position: Mapping[str, Any]


class Keeper:
    """Keeps the checkpoint of one training in a folder, or nowhere. `identity` says which training it is."""

    def __init__(self, folder: Path | None, identity: str) -> None:
        self._folder = folder
        self._identity = identity
        self._kept_at = time.monotonic()

    def due(self) -> bool:
        """Whether enough would be lost by a kill to write now."""
        return self._folder is not None and time.monotonic() - self._kept_at >= EVERY_S

    def keep(self, checkpoint: Checkpoint) -> None:
        """Replace the checkpoint."""
        if self._folder is not None:
            write(self._folder, checkpoint, self._identity)
            self._kept_at = time.monotonic()

    def kept(self) -> Checkpoint | None:
        """The checkpoint of this training, if there is a good one."""
        return read(self._folder, self._identity) if self._folder else None


def write(folder: Path, checkpoint: Checkpoint, identity: str) -> None:
    """Replace the checkpoint in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: value.detach().cpu().contiguous() for name, value in checkpoint.tensors.items()}
    about = {"identity": identity, "position": json.dumps(checkpoint.position), "sha256": _digest(tensors)}
    temporary = folder / f"{FILE}.writing"
    with temporary.open("wb") as file:
        file.write(safetensors.torch.save(tensors, about))
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(folder / FILE)
    _sync_folder(folder)


def read(folder: Path, identity: str) -> Checkpoint | None:
    """The checkpoint in `folder`; None, with a note why, when it is damaged or belongs to another training."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no mapping
    except (safetensors.SafetensorError, OSError) as error:
        return _ignore(path, f"is not a whole safetensors file ({error})")
    if about.get("identity") != identity:
        return _ignore(path, "belongs to other settings, samples or weights")
    if about.get("sha256") != _digest(tensors):
        return _ignore(path, "is damaged: its bytes are not what its hash says")
    return Checkpoint(tensors, json.loads(about["position"]))


def _ignore(path: Path, reason: str) -> Checkpoint | None:
    note(f"{path.name} {reason}; it is ignored and training starts from the beginning")
    return None


def _digest(tensors: Mapping[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _sync_folder(folder: Path) -> None:
    """Have the rename survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
