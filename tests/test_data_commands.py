"""`dailies data …` in a workspace without any model: what a data team types, what it is told, what is kept."""

import hashlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from ingesting import fill
from PIL import Image
from sounds import encoded, tone
from workspaces import Workspace, draw_shapes

SOURCES = """\
sources:
  shapes: {{kind: image, path: "{media}/shapes", licence: CC0-1.0, max_quarantined: 0.2}}
  sounds: {{kind: audio, path: "{media}/sounds", licence: CC-BY-4.0, credit: "A, B", max_quarantined: 0.5}}
  lines: {{format: lines, kind: text, path: "{media}/lines", label: {{none: true}}, licence: MIT}}
  strict: {{kind: audio, path: "{media}/sounds", licence: CC-BY-4.0}}
models:
  shapes: {{recipe: image_classification, source: shapes}}
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ingested(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace whose sources hold a picture of two labels, a broken one and a sound with a wrong name."""
    folder = tmp_path_factory.mktemp("data-team")
    media = draw_shapes(folder / "media" / "shapes", 10).parent
    twice = (media / "shapes" / "disc" / "0000.png").read_bytes()
    fill(media, {"shapes/square/twice.png": twice, "shapes/disc/broken.png": "not a picture"})
    fill(
        media, {f"sounds/{name}/a.wav": encoded(tone(pitch_hz=pitch)) for name, pitch in (("low", 220), ("high", 880))}
    )
    fill(media, {"sounds/low/wrong.flac": encoded(tone(pitch_hz=330)), "lines/said.txt": "first\n<second> & 三\n"})
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])}
    for name in ("DAILIES_WORKSPACE", "DAILIES_MIRROR", "PYTHONPATH"):
        env.pop(name, None)
    workspace = Workspace(folder / "workspace", media, env)
    command = [sys.executable, "-m", "studio", "init", str(workspace.folder)]
    subprocess.run(command, cwd=clone, env=env, check=True, capture_output=True)
    (workspace.folder / "params.yaml").write_text(SOURCES.format(media=media))
    for source in ("shapes", "sounds", "lines"):
        workspace.dailies("data", "check", source)
    return workspace


