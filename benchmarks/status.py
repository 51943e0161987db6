"""`dailies status` with a long past behind it, against asking Prefect's own client, in the same rounds.

    python -m benchmarks.status [--models 50] [--runs 10000] [--versions 2000]

The workspace is real (a clone, params.yaml, plans, dvc.lock by `dvc commit`, tags, records of runs as runs leave them), its
past is synthetic; the server is a real one on SQLite whose past runs were written into its database. Each source has few
and small pictures, as nothing here reads them.
"""

import argparse
import copy
import datetime
import json
import os
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from project import layout

ROOT = Path(__file__).resolve().parent.parent
ROUNDS, SOURCES, PORT = 7, 10, 18431
URL = f"http://127.0.0.1:{PORT}/api"
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
EVERY = datetime.timedelta(minutes=20)
STATES = [("COMPLETED", "Completed", "landed")] * 7 + [
    ("COMPLETED", "Refused", "refused"),
    ("FAILED", "Failed", "failed"),
]
PEER = "coming runs and the last 200 through Prefect's client"
CLIENT = """
import asyncio
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter
from prefect.client.schemas.sorting import FlowRunSort

async def main():
    scheduled = FlowRunFilter.model_validate({"state": {"type": {"any_": ["SCHEDULED"]}}})
    async with get_client() as client:
        await client.read_flow_runs(flow_run_filter=scheduled, sort=FlowRunSort.EXPECTED_START_TIME_ASC, limit=200)
        await client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=200)

asyncio.run(main())
"""


def params(models: int) -> dict[str, Any]:
    """So many models of a few sources."""
    named = {
        f"m{number:02}": {
            "recipe": "image_classification", "source": f"s{number % SOURCES}", "gate": {"accuracy": {"at_least": 0.5}},
            "settings": {"epochs": 2}, "schedule": {"cron": f"{number} 3 * * *", "timezone": "Europe/Paris"},
        }
        for number in range(models)
    }  # fmt: skip
    sources = {f"s{number}": {"kind": "image", "path": "docs", "licence": "CC0-1.0"} for number in range(SOURCES)}
    return {"sources": sources, "models": named}


def outputs(root: Path, models: int) -> None:
    """What every stage would have made, as a few bytes each."""
    checks: dict[str, list[str]] = {"checks": [], "refused": []}
    for number in range(SOURCES):
        folder = layout.assets(root, f"s{number}")
        layout.write_json(folder / "summary.json", {"assets": number, "status": {}})
        layout.write_json(folder / "checks.json", checks)
        drift = [{"check": "drift_label", "value": 0.3, "limit": None, "verdict": "noted", "message": "it moved"}]
        layout.write_json(layout.drift(root, f"s{number}"), drift)
    for name in (f"m{number:02}" for number in range(models)):
        layout.write_json(layout.shards(root, name) / "facts.json", {"name": name})
        layout.write_json(layout.weights(root, name) / "card.json", {"name": name})
        reports = layout.reports(root, name)
        for file in ("verdict.json", "report.html", "predictions.parquet", "card.json", "card.md", "metrics.json"):
            layout.write_json(reports / file, {"name": name})
        layout.write_json(reports / "pictures" / "loss.png", {"name": name})


def workspace(root: Path, models: int) -> None:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    python = [sys.executable, "-m"]
    subprocess.run([*python, "studio", "init", str(root)], cwd=ROOT, env=env, check=True, capture_output=True)
    (root / "params.yaml").write_text(yaml.safe_dump(params(models), sort_keys=False))
    (root / ".dvc" / "tmp").mkdir(exist_ok=True)
    subprocess.run([*python, "dvc", "repro", "-q", "plan"], cwd=root, env=env, check=True)
    outputs(root, models)
    subprocess.run([*python, "dvc", "commit", "-q", "-f"], cwd=root, env=env, check=True)
    for command in (["add", "-A"], ["commit", "-qm", "A past"]):
        subprocess.run(["git", *command], cwd=root, check=True)


