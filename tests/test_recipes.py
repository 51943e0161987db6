"""Every recipe, held to the same: its card, its settings, its samples, the five steps, a kill, and what it is asked.

Each learns its synthetic twin (tests/twins.py) with the real step programs, from files to a report. What is particular
to one recipe is tested in a file of its own.
"""

import dataclasses
import io
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import goldens
import numpy as np
import pyarrow.parquet as pq
import pytest
import twins
import yaml
from PIL import Image
from workspaces import ROOT

from media import catalog
from media.sample import Field
from media.shards import Shards
from models.settings import Training, resolve
from project import layout, params
from project.errors import UsageError
from recipes import load, names

CARD = ("source", "network", "expects", "paper", "run")
"""Rows that a card has, in this order; others may stand between."""
CODE = ("steps", "recipes", "models", "media", "registry", "lineage", "project")
KILLED = """
import os, signal
from models import checkpoint
from project.progress import Progress
from steps import train
from steps.command import run

def tick(self, done, **values):
    if done > 1:
        os.kill(os.getpid(), signal.SIGKILL)

checkpoint.EVERY_S, Progress.tick = 0.0, tick
run(train.main, verb="train")
"""
"""`python -m steps.train NAME`, killed in its second epoch."""

recipes = pytest.mark.parametrize("name", names())


def card(name: str) -> dict[str, str]:
    """The rows of a recipe's docstring, by what stands at their beginning."""
    text = sys.modules[load(name).settings.__module__].__doc__ or ""
    rows = re.split(r"^([a-z]+) {2,}(?=\S)", text.partition("\n\n")[2], flags=re.MULTILINE)
    return dict(zip(rows[1::2], (" ".join(row.split()) for row in rows[2::2]), strict=True))


def registered(name: str) -> dict[str, params.Model]:
    """The models of params.yaml that use a recipe."""
    models = params.read(ROOT / "params.yaml").models
    return {key: model for key, model in models.items() if model.recipe == name}


def test_every_recipe_has_a_twin() -> None:
    assert sorted(twins.TWINS) == names()


@recipes
def test_the_card_has_its_rows(name: str) -> None:
    rows = card(name)
    assert [row for row in rows if row in CARD] == list(CARD)
    assert all(rows[row] for row in CARD)
    assert re.search(r"\d( k| M)? weights", rows["network"] + rows["expects"]), "how many weights?"
    text = (ROOT / "recipes" / f"{name}.py").read_text()
    assert len(text.splitlines()) <= 155, "a recipe is a short file: what two share lies in models/ or media/"


@recipes
def test_the_card_names_its_models_and_their_figures(name: str) -> None:
    """Each model of params.yaml with the metric that its gate asks for, or that it was not measured yet."""
    rows, models = card(name), registered(name)
    assert models and rows["run"].removeprefix("dailies run ") in models
    for model, entry in models.items():
        assert model in rows["expects"] or rows["expects"].startswith("not measured yet"), model
        for metric in entry.gate:
            told = f"{rows['expects']} {rows.get('metrics', '')}"
            assert metric.removesuffix("_over_popularity").replace("_", " ").split()[0] in told, metric
    assert re.search(r"\d", rows["expects"]) or rows["expects"].startswith("not measured yet")


@recipes
def test_settings_have_defaults_within_their_range_and_a_rule(name: str) -> None:
    schema = load(name).settings
    given = dataclasses.asdict(schema())
    assert resolve(schema, given, name) == schema()
    hints = typing.get_type_hints(schema)
    inherited = {field.name for field in dataclasses.fields(Training)}
    for field in dataclasses.fields(schema):
        rule = field.metadata
        if hints[field.name] in (int, float):
            assert rule["low"] is not None and rule["high"] is not None, f"{field.name} has no range"
            with pytest.raises(UsageError, match=rf"{name}\.{field.name} is .*: must be from"):
                resolve(schema, {field.name: rule["high"] + 1}, name)
        elif hints[field.name] is str and not rule["unit"]:
            assert rule["choices"], f"{field.name} is any text, and no unit says of what"
            with pytest.raises(UsageError, match="must be one of"):
                resolve(schema, {field.name: "no such thing"}, name)
        if hints[field.name] is int and field.name not in inherited | UNITLESS:
            assert rule["unit"], f"{field.name} is a number of what?"


