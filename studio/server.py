"""Which Prefect server a command's runs talk to: the configured one, or a temporary one for all of them.

Prefect itself is not imported here.
"""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flows.api import secret_of, setting
from flows.quiet import ENVIRONMENT, TEMPORARY
from project.errors import DailiesError
from studio import up

ANSWER_S = 5.0


@dataclass(frozen=True, slots=True)
class Server:
    """`environment` is what a process needs to talk to it, `descriptors` what a process must inherit to keep it alive."""

    environment: dict[str, str]
    descriptors: tuple[int, ...] = ()
    process: "subprocess.Popen[str] | None" = None
    log: Path | None = None

    def wait(self) -> None:
        """Return when it answers. Raises DailiesError when it has ended instead."""
        if self.process and self.process.stdout and not self.process.stdout.closed:
            said = self.process.stdout.readline()
            self.process.stdout.close()
            if not said:
                raise DailiesError(f"the temporary Prefect server did not start; see {self.log}, and run again")


@contextmanager
def for_runs(root: Path) -> Iterator[Server]:
    """The configured server; else a temporary one, which keeps its records in `.dailies/prefect` and starts meanwhile.

    Raises DailiesError when the configured one does not answer.
    """
    if url := configured(root):
        check(url)
        secret = secret_of(os.environ)
        yield Server({"PREFECT_API_URL": url} | ({"PREFECT_API_AUTH_STRING": secret} if secret else {}))
        return
    print("no Prefect server is configured, so a temporary one is started, which takes a few seconds", file=sys.stderr)
    home = Path(os.environ.get("PREFECT_HOME") or root / ".dailies" / "prefect")
    home.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
        environment = {**TEMPORARY, "PREFECT_HOME": str(home), "PREFECT_API_URL": url}
        process = _start(root, listening, home)
    yours, ours = process.stdin, process.stdout
    assert yours and ours
    try:
        yield Server(environment, (yours.fileno(),), process, home / "server.log")
    finally:
        yours.close()
        ours.close()
        _ended(process)


def _start(root: Path, listening: socket.socket, home: Path) -> "subprocess.Popen[str]":
    """In a session of its own: an interrupt is for the runs, which still have to tell the server of it."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PREFECT_API_URL", "PYTHONPATH")}
    with (home / "server.log").open("w") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "flows.server", str(listening.fileno())],
            cwd=root,
            env={**ENVIRONMENT, **kept, **TEMPORARY, "PREFECT_HOME": str(home)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            pass_fds=[listening.fileno()],
            start_new_session=True,
            text=True,
        )


def _ended(process: "subprocess.Popen[str]") -> None:
    """Wait for it, but not for ever."""
    try:
        process.wait(ANSWER_S)
    except subprocess.TimeoutExpired:
        process.terminate()
        process.wait()


def configured(root: Path) -> str:
    """The API address from the environment, of what is up in this workspace, or from Prefect's active profile; empty when
    a temporary server will do."""
    return str(os.environ.get("PREFECT_API_URL") or up.state(root).get("url", "") or setting("PREFECT_API_URL"))


def check(url: str) -> None:
    """Raise DailiesError when nothing answers at `url`. Any answer will do: a refusal to log in is Prefect's to tell."""
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}/health", timeout=ANSWER_S):
            return
    except urllib.error.HTTPError:
        return
    except (OSError, ValueError) as error:
        raise DailiesError(
            f"the Prefect server at {url} does not answer ({error}); start it: prefect server start, "
            "or unset PREFECT_API_URL to use a temporary one"
        ) from None
