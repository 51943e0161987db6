"""Secrets are planted where people keep them, and looked for where text leaves."""

import json
import logging
import re
import traceback
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from workspaces import Workspace

from project import secrets
from project.errors import UsageError

VALUE = "s3cr3t/Pa$$ w0rd"


@pytest.mark.parametrize(
    "name",
    [
        "AWS_SECRET_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "PREFECT_API_AUTH_STRING",
        "PREFECT_SERVER_API_AUTH_STRING",
        "PREFECT_API_KEY",
        "GITHUB_TOKEN",
        "PGPASSWORD",
        "OPS_SECRET",
        "GOOGLE_CREDENTIALS",
    ],
)
def test_values_of_variables_whose_name_says_so(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, VALUE)
    assert secrets.redact(f"before {VALUE} after") == "before *** after"
    assert VALUE not in str(UsageError(f"cannot log in with {VALUE}"))


def test_written_as_json_and_in_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = 'line one\nline "two"'
    monkeypatch.setenv("OPS_TOKEN", odd)
    assert "two" not in secrets.redact(json.dumps({"said": odd}))
    monkeypatch.setenv("OPS_TOKEN", VALUE)
    assert secrets.redact("x?y=s3cr3t%2FPa%24%24%20w0rd") == "x?y=***"


def test_other_names_and_short_values_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARMLESS", "harmless-value")
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    assert secrets.redact("harmless-value is false") == "harmless-value is false"
    monkeypatch.setenv("DAILIES_SECRETS", "OTHER, HARMLESS")
    assert secrets.redact("harmless-value is false") == "*** is false"


def test_what_a_file_holds_that_a_variable_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "password").write_text(f"{VALUE}\n")
    monkeypatch.setenv("DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    assert secrets.redact(f"{tmp_path / 'password'} holds {VALUE}") == f"{tmp_path / 'password'} holds ***"


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("fetch https://me:pw@host/x.git failed", "fetch https://***@host/x.git failed"),
        ("https://ghp_0123@github.com/a/b", "https://***@github.com/a/b"),
        ("postgresql+asyncpg://user:pw@db/prefect", "postgresql+asyncpg://***@db/prefect"),
        ("ssh://git@host/x.git and ssh://git:pw@host", "ssh://git@host/x.git and ssh://git:***@host"),
        ("https://host/x?part=2&X-Amz-Signature=abc&v=1", "https://host/x?part=2&X-Amz-Signature=***&v=1"),
        ("git@host:x.git, mail a@b.c, digits@v0.1.0, a=b", "git@host:x.git, mail a@b.c, digits@v0.1.0, a=b"),
    ],
)
def test_credentials_in_addresses(text: str, clean: str) -> None:
    assert secrets.redact(text) == clean


def test_every_text_of_lists_and_mappings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TOKEN", VALUE)
    content = {"a": [VALUE, 1, None], "b": {"c": (f"<{VALUE}>", 2.5)}}
    assert secrets.scrubbed(content) == {"a": ["***", 1, None], "b": {"c": ("<***>", 2.5)}}


def test_log_records_and_tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPS_TOKEN", VALUE)
    before = logging.getLogRecordFactory()
    try:
        secrets.guard_logs()
        secrets.guard_logs()
        try:
            raise ValueError(f"refused {VALUE}")
        except ValueError:
            import sys

            record = logging.getLogRecordFactory()("n", 20, "p", 1, "said %s", (VALUE,), sys.exc_info())
            assert VALUE in traceback.format_exc()
    finally:
        logging.setLogRecordFactory(before)
    said = logging.Formatter("%(message)s").format(record)
    assert "said ***" in said and "ValueError: refused ***" in said and VALUE not in said


TALKATIVE = """
import os, sys
print("seen", os.environ.get("GITHUB_TOKEN", "nothing"))
if "steps.train" in sys.argv[0].replace(os.sep, ".") and "666" in open("params.yaml").read():
    raise RuntimeError("no answer from https://me:planted-git-pw@127.0.0.1:9 for " + os.environ["AWS_SECRET_ACCESS_KEY"])
"""
"""What is added to a recipe; a run with the seed 666 ends with a traceback."""


def posted(workspace: Workspace, path: str, content: Any) -> str:
    url, headers = f"{workspace.env['PREFECT_API_URL']}{path}", {"Content-Type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, json.dumps(content).encode(), headers)) as answer:
        return str(answer.read().decode())


@pytest.mark.slow
def test_planted_secrets_leave_by_no_door(workspace: Workspace, tmp_path: Path) -> None:
    """A run that lands, one whose recipe raises, and questions to remotes that are away, with secrets all around."""
    planted = {
        "GITHUB_TOKEN": "ghp_planted_token_1", "AWS_SECRET_ACCESS_KEY": "planted/aws+key", "OPS_PASSWORD": "planted-ops-pw",
    }  # fmt: skip
    workspace = Workspace(workspace.folder, workspace.pictures, workspace.env | planted)
    recipe = workspace.folder / "recipes" / "image_classification.py"
    recipe.write_text(f"{recipe.read_text()}\n{TALKATIVE}")
    workspace.params("    gate: {accuracy", "    about: made with planted-ops-pw\n    gate: {accuracy")
    workspace.git("commit", "-qam", "A recipe that talks too much")
    said = [workspace.dailies("run", "shapes", exit_code=None)]
    assert said[0].returncode in (0, 4), said[0].stderr

    workspace.params("epochs: 4", "epochs: 3")
    said.append(workspace.dailies("run", "shapes", "--set", "seed=666", exit_code=1))
    workspace.git("remote", "add", "shared", "http://me:planted-git-pw@127.0.0.1:9/models.git")
    workspace.git("config", "dailies.publish", "shared")
    said.append(workspace.dailies("doctor", exit_code=None))
    config = workspace.folder / ".dvc" / "config.local"
    config.write_text(re.sub(r"url = .*", "url = http://me:planted-dvc-pw@127.0.0.1:9/store", config.read_text()))
    said.append(workspace.dailies("verify", "--remote", exit_code=None))
    assert "127.0.0.1:9" in said[2].stdout + said[3].stderr

    logs = [path for path in (workspace.folder / ".dailies" / "logs").rglob("*") if path.is_file()]
    reports = [path for path in (workspace.folder / "data/reports/shapes").rglob("*") if path.suffix != ".parquet"]
    texts = {str(path): path.read_text(errors="replace") for path in [*logs, *reports] if path.is_file()}
    texts |= {str(each.args[3:]): each.stdout + each.stderr for each in said}
    texts["tags"] = workspace.git("for-each-ref", "--format=%(contents)", "refs/tags")
    texts["commits"] = workspace.git("log", "-5", "--format=%B")
    texts["records"] = posted(workspace, "/logs/filter", {"limit": 200, "sort": "TIMESTAMP_DESC"})
    texts["runs"] = posted(workspace, "/flow_runs/filter", {"limit": 20, "sort": "START_TIME_DESC"})
    texts["artifacts"] = posted(workspace, "/artifacts/filter", {"limit": 100, "sort": "CREATED_DESC"})
    assert "seen ***" in texts["records"], "the recipe said nothing, so nothing was tried"
    leaks = ["ghp_planted_token_1", "planted/aws+key", "planted-ops-pw", "planted-git-pw", "planted-dvc-pw"]
    assert {place: leak for place, text in texts.items() for leak in leaks if leak in text} == {}
