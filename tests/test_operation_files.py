"""Files that an operation reads: the plan knows them by their hash, and a change of one makes the model stale."""

import dataclasses
import hashlib
import json
from pathlib import Path

import pytest
from workspaces import ROOT

from lineage import current
from media import audio, orders, permission
from project import params
from project.errors import UsageError
from recipes import load
from steps import augment, known, plan

FIRST, SECOND = b"a response", b"another"
SECTION = {"impulse_responses": ["hall.wav"]}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one impulse response, and a recipe that offers the operations on sounds."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hall.wav").write_bytes(FIRST)
    recipe = dataclasses.replace(load("image_classification"), augment=audio.OPERATIONS)
    monkeypatch.setattr("steps.plan.load", lambda name: recipe)
    monkeypatch.setattr("steps.augment.load", lambda name: recipe)
    return tmp_path


def planned() -> dict[str, object]:
    section = {"recipe": "image_classification", "source": "voices", "augment": SECTION}
    read = params.parse({"models": {"voices": section}, "sources": {"voices": SOURCE}}, "params.yaml")
    standing = orders.standing([])
    with known.catalogs(ROOT) as catalogs:
        model, source = read.models["voices"], read.sources["voices"]
        return plan.plan_model(ROOT, "voices", model, source, {}, standing, catalogs)["augment"]


SOURCE = {"path": "nowhere", "kind": "image", "licence": "CC0-1.0"}


def test_the_plan_holds_their_hashes(project: Path) -> None:
    assert planned()["files"] == {"hall.wav": sha256(FIRST)}


def test_a_file_that_is_not_there_is_named_by_the_plan(project: Path) -> None:
    (project / "hall.wav").unlink()
    with pytest.raises(UsageError, match=r"augment.impulse_responses is \['hall.wav'\]: hall.wav must be a file"):
        planned()


def test_augment_refuses_a_file_that_the_plan_does_not_know(project: Path) -> None:
    made = planned()
    (project / "hall.wav").write_bytes(SECOND)
    with pytest.raises(UsageError, match="names a file that has changed since the plan"):
        augment.write(made, project / "assets", project / "shards", "models.voices", permission.everything)


def test_a_model_whose_file_has_changed_is_stale(project: Path) -> None:
    plans = {
        "ingest": {"source": SOURCE, "state": "absent"},
        "augment": {"files": {"hall.wav": sha256(FIRST)}},
        "rights": {},
        "train": {},
        "validate": {},
    }
    for verb, content in plans.items():
        path = project / "data" / "plan" / verb / "voices.json"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({"libraries": {}, **content}), encoding="utf-8")
    assert current.moved(project, "voices", "voices") == ""
    (project / "hall.wav").write_bytes(SECOND)
    assert current.moved(project, "voices", "voices") == "hall.wav has changed"
    (project / "hall.wav").unlink()
    assert current.moved(project, "voices", "voices") == "hall.wav has changed"
