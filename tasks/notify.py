"""Telling people by mail, chat or webhook what came of a run. A receiver that is away costs seconds, and never the run.

Where to, params.yaml says under `notify:`. Addresses are those of apprise (https://github.com/caronc/apprise), which is
imported when there is somebody to tell.
"""

import contextlib
import hashlib
import json
import logging
import threading
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from project import layout, params, secrets
from project.errors import DailiesError, UsageError
from project.notices import Notice, Receiver
from project.secrets import redact
from registry import git

MOST_S = 12.0
"""What all receivers together may take."""
LONGEST_TEXT = 3_000
AGAIN_S, MOST_KEPT = 6 * 3600.0, 200
"""After how long the same failure of a model is told again."""
KINDS = {"failed": "failure", "refused": "warning", "quarantine": "warning", "missed": "failure", "promoted": "success"}
logger = logging.getLogger("dailies.notify")


def tell(notice: Notice, root: Path | None = None) -> dict[str, bool]:
    """Tell everybody whom params.yaml in `root` (the present folder) names for this; of each, by the name of its
    variable or file, whether it was told. A file lies in the workspace. What cannot be told is logged, never raised."""
    root = root or Path.cwd()
    try:
        known = receivers(root)
    except DailiesError as error:
        logger.warning("nobody is told that %s: %s", notice.title, error)
        return {}
    kept = layout.private(root) / "told.json"
    if notice.what == "failed" and _lately(kept, notice):
        logger.info("people were told already that %s, for the same reason", notice.title)
        return {}
    told = send(notice, known, layout.private(root).parent)
    if notice.what == "failed" and any(told.values()):
        _keep(kept, notice)
    return told


def _lately(path: Path, notice: Notice) -> bool:
    """Whether the very same was told of this model not long ago: a schedule that looks every few minutes fails as often."""
    return time.time() - _read(path).get(_key(notice), 0.0) < AGAIN_S


def _keep(path: Path, notice: Notice) -> None:
    with contextlib.suppress(OSError):  # a full disk keeps nobody from being told
        latest = sorted({**_read(path), _key(notice): time.time()}.items(), key=lambda each: each[1])
        layout.write_json(path, dict(latest[-MOST_KEPT:]))


def _key(notice: Notice) -> str:
    return hashlib.sha256(f"{notice.model} {notice.text}".encode()).hexdigest()


def _read(path: Path) -> dict[str, float]:
    try:
        content: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content


def receivers(root: Path) -> tuple[Receiver, ...]:
    """Who is named in params.yaml; in the last commit's when an edit has broken the file, of which people must be told too.

    Nothing but `notify:` has to be good. Raises UsageError.
    """
    path = root / "params.yaml"
    try:
        return params.receivers(path.read_text(encoding="utf-8"), path.name)
    except (OSError, UnicodeDecodeError, DailiesError) as error:
        committed = git.show(root, "HEAD", path.name)
        if committed is None:
            raise UsageError(f"{path} cannot be used: {error}") from None
        return params.receivers(committed, f"{path.name} of the last commit")


def hide(root: Path) -> None:
    """Let no text of this process and its children hold the address of a receiver, whether it is told of anything or not."""
    with contextlib.suppress(DailiesError):
        for receiver in receivers(root):
            if receiver.to.env:
                secrets.also(receiver.to.env)


def send(notice: Notice, receivers: Iterable[Receiver], root: Path) -> dict[str, bool]:
    """Tell those of the receivers that want to know, all at once."""
    told: list[str] = []
    threads = [
        (receiver.to.name, threading.Thread(target=_one, args=(notice, receiver, root, told), daemon=True))
        for receiver in receivers
        if receiver.wants(notice)
    ]
    if threads:
        import apprise  # noqa: F401  before the threads, which would each wait for it

    until = time.monotonic() + MOST_S
    for _, thread in threads:
        thread.start()
    for name, thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
        if thread.is_alive():
            logger.warning("%s is not told that %s: no answer within %.0f s", name, notice.title, MOST_S)
    return {name: name in told for name, _ in threads}


def _one(notice: Notice, receiver: Receiver, root: Path, told: list[str]) -> None:
    from apprise import Apprise

    name = receiver.to.name
    try:
        address = receiver.to.address(root)
        target = Apprise()
        with _reasons() as why:
            known = target.add(address)
            sent = known and target.notify(
                title=redact(notice.title), body=_body(notice), notify_type=KINDS.get(notice.what, "info")
            )
    except DailiesError as error:
        logger.warning("%s is not told that %s: %s", name, notice.title, error)
        return
    except Exception as error:  # a plug-in of apprise may raise anything
        logger.warning("%s is not told that %s: %s", name, notice.title, type(error).__name__)
        return
    if sent:
        told.append(name)
        logger.info("%s is told that %s", name, notice.title)
    else:
        rule = "" if known else "it is no address of apprise, see docs/notifications.md"
        logger.warning(
            "%s is not told that %s: %s", name, notice.title, rule or redact(why[-1] if why else "no reason")
        )


@contextlib.contextmanager
def _reasons() -> Iterator[list[str]]:
    """What apprise says in this thread of what went wrong, instead of saying it on the console."""
    theirs = logging.getLogger("apprise")
    theirs.propagate = False
    said: list[str] = []
    thread = threading.get_ident()

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == thread:
                said.append(record.getMessage().splitlines()[0])

    kept = Kept(logging.WARNING)
    theirs.addHandler(kept)
    try:
        yield said
    finally:
        theirs.removeHandler(kept)


def _body(notice: Notice) -> str:
    text = "\n".join(filter(None, [notice.text, notice.link]))
    return redact(text)[:LONGEST_TEXT]
