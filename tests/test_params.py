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
        "params.yaml: models.faces.settngs is not a known key; did you mean 'settings'? known: about, approve_within, "
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


def test_a_schedule_needs_a_timezone() -> None:
    said = problem({"faces": {"recipe": "x", "source": "pictures", "schedule": {"cron": "0 3 * * *"}}})
    assert said.endswith("cron needs a timezone, as timezone: Europe/Paris")
