"""Ingest of sounds and texts: what the catalog says of them."""

from pathlib import Path

from ingesting import fill, ingested
from sounds import encoded, tone

from project.errors import UsageError
from project.params import parse


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


def test_an_encoding_that_python_does_not_know_is_refused() -> None:
    for encoding in ("utf-9", "zip", "rot13"):
        source = {"kind": "text", "licence": "CC0-1.0", "path": "x", "encoding": encoding}
        try:
            parse({"sources": {"made": source}}, "params.yaml")
        except UsageError as error:
            assert f"encoding {encoding!r} is not known" in str(error)
        else:
            raise AssertionError(encoding)
