"""The night of docs/operations.md with its real server, worker and webhook: what the page prints is what is printed.

The page checks for new data every quarter of an hour, the test every minute.
"""

import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from receivers import http_receiver
from scheduled import until
from test_documents import blocks, masked
from workspaces import ROOT, Workspace, draw_shapes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PAGE = ROOT / "docs/operations.md"
LONGER_S = 300.0


@pytest.fixture
def night(trained: Workspace, tmp_path: Path) -> Iterator[tuple[Workspace, list[dict[str, Any]]]]:
    """A workspace as the page has it, in a folder with the source and what is delivered to it, and what the webhook got."""
    copy = trained.copy(tmp_path / "workspace")
    pictures = draw_shapes(copy.folder / "library", 40)
    draw_shapes(copy.folder / "delivery", 20, seed=5)
    for label, other in (("disc", "square"), ("square", "disc")):
        shutil.copytree(draw_shapes(tmp_path / "drawn", 60, seed=9) / label, copy.folder / "spoilt" / other)
    for folder in ("delivery", "spoilt"):
        for path in (copy.folder / folder).rglob("*.png"):
            path.rename(path.with_name(f"{folder}-{path.name}"))
    copy.git("tag", "--delete", *copy.tags())
    shutil.rmtree(copy.folder / ".dailies/logs")
    [text] = blocks(PAGE, "yaml")
    text = text.replace("15 min", "1 min").replace("library", str(pictures))
    (copy.folder / "params.yaml").write_text(text)
    (copy.folder / ".git/info/exclude").write_text("/library\n/delivery\n/spoilt\n")
    copy.git("commit", "-qam", "Shapes, whenever there are new ones")
    env = {key: value for key, value in copy.env.items() if key not in ("PREFECT_API_URL", "PREFECT_HOME")}
    with http_receiver() as (port, got):
        there = Workspace(copy.folder, pictures, env | {"OPS_URL": f"json://127.0.0.1:{port}"})
        yield there, got
        there.dailies("down", exit_code=None)


def test_the_night_goes_as_the_page_says(night: tuple[Workspace, list[dict[str, Any]]]) -> None:
    workspace, told = night

    def said() -> list[str]:
        return [str(each["said"]) for each in workspace.json("runs", "ls")["runs"]]

    def after(what: str) -> Callable[[], bool]:
        return lambda: any(what in each for each in said())

    awaited = {
        "dailies status": after("v0.1.0 is live"),
        "dailies runs ls --state landed": after("v0.1.1 is live"),
        "dailies runs ls --state refused": after("v0.1.2 is not promoted"),
    }
    for block in blocks(PAGE, "console"):
        line, _, expected = block.partition("\n")
        line = line.removeprefix("$ ")
        if line in awaited:
            until(f"{line}: not yet", awaited.pop(line), LONGER_S)
        if line.startswith("cp "):
            _, _, source, target = shlex.split(line)
            shutil.copytree(workspace.folder / source.removesuffix("/."), workspace.folder / target, dirs_exist_ok=True)
            continue
        free = ["--port", "0"] if line.startswith("dailies up") else []
        done = workspace.dailies(*shlex.split(line)[1:], *free)
        print(f"$ {line}\n{done.stdout}")
        assert bare(done.stdout) == bare(expected), f"{line}\n{done.stdout}\n{done.stderr}"
    assert not awaited
    [expected] = blocks(PAGE, "text")
    assert [each["title"] for each in told] == expected.splitlines()


def bare(text: str) -> str:
    """Masked, without the port, and as if a run took less time than there is between two checks."""
    text = re.sub(r"127\.0\.0\.1:\d+", "SERVER", masked(text)).replace("AGE AGE", "AGE")
    return re.sub(r"(landed AGE) .*? (ok|\d+ late) ", r"\1 in AGE ok ", text)
