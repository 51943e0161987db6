"""Which machine trains."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from models import device
from project.errors import UsageError

without_gpu = pytest.mark.skipif(torch.cuda.is_available(), reason="tells what a machine without a GPU does")


def test_threads_follow_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAILIES_THREADS", "3")
    assert device.threads() == device.threads(small=True) == 3
    monkeypatch.delenv("DAILIES_THREADS")
    assert device.threads() >= 1
    assert device.threads(small=True) == 1


@pytest.mark.parametrize("value", ["0", "-1", "two", "1.5", ""])
def test_a_number_of_threads_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("DAILIES_THREADS", value)
    with pytest.raises(UsageError, match=f"DAILIES_THREADS is '{value}': must be a whole number from 1"):
        device.threads()


@pytest.mark.parametrize(
    ("content", "cores"), [("max 100000\n", math.inf), ("250000 100000\n", 2), ("5000 100000\n", 1)]
)
def test_a_container_limits_threads(tmp_path: Path, content: str, cores: float) -> None:
    (tmp_path / "cpu.max").write_text(content)
    assert device._container_cores(tmp_path / "cpu.max") == cores
    assert device._container_cores(tmp_path / "none") == math.inf


def test_an_array_that_may_not_be_written_to_is_copied() -> None:
    array = np.arange(3)
    assert device.tensor(array).data_ptr() == array.ctypes.data
    array.flags.writeable = False
    assert device.tensor(array).data_ptr() != array.ctypes.data
    assert device.tensor(array).tolist() == [0, 1, 2]


@without_gpu
@pytest.mark.parametrize("precision", ["auto", "full", "mixed"])
def test_a_processor_calculates_in_full_precision(monkeypatch: pytest.MonkeyPatch, precision: str) -> None:
    monkeypatch.setenv("DAILIES_THREADS", str(torch.get_num_threads()))
    machine = device.prepare(precision)
    assert machine == device.Device(torch.device("cpu"), mixed=False)
    with machine.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype == torch.float32


@without_gpu
def test_threads_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    before = torch.get_num_threads()
    monkeypatch.setenv("DAILIES_THREADS", "1")
    device.prepare()
    assert torch.get_num_threads() == 1
    torch.set_num_threads(before)


def test_determinism_is_asked_for_and_given_back() -> None:
    with device.deterministic():
        assert torch.are_deterministic_algorithms_enabled()
    assert not torch.are_deterministic_algorithms_enabled()


def test_a_seed_decides_what_dropout_draws() -> None:
    machine = device.Device(torch.device("cpu"), mixed=False)
    machine.seed(5)
    first = torch.rand(3)
    machine.seed(5)
    assert torch.equal(torch.rand(3), first)


def test_a_batch_becomes_tensors_of_the_same_dtype() -> None:
    machine = device.Device(torch.device("cpu"), mixed=False)
    batch = machine.put({"image": np.zeros((2, 1, 3, 3), dtype=np.uint8), "label": np.array([1, 2])})
    assert {name: value.dtype for name, value in batch.items()} == {"image": torch.uint8, "label": torch.int64}
