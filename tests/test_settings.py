"""Settings: defaults filled in, and what is wrong said with key, value and rule."""

import math

import pytest

from models.settings import Training, resolve, shaping_data
from project.errors import UsageError
from recipes import load, names


def problem(**given: object) -> str:
    with pytest.raises(UsageError) as error:
        resolve(Training, given, "models.faces.settings")
    return str(error.value)


def test_defaults_are_filled_in_and_whole_numbers_become_numbers() -> None:
    settings = resolve(Training, {"epochs": 3, "rate": 1}, "models.faces.settings")
    assert (settings.epochs, settings.rate, settings.optimizer) == (3, 1.0, "adamw")
    assert isinstance(settings.rate, float)


def test_an_unknown_setting_names_the_closest() -> None:
    assert problem(epoch=3).startswith(
        "models.faces.settings.epoch is not a known setting; did you mean 'epochs'? known:"
    )


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"epochs": 0}, "epochs is 0: must be from 1 to 10000"),
        ({"epochs": "many"}, "epochs is 'many': must be a whole number"),
        ({"epochs": True}, "epochs is True: must be a whole number"),
        ({"epochs": 2.5}, "epochs is 2.5: must be a whole number"),
        ({"rate": "fast"}, "rate is 'fast': must be a number"),
        ({"rate": math.nan}, "rate is nan: must be from 0 to 10"),
        ({"optimizer": "adamz"}, "optimizer is 'adamz': must be one of sgd, rmsprop, adam, adamw"),
    ],
)
def test_what_breaks_a_rule(given: dict[str, object], rule: str) -> None:
    assert problem(**given) == f"models.faces.settings.{rule}"


def test_settings_that_shape_the_data_are_told_apart() -> None:
    settings = resolve(load("image_classification").settings, {"size": 48}, "x")
    assert shaping_data(settings) == {"size": 48, "colour": True}


@pytest.mark.parametrize("name", names())
def test_a_recipe_is_a_card_and_imports_no_torch(name: str) -> None:
    import importlib
    import subprocess
    import sys

    card = importlib.import_module(f"recipes.{name}").__doc__ or ""
    for line in ("source ", "network ", "expects ", "paper ", "run "):
        assert f"\n{line}" in card, f"{name}: the card has no line {line}"
    code = f"import sys, recipes.{name}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
