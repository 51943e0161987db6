"""What must not be read by others is taken out of every text that leaves a process: logs, errors, tags, reports, records.

A secret is the value of a variable whose name says so (`AWS_SECRET_ACCESS_KEY`, `PREFECT_API_AUTH_STRING`, `OPS_TOKEN`), the
content of a file that such a variable names (`DATABASE_PASSWORD_FILE`), the value of a variable named in `DAILIES_SECRETS`,
or what was `known`. Beside them go credentials in addresses, whatever they are.
"""

import functools
import json
import logging
import os
import re
import traceback
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO, TypeVar

T = TypeVar("T")

HIDDEN = "***"
LEAST_CHARACTERS = 8
"""Shorter values are left alone: to take `true` or `1` out of every text would spoil it, and hide nothing."""
SECRET_NAME = re.compile(
    r"PREFECT_.*AUTH|PREFECT_.*API_KEY|AWS_.*KEY|TOKEN|PASSW|SECRET|CREDENTIAL|API_KEY|PRIVATE_KEY"
)
LARGEST_FILE = 65_536
"""Bytes; a larger file is no password."""
NAMED = "DAILIES_SECRETS"
"""The variable that names further variables, with commas between."""

USER = re.compile(r"(?i)\b(?!ssh:)([a-z][a-z0-9+.-]*://)[^/@\s'\"<>]+@")
SSH_PASSWORD = re.compile(r"(?i)\b(ssh://[^/@:\s]+):[^/@\s'\"<>]+@")
PARAMETER = re.compile(
    r"(?i)([?&;][\w.-]*(?:token|secret|passw|signature|sig|api[_-]?key|access[_-]?key|credential)[\w.-]*=)[^&\s'\"<>]+"
)

_known: set[str] = set()


def known(value: str) -> str:
    """Hide this value from now on, in this process; the value."""
    _known.update(part for part in (value, value.strip()) if len(part) >= LEAST_CHARACTERS)
    return value


def also(name: str) -> None:
    """Hide the value of this variable from now on, in this process and its children."""
    named = [*filter(None, os.environ.get(NAMED, "").split(",")), name]
    os.environ[NAMED] = ",".join(dict.fromkeys(named))


def redact(text: str) -> str:
    """The text without secrets."""
    pattern = _pattern(frozenset(_values(os.environ) | _known))
    if pattern:
        text = pattern.sub(HIDDEN, text)
    if "://" in text or "=" in text:
        text = PARAMETER.sub(rf"\1{HIDDEN}", SSH_PASSWORD.sub(rf"\1:{HIDDEN}@", USER.sub(rf"\1{HIDDEN}@", text)))
    return text


def scrubbed(content: T) -> T:
    """The same for each text in lists and mappings."""
    if isinstance(content, str):
        return redact(content)  # type: ignore[return-value]
    if isinstance(content, Mapping):
        return {key: scrubbed(value) for key, value in content.items()}  # type: ignore[return-value]
    if isinstance(content, (list, tuple)):
        return type(content)(scrubbed(each) for each in content)  # type: ignore[return-value]
    return content


def guard_logs() -> None:
    """From now on no log record of this process holds a secret, in its message or its traceback, whoever writes it."""
    make = logging.getLogRecordFactory()
    if getattr(make, "redacts", False):
        return

    def record(*arguments: Any, **named: Any) -> logging.LogRecord:
        made = make(*arguments, **named)
        said = made.getMessage() if made.args else str(made.msg)
        clean = redact(said)
        if clean != said:
            made.msg, made.args = clean, ()
        if made.exc_info and made.exc_info[0]:
            made.exc_text = redact("".join(traceback.format_exception(*made.exc_info)).rstrip("\n"))
        return made

    record.redacts = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(record)


class Clean:
    """A text stream without secrets."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(redact(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _values(environment: Mapping[str, str]) -> set[str]:
    named = {name.strip() for name in environment.get(NAMED, "").split(",")}
    found: set[str] = set()
    for name, value in environment.items():
        if name == NAMED or not value or not (name in named or SECRET_NAME.search(name)):
            continue
        found.update(_meant(value))
    return {value for value in found if len(value) >= LEAST_CHARACTERS}


@functools.lru_cache(maxsize=64)
def _meant(value: str) -> tuple[str, ...]:
    """The secrets that a variable gives: its value, or of a path what the file holds."""
    path = Path(value)
    try:
        if not path.is_absolute() or not path.exists():
            return value, value.strip()
        return (path.read_text(encoding="utf-8").strip(),) if path.stat().st_size <= LARGEST_FILE else ()
    except (OSError, UnicodeDecodeError, ValueError):
        return ()


@functools.lru_cache(maxsize=64)
def _pattern(values: frozenset[str]) -> re.Pattern[str] | None:
    """Matches each value, as it is and as it stands in an address or in JSON; longer ones first, as one may begin another."""
    written = (
        values
        | {urllib.parse.quote(value, safe="") for value in values}
        | {json.dumps(value)[1:-1] for value in values}
    )
    if not written:
        return None
    return re.compile("|".join(re.escape(value) for value in sorted(written, key=len, reverse=True)))
