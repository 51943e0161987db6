"""The recipe `recommendation`, on its twin, from a table of choices to ten items for a stranger."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import twins
from ingesting import fill, ingested

from media import buckets, catalog, derivation, table
from media.shards import Shards
from media.units import Unit
from models import checkpoint, weights
from recipes import load, recommendation
from steps import augment, compare, predict

NAME = "recommendation"
recipe = load(NAME)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("twin")


@pytest.fixture(scope="module")
def shards(folder: Path) -> Shards:
    return twins.shards(NAME, folder)


def chosen(folder: Path) -> dict[str, list[str]]:
    """What each person chose, in order, by asset."""
    blobs = buckets.Blobs(folder / "assets")
    ids = [row["asset_id"] for row in catalog.read(folder / "assets")]
    return {each: table.interactions(blobs.get(each))["item"].tolist() for each in ids}


def test_each_person_is_asked_for_their_last_choices_in_turn(folder: Path, shards: Shards) -> None:
    names = {number: item for item, number in shards.facts["learnt"]["items"].items()}
    everything = chosen(folder)
    for split, from_end in (("test", 1), ("validation", 2), ("train", 3)):
        samples = shards.split(split)
        batch = samples.take(np.arange(len(samples)))
        parents = shards.parents(split)
        assert sorted(parents) == sorted([each] for each in everything)
        for [parent], history, answer in zip(parents, batch["history"], batch["answer"], strict=True):
            items = everything[parent]
            assert [names[number] for number in history if number] == items[:-from_end]
            assert names[int(answer)] == items[-from_end]
    assert Counter(row["split"] for row in derivation.read(folder / "shards")) == dict.fromkeys(
        ("train", "validation", "test"), len(everything)
    )


def test_items_are_learnt_from_training_alone(tmp_path: Path) -> None:
    people = {"ann": "abcxy", "bob": "abdxz", "eve": "ab"}
    lines = [f"{name},{item},5,{time}" for name, items in people.items() for time, item in enumerate(items)]
    samples = made(tmp_path, lines)
    learnt = samples.facts["learnt"]
    assert learnt == {"items": {"a": 1, "b": 2, "c": 3, "d": 4}, "counts": [3, 3, 1, 1]}
    assert samples.facts["counts"] == {"train": 3, "validation": 2, "test": 2}
    test = samples.split("test").take(np.arange(2))
    assert test["answer"].tolist() == [0, 0]
    assert test["unknown"].tolist() == [1, 1]  # x, chosen before the last


def made(folder: Path, lines: list[str]) -> Shards:
    columns = {"user": "who", "item": "film", "rating": "stars", "time": "at"}
    fill(folder / "source", {"ratings.csv": "\n".join(["who,film,stars,at", *lines, ""])})
    ingested(folder, kind="table", format="ratings", file="ratings.csv", columns=columns)
    planned: dict[str, Any] = {"recipe": NAME, "settings": {}, "augment": {}, "split": {}, "files": {}}
    augment.write(planned, folder / "assets", folder / "shards", NAME)
    return Shards(folder / "shards")


def test_choices_of_one_moment_are_in_no_order() -> None:
    """Sorted by name, the next one could be guessed."""
    events = [("first", 1.0, 0.0)] + [(f"{item:02}", 1.0, 5.0) for item in range(20)] + [("last", 1.0, 9.0)]
    data = table.written(np.array(events, [("item", "U5"), *table.EVENT[1:]]))
    ann, bob = (recipe.read(data, {"group": name}, None)["items"] for name in ("ann", "bob"))
    assert ann[0] == bob[0] == "first" and ann[-1] == bob[-1] == "last"
    assert sorted(ann) == sorted(bob) and len({tuple(ann), tuple(bob), tuple(sorted(ann))}) == 3
    assert recipe.read(data, {"group": "ann"}, None)["items"] == ann


def test_what_is_chosen_twice_is_chosen_once() -> None:
    data = b"item,rating,time\na,1,1\nb,1,2\na,1,3\nc,1,4\n"
    sample = recipe.read(data, {"group": "ann"}, None)
    assert sample["items"] == ["a", "b", "c"]
    join = recommendation.join
    assert join([sample], Unit(("x",), "train", 3), None) == {"history": [], "answer": "a"}  # type: ignore[arg-type]
    assert join([sample], Unit(("x",), "train", 4), None) == {"history": [], "answer": ""}  # type: ignore[arg-type]


@pytest.mark.parametrize("network", ["attention", "factors", "popularity", "recency"])
def test_whoever_learns_beats_popularity(shards: Shards, network: str) -> None:
    job = twins.job(NAME, shards, network=network)
    recipe.fit(job)
    metrics = recipe.evaluate(job.net, shards.split("test"), shards.facts).metrics
    if network == "popularity":
        assert metrics["ndcg_over_popularity"] == 1
        assert metrics["ndcg_at_10"] == metrics["popularity_ndcg_at_10"]
    else:
        assert metrics["ndcg_over_popularity"] > 2


class Stop(Exception):
    """Ends a training from within."""


@pytest.mark.parametrize("loss", ["softmax", "pairwise"])
def test_a_training_goes_on_where_it_was_stopped(
    shards: Shards, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loss: str
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_S", 0.0)
    whole = twins.job(NAME, shards, epochs=2, loss=loss)
    expected = recipe.fit(whole)
    ticks = iter(range(1000))

    def tick(done: float, **values: float) -> None:
        if next(ticks) == 12:
            raise Stop

    with pytest.raises(Stop):
        recipe.fit(twins.job(NAME, shards, epochs=2, loss=loss, checkpoints=tmp_path, tick=tick))
    resumed = twins.job(NAME, shards, epochs=2, loss=loss, checkpoints=tmp_path)
    assert recipe.fit(resumed) == expected
    assert weights.to_bytes(resumed.net) == weights.to_bytes(whole.net)


@pytest.fixture(scope="module")
def trained(shards: Shards, folder: Path) -> Path:
    job = twins.job(NAME, shards)
    recipe.fit(job)
    return twins.card(NAME, job, folder / "weights")


def test_a_file_is_answered(trained: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    good, bad = twins.TWINS[NAME].good, twins.TWINS[NAME].bad
    for name, data in (("good", good[1]), ("bad", bad[1])):
        (tmp_path / f"{name}.csv").write_bytes(data)
    predict.main(trained, [tmp_path / "good.csv", tmp_path / "bad.csv"])
    answered, refused = map(json.loads, capfd.readouterr().out.splitlines())
    assert answered["items"][0]["item"] == "1-06" and len(answered["items"]) == 10
    assert not {"1-03", "1-04", "1-05"} & {row["item"] for row in answered["items"]}
    assert (answered["known"], answered["unknown"]) == (3, 1)
    assert refused["error"].startswith(bad[2])


def test_an_older_version_answers_for_the_same_people(trained: Path, shards: Shards, folder: Path) -> None:
    _, _, net, card = compare.trained(trained)
    today = compare.Relabelled(shards.split("test"), [])
    rows = recipe.evaluate(net, today, card["facts"]).rows
    assert rows["sample_id"].tolist() == shards.split("test").column("sample_id").tolist()
    assert set(today.column("label").tolist()) == {-1} == set(today.take(np.arange(3))["label"].tolist())


def test_pictures_and_tables_for_a_report(trained: Path, shards: Shards) -> None:
    _, _, net, card = compare.trained(trained)
    outcome = recipe.evaluate(net, shards.split("test"), card["facts"])
    history = [{"epoch": 1, "train_loss": 2.0, "validation_loss": 2.1}]
    shown = recipe.show(outcome, {**card["facts"], "history": history})
    assert set(shown) == {"hit_rate.png", "popularity.png", "loss.png"}
    assert all(len(rows) > 1 for rows in outcome.tables.values())
