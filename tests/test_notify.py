"""People are told: by a real webhook and a real mail, and a receiver that is away stops nothing and shows no address."""

import logging
import os
import socket
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from receivers import http_receiver, mail_receiver, silent_receiver

from project import params
from project.errors import DailiesError, GateRefused, QuarantineError, RightsRefused
from project.notices import Notice
from project.secrets import redact
from tasks import notify, outcome

NOTICE = Notice(
    "refused", "faces", "faces@v0.2.0 is refused: rank_1", "REFUSED  rank_1 at least 0.9: 0.8 < 0.9", "see it"
)
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
"""apprise imports it where Python still has it."""
SOURCE = {"kind": "image", "licence": "CC0-1.0", "path": "pictures"}
PASSWORD = "correct-horse-battery"


def receivers(*entries: dict[str, Any]) -> tuple[Any, ...]:
    models = {name: {"recipe": "x", "source": "pictures"} for name in ("faces", "digits")}
    raw = {"sources": {"pictures": SOURCE}, "models": models, "notify": list(entries)}
    return params.parse(raw, "params.yaml").notify


def test_a_webhook_gets_what_happened_why_and_where_to_look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as (port, got):
        monkeypatch.setenv("OPS", f"json://127.0.0.1:{port}")
        assert notify.send(NOTICE, receivers({"to": {"env": "OPS"}}), tmp_path) == {"$OPS": True}
    [message] = got
    assert message["title"] == NOTICE.title and message["type"] == "warning"
    assert message["message"] == f"{NOTICE.text}\n{NOTICE.link}"


def test_a_mail_arrives_by_an_address_in_a_file(tmp_path: Path) -> None:
    with mail_receiver() as (port, got):
        address = f"mailto://127.0.0.1:{port}?from=dailies@example.org&to=ops@example.org&mode=insecure"
        (tmp_path / "mail").write_text(f"{address}\n")
        assert notify.send(NOTICE, receivers({"to": {"file": "mail"}}), tmp_path) == {"mail": True}
    [mail] = got
    assert f"Subject: {NOTICE.title}" in mail and "To: ops@example.org" in mail


def test_each_is_told_of_what_it_asked_for_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        {"to": {"env": "ALL"}},
        {"to": {"env": "FAILED"}, "on": ["failed"]},
        {"to": {"env": "FACES"}, "models": ["faces"], "on": ["refused", "failed"]},
        {"to": {"env": "DIGITS"}, "models": ["digits"]},
    ]
    with http_receiver() as (port, got):
        for name in ("ALL", "FAILED", "FACES", "DIGITS"):
            monkeypatch.setenv(name, f"json://127.0.0.1:{port}")
        assert notify.send(NOTICE, receivers(*entries), tmp_path) == {"$ALL": True, "$FACES": True}
    assert len(got) == 2


def test_one_that_is_away_and_one_that_is_silent_keep_nobody_else_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        away = closed.getsockname()[1]
    with http_receiver() as (port, got), silent_receiver() as silent, caplog.at_level(logging.INFO):
        monkeypatch.setenv("AWAY", f"json://someone:{PASSWORD}@127.0.0.1:{away}/hook-{PASSWORD}")
        monkeypatch.setenv("SILENT", f"json://someone:{PASSWORD}@127.0.0.1:{silent}?rto=1")
        monkeypatch.setenv("HERE", f"json://someone:{PASSWORD}@127.0.0.1:{port}")
        entries = [{"to": {"env": name}} for name in ("AWAY", "UNSET", "SILENT", "HERE")]
        entries += [{"to": {"file": "nowhere"}}]
        told = notify.send(NOTICE, receivers(*entries), tmp_path)
    assert [name for name, got in told.items() if got] == ["$HERE"]
    assert list(told) == ["$AWAY", "$UNSET", "$SILENT", "$HERE", "nowhere"]
    assert len(got) == 1
    assert "$UNSET is not told" in caplog.text and "variable UNSET is not set; set it where the runs are" in caplog.text
    assert "$AWAY is not told" in caplog.text and "$SILENT is not told" in caplog.text
    assert "nowhere cannot be read (No such file or directory); write the address into it" in caplog.text
    assert PASSWORD not in caplog.text and "json://" not in caplog.text


def test_what_is_no_address_is_said_without_showing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OPS", f"nonsense {PASSWORD}")
    assert notify.send(NOTICE, receivers({"to": {"env": "OPS"}}), tmp_path) == {"$OPS": False}
    assert "it is no address of apprise" in caplog.text and PASSWORD not in caplog.text


def test_broken_params_stop_no_run(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "params.yaml").write_text("notify: [unclosed")
    assert notify.tell(NOTICE, tmp_path) == {}
    assert "nobody is told" in caplog.text


