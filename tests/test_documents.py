"""The documents say what is so: links lead somewhere, settings parse, commands exist, output is what a command prints."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from workspaces import ROOT, Workspace

from project import params

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("benchmarks/*.md")])


def blocks(page: Path, language: str) -> list[str]:
    return blocks_of(page.read_text(encoding="utf-8"), language)


def blocks_of(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


WALK = "A speaker withdraws"
"""The section of docs/lineage.md that tests/test_a_speaker_withdraws.py walks."""


def sections(page: Path, heading: str) -> tuple[list[str], list[str]]:
    """Console blocks of the page: those outside the section of that heading, and those in it."""
    text = page.read_text(encoding="utf-8")
    inside = re.search(rf"^## {heading}\n.*?(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    walked = inside[0] if inside else ""
    return blocks_of(text.replace(walked, ""), "console"), blocks_of(walked, "console")


def masked(text: str) -> str:
    """Without what differs from run to run: paths, ids, times, measured numbers."""
    text = re.sub(r"http:\S+/runs/flow-run/[0-9a-f-]+", "PAGE", text)
    text = re.sub(r"(/[\w.@~+-]+)+", lambda path: "/PLACE/" + path[0].rsplit("/", 1)[1], text)
    text = re.sub(r"/PLACE/(?:python\d?|__main__\.py|dailies)\b", "/PLACE/dailies", text)
    text = re.sub(r"\d{8}-\d{6}-[0-9a-f]{4}", "ID", text)
    text = re.sub(r"\b[0-9a-f]{12,}\b", "HASH", text)
    text = re.sub(r"\d{4}-\d\d-\d\d[T ][\d:]+(\+00:00)?", "WHEN", text)
    text = re.sub(r"\b\d\d:\d\d:\d\d\b", "CLOCK", text)
    text = re.sub(r"(\d[\d.]* (s|min|h|d)\b ?)+", "AGE ", text)
    text = re.sub(r"[\d,]+ bytes", "N bytes", text)
    text = re.sub(r"by \w+, asked", "by WHO, asked", text)
    text = re.sub(r"asked for by (\w+), as \w+", r"asked for by \1, as WHO", text)
    text = re.sub(r"\d{4}-\d\d-\d\d", "DAY", text)
    text = re.sub(r"\d+ files", "N files", text)
    text = re.sub(r"^run by .*", "run by WHO", text, flags=re.MULTILINE)
    text = re.sub(r"\([^()\n]+, WHEN\)", "(WHO, WHEN)", text)
    return re.sub(r"[+-]?\d\.\d{2,}", "#", re.sub(r" +", " ", text)).strip()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_settings_parse(page: Path) -> None:
    for block in blocks(page, "yaml"):
        content = yaml.safe_load(block)
        if content.keys() & {"sources", "models"}:
            read = params.parse(content, page.name)
            assert [*read.sources, *read.models] == [*content.get("sources", ()), *content.get("models", ())]


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"`dailies ((?:model |params |data |lineage |rights |runs )?[a-z]+)", page))
    existing = set()
    for group in ("", "model", "params", "data", "lineage", "rights", "runs"):
        command = [sys.executable, "-m", "studio", *([group] if group else []), "--help"]
        helped = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        existing |= {f"{group} {name}".strip() for name in re.findall(r"^│ ([a-z]+)  ", helped, re.MULTILINE)}
    assert documented == existing - {"model", "params", "data", "lineage", "rights", "runs"}


def test_exit_codes_are_those_of_the_errors() -> None:
    from project.errors import BY_EXIT_CODE
    from studio.answer import CANNOT_SAY, HELD

    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert documented == set(BY_EXIT_CODE) | {0, HELD, CANNOT_SAY}


def test_nothing_speaks_of_the_place_it_was_made_in() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yaml", ".toml", ".txt", ".jinja", ""} and path.is_file():
            assert not re.search(r"(?<![\w.])/(work|tmp/dev|root)/", path.read_text(encoding="utf-8")), name


@pytest.mark.slow
def test_the_readme_shows_what_the_demo_prints(clone: Path, trained: Workspace, tmp_path: Path) -> None:
    env = {key: value for key, value in trained.env.items() if key != "DAILIES_THREADS"}
    command = [sys.executable, "-m", "studio", "demo", str(tmp_path / "demo")]
    outputs = [
        subprocess.run(command, cwd=clone, env=env, capture_output=True, text=True, check=True).stdout for _ in range(2)
    ]
    [shown, again] = [block for block in blocks(ROOT / "README.md", "text") if "digits" in block]
    assert masked(outputs[0]).startswith(masked(shown))
    assert masked(outputs[1]).startswith(masked(again))
    demo = Workspace(tmp_path / "demo", tmp_path, env)
    for page in (ROOT / "docs/cli.md", ROOT / "docs/lineage.md", ROOT / "docs/registry.md"):
        for block in sections(page, WALK)[0]:
            line, _, expected = block.partition("\n")
            program, *arguments = shlex.split(line.removeprefix("$ "))
            assert masked(printed(demo, program, arguments)) == masked(expected), line


def printed(workspace: Workspace, program: str, arguments: list[str]) -> str:
    """What a command tells a person: its answer, or the one line that says why there is none."""
    if program != "dailies":
        return workspace._tool(program, *arguments)
    done = workspace.dailies(*arguments, exit_code=None)
    return done.stdout or done.stderr
