"""Weights on disk."""

from pathlib import Path

import pytest
import torch
from torch import nn

from models import weights
from project.errors import IntegrityError


def net(outputs: int = 2) -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(3, outputs)).to(
        memory_format=torch.channels_last
    )


def test_weights_come_back(tmp_path: Path) -> None:
    first, second = net(), net()
    with torch.no_grad():
        first[0].weight.add_(1.0)
    weights.save(first, tmp_path / "weights.safetensors")
    weights.load(second, tmp_path / "weights.safetensors")
    assert weights.to_bytes(first) == weights.to_bytes(second)


def test_the_same_weights_are_the_same_bytes_in_any_layout() -> None:
    contiguous = net().to(memory_format=torch.contiguous_format)
    assert weights.to_bytes(net()) == weights.to_bytes(contiguous)


def test_weights_of_another_shape_are_refused_by_name(tmp_path: Path) -> None:
    weights.save(net(outputs=5), tmp_path / "weights.safetensors")
    with pytest.raises(IntegrityError, match=r"2\.bias is \(5,\), the network has \(2,\)"):
        weights.load(net(), tmp_path / "weights.safetensors")


@pytest.mark.parametrize("content", [b"", b"not weights", weights.to_bytes(net())[:-1]], ids=["empty", "other", "torn"])
def test_what_is_no_whole_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(IntegrityError, match="not a readable safetensors file"):
        weights.load(net(), path)


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="not a readable safetensors file"):
        weights.load(net(), tmp_path / "none")


def test_only_what_learns_is_counted() -> None:
    frozen = net()
    frozen[2].requires_grad_(False)
    assert weights.count(frozen) == 2 * 9 + 2 + 2 + 2
