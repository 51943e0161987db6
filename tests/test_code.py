"""Which code a stage depends on: what its step can import, no more and no less."""

import sys
import types
from pathlib import Path

import pytest
from workspaces import ROOT

from project.errors import IntegrityError
from steps import code

RECIPE = "recipes.image_classification"


def test_augment_does_not_depend_on_what_only_learning_imports() -> None:
    files = code.files(ROOT, ["steps.augment", RECIPE], learns=False)
    assert {"steps/augment.py", "recipes/image_classification.py", "media/image.py"} <= files.keys()
    assert not {"models/fit.py", "steps/train.py", "models/networks/cnn.py"} & files.keys()
    assert "torch" not in code.libraries(ROOT, ["steps.augment", RECIPE], learns=False)


def test_train_depends_on_its_own_network_and_no_other() -> None:
    files = code.files(ROOT, ["steps.train", RECIPE, "models.networks.residual"], learns=True)
    assert {"models/fit.py", "models/networks/residual.py", "models/losses.py"} <= files.keys()
    assert not {"models/networks/cnn.py", "models/networks/separable.py", "steps/validate.py"} & files.keys()
    assert {"torch", "numpy", "safetensors"} <= code.libraries(ROOT, ["steps.train", RECIPE], learns=True).keys()


def test_validate_depends_on_its_template() -> None:
    assert "steps/report.html.jinja" in code.files(ROOT, ["steps.validate", RECIPE], learns=True)


def test_what_only_moves_bytes_is_no_dependency_and_the_gate_is_one() -> None:
    files = code.files(ROOT, ["steps.train", "steps.validate", RECIPE], learns=True)
    beside = {path for path in files if path.startswith(("project/", "registry/", "steps/c"))}
    assert beside == {"registry/__init__.py", "registry/gate.py", "steps/card.py", "steps/card.md.jinja"}


def test_imports_of_every_form_are_followed(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media" / "__init__.py").write_text("")
    (tmp_path / "media" / "a.py").write_text(
        "import media.b\nfrom media import c\nfrom media.d import x\nimport PIL.Image\n"
    )
    for name in "bcd":
        (tmp_path / "media" / f"{name}.py").write_text("x = 1\n")
    (tmp_path / "media" / "c.py").write_text("def f():\n    import media.e\n")
    (tmp_path / "media" / "e.py").write_text("")
    assert list(code.files(tmp_path, ["media.a"], learns=False)) == [
        "media/__init__.py", "media/a.py", "media/b.py", "media/c.py", "media/d.py", "media/e.py",
    ]  # fmt: skip
    assert list(code.libraries(tmp_path, ["media.a"], learns=False)) == ["pillow"]


def test_a_file_that_the_plan_does_not_list_fails_the_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("media.sneaky")
    module.__file__ = str(tmp_path / "media" / "sneaky.py")
    monkeypatch.setitem(sys.modules, "media.sneaky", module)
    with pytest.raises(IntegrityError, match=r"loaded media/sneaky\.py, which its plan does not list"):
        code.check_complete(tmp_path, ["media/a.py"])
    code.check_complete(tmp_path, ["media/sneaky.py"])
