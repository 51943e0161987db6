"""`dailies deploy`: the schedules of params.yaml, brought to the Prefect server."""

from pathlib import Path

from flows import declared
from flows import deploy as deployments
from flows.api import Api
from project import layout, params
from project.errors import UsageError
from studio import server
from studio.answer import Answer, table


def deploy(*, dry_run: bool) -> Answer:
    """Show the difference, and apply it unless it is a dry run. Raises UsageError when there is no server."""
    root = layout.find()
    url = server.configured(root)
    if not url:
        raise UsageError("no Prefect server is configured; start one with: dailies up --detach, or set PREFECT_API_URL")
    server.check(url)
    changes = deployments.deploy(root, Api(url), dry_run=dry_run)
    data = [{"change": each.what, "kind": each.kind, "name": each.name, "said": each.said} for each in changes]
    rows = [[each.what, each.kind, each.name, each.said] for each in changes]
    said = f"{len(changes)} would change" if dry_run else f"{len(changes)} changed"
    text = (
        table(["", "KIND", "NAME", "SCHEDULE"], rows) + f"\n{said} at {url}"
        if rows
        else f"{url} has all of it; nothing to do"
    )
    return Answer({"url": url, "dry_run": dry_run, "changes": data}, text)


def write(file: Path) -> Answer:
    """Write the deployments as a prefect.yaml. Raises UsageError when params.yaml is wrong."""
    read = params.read(layout.find() / "params.yaml")
    layout.write_bytes(file.resolve(), declared.text(read, file.name).encode())
    return Answer({"file": str(file.resolve())}, f"{file} is written; next: prefect deploy --all")
