"""The last result of a stage, so that a step can take over what has not changed.

It is found through dvc.lock and DVC's cache, as DVC removes outputs before it runs a stage. A result that is not there
any more costs time and nothing else: a step's result never depends on it.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from project import layout
from project.errors import IntegrityError
from registry import dvc


@contextlib.contextmanager
def result(root: Path, verb: str, name: str, output: Path, *, same_plan: bool) -> Iterator[Path | None]:
    """The folder that `output` last was, linked from the cache for as long as the block runs; None when there is none.

    With `same_plan` it is given only if the stage's plan was the same then, byte for byte.
    """
    stage = dvc.read_lock(root).get(f"{verb}@{name}", {})
    kept = dvc.outputs({name: stage}, [name]).get(str(output.relative_to(root)))
    if kept is None or (same_plan and not _planned_alike(root, stage, layout.plan(root, verb, name))):
        yield None
        return
    place = layout.private(root) / "previous"
    place.mkdir(parents=True, exist_ok=True)
    _sweep(place)
    with tempfile.TemporaryDirectory(dir=place, prefix=f"{os.getpid()}-") as folder:
        try:
            found: Path | None = dvc.materialise(root, kept, Path(folder) / name, link=True)
        except IntegrityError:  # not in the cache
            found = None
        yield found


def _planned_alike(root: Path, stage: dict[str, list[dict[str, str]]], plan: Path) -> bool:
    then = {dependency["path"]: dependency.get("md5") for dependency in stage.get("deps", ())}
    now = hashlib.md5(plan.read_bytes(), usedforsecurity=False).hexdigest()
    return then.get(str(plan.relative_to(root))) == now


def _sweep(place: Path) -> None:
    """Remove what processes left that were killed."""
    for folder in place.iterdir():
        try:
            os.kill(int(folder.name.split("-")[0]), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except PermissionError:
            continue