UNITLESS = {"epochs", "seed", "judge_epochs"}


@recipes
def test_an_unknown_setting_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UsageError) as refused:
        resolve(load(name).settings, {"epoch": 3}, f"models.{name}.settings")
    assert str(refused.value).startswith(f"models.{name}.settings.epoch is not a known setting; did you mean 'epochs'?")
    assert "\n" not in str(refused.value)


def test_every_case_of_every_recipe_has_golden_losses() -> None:
    assert sorted(goldens.GOLDENS) == names()
    for name, golden in goldens.GOLDENS.items():
        content = json.loads((goldens.FOLDER / f"{name}.json").read_text())
        assert sorted(content if isinstance(content, dict) else [""]) == sorted(golden.cases)


@pytest.mark.parametrize(("name", "case"), [(name, case) for name in names() for case in goldens.GOLDENS[name].cases])
def test_the_first_losses_are_golden(name: str, case: str, tmp_path: Path) -> None:
    golden = goldens.kept(name, case)
    assert len(golden) == goldens.FIRST
    found = goldens.GOLDENS[name].measure(case, tmp_path)
    assert found == pytest.approx(golden, rel=goldens.GOLDENS[name].tolerance)


@dataclass(frozen=True)
class Toy:
    """A project whose models are the twins; `name` went through the five steps."""

    name: str
    root: Path

    def step(self, verb: str, *more: str, exit_code: int = 0) -> str:
        return ran(self.root, ["-m", f"steps.{verb}", *(more or (self.name,))], exit_code)

    def bytes(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in layout.weights(self.root, self.name).iterdir()}


