"""A checkpoint comes back whole or not at all."""

from pathlib import Path

import pytest
import torch

from models import checkpoint
from models.checkpoint import FILE, Checkpoint

KEPT = Checkpoint(
    {"net/weight": torch.randn(4, 3).t(), "net/count": torch.tensor(7), "half": torch.ones(3, dtype=torch.bfloat16)},
    {"epoch": 3, "sums": {"loss": 0.1 + 0.2}, "best_loss": None},
)


def test_what_was_written_is_read(tmp_path: Path) -> None:
    checkpoint.write(tmp_path / "new" / "folder", KEPT, "mine")
    read = checkpoint.read(tmp_path / "new" / "folder", "mine")
    assert read is not None
    assert read.position == KEPT.position
    assert read.tensors.keys() == KEPT.tensors.keys()
    assert all(torch.equal(read.tensors[name], value) for name, value in KEPT.tensors.items())


def test_nothing_is_read_from_an_empty_folder(tmp_path: Path) -> None:
    assert checkpoint.read(tmp_path, "mine") is None


def test_another_training_is_ignored_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint.write(tmp_path, KEPT, "theirs")
    assert checkpoint.read(tmp_path, "mine") is None
    assert "belongs to other settings" in capsys.readouterr().out


@pytest.mark.parametrize("length", [0, 5, 100, -1])
def test_a_torn_file_is_ignored_with_a_note(tmp_path: Path, capsys: pytest.CaptureFixture[str], length: int) -> None:
    checkpoint.write(tmp_path, KEPT, "mine")
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:length])
    assert checkpoint.read(tmp_path, "mine") is None
    assert "not a whole safetensors file" in capsys.readouterr().out


def test_a_flipped_bit_is_noticed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint.write(tmp_path, KEPT, "mine")
    damaged = bytearray((tmp_path / FILE).read_bytes())
    damaged[-1] ^= 1
    (tmp_path / FILE).write_bytes(damaged)
    assert checkpoint.read(tmp_path, "mine") is None
    assert "is damaged" in capsys.readouterr().out


def test_a_kill_while_writing_leaves_the_one_before(tmp_path: Path) -> None:
    checkpoint.write(tmp_path, KEPT, "mine")
    (tmp_path / f"{FILE}.writing").write_bytes(b"half a fi")
    assert checkpoint.read(tmp_path, "mine") is not None
    checkpoint.write(tmp_path, KEPT, "mine")
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_keeper_without_a_folder_keeps_nothing() -> None:
    keeper = checkpoint.Keeper(None, "")
    keeper.keep(KEPT)
    assert not keeper.due()
    assert keeper.kept() is None