def run_id(number: int, models: int) -> tuple[str, str, datetime.datetime]:
    """The model, the id and the start of a run; 0 is the newest."""
    model, started = f"m{number % models:02}", NOW - EVERY * (number + 1)
    return model, f"{model}-{started:%Y%m%d-%H%M%S}-{number % 65536:04x}", started


def records(root: Path, models: int, runs: int) -> None:
    for number in range(runs):
        model, name, started = run_id(number, models)
        stages = {
            f"{verb}@{model}": {"started": started.isoformat(), "ran": True, "seconds": 12.5} for verb in layout.VERBS
        }
        record = {
            "run": name, "model": model, "trigger": "schedule", "who": "dailies", "promote": True, "overrides": {},
            "started": started.isoformat(), "process": {"pid": 1, "born": 0.0, "host": "elsewhere"}, "stages": stages,
            "notices": [], "state": STATES[number % len(STATES)][2], "ended": (started + EVERY / 2).isoformat(),
            "version": "v0.1.0", "said": f"{model} is live in prod",
        }  # fmt: skip
        folder = layout.logs(root, name)
        folder.mkdir(parents=True)
        (folder / "run.json").write_text(json.dumps(record, indent=1))


def tags(root: Path, models: int, versions: int) -> None:
    """Versions of every model, each live in its turn; the newest holds the weights that dvc.lock names."""
    lock = yaml.safe_load((root / "dvc.lock").read_text())["stages"]
    with subprocess.Popen(["git", "fast-import", "--quiet", "--force"], cwd=root, stdin=subprocess.PIPE) as process:
        assert process.stdin
        for number in range(versions):
            name, patch = f"m{number % models:02}", number // models
            when = f"B <b@localhost> {int((NOW - EVERY * (versions - number)).timestamp())} +0000"
            outs = {out["path"]: out["md5"] for out in lock[f"train@{name}"]["outs"]}
            newest = number + models >= versions
            message = {
                "model": name, "version": f"v0.1.{patch}", "run": f"run-{number}", "who": "dailies", "trigger": "schedule",
                "weights": outs[f"data/weights/{name}"] if newest else f"{number:032x}.dir",
                "metrics": {"accuracy": 0.9, "balanced_accuracy": 0.9}, "machine": "2 cores", "python": "3.11",
                "verdict": {"promoted": True, "rules": [{"rule": "accuracy at least 0.5", "passed": True, "reason": "0.9"}]},
            }  # fmt: skip
            said = json.dumps(message, indent=1).encode()
            start = "from refs/heads/main^0\n" if not number else f"from :{number}\n"
            process.stdin.write(f"commit refs/heads/past\nmark :{number + 1}\ncommitter {when}\n".encode())
            process.stdin.write(b"data 4\npast\n" + start.encode())
            for tag in (f"{name}@v0.1.{patch}", f"{name}#prod#{patch + 1}"):
                process.stdin.write(f"tag {tag}\nfrom :{number + 1}\ntagger {when}\n".encode())
                process.stdin.write(f"data {len(said)}\n".encode() + said + b"\n")
    subprocess.run(["git", "pack-refs", "--all"], cwd=root, check=True)


@contextmanager
def server(home: Path) -> Iterator[None]:
    env = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(PORT)]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while True:
            try:
                urllib.request.urlopen(f"{URL}/health").close()
                break
            except OSError:
                time.sleep(0.5)
        yield
    finally:
        process.terminate()
        process.wait()


def post(path: str, content: Any) -> Any:
    request = urllib.request.Request(URL + path, json.dumps(content).encode(), {"Content-Type": "application/json"})
    for _ in range(20):
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code != 503:  # SQLite is busy
                raise
            time.sleep(1)
    raise SystemExit(f"the server stayed busy at {path}")


def deploy(models: int) -> None:
    """A deployment with a schedule for each model, and one finished run as a pattern for the others."""
    flow = post("/flows/", {"name": "retrain"})["id"]
    for name, model in params(models)["models"].items():
        content = {
            "name": name,
            "flow_id": flow,
            "parameters": {"model": name},
            "schedules": [{"schedule": model["schedule"]}],
        }
        post("/deployments/", content | {"parameters": {"model": name}})
    run = post("/flow_runs/", {"name": "pattern", "flow_id": flow, "parameters": {"model": "m00"}})["id"]
    post(f"/flow_runs/{run}/set_state", {"state": {"type": "COMPLETED", "name": "Completed"}, "force": True})


