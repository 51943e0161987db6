"""The import rule of docs/architecture.md: who may import whom, and which libraries belong to one room."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "project": set(),
    "registry": set(),
    "models": set(),
    "media": set(),
    "lineage": {"registry", "media"},
    "recipes": {"models", "media"},
    "steps": {"recipes", "models", "media", "registry", "lineage"},
    "tasks": {"registry", "lineage"},
    "flows": {"tasks", "registry", "lineage"},
    "studio": {"flows", "tasks", "registry", "lineage", "media"},
}
ONLY_IN = {
    "prefect": ("flows/", "tasks/"),
    "dvc": ("registry/dvc.py",),
    "gto": ("registry/tags.py",),
    "git": ("registry/git.py",),
    "torch": ("models/", "steps/"),
    "optuna": ("steps/tune.py",),
    "onnx": ("steps/export.py",),
    "onnxruntime": ("steps/export.py",),
    "apprise": ("tasks/notify.py",),
    "pickle": (),
}


def files() -> list[Path]:
    return sorted(path for room in MAY_IMPORT for path in (ROOT / room).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: relative import"
            yield node.module or ""


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_rule(path: Path) -> None:
    place = path.relative_to(ROOT)
    room = place.parts[0]
    for name in imports(path):
        top = name.split(".")[0]
        if top in MAY_IMPORT:
            assert top in MAY_IMPORT[room] | {room, "project"}, f"{place} imports {name}"
        if top in ONLY_IN:
            assert str(place).startswith(ONLY_IN[top] or ("nowhere",)), f"{place} imports {name}"
        assert top != "data", f"{place} imports data"


@pytest.mark.parametrize("path", files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_git_is_called_from_one_file(path: Path) -> None:
    if path.relative_to(ROOT).as_posix() != "registry/git.py":
        assert '["git"' not in path.read_text(encoding="utf-8")


def test_every_room_is_installed() -> None:
    import tomllib

    tools = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    assert {name.rstrip("*") for name in tools["setuptools"]["packages"]["find"]["include"]} == set(MAY_IMPORT)
    for path in files():
        assert (path.parent / "__init__.py").is_file(), f"{path.parent} is no package: it has no __init__.py"


def test_help_imports_neither_prefect_nor_dvc_nor_torch() -> None:
    import subprocess
    import sys

    code = (
        "import sys; sys.argv = ['dailies', '--help']\n"
        "from studio.__main__ import main\n"
        "try: main()\nexcept SystemExit as end: assert not end.code, end.code\n"
        "heavy = {'prefect', 'dvc', 'torch', 'pandas', 'pyarrow'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "retrain" in done.stdout.lower()