def test_people_are_told_of_an_edit_that_broke_params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By who was named in the last commit, and whatever is wrong besides."""
    path = tmp_path / "params.yaml"
    path.write_text("notify:\n- to: {env: OPS}\n")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "Toys"]):
        subprocess.run(["git", "-c", "user.name=T", "-c", "user.email=t@localhost", *command], cwd=tmp_path, check=True)
    with http_receiver() as (port, got):
        monkeypatch.setenv("OPS", f"json://127.0.0.1:{port}")
        for text in ("notify: [unclosed", "models: 3\nnotify:\n- to: {env: OPS}\n"):
            path.write_text(text)
            assert notify.tell(NOTICE, tmp_path) == {"$OPS": True}
    assert len(got) == 2


def test_the_same_failure_is_told_once_and_another_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params.yaml").write_text("notify:\n- to: {env: OPS}\n")
    first = Notice("failed", "faces", "faces failed", "the source is away", "dailies runs show 1")
    with http_receiver() as (port, got):
        assert notify.tell(first, tmp_path) == {"$OPS": False}, "nobody could be told yet"
        monkeypatch.setenv("OPS", f"json://127.0.0.1:{port}")
        assert notify.tell(first, tmp_path) == {"$OPS": True}
        assert notify.tell(replace(first, link="dailies runs show 2"), tmp_path) == {}
        assert notify.tell(replace(first, text="no space left"), tmp_path) == {"$OPS": True}
        assert notify.tell(replace(first, model="digits"), tmp_path) == {"$OPS": True}
        monkeypatch.setattr(notify, "AGAIN_S", 0.0)
        assert notify.tell(first, tmp_path) == {"$OPS": True}
    assert len(got) == 4


def test_an_address_is_hidden_from_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "params.yaml").write_text("notify:\n- to: {env: OPS}\n")
    monkeypatch.setenv("DAILIES_SECRETS", "OTHER")
    monkeypatch.setenv("OPS", f"json://127.0.0.1/{PASSWORD}")
    notify.hide(tmp_path)
    assert os.environ["DAILIES_SECRETS"] == "OTHER,OPS"
    assert redact(f"told json://127.0.0.1/{PASSWORD}") == "told ***"


def test_the_word_on_is_read_as_people_write_it(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("notify:\n- to: {env: OPS}\n  on: [failed, missed]\n")
    assert params.read(tmp_path / "params.yaml").notify[0].on == ("failed", "missed")


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"to": {"env": "OPS"}, "on": ["fialed"]}, "notify.0.on.0 is 'fialed': input should be 'failed', 'refused', "),
        ({"to": {"env": "OPS"}, "on": []}, "notify.0.on is []: name what it is told of; known: failed, refused, "),
        ({"to": {}}, "notify.0.to is {}: give exactly one of env, file"),
        ({"to": {"env": "json://me:pw123456@host"}}, "env takes the name of a variable"),
        ({"to": {"file": "json://me:pw123456@host"}}, "file takes the path of a file"),
        ({"to": {"env": "OPS"}, "model": ["faces"]}, "notify.0.model is not a known key; did you mean 'models'?"),
        ({"to": {"env": "OPS"}, "models": ["face"]}, "notify.0.models 'face' is not a model; did you mean 'faces'?"),
    ],
)
def test_mistakes_are_told_in_one_line(entry: dict[str, Any], said: str) -> None:
    models = {"faces": {"recipe": "x", "source": "pictures"}}
    raw = {"sources": {"pictures": SOURCE}, "models": models, "notify": [entry]}
    with pytest.raises(DailiesError) as error:
        params.parse(raw, "params.yaml")
    assert said in str(error.value) and len(str(error.value).splitlines()) == 1
    assert "pw123456" not in str(error.value)


@pytest.mark.parametrize(
    ("error", "what"),
    [
        (DailiesError("the disk is away"), "failed"),
        (ZeroDivisionError("division by zero"), "failed"),
        (GateRefused("accuracy 0.8 < 0.9"), "refused"),
        (RightsRefused("faces holds assets that it may not use: 3 withdrawn"), "refused"),
        (QuarantineError("12 of 100 assets are refused, max_quarantined is 0.02"), "quarantine"),
    ],
)
def test_an_error_is_told_with_its_reason(error: Exception, what: str, tmp_path: Path) -> None:
    notice = outcome.of_error("faces", "faces-1", error, tmp_path)
    assert notice and (notice.what, notice.model) == (what, "faces")
    assert str(error) in notice.text and "dailies runs show faces-1" in notice.link


def test_of_a_run_that_a_person_stopped_nobody_is_told(tmp_path: Path) -> None:
    assert outcome.of_error("faces", "faces-1", KeyboardInterrupt(), tmp_path) is None
