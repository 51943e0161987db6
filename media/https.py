"""https to the servers that a source may be fetched from: host and address are checked, again at each redirect."""

import http.client
import ipaddress
import socket
import ssl
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from http import HTTPStatus
from urllib.parse import SplitResult, urljoin, urlsplit

from project.errors import DailiesError
from project.source import Source

TIMEOUT_S = 60.0
MOST_REDIRECTS = 5
REDIRECTS = {
    HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER, HTTPStatus.TEMPORARY_REDIRECT,
    HTTPStatus.PERMANENT_REDIRECT,
}  # fmt: skip
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the IPv4 address is in the last 32 bits


@dataclass(frozen=True, slots=True)
class Reach:
    """Which servers may be asked: hosts, as *.example.org or host:port too, and whether inner networks are allowed.

    `context` holds the certificates to trust; by default the system's, or those that SSL_CERT_FILE names.
    """

    hosts: tuple[str, ...]
    private_network: bool = False
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    @classmethod
    def of(cls, source: Source) -> "Reach":
        own = (urlsplit(source.url).netloc,) if source.url else ()
        return cls(source.hosts or own, source.private_network)


@contextmanager
def opened(url: str, reach: Reach, headers: Mapping[str, str]) -> Iterator[http.client.HTTPResponse]:
    """The answer to GET `url`, after redirects, of whatever status.

    Raises DailiesError for what may not be asked, OSError and http.client.HTTPException when the network fails.
    """
    asked = url
    for _ in range(MOST_REDIRECTS + 1):
        parts = _permitted(url, asked, reach)
        connection = _connection(parts, reach)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", target, headers=headers)
            answer = connection.getresponse()
            location = answer.headers.get("Location") if answer.status in REDIRECTS else None
            if location is None:
                yield answer
                return
        finally:
            connection.close()
        url = _next(url, location)
    raise DailiesError(f"{asked} redirects more than {MOST_REDIRECTS} times; give the address that it leads to")


def _next(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError as error:
        raise DailiesError(f"{url} redirects to {location!r}, which is no address: {error}") from None


def _permitted(url: str, asked: str, reach: Reach) -> SplitResult:
    """The parts of `url`. Raises DailiesError unless it is https to a host that may be asked."""
    said = asked if url == asked else f"{asked} redirects to {url}, which"
    if not url.isascii() or any(ord(letter) <= ord(" ") for letter in url):
        raise DailiesError(f"{said!r} is no address: it holds blanks, control characters or letters beyond ASCII")
    try:
        parts, _ = urlsplit(url), urlsplit(url).port
    except ValueError as error:
        raise DailiesError(f"{said} is no address: {error}") from None
    if parts.scheme != "https" or not parts.hostname:
        raise DailiesError(f"{said} is not encrypted; only https is fetched")
    if not any(fnmatchcase(name, host.lower()) for host in reach.hosts for name in (parts.hostname, parts.netloc)):
        raise DailiesError(
            f"{said} is on a host that the source does not name; write hosts: [{parts.hostname}] if it may"
        )
    return parts


def _connection(parts: SplitResult, reach: Reach) -> http.client.HTTPSConnection:
    """Straight to an address that was checked, or through the proxy of the environment, which has rules of its own."""
    host, port = parts.hostname or "", parts.port or 443
    proxy = None if urllib.request.proxy_bypass(host) else urllib.request.getproxies().get("https")
    if proxy is None:
        return _Checked(host, port, reach)
    through = urlsplit(proxy)
    tunnel = http.client.HTTPSConnection(
        through.hostname or "", through.port or 3128, timeout=TIMEOUT_S, context=reach.context
    )
    tunnel.set_tunnel(host, port)
    return tunnel


class _Checked(http.client.HTTPSConnection):
    """Connects to the very address that was checked, so that a name cannot mean another one a moment later."""

    def __init__(self, host: str, port: int, reach: Reach) -> None:
        super().__init__(host, port, timeout=TIMEOUT_S, context=reach.context)
        self._reach = reach

    def connect(self) -> None:
        addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for *_, place in addresses:
            if not (self._reach.private_network or is_public(str(place[0]))):
                raise DailiesError(
                    f"{self.host} has the address {place[0]}, which the internet does not reach; "
                    "if it is a server of your own, write private_network: true"
                )
        plain = _first_that_answers([place for *_, place in addresses])
        try:
            self.sock = self._reach.context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


def _first_that_answers(places: list[tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]) -> socket.socket:
    for place in places[:-1]:
        try:
            return socket.create_connection((str(place[0]), int(place[1])), TIMEOUT_S)
        except OSError:
            continue
    return socket.create_connection((str(places[-1][0]), int(places[-1][1])), TIMEOUT_S)


def is_public(address: str) -> bool:
    """Whether an address is one of the internet: neither private, loopback, link-local, multicast nor reserved.

    Nor may it carry such an IPv4 address inside (mapped, 6to4, NAT64, Teredo).
    """
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if ip.teredo:
            return False
        ip = inner or ip
    return ip.is_global and not ip.is_multicast
