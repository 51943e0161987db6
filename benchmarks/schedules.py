"""Twenty models due at the same minute, against the same models one after another; and what 200 runs leave behind.

    python -m benchmarks.schedules [--models 20] [--limit 2] [--runs 200] [--only due|soak] [--postgres URL] [--quick]

**due**: a workspace in which the source is ingested and no model has a version is copied. In one copy `dailies run --all` runs
with a Prefect server that is up; in the other `dailies up --limit 2` has a deployment for each model, all due at one
minute, and the time from that minute to the end of the last run counts. Both register, push, land and tag each model.

**soak**: short runs through a server and a worker that stay up: most are of models that are current and end at once, every
tenth trains a tiny model. Processes, open files, worktrees, branches and held locks are counted before and after, bytes of
database and logs as well. The first run of each model comes before the counting.
"""

import argparse
import contextlib
import datetime
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import yaml
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = {"network": "cnn", "size": 12, "width": 8, "epochs": 4, "batch": 8, "jitter_rotate": 0}
LEAD_S = 75
"""A schedule is known to the server for so long before it is due."""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")
TRAINS = 10
"""Every so manieth run of the soak trains."""


def pictures(folder: Path, count: int = 40) -> Path:
    """Grey 12 px discs and squares, a folder each."""
    generator = np.random.default_rng(0)
    yy, xx = np.mgrid[:12, :12]
    for name in ("disc", "square"):
        (folder / name).mkdir(parents=True)
        for index in range(count):
            x, y, radius = generator.integers(4, 8), generator.integers(4, 8), generator.integers(2, 4)
            near = np.hypot(xx - x, yy - y) if name == "disc" else np.maximum(abs(xx - x), abs(yy - y))
            pixels = np.where(near <= radius, 220, 30) + generator.integers(0, 30, (12, 12))
            Image.fromarray(pixels.astype(np.uint8)).save(folder / name / f"{index:03}.png")
    return folder


def params(names: list[str], shapes: Path, schedule: dict[str, str] | None = None) -> str:
    made = {
        name: {
            "recipe": "image_classification",
            "source": "shapes",
            "settings": {**SETTINGS, "seed": number},
            **({"schedule": schedule} if schedule else {}),
        }
        for number, name in enumerate(names)
    }
    source = {"kind": "image", "path": str(shapes), "licence": "CC0-1.0"}
    return yaml.safe_dump({"sources": {"shapes": source}, "models": made}, sort_keys=False)


class Workspace:
    """A workspace of this tree's last commit, and its command."""

    def __init__(self, folder: Path, env: dict[str, str]) -> None:
        self.folder, self.env = folder, env

    def dailies(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "studio", *arguments]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"dailies {' '.join(arguments)} failed:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def git(self, *arguments: str) -> list[str]:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout.splitlines()

    def write(self, text: str) -> None:
        (self.folder / "params.yaml").write_text(text, encoding="utf-8")
        self.git("commit", "--quiet", "--all", "--message", "Models of the benchmark")

    def copy(self, folder: Path) -> "Workspace":
        shutil.copytree(self.folder, folder, symlinks=True)
        config = folder / ".dvc" / "config.local"
        config.write_text(config.read_text().replace(str(self.folder), str(folder)))
        return Workspace(folder, dict(self.env))

    @contextlib.contextmanager
    def up(self, limit: int) -> Iterator["Api"]:
        told = json.loads(self.dailies("up", "--detach", "--port", "0", "--limit", str(limit), "--json"))
        try:
            yield Api(told["url"], told["pid"])
        finally:
            self.dailies("down")


class Api:
    """The server that is up, and the process that keeps it."""

    def __init__(self, url: str, pid: int) -> None:
        self.url, self.pid = url, pid

    def post(self, path: str, content: Any) -> Any:
        body, headers = json.dumps(content).encode(), {"Content-Type": "application/json"}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def runs(self, **flow_runs: Any) -> list[dict[str, Any]]:
        """Every flow run of a deployment that the filter lets through."""
        found: list[dict[str, Any]] = []
        asked = {**flow_runs, "deployment_id": {"is_null_": False}}
        while page := self.post("/flow_runs/filter", {"flow_runs": asked, "offset": len(found), "limit": 200}):
            found += page
        return found

    def deployments(self) -> dict[str, str]:
        return {each["name"]: each["id"] for each in self.post("/deployments/filter", {})}


def due(home: Path, base: Workspace, names: list[str], shapes: Path, limit: int) -> None:
    """Print how long both ways took, and that nothing was done twice or lost."""
    one, other = base.copy(home / "sequence"), base.copy(home / "schedule")
    one.write(params(names, shapes))
    with one.up(0):
        started = time.monotonic()
        one.dailies("run", "--all")
        sequence = time.monotonic() - started
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=LEAD_S + 59)
    moment = moment.replace(second=0, microsecond=0)
    other.write(params(names, shapes, {"cron": f"{moment:%M %H} * * *", "timezone": "UTC"}))
    with other.up(limit) as api:
        ended = _all_ended(api, len(names), {"expected_start_time": {"before_": moment.isoformat()}})
    last = max(datetime.datetime.fromisoformat(run["end_time"]) for run in ended)
    scheduled = (last - moment).total_seconds()
    versions = [sorted(tag for tag in each.git("tag") if "@" in tag) for each in (one, other)]
    print(
        f"{sequence / scheduled:.2f}  one after another {sequence:.0f} s / "
        f"all due at one minute {scheduled:.0f} s, {limit} at a time"
    )
    print(
        f"      {len(names)} models, {len(ended)} runs: {_counted(ended)}; versions {len(versions[1])} and {len(versions[0])}"
    )
    for run in ended:
        if run["state_type"] != "COMPLETED":
            print(f"      {run['name']}: {run['state_name']}, {run['state']['message']}")
    assert versions[0] == versions[1] == sorted(f"{name}@v0.1.0" for name in names), "lost or done twice"


