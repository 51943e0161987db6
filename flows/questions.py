"""Questions to a Prefect server over plain HTTP: importing Prefect's client takes two seconds, and a person waits.

API: https://docs.prefect.io/v3/api-ref/rest-api. Times are ISO 8601 strings as the server gives them.
"""

import base64
import http.client
import json
import os
import ssl
import tomllib
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from project.errors import DailiesError

FLOW = "retrain"
ANSWER_S = 4.0
PAGE = 200
"""The most that the server gives at once."""

FlowRun = dict[str, Any]


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


class Server:
    """One connection, kept for several questions. Raises DailiesError when there is no answer."""

    def __init__(self, url: str, *, answer_s: float = ANSWER_S) -> None:
        self.url = url.rstrip("/")
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
        self._headers = {"Content-Type": "application/json", **_credentials()}

    def ask(self, method: str, path: str, content: Mapping[str, Any] | None = None) -> Any:
        body = None if content is None else json.dumps(content)
        try:
            self._connection.request(method, self._path + path, body, self._headers)
            answer = self._connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise DailiesError(
                f"the Prefect server at {self.url} does not answer ({error or type(error).__name__})"
            ) from None
        if answer.status >= 400:
            hint = "; set PREFECT_API_AUTH_STRING" if answer.status in (401, 403) else ""
            raise DailiesError(
                f"the Prefect server at {self.url} refuses {path}: {answer.status} {_reason(said)}{hint}"
            )
        return json.loads(said) if said else None

    def flow_runs(self, limit: int, *, sort: str = "START_TIME_DESC", **rules: Any) -> Iterator[FlowRun]:
        """Runs of our flow that satisfy `rules` (Prefect's FlowRunFilter), `limit` at the most."""
        offset = 0
        while offset < limit:
            asked = {"flows": {"name": {"any_": [FLOW]}}, "flow_runs": rules, "sort": sort}
            page = self.ask(
                "POST", "/flow_runs/filter", {**asked, "limit": min(PAGE, limit - offset), "offset": offset}
            )
            yield from page
            offset += PAGE
            if len(page) < PAGE:
                return

    def flow_runs_of(self, model: str, limit: int, **rules: Any) -> list[FlowRun]:
        """The newest runs of one model: those of its deployment, and those whose name begins with it."""
        asked = {"sort": "START_TIME_DESC", "limit": min(limit, PAGE), "flows": {"name": {"any_": [FLOW]}}}
        deployed = {**asked, "flow_runs": rules, "deployments": {"name": {"any_": [model]}}}
        by_name = {**asked, "flow_runs": {**rules, "name": {"like_": f"{model}-"}}}
        found = [run for each in (deployed, by_name) for run in self.ask("POST", "/flow_runs/filter", each)]
        return list({run["id"]: run for run in found}.values())

    def deployments(self, names: Sequence[str]) -> list[dict[str, Any]]:
        """Those of our flow that have one of these names."""
        asked = {"flows": {"name": {"any_": [FLOW]}}, "deployments": named(names), "limit": PAGE}
        return list(self.ask("POST", "/deployments/filter", asked))

    def set_state(self, flow_run_id: str, kind: str, name: str, message: str) -> Any:
        state = {"type": kind, "name": name, "message": message}
        return self.ask("POST", f"/flow_runs/{flow_run_id}/set_state", {"state": state, "force": False})

    def records(self, flow_run_id: str, after: str = "", *, most: int = PAGE) -> list[dict[str, Any]]:
        """Log records of a run, oldest first, those later than `after`."""
        rules: dict[str, Any] = {"flow_run_id": {"any_": [flow_run_id]}}
        if after:
            rules["timestamp"] = {"after_": after}
        return list(self.ask("POST", "/logs/filter", {"logs": rules, "sort": "TIMESTAMP_ASC", "limit": most}))

    def close(self) -> None:
        self._connection.close()


def of_states(*types: str) -> dict[str, Any]:
    """The rule for runs in states of these types."""
    return {"state": {"type": {"any_": list(types)}}}


def named(names: Sequence[str]) -> dict[str, Any]:
    return {"name": {"any_": list(names)}}


def _credentials() -> dict[str, str]:
    if key := setting("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if shared := setting("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(shared.encode()).decode()}"}
    return {}


def _reason(said: bytes) -> str:
    return " ".join(said.decode(errors="replace").split())[:200]
