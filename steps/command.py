"""What the step programs share: reading their plan, reporting where a flow listens, ending with the right exit code."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from project import layout, secrets
from project.errors import DailiesError, IntegrityError, full
from steps import code


def run(work: Callable[[Path, str], None], *, verb: str) -> None:
    """Run `work(root, name)` for the name on the command line and leave with its exit code."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    root = Path.cwd()
    _speak_to_the_flow()
    _end_with_the_flow()
    try:
        work(root, name)
        if verb in layout.VERBS[1:]:
            code.check_complete(root, layout.read_plan(root, verb, name)["code"])
    except DailiesError as error:
        _fail(str(error), error.exit_code)
    except OSError as error:
        no_space = full(error)
        if no_space is None:
            raise
        _fail(str(no_space), no_space.exit_code)
    except KeyboardInterrupt:
        _fail(f"{verb} {name} was interrupted", 130)


def read_plan(root: Path, verb: str, name: str) -> dict[str, Any]:
    """The stage's plan, after checking that this is still the code and the libraries that it was made for."""
    plan = layout.read_plan(root, verb, name)
    for path, digest in plan["code"].items():
        if code.digest(root / path) != digest:
            raise IntegrityError(f"{path} has changed since the plan was made; run: dvc repro plan")
    now = code.installed(plan["libraries"])
    for library, version in plan["libraries"].items():
        if now.get(library) != version:
            raise IntegrityError(
                f"{library} is {now.get(library, 'not installed')}, the plan was made with {version}; run: dvc repro -f plan"
            )
    return plan


def _speak_to_the_flow() -> None:
    """Send everything this process says, a traceback included, to the log that a flow follows."""
    log = os.environ.get("DAILIES_LOG")
    if log:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.close(handle)
    sys.stdout, sys.stderr = secrets.Clean(sys.stdout), secrets.Clean(sys.stderr)  # type: ignore[assignment]


def _end_with_the_flow() -> None:
    """A flow killed by the system cannot stop its child: the child looks for it once a second."""
    flow = os.environ.get("DAILIES_FLOW_PID")
    if flow:
        threading.Thread(target=_watch, args=(int(flow),), daemon=True).start()


def _watch(pid: int) -> None:
    while True:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            os._exit(143)
        time.sleep(1)


def _fail(message: str, exit_code: int) -> None:
    if os.environ.get("DAILIES_PROGRESS") == "json":
        print(json.dumps({"error": message, "exit_code": exit_code}, ensure_ascii=False), flush=True)
    else:
        print("\n".join(f"dailies: {line}" for line in message.splitlines()), file=sys.stderr, flush=True)
    sys.exit(exit_code)