def history(database: Path, models: int, runs: int) -> None:
    """The pattern once more for each run of the past."""
    with sqlite3.connect(database) as db:
        db.row_factory = sqlite3.Row
        run = dict(db.execute("SELECT * FROM flow_run WHERE name = 'pattern'").fetchone())
        state = dict(db.execute("SELECT * FROM flow_run_state WHERE id = ?", [run["state_id"]]).fetchone())
        deployments = dict(db.execute("SELECT name, id FROM deployment").fetchall())
        db.execute("DELETE FROM flow_run WHERE name = 'pattern'")
        for number in range(runs):
            model, name, started = run_id(number, models)
            kind, called, _ = STATES[number % len(STATES)]
            one, its = copy.copy(run), copy.copy(state)
            one["id"], its["id"] = str(uuid.uuid4()), str(uuid.uuid4())
            begun, ended = (f"{moment:%Y-%m-%d %H:%M:%S}.000000" for moment in (started, started + EVERY / 2))
            one |= {"name": name, "state_id": its["id"], "state_type": kind, "state_name": called, "start_time": begun}
            one |= {
                "expected_start_time": begun,
                "end_time": ended,
                "deployment_id": deployments[model],
                "created": begun,
            }
            one |= {"parameters": json.dumps({"model": model}), "state_timestamp": ended}
            its |= {"flow_run_id": one["id"], "type": kind, "name": called, "timestamp": ended}
            for table, row in (("flow_run", one), ("flow_run_state", its)):
                marks = ", ".join("?" * len(row))
                db.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", list(row.values()))


def seconds(command: list[str], root: Path, env: dict[str, str]) -> tuple[float, float]:
    """On the clock, and of the processor."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=root, env=env, check=True, capture_output=True)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("models", 50), ("runs", 10_000), ("versions", 2_000)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--keep", type=Path, help="a folder for the workspace, which stays for the next time")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = (asked.keep or Path(place)).resolve()
        root, home = folder / "workspace", folder / "prefect"
        if not root.exists():
            _make(root, home, asked)
        with server(home):
            _compare(root, home, asked)


def _make(root: Path, home: Path, asked: argparse.Namespace) -> None:
    home.mkdir(parents=True)
    workspace(root, asked.models)
    records(root, asked.models, asked.runs)
    tags(root, asked.models, asked.versions)
    with server(home):
        deploy(asked.models)
    history(home / "prefect.db", asked.models, asked.runs)


def _compare(root: Path, home: Path, asked: argparse.Namespace) -> None:
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    env |= {"PREFECT_API_URL": URL, "PREFECT_HOME": str(home)}
    commands = {
        "dailies status": [sys.executable, "-m", "studio", "status"],
        "dailies status, no server": [sys.executable, "-m", "studio", "status"],
        "dailies runs ls": [sys.executable, "-m", "studio", "runs", "ls"],
        PEER: [sys.executable, "-c", CLIENT],
        "its import alone": [sys.executable, "-c", CLIENT.split("async def")[0]],
    }
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, command in commands.items():
            without = {key: value for key, value in env.items() if key != "PREFECT_API_URL"}
            times[name].append(seconds(command, root, without if "no server" in name else env))
    peer = times[PEER]
    print(f"{asked.models} models, {asked.runs:,} runs, {asked.versions:,} versions; medians of {ROUNDS} rounds")
    for name, measured in times.items():
        ratio = statistics.median(there / here for (here, _), (there, _) in zip(measured, peer, strict=True))
        walls, processor = zip(*measured, strict=True)
        print(
            f"{ratio:6.2f}  {name}: {statistics.median(walls):.2f} s, least {min(walls):.2f} s, "
            f"of the processor {statistics.median(processor):.2f} s"
        )


if __name__ == "__main__":
    main()
