"""An https server on this machine, with a certificate that only its own context trusts."""

import datetime
import ipaddress
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = Callable[["Handler"], None]


def certificate(folder: Path) -> Path:
    """A PEM file with a key and a certificate for 127.0.0.1 and localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "server.pem"
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return path


@dataclass
class Server:
    """What is asked for under a path is answered by the first of its answers; the last one stays."""

    port: int
    answers: dict[str, list[Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"https://{host}:{self.port}{path}"


class Handler(BaseHTTPRequestHandler):
    """Answers as its server was told."""

    protocol_version = "HTTP/1.1"
    told: Server

    def do_GET(self) -> None:
        self.told.asked.append((self.path, dict(self.headers)))
        answers = self.told.answers.get(self.path) or [status(404)]
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, format: str, *args: object) -> None:
        return

    def send(self, code: int, body: bytes, **headers: str) -> None:
        self.send_response(code)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def status(code: int, **headers: str) -> Answer:
    return lambda handler: handler.send(code, b"", **headers)


def content(data: bytes, *, etag: str = "") -> Answer:
    """All of `data`, or what a range asks for, as long as the content is the one that was begun."""
    told = {"ETag": etag} if etag else {}

    def answer(handler: Handler) -> None:
        asked = handler.headers.get("Range")
        if asked is None or handler.headers.get("If-Range", etag) != etag:
            return handler.send(200, data, **told)
        start = int(asked.removeprefix("bytes=").rstrip("-"))
        if start >= len(data):
            return handler.send(416, b"", Content_Range=f"bytes */{len(data)}")
        span = f"bytes {start}-{len(data) - 1}/{len(data)}"
        return handler.send(206, data[start:], Content_Range=span, **told)

    return answer


def whole(data: bytes) -> Answer:
    """All of `data`, whatever range is asked for."""
    return lambda handler: handler.send(200, data)


def cut(data: bytes, after: int, *, etag: str = "") -> Answer:
    """Breaks off after some bytes."""

    def answer(handler: Handler) -> None:
        handler.send(200, data[:after], Content_Length=str(len(data)), **({"ETag": etag} if etag else {}))
        handler.close_connection = True

    return answer


@contextmanager
def serving(pem: Path) -> Iterator[Server]:
    """A server of its own, until the block ends."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    told = Server(0)
    http = ThreadingHTTPServer(("127.0.0.1", 0), type("Told", (Handler,), {"told": told}))
    http.daemon_threads = True
    http.socket = context.wrap_socket(http.socket, server_side=True)
    told.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield told
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
