"""The recipe `recommendation`, on its twin, from a table of choices to ten items for a stranger."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import twins
from ingesting import fill, ingested

from media import buckets, catalog, derivation, permission, table
from media.shards import Shards
from media.units import Unit
from models.settings import resolve
from recipes import load, recommendation
from steps import augment, compare

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


def made(folder: Path, lines: list[str], **said: Any) -> Shards:
    columns = {"user": "who", "item": "film", "rating": "stars", "time": "at"}
    fill(folder / "source", {"ratings.csv": "\n".join(["who,film,stars,at", *lines, ""])})
    ingested(folder, kind="table", format="ratings", file="ratings.csv", columns=columns, **said)
    planned: dict[str, Any] = {"recipe": NAME, "settings": {}, "augment": {}, "split": {}, "files": {}}
    augment.write(planned, folder / "assets", folder / "shards", NAME, permission.everything)
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


@pytest.fixture(scope="module")
def trained(shards: Shards, folder: Path) -> Path:
    job = twins.job(NAME, shards)
    recipe.fit(job)
    return twins.card(NAME, job, folder / "weights")


def test_the_next_item_is_recommended_and_none_chosen_before(trained: Path) -> None:
    recipe, settings, net, card = compare.trained(trained)
    sample = recipe.join([recipe.read(twins.TWINS[NAME].good[1], {}, settings)], Unit(("mine",), "test"), settings)
    answer = recipe.predict(net, recipe.encode(sample, settings, card["facts"]["learnt"]), card["facts"])
    assert answer["items"][0]["item"] == "1-06" and len(answer["items"]) == 10
    assert not {"1-03", "1-04", "1-05"} & {row["item"] for row in answer["items"]}
    assert (answer["known"], answer["unknown"]) == (3, 1)


def test_titles_stand_beside_items_in_the_report_and_in_answers(tmp_path: Path) -> None:
    lines = [f"{name},{item},5,{time}" for name in ("ann", "bob", "eve") for time, item in enumerate("abcde")]
    said = {"titles": {"file": "films.csv", "item": "film", "title": "called"}}
    fill(tmp_path / "source", {"films.csv": 'film,called\na,Heat\nc,"Usual Suspects, The"\n'})
    shards = made(tmp_path, lines, **said)
    settings = resolve(recipe.settings, {"network": "popularity"}, NAME)
    net = recipe.net(settings, shards.facts)
    [table, _] = recipe.evaluate(net, shards.split("test"), shards.facts).tables.values()
    assert table[0]["chosen last"] == "a Heat; b; c Usual Suspects, The"
    sample = {"history": np.array([1], np.int32), "unknown": 0}
    told = recipe.predict(net, sample, shards.facts)["items"]
    assert [(row["item"], row.get("title")) for row in told] == [("b", None), ("c", "Usual Suspects, The")]


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
