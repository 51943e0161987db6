"""Where things lie in a project. `data/` reads as the river: each verb fills the folder of its own."""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from project.errors import NoProject, UsageError

VERBS = ("plan", "ingest", "augment", "train", "validate")
"""The DVC stages, in order. The last verb, register, writes git tags."""

CODE = ("steps", "recipes", "models", "media", "registry", "lineage", "project", "tasks", "flows", "dvc.yaml")
"""What a run executes; a run takes these from the last commit."""


def find(start: Path | None = None) -> Path:
    """The project that `start` (default: the current folder) lies in. Raises NoProject."""
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if (folder / "params.yaml").is_file() and (folder / "dvc.yaml").is_file():
            return folder
    raise NoProject(f"{start} is not inside a Dailies project (params.yaml and dvc.yaml); make one: dailies init DIR")


def stages(model: str, source: str) -> list[str]:
    """The DVC stages that make `model`, in order."""
    return ["plan", f"ingest@{source}", f"augment@{model}", f"train@{model}", f"validate@{model}"]


def plan(root: Path, verb: str, name: str) -> Path:
    return root / "data" / "plan" / verb / f"{name}.json"


def assets(root: Path, source: str) -> Path:
    return root / "data" / "assets" / source


def released(root: Path, source: str) -> Path:
    """Who admitted which refused assets of a source, and why; kept in git."""
    return root / "data" / "released" / f"{source}.json"


def orders(root: Path) -> Path:
    """Withdrawals of assets, and suspensions of subjects: who ordered which, and why; kept in git."""
    return root / "data" / "rights" / "orders.csv"


def refusals(root: Path, source: str) -> Path:
    """What the last ingest refused and why, as a table; also when that was too much for the ingest to end well."""
    return private(root) / "refused" / f"{source}.csv"


def drift(root: Path, source: str) -> Path:
    """How far the assets of the last ingest had moved from those before, whether it ended well or not."""
    return private(root) / "drift" / f"{source}.json"


def shards(root: Path, model: str) -> Path:
    return root / "data" / "shards" / model


def weights(root: Path, model: str) -> Path:
    return root / "data" / "weights" / model


def reports(root: Path, model: str) -> Path:
    return root / "data" / "reports" / model


def cached(outputs: Mapping[str, str]) -> list[str]:
    """The hashes of those outputs (path → hash) that DVC caches; plans, metrics and cards are kept in git."""
    in_git = ("data/plan", "metrics.json", "card.json", "card.md")
    return [md5 for path, md5 in outputs.items() if not path.endswith(in_git)]


def private(root: Path) -> Path:
    """What the workspace keeps for itself, out of git and DVC: runs, locks, checkpoints, downloads.

    A run in a worktree shares the folder of its workspace, named by DAILIES_WORKSPACE.
    """
    return Path(os.environ.get("DAILIES_WORKSPACE") or root) / ".dailies"


def logs(root: Path, run_id: str = "") -> Path:
    """What runs said, a folder a run: the log of each stage, its record, its result."""
    return private(root) / "logs" / run_id


def mirror() -> Path | None:
    """The folder of local copies that is looked up before any URL."""
    folder = os.environ.get("DAILIES_MIRROR")
    return Path(folder) if folder else None


def read_plan(root: Path, verb: str, name: str) -> dict[str, Any]:
    """What decides the result of one stage. Raises UsageError when the plan was never made."""
    path = plan(root, verb, name)
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"{path.relative_to(root)} does not exist, so {name!r} is not in params.yaml or the plan is old; "
            "run: dvc repro plan"
        ) from None
    return content


def write_json(path: Path, content: Any) -> None:
    """Write `content` whole or not at all, readable and with a stable order."""
    write_bytes(path, (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Write to a temporary file, fsync, rename: a hard-linked cache file is never written in place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