@pytest.fixture
def mine(ingested: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, to do anything to."""
    return ingested.copy(tmp_path / "workspace")


def catalog(workspace: Workspace, source: str) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(workspace.folder / "data/assets" / source / "catalog.parquet").to_pylist()
    return {path: row for row in rows for path in row["paths"]}


def refused(workspace: Workspace, source: str) -> dict[str, dict[str, Any]]:
    return {each["path"]: each for each in workspace.json("data", "quarantine", source)["refused"]}


def test_ls_tells_each_source_on_one_line(ingested: Workspace) -> None:
    said = ingested.dailies("data", "ls").stdout.splitlines()
    assert [line.split()[0] for line in said] == ["SOURCE", "shapes", "sounds", "lines", "strict"]
    sources = ingested.json("data", "ls")["sources"]
    assert sources["shapes"]["admitted"] == 19 and sources["shapes"]["refused"] == 2
    assert sources["shapes"]["models"] == ["shapes"] and sources["shapes"]["current"]
    assert not sources["strict"]["ingested"] and said[4].endswith("not ingested")


def test_ls_sees_that_a_source_has_changed(mine: Workspace, tmp_path: Path) -> None:
    mine.params(f"{mine.pictures}/lines", str(fill(tmp_path / "lines", {"said.txt": "other\n"})))
    assert mine.json("data", "ls")["sources"]["lines"]["reasons"] == ["plan: modified params.yaml"]
    mine.dailies("data", "check", "lines")
    fill(tmp_path / "lines", {"said.txt": "other\nmore\n"})
    assert mine.json("data", "ls")["sources"]["lines"]["reasons"] == ["source lines has changed"]
    assert mine.json("data", "check", "lines")["admitted"] == 2
    assert not mine.json("data", "check", "lines")["ran"]


def test_show_counts_and_measures(ingested: Workspace) -> None:
    shown = ingested.json("data", "show", "sounds")
    assert shown["labels"] == {"high": 1, "low": 1} and shown["licence"] == {"CC-BY-4.0": 2}
    assert shown["sizes"]["duration_s"] == {"min": 0.5, "median": 0.5, "max": 0.5, "sum": 1.0}
    assert shown["status"] == {"admitted": 2, "quarantined": 1}
    said = ingested.dailies("data", "show", "shapes", "--top", "1").stdout
    assert "square 10, and 1 more" in said


def test_what_is_not_there_is_said_in_one_line(ingested: Workspace) -> None:
    for arguments, phrase in {
        ("show", "shape"): "did you mean 'shapes'?",
        ("show", "strict"): "get them: dailies data check strict",
        ("export", "sounds", "--as", "zip", "-o", "x"): "known: folder, parquet, webdataset",
        ("export", "sounds", "--as", "folder", "-o", "media"): "exists and is not an empty folder",
        (
            "export",
            "sounds",
            "--as",
            "folder",
            "-o",
            "x",
            "--label",
            "none",
        ): "no admitted asset of that split and label",
        ("sheet", "lines", "--quarantined"): "no asset to draw that a rule refused",
        ("quarantine", "strict"): "was not ingested here yet",
    }.items():
        said = ingested.dailies("data", *arguments, exit_code=2).stderr
        assert phrase in said and len(said.splitlines()) == 1, said


def test_too_many_refusals_name_the_command_that_lists_them(mine: Workspace) -> None:
    said = mine.dailies("data", "check", "strict", exit_code=3).stderr.splitlines()[-1]
    assert said.startswith("dailies: source 'strict': 1 of 3 assets are refused")
    assert said.endswith("see: dailies data quarantine strict")
    assert refused(mine, "strict")["low/wrong.flac"]["releasable"]


def test_a_release_admits_what_a_rule_refused_until_it_is_withdrawn(mine: Workspace) -> None:
    before = mine.lock()
    wrong = refused(mine, "sounds")["low/wrong.flac"]
    assert wrong["releasable"] and wrong["reason"].startswith("named .flac, but its content is WAV")
    short = wrong["asset_id"][:12]
    said = mine.dailies(
        "data", "quarantine", "sounds", "--release", short, "--why", "our  recorder names them so"
    ).stdout
    assert f"low/wrong.flac ({short}) is released by " in said
    kept = json.loads((mine.folder / "data/released/sounds.json").read_text())[wrong["asset_id"]]
    assert kept["why"] == "our recorder names them so" and kept["who"].endswith(">") and kept["when"].endswith("+00:00")
    assert "from now on" in mine.dailies("data", "quarantine", "sounds").stdout

    told = mine.json("data", "check", "sounds")
    assert told["ran"] and told["admitted"] == 3 and told["changed"] == {**dict.fromkeys(told["changed"], 0), "new": 1}
    row = catalog(mine, "sounds")["low/wrong.flac"]
    assert row["released"] == f"{kept['who']}: {kept['why']}" and not row["reason"] and row["labels"] == ["low"]
    assert mine.dvc("status", "ingest@sounds") == "Data and pipelines are up to date."

    mine.dailies("data", "quarantine", "sounds", "--withdraw-release", short)
    assert not (mine.folder / "data/released/sounds.json").exists()
    mine.dailies("data", "check", "sounds")
    assert catalog(mine, "sounds")["low/wrong.flac"]["status"] == "quarantined" and mine.lock() == before


def test_an_asset_of_two_labels_has_both_when_released(mine: Workspace) -> None:
    twice = refused(mine, "shapes")["disc/0000.png"]["asset_id"]
    mine.dailies("data", "quarantine", "shapes", "--release", twice, "--why", "it is both")
    mine.dailies("data", "check", "shapes")
    assert catalog(mine, "shapes")["square/twice.png"]["labels"] == ["disc", "square"]


def test_what_no_rule_refused_cannot_be_released(mine: Workspace) -> None:
    broken = refused(mine, "shapes")["disc/broken.png"]["asset_id"]
    for arguments, phrase in {
        ("--release", broken, "--why", "please"): "cannot be released, as no rule refused it",
        ("--release", broken): "--release needs a reason",
        ("--release", "ffff0000", "--why", "x"): "'ffff0000' is none, not one refused asset of shapes",
        ("--release", "", "--withdraw-release", "ab"): "'ab' is none, not one released asset of shapes",
    }.items():
        said = mine.dailies("data", "quarantine", "shapes", *arguments, exit_code=2).stderr
        assert phrase in said and len(said.splitlines()) == 1, said
    assert not (mine.folder / "data/released/shapes.json").exists()


def test_a_damaged_list_of_releases_is_named(mine: Workspace) -> None:
    (mine.folder / "data/released/shapes.json").write_text("<<<<<<< HEAD\n")
    said = mine.dailies("data", "check", "shapes", exit_code=13).stderr
    assert "released/shapes.json does not say who, why and when" in said


@pytest.mark.parametrize("source", ["shapes", "sounds", "lines"])
def test_a_sheet_is_the_same_each_time(ingested: Workspace, tmp_path: Path, source: str) -> None:
    files = [Path(ingested.json("data", "sheet", source, "-o", str(tmp_path / name))["file"]) for name in "ab"]
    first, second = (path.read_bytes() for path in files)
    assert first == second
    if source == "lines":
        assert '<td>no label<td dir="auto">&lt;second&gt; &amp; 三<td>' in first.decode()
    else:
        with Image.open(io.BytesIO(first)) as picture:
            assert picture.width <= 1440 and len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20


def test_a_sheet_of_what_a_rule_refused_is_drawn_from_the_source(ingested: Workspace) -> None:
    drawn = ingested.json("data", "sheet", "shapes", "--quarantined")
    assert drawn["file"].endswith(".dailies/sheets/shapes-refused.png") and Path(drawn["file"]).is_file()
    assert drawn["assets"] == [refused(ingested, "shapes")["disc/0000.png"]["asset_id"]]


def test_an_export_holds_the_bytes_that_came_in(mine: Workspace, tmp_path: Path) -> None:
    made = mine.json("data", "export", "sounds", "--as", "folder", "-o", str(tmp_path / "out"))
    assert made["assets"] == 2 and made["files"] == 3
    original = (mine.pictures / "sounds/low/a.wav").read_bytes()
    assert (tmp_path / "out/low/a.wav").read_bytes() == original
    licences = (tmp_path / "out/LICENCES.csv").read_text().splitlines()
    assert f'low/a.wav,{hashlib.sha256(original).hexdigest()},CC-BY-4.0,,,unknown,,,,,,"A, B"' in licences


def test_an_asset_is_exported_once_it_is_released(mine: Workspace, tmp_path: Path) -> None:
    export = ("data", "export", "sounds", "--as", "parquet", "--label", "low", "-o")
    assert mine.json(*export, str(tmp_path / "before"))["assets"] == 1
    wrong = refused(mine, "sounds")["low/wrong.flac"]["asset_id"]
    mine.dailies("data", "quarantine", "sounds", "--release", wrong, "--why", "fine")
    mine.dailies("data", "check", "sounds")
    assert mine.json(*export, str(tmp_path / "after"))["assets"] == 2
