"""Fetching a file: whole or not in place, continued where it broke off, limited in size."""

import io
import urllib.error
import urllib.request
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from media import download
from project.errors import DailiesError

URL = "https://example.org/set.gz"
CONTENT = bytes(range(256)) * 40


class Answer(io.BytesIO):
    """What a server sends."""

    def __init__(self, content: bytes, *, status: int = 200, length: int | None = None, url: str = URL) -> None:
        super().__init__(content)
        self.status = status
        self.headers = {"Content-Length": str(len(content) if length is None else length)}
        self._url = url

    def geturl(self) -> str:
        return self._url


def server(request: urllib.request.Request, timeout: float) -> Answer:
    """Serves CONTENT, and ranges of it."""
    start = int((request.get_header("Range") or "bytes=0-").removeprefix("bytes=").rstrip("-"))
    if start == len(CONTENT):
        raise urllib.error.HTTPError(URL, 416, "Range Not Satisfiable", Message(), None)
    return Answer(CONTENT[start:], status=206 if start else 200)


def test_a_file_is_fetched(tmp_path: Path) -> None:
    assert download.fetch(URL, tmp_path / "a" / "set.gz", urlopen=server).read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["set.gz"]


@pytest.mark.parametrize("have", [1, 5000, len(CONTENT)])
def test_what_broke_off_is_continued(tmp_path: Path, have: int) -> None:
    (tmp_path / "set.gz.part").write_bytes(CONTENT[:have])
    assert download.fetch(URL, tmp_path / "set.gz", urlopen=server).read_bytes() == CONTENT


def test_a_server_without_ranges_starts_again(tmp_path: Path) -> None:
    (tmp_path / "set.gz.part").write_bytes(b"old")
    fetched = download.fetch(URL, tmp_path / "set.gz", urlopen=lambda *_, **__: Answer(CONTENT))
    assert fetched.read_bytes() == CONTENT


def test_a_short_answer_is_not_put_in_place(tmp_path: Path) -> None:
    with pytest.raises(DailiesError, match="broke off after 10 of 100 bytes"):
        download.fetch(URL, tmp_path / "set.gz", urlopen=lambda *_, **__: Answer(CONTENT[:10], length=100))
    assert not (tmp_path / "set.gz").exists()
    assert (tmp_path / "set.gz.part").read_bytes() == CONTENT[:10]


def test_a_large_answer_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DailiesError, match="larger than 100 bytes"):
        download.fetch(URL, tmp_path / "set.gz", largest_bytes=100, urlopen=server)
    assert not (tmp_path / "set.gz").exists()


def test_a_redirect_to_plain_http_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DailiesError, match="not encrypted"):
        download.fetch(URL, tmp_path / "set.gz", urlopen=lambda *_, **__: Answer(CONTENT, url="http://example.org"))


def refusing(error: OSError) -> Any:
    def urlopen(*_: object, **__: object) -> Answer:
        raise error

    return urlopen


def test_a_server_that_does_not_have_it_or_does_not_answer(tmp_path: Path) -> None:
    missing = urllib.error.HTTPError(URL, 404, "Not Found", Message(), None)
    with pytest.raises(DailiesError, match="answered 404 Not Found"):
        download.fetch(URL, tmp_path / "set.gz", urlopen=refusing(missing))
    with pytest.raises(DailiesError, match="cannot be fetched: no route"):
        download.fetch(URL, tmp_path / "set.gz", urlopen=refusing(OSError("no route")))
