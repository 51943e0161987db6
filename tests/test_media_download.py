"""Fetching over https: whole or not in place, continued where it broke off, and only from where it may."""

import hashlib
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from https_server import Server, certificate, content, cut, serving, status, whole

from media import download, https
from media.https import Reach
from project.errors import DailiesError, IntegrityError, RemoteUnreachable

CONTENT = bytes(range(256)) * 40
SHA256 = hashlib.sha256(CONTENT).hexdigest()
INNER = [
    "10.1.2.3", "127.0.0.1", "169.254.169.254", "100.64.0.1", "192.168.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1", "::1",
    "fe80::1", "fd00::1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::a00:1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]  # fmt: skip


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def server(pem: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "*")
    with serving(pem) as server:
        yield server


@pytest.fixture
def trust(pem: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pem))


@pytest.fixture
def reach(trust: ssl.SSLContext) -> Reach:
    return Reach(("127.0.0.1",), private_network=True, context=trust)


def fetched(server: Server, to: Path, reach: Reach, **keys: Any) -> bytes:
    return download.fetch(server.url("/set"), to / "set", reach, **{"waits_s": (0.0, 0.0), **keys}).read_bytes()


def test_a_file_is_fetched(server: Server, tmp_path: Path, reach: Reach) -> None:
    server.answers["/set"] = [content(CONTENT, etag='"1"')]
    assert fetched(server, tmp_path / "a", reach, sha256=SHA256) == CONTENT
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["set"]


def test_what_broke_off_is_continued(server: Server, tmp_path: Path, reach: Reach) -> None:
    server.answers["/set"] = [cut(CONTENT, 5000, etag='"1"'), content(CONTENT, etag='"1"')]
    assert fetched(server, tmp_path, reach) == CONTENT
    told = [(headers.get("Range"), headers.get("If-Range")) for _, headers in server.asked]
    assert told == [(None, None), ("bytes=5000-", '"1"')]


def test_what_an_earlier_run_left_is_continued(server: Server, tmp_path: Path, reach: Reach) -> None:
    server.answers["/set"] = [cut(CONTENT, 5000)]
    with pytest.raises(
        RemoteUnreachable, match=r"cannot be fetched: it broke off after 5000 of 10240 bytes; run again"
    ):
        fetched(server, tmp_path, reach, waits_s=())
    assert not (tmp_path / "set").exists()
    server.answers["/set"] = [content(CONTENT)]
    assert fetched(server, tmp_path, reach) == CONTENT
    assert server.asked[-1][1]["Range"] == "bytes=5000-"


def test_a_whole_part_is_put_in_place(server: Server, tmp_path: Path, reach: Reach) -> None:
    (tmp_path / "set.part").write_bytes(CONTENT)
    server.answers["/set"] = [content(CONTENT)]
    assert fetched(server, tmp_path, reach) == CONTENT


@pytest.mark.parametrize("again", [content(CONTENT, etag='"2"'), whole(CONTENT)])
def test_a_file_that_changed_or_a_server_without_ranges_starts_again(
    server: Server, tmp_path: Path, reach: Reach, again: Any
) -> None:
    server.answers["/set"] = [cut(b"other" * 1000, 3000, etag='"1"'), again]
    assert fetched(server, tmp_path, reach) == CONTENT


def test_a_part_longer_than_the_file_starts_again(server: Server, tmp_path: Path, reach: Reach) -> None:
    (tmp_path / "set.part").write_bytes(CONTENT + b"more")
    server.answers["/set"] = [content(CONTENT)]
    assert fetched(server, tmp_path, reach) == CONTENT


def test_other_bytes_than_declared_are_not_kept(server: Server, tmp_path: Path, reach: Reach) -> None:
    server.answers["/set"] = [content(b"changed")]
    with pytest.raises(IntegrityError, match=rf"/set has SHA-256 [0-9a-f]{{64}}, params.yaml says {SHA256}"):
        fetched(server, tmp_path, reach, sha256=SHA256)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_overcome(server: Server, tmp_path: Path, reach: Reach, code: int) -> None:
    server.answers["/set"] = [status(code, Retry_After="0"), status(code), content(CONTENT)]
    assert fetched(server, tmp_path, reach) == CONTENT


def test_a_failure_that_stays_is_told(server: Server, tmp_path: Path, reach: Reach) -> None:
    server.answers["/set"] = [status(503)]
    with pytest.raises(RemoteUnreachable, match="the server answers 503 Service Unavailable; run again"):
        fetched(server, tmp_path, reach)
    assert len(server.asked) == 3


def test_what_is_not_there_is_asked_for_once(server: Server, tmp_path: Path, reach: Reach) -> None:
    with pytest.raises(DailiesError, match="the server answers 404 Not Found"):
        fetched(server, tmp_path, reach)
    assert len(server.asked) == 1


def test_what_is_too_large_is_refused_before_it_is_fetched(server: Server, tmp_path: Path, reach: Reach) -> None:
    server.answers["/set"] = [content(CONTENT)]
    with pytest.raises(DailiesError, match="larger than 10239 bytes; refused, see largest_gib"):
        fetched(server, tmp_path, reach, largest_bytes=len(CONTENT) - 1)
    assert list(tmp_path.iterdir()) == []
    assert fetched(server, tmp_path, reach, largest_bytes=len(CONTENT)) == CONTENT


