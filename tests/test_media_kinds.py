"""Ingest of each kind: what the catalog says of sounds and texts, and the step for all."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from films import animation, film
from ingesting import fill, ingested
from sounds import encoded, tone

from media import audio, midi, score
from media.augment import Plan, augment
from media.shards import Shards
from media.variants import resolve
from project.errors import UsageError
from project.params import Split, parse


def test_a_catalog_of_sounds(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a/1.wav": encoded(tone(channels=2)), "a/2.flac": encoded(tone(1.0), "FLAC")})
    rows = ingested(tmp_path, kind="audio")
    columns = ("format", "mode", "rate_hz", "channels", "duration_s", "labels", "status")
    assert [rows["a/1.wav"][name] for name in columns] == ["WAV", "PCM_16", 8000, 2, 0.5, ["a"], "admitted"]
    assert [rows["a/2.flac"][name] for name in columns] == ["FLAC", "PCM_16", 8000, 1, 1.0, ["a"], "admitted"]


def test_a_sound_named_as_another_format_is_refused(tmp_path: Path) -> None:
    ogg = encoded(tone(), "OGG")
    files = {"a/1.wav": ogg, "a/2.flac": encoded(tone(2)), "a/3.sound": encoded(tone(3)), "a/4.WAV": encoded(tone(4))}
    rows = ingested(fill(tmp_path / "source", files).parent, kind="audio")
    assert {path: row["reason"] for path, row in rows.items()} == {
        "a/1.wav": "named .wav, but its content is OGG; rename it to .ogg",
        "a/2.flac": "named .flac, but its content is WAV; rename it to .wav",
        "a/3.sound": "",
        "a/4.WAV": "",
    }
    fill(tmp_path / "source", {"a/1.ogg": ogg})
    again = ingested(tmp_path, kind="audio")["a/1.wav"]
    assert (again["paths"], again["status"]) == (["a/1.ogg", "a/1.wav"], "admitted")


def test_a_catalog_of_texts_in_a_declared_encoding(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a/1.txt": "naïve".encode("latin-1"), "a/2.txt": b"plain"})
    rows = ingested(tmp_path, kind="text", encoding="latin-1")
    assert {path: (row["mode"], row["characters"]) for path, row in rows.items()} == {
        "a/1.txt": ("latin-1", 5),
        "a/2.txt": ("latin-1", 5),
    }
    assert ingested(tmp_path, kind="text", encoding="utf-8")["a/1.txt"]["reason"].startswith("not valid utf-8 at byte")


@pytest.mark.parametrize("encoding", ["utf-9", "zip", "rot13"])
def test_an_encoding_that_python_does_not_know_is_refused(encoding: str) -> None:
    source = {"kind": "text", "licence": "CC0-1.0", "path": "x", "encoding": encoding}
    with pytest.raises(UsageError, match=f"encoding '{encoding}' is not known to Python"):
        parse({"sources": {"made": source}}, "params.yaml")


STEPS = """\
sources:
  sounds: {{kind: audio, path: "{folder}/sounds", licence: CC0-1.0}}
  packed: {{kind: audio, format: archive, path: "{folder}", file: sounds.zip, licence: CC0-1.0}}
  reviews: {{kind: text, format: lines, path: "{folder}/lines", label: {{separator: " "}}, licence: CC0-1.0}}
  cells:
    kind: text
    format: table
    path: "{folder}"
    file: cells.parquet
    columns: {{text: said, label: who}}
    licence: CC0-1.0
  videos: {{kind: video, path: "{folder}/videos", licence: CC0-1.0}}
  scores: {{kind: score, path: "{folder}/scores", licence: CC0-1.0}}
  boards: {{kind: board, path: "{folder}/boards", licence: CC0-1.0}}
  tables: {{kind: table, path: "{folder}/tables", licence: CC0-1.0}}
