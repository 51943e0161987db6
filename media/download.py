"""Fetch one file over https: resumable, of limited size, in place only when it is whole."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from project.errors import DailiesError

LARGEST_BYTES = 4 << 30
PIECE_BYTES = 1 << 20
TIMEOUT_S = 60.0


def fetch(
    url: str, to: Path, *, largest_bytes: int = LARGEST_BYTES, urlopen: Callable[..., Any] = urllib.request.urlopen
) -> Path:
    """Bring `url` to `to` and return `to`. What an earlier try left in `<to>.part` is continued, not fetched again.

    Raises DailiesError when the server does not answer, answers over plain http, or sends more than `largest_bytes`.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(to.name + ".part")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        with urlopen(request, timeout=TIMEOUT_S) as response:
            _check_address(url, response.geturl())
            resumed = response.status == 206  # a server without ranges sends the whole file again, with 200
            _receive(response, part, have if resumed else 0, largest_bytes, url)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # 416: the range starts at the end, so the part is already whole
            raise DailiesError(f"{url} answered {error.code} {error.reason}") from None
    except OSError as error:
        raise DailiesError(f"{url} cannot be fetched: {error}; run again to continue") from None
    part.rename(to)
    return to


def _check_address(asked: str, answered: str) -> None:
    if asked.startswith("https://") and not answered.startswith("https://"):
        raise DailiesError(f"{asked} redirects to {answered}, which is not encrypted")


def _receive(response: Any, part: Path, have: int, largest_bytes: int, url: str) -> None:
    expected = have + int(response.headers.get("Content-Length", 0))
    with part.open("ab" if have else "wb") as file:
        while piece := response.read(PIECE_BYTES):
            have += len(piece)
            if have > largest_bytes:
                raise DailiesError(f"{url} is larger than {largest_bytes} bytes; refused")
            file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    if have < expected:
        raise DailiesError(f"{url} broke off after {have} of {expected} bytes; run again to continue")
