"""Fetch one file over https: resumable, of limited size, in place only when it is whole and what it should be."""

import http.client
import os
import ssl
import time
from collections.abc import Sequence
from http import HTTPStatus
from pathlib import Path

from media import digests
from media.https import Reach, opened
from project.errors import DailiesError, IntegrityError, RemoteUnreachable, full

LARGEST_BYTES = 4 << 30
PIECE_BYTES = 1 << 20
WAITS_S = (1.0, 4.0, 16.0)
LONGEST_WAIT_S = 60.0
SLOWEST_BYTES_S = 1000
PATIENCE_S = 60.0
PASSING = {
    HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.BAD_GATEWAY,
    HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT,
}  # fmt: skip
"""Answers after which the next try may go well."""


class _PassingError(Exception):
    """What the next try may overcome; `wait_s` is what the server asks for."""

    def __init__(self, said: str, wait_s: float = 0.0) -> None:
        super().__init__(said)
        self.wait_s = wait_s


def fetch(
    url: str,
    to: Path,
    reach: Reach,
    *,
    sha256: str | None = None,
    largest_bytes: int = LARGEST_BYTES,
    waits_s: Sequence[float] = WAITS_S,
) -> Path:
    """Bring `url` to `to` and return `to`. What an earlier try left in `<to>.part` is continued, not fetched again.

    Raises DailiesError for what is refused, IntegrityError for other bytes than `sha256` says, and RemoteUnreachable
    when nothing helps: after each failure that may pass, the next of `waits_s` goes by before another try.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    part = to.with_name(f"{to.name}.part")
    for wait_s in (*waits_s, None):
        try:
            _continue(url, part, reach, largest_bytes)
            break
        except _PassingError as error:
            if wait_s is None:
                raise RemoteUnreachable(f"{url} cannot be fetched: {error}; run again to continue") from None
            time.sleep(min(max(wait_s, error.wait_s), LONGEST_WAIT_S))
    _check(part, url, sha256)
    part.rename(to)
    _forget(part)
    return to


def _continue(url: str, part: Path, reach: Reach, largest_bytes: int) -> None:
    have = part.stat().st_size if part.exists() else 0
    try:
        with opened(url, reach, _range(part, have)) as answer:
            if answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                _end(answer, part, have)
            elif answer.status in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                resumed = answer.headers.get("Content-Range", "").startswith(f"bytes {have}-")  # others send it all
                tag = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
                _tag(part).write_text(tag, encoding="utf-8")
                _receive(answer, part, have if resumed else 0, largest_bytes, url)
            else:
                _refuse(answer, url)
    except ssl.SSLCertVerificationError as error:
        raise DailiesError(
            f"{url} is not to be trusted: {error.verify_message}; SSL_CERT_FILE names certificates of your own"
        ) from None
    except OSError as error:
        if no_space := full(error):
            raise no_space from None
        raise _PassingError(str(error)) from None
    except http.client.HTTPException as error:
        raise _PassingError(f"{type(error).__name__} {error}".strip()) from None


def _range(part: Path, have: int) -> dict[str, str]:
    """Ask for what is missing, or, if the file is no longer the one that was begun, for the whole (RFC 9110, 13.1.5)."""
    if not have:
        return {}
    tag = _tag(part).read_text(encoding="utf-8") if _tag(part).exists() else ""
    asked = {"Range": f"bytes={have}-"}
    return asked | {"If-Range": tag} if tag and not tag.startswith("W/") else asked


def _tag(part: Path) -> Path:
    """Beside a part, what the server called the content it is of."""
    return part.with_name(f"{part.name}.tag")


def _forget(part: Path) -> None:
    part.unlink(missing_ok=True)
    _tag(part).unlink(missing_ok=True)


def _end(answer: http.client.HTTPResponse, part: Path, have: int) -> None:
    """The range starts at the end: the part is already whole. Where the file has another size, begin again."""
    if answer.headers.get("Content-Range", f"bytes */{have}") != f"bytes */{have}":
        _forget(part)
        raise _PassingError("the file has changed since a part of it was fetched")


def _refuse(answer: http.client.HTTPResponse, url: str) -> None:
    said = f"the server answers {answer.status} {answer.reason}"
    if answer.status in PASSING:
        asked = answer.headers.get("Retry-After", "")
        raise _PassingError(said, float(asked) if asked.isdecimal() else 0.0)
    raise DailiesError(f"{url} cannot be fetched: {said}")


def _receive(answer: http.client.HTTPResponse, part: Path, have: int, largest_bytes: int, url: str) -> None:
    expected = have + (answer.length or 0)
    begun, before = time.monotonic(), have
    with part.open("ab" if have else "wb") as file:
        while expected <= largest_bytes and (piece := answer.read1(PIECE_BYTES)):
            have += len(piece)
            if have > largest_bytes:
                break
            file.write(piece)
            took_s = time.monotonic() - begun
            if took_s > PATIENCE_S and have - before < SLOWEST_BYTES_S * took_s:
                raise _PassingError(f"it sends fewer than {SLOWEST_BYTES_S} bytes a second")
        file.flush()
        os.fsync(file.fileno())
    if max(have, expected) > largest_bytes:
        _forget(part)
        raise DailiesError(f"{url} is larger than {largest_bytes} bytes; refused, see largest_gib")
    if have < expected:
        raise _PassingError(f"it broke off after {have} of {expected} bytes")


def _check(part: Path, url: str, sha256: str | None) -> None:
    if sha256 and (found := digests.other(part, sha256)):
        _forget(part)
        raise IntegrityError(
            f"{url} has SHA-256 {found}, params.yaml says {sha256}; correct it if the new file is the right one"
        )