def test_a_server_that_does_not_say_how_much_it_sends_is_stopped(server: Server, tmp_path: Path, reach: Reach) -> None:
    def endless(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(bytes(1 << 16))
        except OSError:
            handler.close_connection = True

    server.answers["/set"] = [endless]
    with pytest.raises(DailiesError, match="larger than 1000000 bytes"):
        fetched(server, tmp_path, reach, largest_bytes=1_000_000)


def test_a_redirect_is_followed_to_a_host_that_is_named(server: Server, tmp_path: Path, trust: ssl.SSLContext) -> None:
    reach = Reach(("127.0.0.1", "local*"), private_network=True, context=trust)
    server.answers["/set"] = [status(302, Location=server.url("/other?v=1", host="localhost"))]
    server.answers["/other?v=1"] = [content(CONTENT)]
    assert fetched(server, tmp_path, reach) == CONTENT


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("http://127.0.0.1/set", "redirects to http://127.0.0.1/set, which is not encrypted"),
        ("https://localhost/set", r"on a host that the source does not name; write hosts: \[localhost\]"),
        ("file:///etc/passwd", "is not encrypted"),
        ("/set", "redirects more than 5 times"),
        ("/a b", "is no address"),
        ("https://127.0.0.1:99999/", "is no address: Port out of range"),
        ("https://[::/", "is no address: Invalid IPv6 URL"),
    ],
)
def test_a_redirect_elsewhere_is_refused(
    server: Server, tmp_path: Path, reach: Reach, location: str, said: str
) -> None:
    server.answers["/set"] = [status(302, Location=location)]
    with pytest.raises(DailiesError, match=said):
        fetched(server, tmp_path, reach)
    assert list(tmp_path.iterdir()) == []


def test_an_inner_address_is_refused_unless_the_source_allows_it(
    server: Server, tmp_path: Path, trust: ssl.SSLContext
) -> None:
    server.answers["/set"] = [content(CONTENT)]
    with pytest.raises(DailiesError, match=r"127.0.0.1 has the address 127.0.0.1, .* private_network: true"):
        fetched(server, tmp_path, Reach(("127.0.0.1",), context=trust))
    assert server.asked == []


def test_a_redirect_to_an_inner_address_is_refused(
    server: Server, tmp_path: Path, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first host passes as public; the one that it redirects to has an address of the inside."""
    server.answers["/set"] = [status(302, Location=server.url("/inner", host="localhost"))]
    means = {"127.0.0.1": "127.0.0.1", "localhost": "10.0.0.7"}
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, port, *_, **__: [(socket.AF_INET, 1, 6, "", (means[host], port))]
    )
    monkeypatch.setattr(https, "is_public", lambda address: address == "127.0.0.1")
    with pytest.raises(DailiesError, match=r"localhost has the address 10.0.0.7, which the internet does not reach"):
        fetched(server, tmp_path, Reach(("127.0.0.1", "localhost"), context=trust))


def test_the_address_that_was_checked_is_the_one_that_is_asked(
    server: Server, tmp_path: Path, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that means a public server when it is checked, and an inner one a moment later."""
    server.answers["/set"] = [content(CONTENT)]
    asked: list[str] = []

    def resolve(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1" if len(asked) < 3 else "10.0.0.7", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr(https, "is_public", lambda address: address == "127.0.0.1")
    url = server.url("/set", host="localhost")
    assert download.fetch(url, tmp_path / "set", Reach(("localhost",), context=trust)).read_bytes() == CONTENT
    assert asked == ["localhost", "127.0.0.1"]  # the name once; the second is the checked address itself


@pytest.mark.parametrize("address", INNER)
def test_addresses_of_the_inside(address: str) -> None:
    assert not https.is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "64:ff9b::5db8:d822"])
def test_addresses_of_the_internet(address: str) -> None:
    assert https.is_public(address)


def test_a_certificate_of_someone_else_is_refused(server: Server, tmp_path: Path) -> None:
    with pytest.raises(DailiesError, match="is not to be trusted: self-signed certificate; SSL_CERT_FILE names"):
        fetched(server, tmp_path, Reach(("127.0.0.1",), private_network=True))
    assert server.asked == []


class Proxy(socketserver.StreamRequestHandler):
    """Opens a way to whom it is asked for, and passes on what goes both ways."""

    asked: ClassVar[list[bytes]] = []

    def handle(self) -> None:
        first = self.rfile.readline()
        self.asked.append(first)
        while self.rfile.readline().strip():
            continue
        host, _, port = first.split()[1].decode().partition(":")
        with socket.create_connection((host, int(port))) as far:
            self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            ends = {self.connection: far, far: self.connection}
            while readable := select.select(list(ends), [], [], 5)[0]:
                for end in readable:
                    if not (data := end.recv(1 << 16)):
                        return
                    ends[end].sendall(data)


def test_a_proxy_of_the_environment_is_used(
    server: Server, tmp_path: Path, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.answers["/set"] = [content(CONTENT)]
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Proxy) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        monkeypatch.setenv("no_proxy", "")
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
        try:
            assert fetched(server, tmp_path, Reach(("127.0.0.1",), context=trust)) == CONTENT
        finally:
            proxy.shutdown()
            thread.join()
    assert Proxy.asked[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1." % server.port)


def test_a_server_that_does_not_answer(tmp_path: Path, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"https://127.0.0.1:{closed.getsockname()[1]}/set"
    with pytest.raises(RemoteUnreachable, match=r"cannot be fetched: .*Connection refused; run again to continue"):
        download.fetch(url, tmp_path / "set", reach, waits_s=(0.0,))
