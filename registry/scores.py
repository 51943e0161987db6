"""What versions scored on their test assets, one number an asset, and two of them compared."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from project.errors import DailiesError, IntegrityError
from registry import dvc, fetching, gate, git
from registry.gate import Rule
from registry.tags import Version


def read(path: Path) -> dict[str, float]:
    """Asset → score of a predictions table, the mean where several samples were made of one asset."""
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=["asset_id", "score"])
    means = table.group_by("asset_id", use_threads=False).aggregate([("score", "mean")])
    return dict(zip(means["asset_id"].to_pylist(), means["score_mean"].to_pylist(), strict=True))


def of(root: Path, version: Version) -> dict[str, float]:
    """Asset → score as the version's own run measured it; empty when it recorded none, or that is nowhere any more."""
    lock = dvc.parse_lock(git.show(root, version.commit, "dvc.lock") or "")
    place = f"data/reports/{version.name}/predictions.parquet"
    md5 = dvc.outputs(lock, [f"validate@{version.name}"]).get(place)
    if not md5:
        return {}
    try:
        with dvc.opened(root) as repo:
            return read(fetching.bring(repo, [md5])[md5])
    except IntegrityError:
        return {}


def measured(folder: Path, version: Version, out: Path, only: Path | None = None) -> dict[str, float]:
    """Asset → score of what `version` answers to the test assets of `folder`, a tree whose plan is current, read as it was
    trained to read them. `only` is a JSON list of assets to ask about instead, of whatever split. `out` is filled.

    Raises DailiesError.
    """
    weights = fetching.folder_of(folder, version)
    command = [sys.executable, "-m", "steps.compare", version.name, version.commit, str(weights), str(out)]
    command += [str(only)] if only else []
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
        raise DailiesError(f"{version.tag} could not be measured on today's assets: {said[-1]}")
    return read(out / "predictions.parquet")


def compared(root: Path, version: Version, champion: Version, worse_by: float) -> Rule:
    """`version` against `champion`, asset by asset, on what both recorded."""
    return gate.against_champion(of(root, version), of(root, champion), champion.version, worse_by)


def difference(before: Mapping[str, float], after: Mapping[str, float], assets: Sequence[str]) -> tuple[float, ...]:
    """(mean, low, high) of after - before over `assets`, asset by asset."""
    each = np.array([after[asset] - before[asset] for asset in assets])
    return float(each.mean()), *gate.bootstrap(each)
