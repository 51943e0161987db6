"""docs/your-own-data.md, done as it is written: its entries, its commands, what they print."""

import os
import re
import subprocess
import sys
from pathlib import Path

import own_data
import pytest
import yaml
from test_documents import blocks, masked
from workspaces import ROOT, Workspace

PAGE = ROOT / "docs" / "your-own-data.md"
KINDS = ("props", "barks", "notes")


@pytest.fixture(scope="module")
def studio(clone: Path, server: str, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose params.yaml is that of the page, and the folders that it speaks of."""
    folder = tmp_path_factory.mktemp("own")
    own_data.write(folder / "studio")
    env = {**os.environ, "PREFECT_API_URL": server, "DAILIES_THREADS": "1"}
    for name in ("DAILIES_WORKSPACE", "DAILIES_MIRROR", "PYTHONPATH"):
        env.pop(name, None)
    command = [sys.executable, "-m", "studio", "init", str(folder / "workspace")]
    subprocess.run(command, cwd=clone, env=env, check=True, capture_output=True)
    made = Workspace(folder / "workspace", folder / "studio", env)
    entries: dict[str, dict[str, object]] = {"sources": {}, "models": {}}
    for block in blocks(PAGE, "yaml"):
        for section, content in yaml.safe_load(block).items():
            entries[section] |= content
    text = yaml.safe_dump(entries).replace("/studio/", f"{folder}/studio/")
    (made.folder / "params.yaml").write_text(text)
    made.git("commit", "-qam", "Our own data")
    return made


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "block"), list(zip(KINDS, blocks(PAGE, "console"), strict=True)))
def test_the_page_shows_what_is_printed(studio: Workspace, kind: str, block: str) -> None:
    for part in re.split(r"^\$ dailies ", block, flags=re.MULTILINE)[1:]:
        line, _, expected = part.partition("\n")
        arguments = line.replace("/studio/", f"{studio.pictures}/").split()
        said = studio.dailies(*arguments).stdout
        if os.environ.get("DAILIES_SHOW"):
            print(f"$ dailies {line}\n{said}")
        assert masked(said) == masked(expected), line
    assert kind in arguments
