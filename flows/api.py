"""A Prefect server asked over plain HTTP: importing Prefect takes two seconds, a question some milliseconds.

API: https://docs.prefect.io/v3/api-ref/rest-api. Times are ISO 8601 strings as the server gives them.
"""

import base64
import datetime
import http.client
import json
import os
import ssl
import time
import tomllib
import urllib.parse
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from project.errors import DailiesError

ANSWER_S = 30.0
WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""How long a server is waited for that does not answer: it may be starting anew. One minute in all."""
BUSY = (429, 500, 502, 503, 504)
"""Answers after which it is asked again; 500 comes while its database is away."""


class ServerAway(DailiesError):
    """The Prefect server does not answer."""


class Api:
    """The server at `url`, which ends in /api, on one connection, which is kept for several questions.

    Each call waits for a server that is away, as long as `waits` says, and for its answer `answer_s` seconds.
    """

    def __init__(self, url: str, *, waits: Sequence[float] = WAITS_S, answer_s: float = ANSWER_S) -> None:
        self.url = url.rstrip("/")
        self.waits = waits
        self._headers = {"Content-Type": "application/json", **_credentials()}
        parts = urllib.parse.urlsplit(self.url)
        self._path = parts.path
        host, port = parts.hostname or "localhost", parts.port
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                host, port, timeout=answer_s, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=answer_s)

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, content: Any) -> Any:
        return self.ask("POST", path, content)

    def ask(self, method: str, path: str, content: Any = None) -> Any:
        """The answer as JSON, None where it has none. Raises ServerAway, and DailiesError for what the server refuses."""
        for wait in (*self.waits, None):
            try:
                status, said = self._answer(method, path, content)
                if status < 400:
                    return json.loads(said) if said else None
                if status not in BUSY or wait is None:
                    raise DailiesError(self._refused(status, said, method, path))
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._connection.close()
                if wait is None:
                    reason = error or type(error).__name__
                    raise ServerAway(f"the Prefect server at {self.url} does not answer ({reason})") from None
            time.sleep(wait)
        raise AssertionError("the last wait is none")

    def _answer(self, method: str, path: str, content: Any) -> tuple[int, bytes]:
        """Status and body. A connection that the server has closed meanwhile is opened anew."""
        body = None if content is None else json.dumps(content)
        kept = self._connection.sock is not None
        try:
            self._connection.request(method, self._path + path, body, self._headers)
            answer = self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            if not kept:
                raise
            self._connection.request(method, self._path + path, body, self._headers)
            answer = self._connection.getresponse()
        return answer.status, answer.read()

    def _refused(self, status: int, said: bytes, method: str, path: str) -> str:
        if status in (401, 403):
            return f"the Prefect server at {self.url} asks who is there; set PREFECT_API_AUTH_STRING"
        reason = " ".join(said.decode(errors="replace").split())[:500]
        return f"the Prefect server at {self.url} refused {method} {path} ({status}): {reason}"

    def close(self) -> None:
        self._connection.close()

    def __del__(self) -> None:
        self.close()

    def set_state(
        self, flow_run: str, kind: str, name: str, message: str, at: datetime.datetime | None = None, force: bool = True
    ) -> dict[str, Any]:
        """Give a flow run a state of that type (COMPLETED and so on) and name; by `force` whatever it is in now."""
        state: dict[str, Any] = {"type": kind, "name": name, "message": message}
        if at:
            state["state_details"] = {"scheduled_time": at.isoformat()}
        answer: dict[str, Any] = self.post(f"/flow_runs/{flow_run}/set_state", {"state": state, "force": force})
        return answer

    def log(self, flow_run: str, message: str, level: int = 20) -> None:
        """Add one line to the log of a flow run."""
        entry = {"name": "dailies", "level": level, "message": message, "flow_run_id": flow_run}
        self.post("/logs/", [entry | {"timestamp": _now()}])

    def emit(self, event: str, model: str, payload: Mapping[str, Any]) -> None:
        """Say that something happened to a model, for automations to hear."""
        resource = {"prefect.resource.id": f"dailies.model.{model}", "prefect.resource.name": model}
        told = {"id": str(uuid.uuid4()), "occurred": _now(), "event": event, "payload": dict(payload)}
        self.post("/events", [told | {"resource": resource}])


def secret_of(environment: Mapping[str, str]) -> str:
    """The shared secret of server and clients, from either's own variable; empty when there is none."""
    return environment.get("PREFECT_API_AUTH_STRING") or environment.get("PREFECT_SERVER_API_AUTH_STRING", "")


def setting(name: str) -> str:
    """One of Prefect's settings, from the environment or its active profile; empty when it is not set."""
    if value := os.environ.get(name):
        return value
    home = Path(os.environ.get("PREFECT_HOME") or Path.home() / ".prefect")
    try:
        profiles = tomllib.loads((home / "profiles.toml").read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError):
        return ""
    return str(profiles.get("profiles", {}).get(profiles.get("active", ""), {}).get(name, ""))


def _credentials() -> dict[str, str]:
    if key := setting("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if shared := secret_of(os.environ) or setting("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(shared.encode()).decode()}"}
    return {}


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()