"""


@pytest.mark.slow
def test_the_step_ingests_every_format_with_the_code_and_libraries_that_its_plan_lists(
    clone: Path, tmp_path: Path
) -> None:
    sounds = {f"{label}/{number}.wav": encoded(tone(number + 1)) for label in "ab" for number in range(2)}
    fill(tmp_path / "sounds", {path: data + path[:1].encode() for path, data in sounds.items()})
    fill(tmp_path / "lines", {"all.txt": "1 yes\n0 no\n1 why not"})
    with zipfile.ZipFile(tmp_path / "sounds.zip", "w") as archive:
        for path in sounds:
            archive.write(tmp_path / "sounds" / path, path)
    pq.write_table(pa.table({"said": ["yes", "no"], "who": ["ann", "bob"]}), tmp_path / "cells.parquet")
    fill(tmp_path / "videos", {"a/1.gif": animation(), "a/2.mp4": film(), "a/3.webm": film("webm")})
    fill(tmp_path / "scores", {"a/1.json": "[[60]]", "a/2.mid": midi.written(score.notes(b"[[60]]", "JSON"))})
    fill(tmp_path / "boards", {"a/1.txt": "A G"})
    fill(tmp_path / "tables", {"a/1.csv": "item,rating,time\n1,2,3\n"})
    project = shutil.copytree(clone, tmp_path / "project")
    (project / "params.yaml").write_text(STEPS.format(folder=tmp_path))
    names = ("sounds", "packed", "reviews", "cells", "videos", "scores", "boards", "tables")
    for command in (["plan"], *(["ingest", name] for name in names)):
        done = subprocess.run(
            [sys.executable, "-m", f"steps.{command[0]}", *command[1:]], cwd=project, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
    admitted = {
        path.parent.name: json.loads(path.read_text())["status"] for path in project.glob("data/assets/*/summary.json")
    }
    assert admitted == {
        "sounds": {"admitted": 4}, "packed": {"admitted": 4}, "reviews": {"admitted": 3}, "cells": {"admitted": 2},
        "videos": {"admitted": 3}, "scores": {"admitted": 2}, "boards": {"admitted": 1}, "tables": {"admitted": 1},
    }  # fmt: skip
    planned = json.loads((project / "data/plan/ingest/videos.json").read_text())
    assert "media/film.py" in planned["code"] and {"av", "pillow"} <= set(planned["libraries"])
    planned = json.loads((project / "data/plan/ingest/reviews.json").read_text())
    assert "media/text.py" in planned["code"] and "charset_normalizer" in planned["libraries"]


def samples_of_sounds(**section: Any) -> Plan:
    rate_hz, seconds = 4000, 0.25
    return Plan(
        read=lambda data, row, _: {"audio": audio.mono(data, rate_hz, seconds), "rate_hz": np.int32(rate_hz)},
        fields={"audio": audio.field(rate_hz, seconds)},
        settings=None,
        variants=resolve(section, audio.OPERATIONS),
        split=Split(validation=0.2, test=0.2),
    )


def test_sounds_become_varied_samples_whatever_the_order_and_the_workers(tmp_path: Path) -> None:
    fill(tmp_path / "source", {f"{n % 2}/{n}.wav": encoded(tone(0.3, pitch_hz=200 + 20 * n)) for n in range(24)})
    ingested(tmp_path, kind="audio")
    plan = samples_of_sounds(copies=2, speed=0.1, shift_ms=20, gain_db=6, noise_snr_db=[10, 30])
    for name, workers in (("one", 1), ("two", 2)):
        augment(tmp_path / "assets", tmp_path / name, plan, lambda *_: None, workers=workers)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two
    train = Shards(tmp_path / "one").split("train")
    taken = train.take(np.arange(len(train)))
    assert taken.keys() == {"audio", "label"} and taken["audio"].shape == (len(train), 1000)
    originals, copies = taken["audio"][0::3], taken["audio"][1::3]
    assert all(not np.array_equal(first, second) for first, second in zip(originals, copies, strict=True))