def _all_ended(api: Api, count: int, asked: dict[str, Any]) -> list[dict[str, Any]]:
    while True:
        found = api.runs(**asked)
        if len(found) >= count and all(run["state_type"] in ENDED for run in found):
            return found
        time.sleep(1)


def _counted(runs: list[dict[str, Any]]) -> str:
    return ", ".join(f"{count} {name}" for name, count in Counter(run["state_name"] for run in runs).most_common())


def soak(base: Workspace, names: list[str], runs: int, limit: int) -> None:
    """Print what `runs` short runs left."""
    with base.up(limit) as api:
        for name in names:
            _ask(api, name)
        _all_ended(api, len(names), {})
        time.sleep(5)
        before, started = left(base, api), time.monotonic()
        for number in range(runs):
            settings = {"settings.seed": 1000 + number} if number % TRAINS == 0 else {}
            _ask(api, names[number % len(names)], settings)
        ended = _all_ended(api, len(names) + runs, {})
        took = time.monotonic() - started
        time.sleep(5)
        after = left(base, api)
    print(f"{runs} runs in {took:.0f} s, {limit} at a time: {_counted(ended)}, those before the counting included")
    for what, value in after.items():
        print(f"  {what:32} {before[what]:>12,} → {value:>12,}")


def _ask(api: Api, model: str, overrides: dict[str, Any] | None = None) -> None:
    told = {"parameters": {"model": model, "promote": False, "overrides": overrides or {}}}
    api.post(f"/deployments/{api.deployments()[model]}/create_flow_run", told)


def left(base: Workspace, api: Api) -> dict[str, int]:
    """What a run that ended must not leave, and what grows with each."""
    from registry import runs

    up = psutil.Process(api.pid)
    below = up.children(recursive=True)
    private = base.folder / ".dailies"
    locks = [path.name for path in (private / "locks").iterdir() if path.name != "up"]
    return {
        "processes": 1 + len(below),
        "processes with this workspace": len(_in(base.folder)),
        "open files of server and workers": sum(each.num_fds() for each in [up, *below]),
        "memory of server and workers, MB": sum(each.memory_info().rss for each in [up, *below]) // 10**6,
        "worktrees": len(base.git("worktree", "list")),
        "branches of runs": len(base.git("branch", "--list", "run/*")),
        "locks held": sum(runs.is_locked(base.folder, name) for name in locks),
        "temporary files": len(list(Path(base.env["TMPDIR"]).iterdir())),
        "database, kB": sum(path.stat().st_size for path in (private / "prefect").glob("prefect.db*")) // 1000,
        "logs of server and worker, kB": sum(path.stat().st_size for path in (private / "up").glob("*.log")) // 1000,
        "logs of runs, kB": sum(path.stat().st_size for path in (private / "logs").rglob("*") if path.is_file())
        // 1000,
        "folders of logs of runs": len(list((private / "logs").iterdir())),
    }


def _in(folder: Path) -> list[int]:
    """Processes whose present folder is the workspace or in it."""
    everyone = psutil.process_iter(["cwd"])
    return [process.pid for process in everyone if str(process.info["cwd"] or "").startswith(str(folder))]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--limit", type=int, default=2)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--only", choices=("due", "soak"))
    parser.add_argument("--postgres", help="the address of an empty database, instead of SQLite")
    parser.add_argument("--quick", action="store_true", help="3 models, 6 runs: does it work at all?")
    asked = parser.parse_args()
    models, runs = (3, 6) if asked.quick else (asked.models, asked.runs)
    with tempfile.TemporaryDirectory(prefix="dailies-schedules-") as name:
        home = Path(name)
        dropped = ("PREFECT_", "DAILIES_", "PYTHONPATH")
        env = {key: value for key, value in os.environ.items() if not key.startswith(dropped)}
        env |= {"TMPDIR": str(home / "tmp"), "PATH": os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])}
        env |= {"PREFECT_SERVER_DATABASE_CONNECTION_URL": asked.postgres} if asked.postgres else {}
        (home / "tmp").mkdir()
        shapes = pictures(home / "pictures")
        names = [f"model_{number:02}" for number in range(models)]
        Workspace(ROOT, env).dailies("init", str(home / "base"))
        base = Workspace(home / "base", env)
        base.write(params(["first"], shapes))
        base.dailies("run", "first", "--no-promote")
        base.git("tag", "--delete", *base.git("tag"))
        if asked.only != "soak":
            due(home, base, names, shapes, asked.limit)
        if asked.only != "due":
            base.write(params(names[:5], shapes))
            soak(base, names[:5], runs, asked.limit)


if __name__ == "__main__":
    main()
