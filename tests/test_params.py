"""params.yaml: what is wrong is said in one line with place, value, rule and the known names."""

from pathlib import Path

import pytest

from project import params
from project.errors import UsageError

SOURCE = {"kind": "image", "licence": "CC0-1.0", "path": "pictures"}


def problem(models: object = None, sources: object = None) -> str:
    raw = {"sources": sources if sources is not None else {"pictures": SOURCE}, "models": models or {}}
    with pytest.raises(UsageError) as error:
        params.parse(raw, "params.yaml")
    assert error.value.exit_code == 2
    return str(error.value)


def test_the_repository_own_file_is_good() -> None:
    read = params.read(Path(__file__).parent.parent / "params.yaml")
    assert {"digits", "mnist"} <= set(read.models)


def test_unknown_key_names_the_closest_and_all_known() -> None:
    said = problem({"faces": {"recipe": "x", "source": "pictures", "settngs": {}}})
    assert said.startswith(
        "params.yaml: models.faces.settngs is not a known key; did you mean 'settings'? known: about, augment, "
    )


def test_wrong_type_names_the_value() -> None:
    said = problem({"faces": {"recipe": "x", "source": "pictures", "split": {"test": "half"}}})
    assert said.startswith("params.yaml: models.faces.split.test is 'half': ")


def test_missing_source_lists_those_there_are() -> None:
    said = problem({"faces": {"recipe": "x", "source": "picture"}})
    assert (
        said == "params.yaml: models.faces.source 'picture' is not a source; did you mean 'pictures'? known: pictures"
    )


def test_all_problems_are_said_at_once() -> None:
    said = problem({"a": {"recipe": "x", "source": "pictures", "b": 1}, "c": {"source": "pictures"}})
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize(
    ("label", "rule"),
    [
        ({"pattern": "("}, "not a regular expression"),
        ({"pattern": r"\d+"}, "no group named label"),
        ({"pattern": "(?P<label>x)", "folder": 1}, "exactly one"),
        ({"folder": 0}, "greater than or equal to 1"),
    ],
)
def test_label_rules(label: dict[str, object], rule: str) -> None:
    assert rule in problem(sources={"pictures": SOURCE | {"label": label}})


def test_not_yaml_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("models: [unclosed")
    with pytest.raises(UsageError, match=r"params\.yaml is not YAML") as error:
        params.read(tmp_path / "params.yaml")
    assert len(str(error.value).splitlines()) == 1


def scheduled(schedule: object, **others: object) -> dict[str, object]:
    models = {"faces": schedule, **others}
    return {name: {"recipe": "x", "source": "pictures", "schedule": each} for name, each in models.items()}


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"cron": "0 3 * * *"}, "cron needs a timezone, as timezone: Europe/Paris"),
        ({"cron": "0 3 * * *", "timezone": "Europe/Pariss"}, "'Europe/Pariss': it is no timezone of the IANA list"),
        ({"cron": "0 25 * * *", "timezone": "UTC"}, "its hour '25' is not *, N, N-M or any of these with /STEP, from 0 to 23"),
        ({"cron": "0 3 * *", "timezone": "UTC"}, "cron has 5 fields (minute hour day month weekday), this has 4"),
        ({"cron": "0 3 * * *", "every": "6 h", "timezone": "UTC"}, "one of cron, every, rrule, after; given: cron, every"),
        ({}, "give exactly one of cron, every, rrule, after; given: none"),
        ({"every": "6 hours", "timezone": "UTC"}, "write a number and a unit of s, min, h, d, as 15 min"),
        ({"every": "5 s", "timezone": "UTC"}, "it is less than 60 s"),
        ({"rrule": "FREQ=WEKLY", "timezone": "UTC"}, "it is no RFC 5545 recurrence rule"),
        ({"after": "new data"}, "after: new data needs check: 15 min or the like, and after: MODEL takes none"),
        ({"after": "face"}, "'face' is neither 'new data' nor a model; did you mean 'faces'? known: faces"),
        ({"after": "faces"}, "goes round in a circle: faces after faces; let one of them begin"),
        ({"after": "new data", "check": "15 min", "cron": "0 3 * * *"}, "after stands alone, or with check; given as well"),
        ({"at": "03:00"}, "models.faces.schedule.at is not a known key; known: after, check, cron, every, rrule, timezone"),
    ],
)  # fmt: skip
def test_a_schedule_that_cannot_be_is_said_in_one_line(schedule: object, said: str) -> None:
    found = problem(scheduled(schedule))
    assert found.startswith("params.yaml: models.faces.schedule") and said in found and "\n" not in found


def test_models_that_wait_for_each_other_are_named() -> None:
    found = problem(scheduled({"after": "voices"}, voices={"after": "faces"}))
    assert found.endswith("goes round in a circle: faces after voices after faces; let one of them begin")


def test_models_come_in_the_order_of_their_sources_and_each_behind_the_one_it_follows() -> None:
    models = scheduled(
        {"after": "voices"}, voices={"after": "texts"}, texts={"cron": "*/5 1-5,7 * jan-mar mon", "timezone": "UTC"}
    )
    read = params.parse({"sources": {"pictures": SOURCE}, "models": models}, "params.yaml")
    assert read.in_order() == ["texts", "voices", "faces"]
    assert [read.models[name].schedule.said for name in read.in_order()] == [
        "cron */5 1-5,7 * jan-mar mon UTC", "after texts", "after voices",
    ]  # fmt: skip


def test_a_refresh_is_at_moments() -> None:
    with pytest.raises(UsageError, match="give exactly one of cron, every, rrule; given: none"):
        params.parse({"refresh": {"limit": 2}}, "params.yaml")
