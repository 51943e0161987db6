"""A Prefect server asked over plain HTTP: importing Prefect takes two seconds, a question some milliseconds."""

import base64
import datetime
import json
import os
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from project.errors import DailiesError

ANSWER_S = 30.0
WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""How long a server is waited for that does not answer: it may be starting anew. One minute in all."""
AWAY = (429, 500, 502, 503, 504)
"""Answers after which it is asked again; 500 comes while its database is away."""


class ServerAway(DailiesError):
    """The Prefect server does not answer."""


@dataclass(frozen=True, slots=True)
class Api:
    """The server at `url`, which ends in /api. Each call waits for a server that is away, as long as `waits` says."""

    url: str
    waits: Sequence[float] = WAITS_S

    def get(self, path: str) -> Any:
        return self.ask("GET", path)

    def post(self, path: str, content: Any) -> Any:
        return self.ask("POST", path, content)

    def ask(self, method: str, path: str, content: Any = None) -> Any:
        """The answer as JSON, None where it has none. Raises ServerAway, and DailiesError for what the server refuses."""
        for wait in (*self.waits, None):
            try:
                with urllib.request.urlopen(self._request(method, path, content), timeout=ANSWER_S) as answer:
                    said = answer.read()
                    return json.loads(said) if said else None
            except urllib.error.HTTPError as error:
                if error.code not in AWAY or wait is None:
                    raise DailiesError(self._refused(error, method, path)) from None
            except (OSError, ValueError) as error:
                if wait is None:
                    raise ServerAway(f"the Prefect server at {self.url} does not answer ({error})") from None
            time.sleep(wait)
        raise AssertionError("the last wait is none")

    def _request(self, method: str, path: str, content: Any) -> urllib.request.Request:
        body = None if content is None else json.dumps(content).encode()
        headers = {"Content-Type": "application/json"}
        if secret := secret_of(os.environ):
            headers["Authorization"] = "Basic " + base64.b64encode(secret.encode()).decode()
        return urllib.request.Request(self.url.rstrip("/") + path, data=body, headers=headers, method=method)

    def _refused(self, error: urllib.error.HTTPError, method: str, path: str) -> str:
        if error.code == 401:
            return f"the Prefect server at {self.url} asks who is there; set PREFECT_API_AUTH_STRING"
        said = " ".join(error.read().decode(errors="replace").split())[:500]
        return f"the Prefect server at {self.url} refused {method} {path} ({error.code}): {said}"

    def set_state(
        self, flow_run: str, kind: str, name: str, message: str, at: datetime.datetime | None = None
    ) -> dict[str, Any]:
        """Give a flow run a state of that type (COMPLETED and so on) and name, whatever it is in now."""
        state: dict[str, Any] = {"type": kind, "name": name, "message": message}
        if at:
            state["state_details"] = {"scheduled_time": at.isoformat()}
        answer: dict[str, Any] = self.post(f"/flow_runs/{flow_run}/set_state", {"state": state, "force": True})
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


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()
