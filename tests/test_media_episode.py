"""Episode files: what is read, what is refused and why."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ingesting import fill, ingested

from media import episode
from media.episode import Episode
from media.probes.episode import probe

OPTIONS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.booleans(), max_size=3)


@given(st.builds(Episode, st.from_regex(episode.NAME, fullmatch=True), OPTIONS, st.integers(0, episode.HIGHEST_SEED)))
def test_what_is_written_is_read(asked: Episode) -> None:
    assert episode.episode(episode.text(asked).encode()) == asked
    assert probe(episode.text(asked).encode())["format"] == "GYMNASIUM"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"CartPole-v1", "not JSON: Expecting value"),
        (b"\x80", "not JSON: 'utf-"),
        (b"[" * 60_000, "not JSON: "),
        (b"[1]", "not a JSON object with environment, options and seed"),
        (b'{"environment": "CartPole-v1"}', "lacks the key 'seed'"),
        (b'{"environment": "CartPole-v1", "seed": 1, "sed": 2}', "has the key 'sed'; known are environment"),
        (b'{"environment": "os:Env-v1", "seed": 1}', "environment is 'os:Env-v1', not a name with a version"),
        (b'{"environment": "CartPole-v1", "seed": -1}', "seed is -1; it is a whole number from 0"),
        (b'{"environment": "CartPole-v1", "seed": true}', "seed is True"),
        (b'{"environment": "CartPole-v1", "seed": 1, "options": []}', "options are no object"),
        (b" " * (65 << 10), "larger than 64 KiB"),
    ],
)
def test_what_is_refused(data: bytes, reason: str) -> None:
    assert probe(data)["reason"].startswith(reason)


def test_a_catalog_of_episodes(tmp_path: Path) -> None:
    good = {"environment": "FrozenLake-v1", "options": {"map_name": "8x8"}, "seed": 7}
    fill(tmp_path / "source", {"1.json": json.dumps(good), "2.json": "no"})
    rows = ingested(tmp_path, kind="episode", label={"none": True})
    assert (rows["1.json"]["status"], rows["1.json"]["format"]) == ("admitted", "GYMNASIUM")
    assert rows["2.json"]["status"] == "quarantined"
