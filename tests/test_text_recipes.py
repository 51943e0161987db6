"""The recipes that learn from texts: they learn their twins, go on exactly after a kill, and answer files.

After a change that is meant to alter results, write the golden losses again and say so in the commit:

    PYTHONPATH=tests python -m tests.test_text_recipes
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from twins import TWINS, card, job, shards

from media.shards import Shards
from models import checkpoint, networks, weights
from recipes import load
from steps import predict
from steps.report import page

GOLDEN = Path(__file__).parent / "golden"
NAMES = ("text_classification", "translation")
PARTS = [("text_classification", network) for network in networks.names("text")] + [("translation", "")]
TOLERANCE = 1e-3


class Stop(Exception):
    """Ends a training from within."""


@pytest.fixture(scope="session")
def twins(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Shards]:
    return {name: shards(name, tmp_path_factory.mktemp(name)) for name in NAMES}


def chosen(network: str) -> dict[str, str]:
    return {"network": network} if network else {}


def first_losses(name: str, network: str, samples: Shards) -> list[float]:
    """The losses of the first five steps of slow SGD, with dropout, smoothing and clipping on."""
    seen: list[float] = []

    def tick(done: float, **values: float) -> None:
        seen.append(values["loss"])
        if len(seen) == 5:
            raise Stop

    given: dict[str, Any] = {"optimizer": "sgd", "rate": 0.02, "label_smoothing": 0.1, "clip": 1.0, "seed": 3}
    with pytest.raises(Stop):
        load(name).fit(job(name, samples, tick=tick, **given, **chosen(network)))
    return seen


@pytest.mark.parametrize(("name", "network"), PARTS)
def test_the_first_losses_are_golden(twins: dict[str, Shards], name: str, network: str) -> None:
    golden = json.loads((GOLDEN / f"{name}.json").read_text())
    assert first_losses(name, network, twins[name]) == pytest.approx(golden[network or name], rel=TOLERANCE)


@pytest.mark.parametrize(("name", "network"), PARTS)
def test_a_training_that_is_stopped_goes_on_exactly(
    twins: dict[str, Shards], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, network: str
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    given: dict[str, Any] = {"epochs": 2, "average": 0.9, **chosen(network)}
    whole = job(name, twins[name], **given)
    expected = load(name).fit(whole)
    for steps in (3, 6):
        left = iter(range(steps))

        def tick(done: float, left: Any = left, **values: float) -> None:
            if next(left, None) is None:
                raise Stop

        with pytest.raises(Stop):
            load(name).fit(job(name, twins[name], checkpoints=tmp_path, tick=tick, **given))
    resumed = job(name, twins[name], checkpoints=tmp_path, **given)
    assert load(name).fit(resumed) == expected
    assert weights.to_bytes(resumed.net) == weights.to_bytes(whole.net)


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


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_file_is_refused_in_one_line(
    twins: dict[str, Shards], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file, content, reason = TWINS[name].bad
    folder = card(name, job(name, twins[name]), tmp_path / "weights")
    [answer] = asked(name, folder, tmp_path, (file, content), capsys)
    assert answer == {"file": str(tmp_path / file), "error": reason}


def asked(
    name: str, folder: Path, below: Path, file: tuple[str, bytes], capsys: pytest.CaptureFixture[str]
) -> list[dict[str, Any]]:
    """The answers of predict to one file."""
    (below / file[0]).write_bytes(file[1])
    capsys.readouterr()
    predict.main(folder, [below / file[0]])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


if __name__ == "__main__":
    for each in NAMES:
        with tempfile.TemporaryDirectory() as place:
            made = shards(each, Path(place))
            told = {network or name: first_losses(name, network, made) for name, network in PARTS if name == each}
        (GOLDEN / f"{each}.json").write_text(json.dumps(told, indent=2) + "\n")
