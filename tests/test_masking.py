"""Spectrograms with parts blanked: how much, where, and that a restart repeats it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models import masking, sequences

MELS, FRAMES = 12, 40


def batch(lengths: list[int] | None = None) -> dict[str, torch.Tensor]:
    count = len(lengths) if lengths else 4
    sound = torch.rand((count, MELS, FRAMES), generator=torch.Generator().manual_seed(0)) + 1
    given = {"mel": sound, "label": torch.arange(count)}
    if not lengths:
        return given
    there = sequences.mask(torch.tensor(lengths), FRAMES)
    return given | {"mel": sound * there[:, None], "mel_length": torch.tensor(lengths)}


def masked(sounds: dict[str, torch.Tensor], key: tuple[int, int, int] = (0, 0, 0), **how: float) -> torch.Tensor:
    """Which places have changed."""
    off = {"bands": 0, "most_bands": 0, "times": 0, "most_frames": 0}
    operation = masking.spectrograms("mel", **(off | how))  # type: ignore[arg-type]
    assert operation is not None
    changed = operation(sounds, *key)
    assert changed["label"] is sounds["label"] and changed["mel"].dtype == torch.float32
    return changed["mel"] != sounds["mel"]


def test_nothing_on_is_no_operation() -> None:
    assert masking.spectrograms("mel", bands=2, most_bands=0, times=0, most_frames=9) is None


@settings(max_examples=40, deadline=None)
@given(most=st.integers(1, 30), seed=st.integers(0, 99), step=st.integers(0, 99))
def test_a_mask_over_bands_is_one_block_over_all_time(most: int, seed: int, step: int) -> None:
    changed = masked(batch(), (seed, 0, step), bands=1, most_bands=most)
    assert torch.equal(changed, changed[:, :, :1].expand_as(changed))
    assert blocks(changed[:, :, 0]) <= 1 and changed[:, :, 0].sum(1).max() <= most


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(0, FRAMES), min_size=1, max_size=6),
    most=st.integers(1, 60),
    longest=st.floats(0, 1),
    seed=st.integers(0, 99),
)
def test_a_mask_over_time_keeps_to_the_sequence(lengths: list[int], most: int, longest: float, seed: int) -> None:
    changed = masked(batch(lengths), (seed, 0, 0), times=1, most_frames=most, longest=longest)
    assert torch.equal(changed, changed[:, :1].expand_as(changed))
    for row, length in zip(changed[:, 0], lengths, strict=True):
        assert not row[length:].any() and row.sum() <= min(most, longest * length)


def blocks(rows: torch.Tensor) -> int:
    """The largest number of runs of True in a row."""
    starts = torch.nn.functional.pad(rows, (1, 0))[:, :-1]
    return int((rows & ~starts).sum(1).max())


def test_widths_and_starts_are_drawn_from_all_there_are() -> None:
    changed = torch.cat([masked(batch(), (0, 0, step), bands=1, most_bands=4) for step in range(200)])[:, :, 0]
    assert set(changed.sum(1).tolist()) == {0, 1, 2, 3, 4}
    assert changed.any(0).all()


def test_a_mask_holds_the_mean_of_what_is_there() -> None:
    sounds = batch([10])
    operation = masking.spectrograms("mel", bands=0, most_bands=0, times=2, most_frames=8)
    assert operation is not None
    changed = operation(sounds, 5, 0, 0)["mel"]
    new = changed[changed != sounds["mel"]]
    assert len(new) and torch.allclose(new, sounds["mel"][:, :, :10].mean())


def test_a_step_repeats_itself_and_no_other() -> None:
    how = {"bands": 2, "most_bands": 5, "times": 2, "most_frames": 15}
    keys = [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)]
    found = [masked(batch(), key, **how) for key in [*keys, keys[0]]]
    assert torch.equal(found[0], found[4])
    assert len({each.numpy().tobytes() for each in found}) == 4


@pytest.mark.parametrize(("lengths", "rows"), [([0, 2], [[False] * 3, [True, True, False]])])
def test_places_of_a_padded_batch(lengths: list[int], rows: list[list[bool]]) -> None:
    assert sequences.mask(torch.tensor(lengths), 3).tolist() == rows
