"""What a search may change, and how far."""

import pytest

from models import search
from models.settings import resolve
from project.editing import overridden
from project.errors import UsageError
from project.params import Model
from recipes import load, names


def space(given: dict[str, object] | None = None, **settings: object) -> dict[str, search.Dimension]:
    recipe = load("image_classification")
    model = Model.model_validate({"recipe": "x", "source": "y", "tune": given or {}})
    found = search.space(resolve(recipe.settings, settings, "x"), recipe.search, model.tune, "models.a.tune")
    return {dimension.name: dimension for dimension in found}


def test_a_range_follows_from_the_present_value() -> None:
    found = space(rate=0.01, width=16)
    assert [found["rate"].low, found["rate"].high, found["rate"].log] == [0.0025, 0.04, True]
    assert [found["width"].low, found["width"].high, found["width"].whole] == [4, 64, True]
    assert [found["dropout"].low, found["dropout"].high, found["dropout"].log] == [0, 0.9, False]
    assert found["rate"].told() == "rate 0.0025 to 0.04"


def test_params_yaml_may_name_what_is_searched_and_the_present_value_lies_within() -> None:
    found = space({"network": ["residual"], "rate": {"low": 0.1, "high": 0.2}, "jitter_flip": {}})
    assert list(found) == ["network", "rate", "jitter_flip"]
    assert found["network"].choices == ("cnn", "residual")
    assert found["jitter_flip"].choices == (False, True)
    assert (found["rate"].low, found["rate"].high) == (0.005, 0.2)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rat": {}}, "models.a.tune.rat is not a known setting; did you mean 'rate'?"),
        ({"seed": {}}, "models.a.tune.seed cannot be tuned: it chooses how and where a model learns; known: average,"),
        ({"size": {}}, "models.a.tune.size cannot be tuned: it shapes the samples, made before training"),
        ({"rate": {"low": 20}}, "models.a.tune.rate is 20.0: must be from 0 to 10"),
        ({"width": {"low": 64, "high": 32}}, "models.a.tune.width is from 64 to 32: low must be below high"),
        ({"clip": {}}, "models.a.tune.clip has no range: the setting is 0 now; give it low and high"),
        ({"network": ["cmn"]}, "models.a.tune.network is 'cmn': must be one of cnn, residual, separable"),
        ({"batch": ["few"]}, "models.a.tune.batch is 'few': must be a whole number"),
    ],
)
def test_what_cannot_be_searched(given: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as error:
        space(given)
    assert str(error.value).startswith(said)


@pytest.mark.parametrize("name", names())
def test_every_recipe_suggests_what_can_be_searched(name: str) -> None:
    recipe = load(name)
    found = search.space(recipe.settings(), recipe.search, {}, "x")
    assert [dimension.name for dimension in found] == list(recipe.search)


TEXT = """\
# what we train
models:
  # the first
  a:
    settings: {rate: 0.1,   epochs: 3}   # chosen by hand
    gate: {accuracy: {at_least: 0.9}}

  b:
    settings: {text: "a line that is much longer than a hundred and twenty letters, which a writer of YAML would wrap"}
# the end
"""


def test_an_edit_changes_one_entry_and_no_other_line() -> None:
    edited = overridden(TEXT, "a", {"settings.rate": 0.25, "tune.rate.low": 0.1})
    before, after = TEXT.splitlines(), edited.splitlines()
    assert [line for line in after if line not in before] == [
        "    settings: {rate: 0.25, epochs: 3}    # chosen by hand", "    tune:", "      rate:", "        low: 0.1",
    ]  # fmt: skip
    assert [line for line in before if line not in after] == [before[4]]
    assert overridden(TEXT, "b", {"gate.x.at_least": 1}).endswith("\n# the end\n")
