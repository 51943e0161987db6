"""A team to test with: PostgreSQL, object storage, a shared repository, a server, and workspaces of several machines."""

import contextlib
import json
import logging
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import postgres
from moto.server import ThreadedMotoServer
from workspaces import Workspace

BUCKET = "studio"
LAST = ("Completed", "Current", "Registered", "Refused", "Failed", "Crashed", "Cancelled")
"""Names of states after which nothing comes."""
ENDED = ("COMPLETED", "FAILED", "CRASHED", "CANCELLED")


@contextlib.contextmanager
def storage() -> Iterator[dict[str, str]]:
    """An S3 server with an empty bucket; the variables with which everybody reaches it."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    env = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "key-of-the-studio",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-studio",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "no_proxy": "127.0.0.1",
    }
    try:
        with contextlib.closing(client(env)) as bucket:
            bucket.create_bucket(Bucket=BUCKET)
        yield env
    finally:
        server.stop()


def client(env: dict[str, str]) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=env["AWS_ENDPOINT_URL"],
        aws_access_key_id=env["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=env["AWS_SECRET_ACCESS_KEY"],
        region_name=env["AWS_DEFAULT_REGION"],
    )


@dataclass(frozen=True)
class Team:
    """`first` has the server, `second` is a clone on another machine; `api` is the server's address."""

    first: Workspace
    second: Workspace
    shared: Path
    postgres: postgres.Postgres
    api: str = ""

    def ask(self, method: str, path: str, content: Any = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(self.api + path, data=body, headers=headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            said = answer.read()
            return json.loads(said) if said else None

    def workers(self) -> set[str]:
        """Names of the workers that the server has ever heard of; those for refreshing left out."""
        found = self.ask("POST", "/work_pools/dailies/workers/filter", {})
        return {each["name"] for each in found if not each["name"].endswith("-refresh")}

    @contextlib.contextmanager
    def working(self, workspace: Workspace, *options: str) -> Iterator[str]:
        """`dailies worker` in that workspace, and the name of its worker."""
        before = self.workers()
        process = workspace.start("worker", *options)
        try:
            until = time.monotonic() + 90
            while not (new := self.workers() - before):
                assert process.poll() is None and time.monotonic() < until, workspace.said("worker", *options)
                time.sleep(0.2)
            yield new.pop()
        finally:
            process.terminate()
            assert process.wait(30) == 0, workspace.said("worker", *options)

    def deployments(self) -> dict[str, dict[str, Any]]:
        """Flow and name → what the server knows of it."""
        flows = {each["id"]: each["name"] for each in self.ask("POST", "/flows/filter", {})}
        found = self.ask("POST", "/deployments/filter", {})
        return {f"{flows[each['flow_id']]}/{each['name']}": each for each in found}

    def begin(self, name: str, /, **parameters: Any) -> str:
        """Ask for a run of a model, as a person does on Prefect's page; its id."""
        deployment = self.ask("GET", f"/deployments/name/retrain/{name}")["id"]
        told = {"parameters": parameters} if parameters else {}
        return str(self.ask("POST", f"/deployments/{deployment}/create_flow_run", told)["id"])

    def run(self, flow_run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/flow_runs/{flow_run}")
        return found

    def states(self, flow_run: str) -> list[str]:
        """The names of the states that it has been in, the oldest first."""
        found = self.ask("GET", f"/flow_run_states/?flow_run_id={flow_run}")
        return [each["name"] for each in sorted(found, key=lambda each: each["timestamp"])]

    def log(self, flow_run: str) -> str:
        asked = {"logs": {"flow_run_id": {"any_": [flow_run]}}, "limit": 200, "sort": "TIMESTAMP_ASC"}
        return "\n".join(each["message"] for each in self.ask("POST", "/logs/filter", asked))

    def ended(self, flow_run: str, within_s: float = 240) -> dict[str, Any]:
        """The run, once it has ended."""
        until = time.monotonic() + within_s
        while (now := self.run(flow_run))["state_type"] not in ENDED:
            assert time.monotonic() < until, f"{now['state_name']}: {self.log(flow_run)}"
            time.sleep(0.5)
        return now

    def training(self, workspace: Workspace, flow_run: str) -> None:
        """Return once the run trains in that workspace."""
        before = set((workspace.folder / ".dailies" / "logs").glob("*/train-*.log"))
        while not set((workspace.folder / ".dailies" / "logs").glob("*/train-*.log")) - before:
            assert self.run(flow_run)["state_type"] not in ENDED, self.log(flow_run)
            time.sleep(0.2)

    def there(self) -> dict[str, str]:
        """Ref → object of the shared repository."""
        command = ["git", "for-each-ref", "--format=%(refname:strip=2) %(objectname)", "refs/tags", "refs/heads"]
        out = subprocess.run(command, cwd=self.shared, capture_output=True, text=True, check=True).stdout
        return dict(line.split() for line in out.splitlines())


def gathered(workspace: Workspace, folder: Path, s3: dict[str, str], database: postgres.Postgres) -> Team:
    """The workspace with a shared repository and an S3 remote, and a colleague's clone of it with a cache of its own."""
    env = {key: value for key, value in workspace.env.items() if key != "PREFECT_API_URL"} | s3
    first = replace(workspace, env=env)
    shared = folder / "shared.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "--initial-branch=main", shared], check=True)
    first.git("remote", "add", "origin", str(shared))
    first.git("push", "--quiet", "origin", "main", "--tags")
    first.git("config", "dailies.publish", "origin")
    first.dvc("remote", "add", "--local", "--default", "store", f"s3://{BUCKET}/dailies")
    first.dvc("push", "--quiet")
    second = cloned(shared, folder / "second" / "workspace", first)
    return Team(first, second, shared, database)


def cloned(shared: Path, folder: Path, like: Workspace, cache: Path | None = None) -> Workspace:
    """What another machine has: a clone, the bucket's address, and a cache of its own, or one that it shares."""
    made = Workspace(folder, like.pictures, dict(like.env))
    subprocess.run(["git", "clone", "--quiet", shared, folder], check=True)
    for key, value in {"dailies.publish": "origin", "user.name": "Other", "user.email": "other@localhost"}.items():
        made.git("config", key, value)
    made.dvc("cache", "dir", "--local", str(cache or folder / ".dvc" / "cache"))
    made.dvc("remote", "add", "--local", "--default", "store", f"s3://{BUCKET}/dailies")
    return made
