"""The recipes that learn from texts: they learn their twins, show what they learnt, and answer files."""

import json
from pathlib import Path
from typing import Any

import pytest
from twins import TWINS, card, job, shards

from media.shards import Shards
from models import networks
from recipes import load
from steps import predict
from steps.report import page

NAMES = ("text_classification", "translation")


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shards]:
    return {name: shards(name, tmp_path_factory.mktemp(name)) for name in NAMES}


@pytest.mark.parametrize("network", networks.names("text"))
def test_moods_are_learnt(
    twins: dict[str, Shards], tmp_path: Path, capsys: pytest.CaptureFixture[str], network: str
) -> None:
    name = "text_classification"
    done, recipe = job(name, twins[name], network=network, epochs=12), load(name)
    fitted = recipe.fit(done)
    outcome = recipe.evaluate(done.net, twins[name].split("test"), done.facts)
    assert outcome.metrics["accuracy"] >= 0.8
    assert set(outcome.rows["score"]) <= {0.0, 1.0}
    told = " ".join(words for words, _ in outcome.shown["telling"]["good"])
    assert any(word in told for word in ("fine", "warm", "bright", "lovely")), told
    shown = recipe.show(outcome, done.facts | {"history": fitted.history})
    assert {"confusion.png", "reliability.png", "telling_words.png", "loss.png"} == set(shown)
    [answer] = asked(name, card(name, done, tmp_path / "weights"), tmp_path, TWINS[name].good, capsys)
    assert answer["label"] == "good" and answer["confidence"] > 0.5


def test_a_small_language_is_learnt(
    twins: dict[str, Shards], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "translation"
    done, recipe = job(name, twins[name]), load(name)
    fitted = recipe.fit(done)
    outcome = recipe.evaluate(done.net, twins[name].split("test"), done.facts)
    assert outcome.metrics["bleu"] >= 60, outcome.metrics
    assert outcome.rows["score"].min() >= 0 and outcome.rows["score"].max() <= 1
    shown = recipe.show(outcome, done.facts | {"history": fitted.history})
    assert {"quality_by_length.png", "loss.png"} == set(shown)
    about = {"recipe": name, "settings": {}, "facts": done.facts, "parameters": 1, "start": None, "best_epoch": 1,
             "stopped_early": False}  # fmt: skip
    report = page(name, outcome.metrics, [], outcome.tables, shown, about, fitted.history)
    assert "tok:13a" in report and "Worst translations" in report
    [answer] = asked(name, card(name, done, tmp_path / "weights"), tmp_path, TWINS[name].good, capsys)
    assert [each["source"] for each in answer["translations"]] == ["A red cat sleeps.", "A blue dog sings."]
    assert all(0 < each["confidence"] <= 1 and each["translation"] for each in answer["translations"])


def asked(
    name: str, folder: Path, below: Path, file: tuple[str, bytes], capsys: pytest.CaptureFixture[str]
) -> list[dict[str, Any]]:
    """The answers of predict to one file."""
    (below / file[0]).write_bytes(file[1])
    capsys.readouterr()
    predict.main(folder, [below / file[0]])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]
