"""`dailies run --all` as a person calls it: the twins of all recipes, and a workspace where not everything goes well."""

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import twins
import yaml
from workspaces import Workspace

from recipes import names
from studio import run as running
from studio.answer import Answer

pytestmark = pytest.mark.slow
BROKEN = """  broken:
    recipe: image_classification
    source: nowhere
"""


@pytest.mark.timeout(1200)
def test_all_twins_are_registered_with_one_temporary_server(clone: Path, tmp_path: Path) -> None:
    dropped = {"PREFECT_API_URL", "DAILIES_WORKSPACE", "DAILIES_MIRROR", "PYTHONPATH"}
    env = {key: value for key, value in os.environ.items() if key not in dropped} | {
        "PREFECT_HOME": str(tmp_path / "prefect")
    }
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env["PATH"]])
    workspace = Workspace(tmp_path / "workspace", tmp_path, env)
    command = [sys.executable, "-m", "studio", "init", str(workspace.folder)]
    subprocess.run(command, cwd=clone, env=env, check=True, capture_output=True)
    entries = twins.params(tmp_path / "twins")
    assert sorted(entries["models"]) == names()
    (workspace.folder / "params.yaml").write_text(yaml.safe_dump(entries, sort_keys=False))

    done = workspace.dailies("run", "--all", "--json")
    results = {each["model"]: each for each in json.loads(done.stdout)["runs"]}
    assert {name: each["result"] for name, each in results.items()} == dict.fromkeys(names(), "landed"), done.stderr
    assert done.stderr.count("a temporary one is started") == 1
    assert sorted(workspace.tags()) == sorted(f"{name}{tag}" for name in names() for tag in ("#prod#1", "@v0.1.0"))
    assert workspace.git("status", "--porcelain") == ""

    again = workspace.json("run", "--all")
    assert Counter(each["result"] for each in again["runs"]) == {"current": len(names())}
    assert workspace.dailies("run", "--changed").stdout == "every model is current; nothing to do\n"


def test_one_that_fails_and_one_that_is_refused_stop_no_other(workspace: Workspace, tmp_path: Path) -> None:
    """In the order of the sources: `broken` comes first, `shapes` is current, the gate refuses `others`."""
    workspace.params(
        "  shapes: {kind",
        f"  nowhere: {{kind: image, path: {tmp_path / 'nowhere'}, licence: CC0-1.0}}\n  shapes: {{kind",
    )
    workspace.params("models:\n", f"models:\n{BROKEN}")
    workspace.params("batch: 16, seed: 1}", "batch: 16, seed: 1}\n    gate: {accuracy: {at_least: 1.1}}")
    done = workspace.dailies("run", "--all", exit_code=1)
    heads, broken, shapes, others, counts = done.stdout.splitlines()
    assert heads.split() == ["MODEL", "RESULT", "VERSION", "TOOK", "STATE"]
    assert broken.startswith("broken") and str(tmp_path / "nowhere") in broken and " failed " in broken
    assert shapes.split()[:3] == ["shapes", "current", "v0.1.0"] and shapes.endswith("live in prod")
    assert others.split()[:3] == ["others", "refused", "v0.1.0"] and "the gate refused it: accuracy" in others
    assert counts == "3 models: 1 current, 1 refused, 1 failed"
    assert "Traceback" not in done.stderr

    changed = workspace.json("run", "--changed", exit_code=1)
    assert [each["model"] for each in changed["runs"]] == ["broken"]
    refused = workspace.json("run", "shapes", "others")
    assert [each["result"] for each in refused["runs"]] == ["current", "current"]


@pytest.mark.parametrize(("codes", "expected"), [((0, 4), 4), ((4, 5, 0), 5), ((5, 1), 1), ((0, 0), 0)])
def test_the_exit_code_is_that_of_the_gravest(codes: tuple[int, ...], expected: int) -> None:
    said = {"current": False, "new": True, "landed": True}
    answers = {
        f"m{number}": Answer(said | ({"error": "no"} if code == 1 else {}), "", code)
        for number, code in enumerate(codes)
    }
    assert running.summary(answers).exit_code == expected


@pytest.mark.parametrize("asked", [(), ("--all", "shapes"), ("--all", "--changed")])
def test_what_to_run_is_said_in_one_way(workspace: Workspace, asked: tuple[str, ...]) -> None:
    said = workspace.dailies("run", *asked, exit_code=2).stderr
    assert said == ("dailies: name models, or write --all, or --changed: one of the three; known: others, shapes\n")
