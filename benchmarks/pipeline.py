"""A whole run against `dvc repro` of the same stages, side by side, in workspaces made for it.

    python -m benchmarks.pipeline [--model digits] [--rounds 3]

Each round makes two fresh workspaces and times in turn: all stages from nothing, one changed training parameter, and
nothing to do. `dailies run` works with a Prefect server that is already up, and its time includes worktree, commit, push
to the remote, landing and tags; `dvc repro` has none of these. Last, one run with a temporary server.
"""

import argparse
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

BIN = Path(sys.executable).parent
QUIET = {"PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}


def timed(command: Sequence[str], folder: Path, env: dict[str, str]) -> float:
    """Wall seconds of a command that must succeed."""
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed in {folder}:\n{done.stdout}\n{done.stderr}")
    return time.perf_counter() - started


@contextmanager
def server(home: Path) -> Iterator[str]:
    """A Prefect server on loopback, up when the block begins."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(BIN / "prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    env = {**os.environ, **QUIET, "PREFECT_HOME": str(home)}
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    url = f"http://127.0.0.1:{port}/api"
    try:
        for _ in range(240):
            try:
                with urllib.request.urlopen(f"{url}/health", timeout=1):
                    break
            except OSError:
                time.sleep(0.5)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def workspace(folder: Path, env: dict[str, str]) -> Path:
    timed([str(BIN / "dailies"), "init", str(folder)], Path.cwd(), env)
    return folder


def change(folder: Path, epochs: int, model: str) -> None:
    """One changed training parameter, committed, as a person would before `dvc repro`."""
    from registry.runs import override

    override(folder / "params.yaml", model, {"settings.epochs": epochs})
    subprocess.run(["git", "commit", "-qam", "One parameter"], cwd=folder, check=True)


def one_round(home: Path, model: str, env: dict[str, str], number: int) -> dict[str, tuple[float, float]]:
    """What → (dailies seconds, dvc seconds)."""
    ours, theirs = (workspace(home / f"{name}-{number}", env) for name in ("dailies", "dvc"))
    run, repro = [str(BIN / "dailies"), "run", model], [str(BIN / "dvc"), "repro", f"validate@{model}"]
    sides = [(ours, run), (theirs, repro)]
    order = (0, 1) if number % 2 else (1, 0)
    found: dict[str, tuple[float, float]] = {}
    for what in ("all stages", "one parameter", "nothing to do"):
        seconds = [0.0, 0.0]
        for side in order:
            folder, command = sides[side]
            if what == "one parameter":
                change(folder, 20 + number, model)
            seconds[side] = timed(command, folder, env)
            if side == 1:
                subprocess.run("git add -A; git commit -qm Work --allow-empty", cwd=folder, shell=True, check=True)
        found[what] = (seconds[0], seconds[1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="digits")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    env = {**os.environ, **QUIET, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with server(home / "prefect") as url:
            with_server = {**env, "PREFECT_API_URL": url}
            workspace(home / "warm", env)
            timed(
                [str(BIN / "dailies"), "run", asked.model, "--set", "epochs=1", "--no-promote"],
                home / "warm",
                with_server,
            )
            rounds = [one_round(home, asked.model, with_server, number) for number in range(1, asked.rounds + 1)]
        for what in rounds[0]:
            pairs = [found[what] for found in rounds]
            ratio = statistics.median(ours / theirs for ours, theirs in pairs)
            ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
            print(f"{ratio:.2f}  {what}: dailies {ours:.2f} s, dvc repro {theirs:.2f} s (medians of {asked.rounds})")
        temporary = timed([str(BIN / "dailies"), "run", asked.model], workspace(home / "temporary", env), env)
        print(f"      all stages with a temporary server, first start: {temporary:.2f} s")
        answers = [timed([str(BIN / "dailies"), "--help"], home, env) for _ in range(5)]
        print(f"      dailies --help: {statistics.median(answers):.2f} s")


if __name__ == "__main__":
    main()
