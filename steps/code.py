"""Which code decides a stage's result: the files that its step can import, read from the imports themselves.

DVC would rerun every model at any change below `models/`. Here a stage depends on the files that it reaches and on the
versions of the libraries that those import, so editing one network makes only the models stale that use it.
`check_complete` keeps this honest: a step that loaded a file which its plan does not list, fails.
"""

import ast
import functools
import hashlib
import importlib.metadata
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from project.errors import IntegrityError

FOLLOWED = ("steps", "recipes", "models", "media", "registry.gate")
"""Rooms, and one file, whose code can alter a result. What `project` reads is resolved into the plan, and the rest of
`registry` only moves bytes that are known by their hash."""

PLUMBING = ("steps.command", "steps.code", "steps.previous")
"""Modules of these rooms that bring a step its plan and its last result, and cannot alter what it makes."""

OURS = ("steps", "recipes", "models", "media", "registry", "lineage", "project")
DISTRIBUTIONS = {"PIL": "pillow", "sklearn": "scikit-learn", "yaml": "PyYAML", "git": "GitPython"}


def files(root: Path, modules: Iterable[str], *, learns: bool) -> dict[str, str]:
    """Path below `root` → SHA-256 of every file that `modules` reach, in order of path.

    Recipes import torch inside functions that only train and validate call; those imports count when `learns`.
    """
    reached = _reach(root, modules, learns)
    folders = {path.parent for path in reached}
    beside = {p for folder in folders for p in folder.iterdir() if p.suffix in {".jinja", ".json"} and p.is_file()}
    return {str(path.relative_to(root)): digest(path) for path in sorted(reached | beside)}


def libraries(root: Path, modules: Iterable[str], *, learns: bool) -> dict[str, str]:
    """Name → installed version of each library that the reached files import."""
    reached = _reach(root, modules, learns)
    tops = {name.split(".")[0] for path in reached for name in _imports(path, _deep(path, root, learns))}
    outside = tops - set(OURS) - set(sys.stdlib_module_names)
    return installed(DISTRIBUTIONS.get(name, name) for name in outside)


def installed(names: Iterable[str]) -> dict[str, str]:
    """Distribution name → version, in order of name; a distribution that is not installed is left out."""
    found = {}
    for name in sorted(names):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def check_complete(root: Path, listed: Iterable[str]) -> None:
    """Raise IntegrityError when this process has loaded a file of ours that `listed` lacks."""
    loaded = set()
    for name, module in list(sys.modules.items()):
        place = getattr(module, "__file__", None)
        if _followed(name) and place and Path(place).is_relative_to(root):
            loaded.add(str(Path(place).relative_to(root)))
    missing = sorted(loaded - set(listed))
    if missing:
        raise IntegrityError(
            f"this step loaded {', '.join(missing)}, which its plan does not list, so a change there would go unseen; "
            "import it by name, or name it in the recipe's parts"
        )


def _reach(root: Path, modules: Iterable[str], learns: bool) -> set[Path]:
    reached: set[Path] = set()
    waiting = [path for module in modules for path in _locate(root, module)]
    while waiting:
        path = waiting.pop()
        if path in reached:
            continue
        reached.add(path)
        for name in _imports(path, _deep(path, root, learns)):
            waiting.extend(_locate(root, name))
    return reached


def _followed(module: str) -> bool:
    def within(places: tuple[str, ...]) -> bool:
        return any(module == place or module.startswith(f"{place}.") for place in places)

    return within(FOLLOWED) and not within(PLUMBING)


def _deep(path: Path, root: Path, learns: bool) -> bool:
    return learns or path.relative_to(root).parts[0] != "recipes"


def _locate(root: Path, module: str) -> Iterator[Path]:
    """The files that importing `module` runs: each package's `__init__.py` on the way, and its own."""
    if not _followed(module):
        return
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        stem = root.joinpath(*parts[:depth])
        for path in (stem / "__init__.py", stem.with_suffix(".py")):
            if path.is_file():
                yield path


@functools.cache
def _imports(path: Path, deep: bool) -> frozenset[str]:
    names: set[str] = set()
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
        if deep or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))
    return frozenset(names)


@functools.cache
def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
