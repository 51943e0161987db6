"""Around a run: what is kept of it, and who is told."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from project import layout
from project.errors import DailiesError, Interrupted, RightsRefused, full
from project.notices import Notice
from registry import run_log
from registry.publish import Registration
from registry.runs import who
from tasks import notify, outcome


@contextlib.contextmanager
def kept(
    folder: Path, model: str, run_id: str, *, trigger: str, promote: bool, overrides: Mapping[str, Any]
) -> Iterator[Callable[[Registration], None]]:
    """Keep the record of a run in its log folder, and tell people how it ended; the block gives what it made.

    To be told to terminate is to be interrupted: it is recorded. Raises Interrupted for that, else what the block raised.
    """
    facts = {"run": run_id, "model": model, "trigger": trigger, "who": who(), "promote": promote}
    notify.hide(Path.cwd())
    run_log.begin(folder, **facts, overrides=dict(overrides))
    _heed_termination()
    made: list[Registration] = []
    try:
        yield made.append
    except Exception as error:
        known = full(error) if isinstance(error, OSError) else None
        _failed(folder, model, run_id, known or error)
        raise
    except KeyboardInterrupt:
        run_log.end(folder, "cancelled", said="it was told to stop")
        raise Interrupted(f"run {run_id} was stopped; nothing was changed on the main branch") from None
    except BaseException:
        run_log.end(folder, "cancelled", said="it was told to stop")
        raise
    if made:
        _made(folder, run_id, promote, made[0])


def _failed(folder: Path, model: str, run_id: str, error: Exception) -> None:
    said = str(error) if isinstance(error, DailiesError) else f"{type(error).__name__}: {error}"
    stopped = isinstance(error, Interrupted)
    state: run_log.State = "cancelled" if stopped else "refused" if isinstance(error, RightsRefused) else "failed"
    run_log.end(folder, state, said=said, exit_code=getattr(error, "exit_code", 1))
    _tell(folder, outcome.of_error(model, run_id, error, folder))


def _made(folder: Path, run_id: str, promote: bool, made: Registration) -> None:
    state, said = outcome.state(made, promote)
    run_log.end(folder, state, version=made.version.version, promoted=made.promoted, rules=made.rules, said=said)
    root = Path.cwd()
    report = layout.reports(layout.private(root).parent, made.version.name) / "report.html"
    _tell(folder, outcome.of_registration(made, run_id, promote, root, report))


def _tell(folder: Path, notice: Notice | None) -> None:
    if notice and (told := notify.tell(notice)):
        entry = {"what": notice.what, "title": notice.title, "told": told}
        run_log.note(folder, notices=[*run_log.read(folder).get("notices", ()), entry])


def _heed_termination() -> None:
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, signal.default_int_handler)