def ran(root: Path, arguments: list[str], exit_code: int = 0) -> str:
    """What a step says on stdout; its progress as lines of JSON."""
    kept = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "DAILIES_MIRROR")}
    env = kept | {"DAILIES_PROGRESS": "json", "DAILIES_THREADS": "1"}
    done = subprocess.run([sys.executable, *arguments], cwd=root, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == exit_code, f"{arguments}: {done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("toys") / "project"
    for room in CODE:
        shutil.copytree(ROOT / room, root / room, ignore=shutil.ignore_patterns("__pycache__"))
    (root / "params.yaml").write_text(yaml.safe_dump(twins.params(root.parent / "sources"), sort_keys=False))
    ran(root, ["-m", "dvc", "init", "--quiet", "--no-scm"])
    ran(root, ["-m", "steps.plan"])
    return root


@pytest.fixture(scope="module", params=names())
def toy(request: pytest.FixtureRequest, planned: Path) -> Toy:
    made = Toy(request.param, planned)
    for verb in layout.VERBS[1:]:
        made.step(verb)
    return made


@pytest.mark.slow
def test_samples_are_as_the_recipe_says(toy: Toy) -> None:
    recipe, shards = load(toy.name), Shards(layout.shards(toy.root, toy.name))
    settings = resolve(recipe.settings, twins.TWINS[toy.name].settings, toy.name)
    fields = {**recipe.fields(settings), "label": Field("int64")}
    for split in ("train", "validation", "test"):
        samples = shards.split(split)
        assert len(samples) == shards.facts["counts"][split] > 0
        batch = samples.take(np.arange(min(len(samples), 5)))
        assert set(fields) <= set(batch)
        for name, field in fields.items():
            assert batch[name].dtype == field.dtype, name
            assert len(batch[name]) == min(len(samples), 5)
            assert batch[name].shape[1 + field.ragged :] == field.fixed, name


@pytest.mark.slow
def test_five_steps_leave_what_they_should(toy: Toy) -> None:
    root, name = toy.root, toy.name
    assert {row["status"] for row in catalog.read(layout.assets(root, name))} == {"admitted"}
    assert {path.name for path in layout.weights(root, name).iterdir()} == {
        "model.safetensors", "card.json", "history.json",
    }  # fmt: skip
    reports = layout.reports(root, name)
    metrics = json.loads((reports / "metrics.json").read_text())
    assert metrics and all(math.isfinite(value) for value in metrics.values())
    page = (reports / "report.html").read_text()
    assert all(f"<td>{metric}" in page or metric in page for metric in metrics)
    assert "http" not in page.replace("http-equiv", "") and "data:image/png;base64," in page
    for path in (reports / "pictures").iterdir():
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            picture.load()


@pytest.mark.slow
def test_every_test_sample_has_an_answer_and_a_score(toy: Toy) -> None:
    rows = pq.read_table(layout.reports(toy.root, toy.name) / "predictions.parquet").to_pydict()
    test = Shards(layout.shards(toy.root, toy.name)).split("test")
    assert sorted(rows["sample_id"]) == sorted(test.column("sample_id"))
    assert all(0 <= score <= 1 for score in rows["score"]) and all(rows["asset_id"])


@pytest.mark.slow
def test_the_gate_of_its_models_asks_for_metrics_that_it_has(toy: Toy) -> None:
    """Of models that learn with settings of another kind, the twin has other metrics."""
    metrics = json.loads((layout.reports(toy.root, toy.name) / "metrics.json").read_text())
    asked = [set(model.gate) for model in registered(toy.name).values()]
    assert any(gate <= metrics.keys() for gate in asked)


@pytest.mark.slow
def test_the_card_says_how_sure_a_figure_is(toy: Toy) -> None:
    measured = json.loads((layout.reports(toy.root, toy.name) / "card.json").read_text())["metrics"]
    sure = {name: each for name, each in measured.items() if each["interval"]}
    assert all(each["interval"][0] <= each["value"] <= each["interval"][1] for each in sure.values()), sure
    asked = [set(model.gate) for model in registered(toy.name).values() if set(model.gate) <= measured.keys()]
    assert all(gate & sure.keys() for gate in asked)


@pytest.mark.slow
def test_killed_in_the_middle_it_ends_with_the_same_weights(toy: Toy) -> None:
    whole = toy.bytes()
    shutil.rmtree(layout.weights(toy.root, toy.name))
    ran(toy.root, ["-c", KILLED, toy.name], -signal.SIGKILL)
    assert not layout.weights(toy.root, toy.name).exists()
    assert list((toy.root / ".dailies" / "checkpoints").rglob("checkpoint.safetensors"))
    first = next(tick for line in toy.step("train").splitlines() if "done" in (tick := json.loads(line)))
    assert first["done"] > 1, "it began anew"
    assert toy.bytes() == whole
    assert not list((toy.root / ".dailies" / "checkpoints").iterdir())


@pytest.mark.slow
def test_a_good_file_is_answered_and_a_bad_one_refused_with_the_reason(toy: Toy, tmp_path: Path) -> None:
    twin = twins.TWINS[toy.name]
    files = []
    for folder, (file, content) in (("good", twin.good), ("bad", twin.bad[:2])):
        files.append(tmp_path / folder / file)
        files[-1].parent.mkdir()
        files[-1].write_bytes(content)
    weights = layout.weights(toy.root, toy.name)
    said = toy.step("predict", str(weights), str(tmp_path / "made"), *map(str, files), str(tmp_path / "none"))
    answer, refusal, missing = map(json.loads, said.splitlines())
    assert answer["file"] == str(files[0]) and "error" not in answer
    assert [0 <= each <= 1 for each in confidences(answer)] or toy.name == "game_agent", "it says how sure it is"
    assert all(Path(made).is_file() for made in answer.get("files", ()))
    assert refusal == {"file": str(files[1]), "error": twin.bad[2]}
    assert missing["error"] == "No such file or directory"


def confidences(answer: Any) -> list[float]:
    """Every `confidence` in an answer, however deep."""
    if isinstance(answer, dict):
        own = [answer["confidence"]] if "confidence" in answer else []
        return own + [each for value in answer.values() for each in confidences(value)]
    return [each for value in answer for each in confidences(value)] if isinstance(answer, list) else []
