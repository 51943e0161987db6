"""Real things to test with: a workspace cloned from this tree, pictures made on the spot, a Prefect server."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import postgres
import pytest
from workspaces import PARAMS, ROOT, Workspace, draw_shapes, initialised

if "PYTEST_XDIST_WORKER" in os.environ:  # as many of them as cores; threads that spin would take the others' time
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("DAILIES_THREADS", "1")

# No time limit an example: machines differ. In CI the same examples each time, so that a red run can be run again.
SLOW = [hypothesis.HealthCheck.too_slow]  # a loaded machine is no fault of a test
hypothesis.settings.register_profile("ours", deadline=None, suppress_health_check=SLOW)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, suppress_health_check=SLOW)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "ours")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The API address of a real Prefect server on loopback."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1"}
    command = [Path(sys.executable).with_name("prefect"), "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{port}/api"
    try:
        _wait_for(url + "/health", process, home / "log")
        yield url
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def _wait_for(url: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(240):
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"no Prefect server after two minutes: {log.read_text()}")


@pytest.fixture(scope="session")
def database() -> Iterator[postgres.Postgres]:
    """A real PostgreSQL on loopback."""
    found = postgres.programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed here; install it: apt-get install postgresql")
    with postgres.running(found) as server:
        yield server


@pytest.fixture(scope="session")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This tree as it is now, committed, where a user's clone would be."""
    folder = tmp_path_factory.mktemp("user") / "dailies"
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for command in (["init", "-q", "-b", "main"], ["add", "-A"], ["commit", "-q", "-m", "Dailies"]):
        subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@localhost", *command], cwd=folder, check=True)
    return folder


@pytest.fixture(scope="session")
def trained(clone: Path, server: str, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace in which the toy model `shapes` was run once. Copy it; do not change it."""
    folder = tmp_path_factory.mktemp("studio")
    pictures = draw_shapes(folder / "pictures", 40)
    workspace = initialised(clone, folder / "workspace", server, pictures)
    (workspace.folder / "params.yaml").write_text(PARAMS.format(pictures=pictures))
    workspace.git("commit", "-qam", "Toy models")
    workspace.dailies("run", "shapes")
    return workspace


@pytest.fixture
def workspace(trained: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the trained workspace with pictures of its own, to do anything to."""
    return trained.copy(tmp_path / "workspace")
