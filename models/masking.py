"""Batches of spectrograms with parts blanked, keyed on (seed, epoch, step) like `models.jitter`."""

from collections.abc import Mapping

import torch
from torch import Tensor

from models import order, sequences
from models.jitter import Jitter


def spectrograms(
    field: str, *, bands: int, most_bands: int, times: int, most_frames: int, longest: float = 1.0
) -> Jitter | None:
    """SpecAugment (Park et al. 2019, section 2) on `field`, float (B, mels, T): `bands` masks over up to `most_bands`
    mel bands, `times` masks over up to `most_frames` frames and `longest` of the sample's length.

    A mask holds the sample's mean, which is 0 where features are normalised, as in the paper. With `<field>_length` in
    the batch, (B,), masks and mean keep to what is there. Returns None when nothing is masked.
    """
    if not bands * most_bands and not times * most_frames:
        return None

    def jitter(batch: Mapping[str, Tensor], seed: int, epoch: int, step: int) -> dict[str, Tensor]:
        sound = batch[field]
        count, mels, frames = sound.shape
        whole = torch.full((count,), frames, device=sound.device)
        length = batch.get(f"{field}_length", whole).to(sound.device).double()
        draws = order.uniform(order.stream(order.MASK, seed, epoch, step), (count, bands + times, 2))
        drawn = torch.from_numpy(draws).to(sound.device)  # (B, masks, 2)
        high = _within(drawn[:, :bands], torch.full_like(length, mels), mels, most_bands, 1.0)
        long = _within(drawn[:, bands:], length, frames, most_frames, longest)
        there = sequences.mask(length, frames)
        mean = (sound * there[:, None]).sum((1, 2)) / (mels * length.clamp(min=1))
        masked = (high[:, :, None] | long[:, None, :]) & there[:, None]
        return {**batch, field: torch.where(masked, mean[:, None, None].to(sound.dtype), sound)}

    return jitter


def _within(drawn: Tensor, length: Tensor, places: int, most: int, longest: float) -> Tensor:
    """Which of so many places are masked, bool (B, places): widths up to `most`, starts so that each mask fits."""
    limit = torch.minimum(torch.full_like(length, most), (longest * length).floor())
    width = (drawn[:, :, 0] * (limit + 1)[:, None]).floor()
    start = (drawn[:, :, 1] * (length[:, None] - width + 1)).floor()
    place = torch.arange(places, device=drawn.device)
    masks = (place >= start[..., None]) & (place < (start + width)[..., None])  # (B, masks, places)
    return masks.any(1)
