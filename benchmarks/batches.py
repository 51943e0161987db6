"""Batches from shards against reading files one by one: `python -m benchmarks.batches`.

Pictures of 28 and 64 px: random batches of 128, uint8 (B, 3, H, W), from shards; against torch's DataLoader with two
workers over a folder of JPEG files opened by Pillow, as ImageFolder does it; and against indexing one tensor in memory.
Sounds of 1 s at 16 kHz: batches of 64 log-mel pictures from shards; against reading WAV files and computing them.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from PIL import Image
from torch.utils.data import DataLoader, Dataset

from media import audio, image, sources, variants
from media.augment import Plan, augment
from media.ingest import ingest
from media.sample import Field
from media.shards import Shards
from project.params import Split
from project.source import Source

PICTURES, SOUNDS, BATCH, ROUNDS = 8_000, 2_000, 128, 3
RATE_HZ, MELS = 16_000, 64


class Pictures(Dataset[torch.Tensor]):
    """A folder of pictures, each opened when it is asked for."""

    def __init__(self, paths: list[Path], side_px: int) -> None:
        self._paths, self._side_px = paths, side_px

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self._paths[index]) as opened:
            array = np.asarray(opened.convert("RGB").resize((self._side_px, self._side_px)))
        return torch.from_numpy(array.copy()).permute(2, 0, 1)


class Sounds(Dataset[torch.Tensor]):
    """A folder of WAV files, each read and turned into a log-mel picture when it is asked for."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        samples, _ = soundfile.read(self._paths[index], dtype="float32")
        return torch.from_numpy(log_mel(samples))


def log_mel(samples: np.ndarray) -> np.ndarray:
    return audio.log_mel(samples, RATE_HZ, mels=MELS, window_ms=25, hop_ms=10)


def samples_a_second(count: int, work: Callable[[], Any]) -> float:
    """The median of some rounds."""
    rates = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        rates.append(count / (time.perf_counter() - started))
    return statistics.median(rates)


def shards(place: Path, kind: str, read: Callable[..., Any], fields: dict[str, Field]) -> Shards:
    """The files below `place`/files, brought in and made into samples, all for training."""
    source = Source.model_validate({"kind": kind, "licence": "CC0-1.0", "path": str(place / "files")})
    reader = sources.open_source("b", source, project=place, mirror=None, downloads=place)
    ingest("b", source, reader, place / "assets", silent, refusals=place / "refused.csv")
    plan = Plan(
        read=read, fields=fields, settings=None, variants=variants.Variants(), split=Split(validation=0, test=0)
    )
    augment(place / "assets", place / "shards", plan, silent)
    return Shards(place / "shards")


def silent(done: int, total: int) -> None:
    """Progress that nobody sees."""


def taken(made: Shards, field: str, batch: int) -> Callable[[], None]:
    """An epoch of random batches from shards."""
    train = made.split("train")

    def epoch() -> None:
        order = np.random.default_rng(0).permutation(len(train))
        for first in range(0, len(order), batch):
            torch.from_numpy(train.take(order[first : first + batch])[field])

    return epoch


def loaded(files: Dataset[torch.Tensor], batch: int) -> Callable[[], None]:
    """An epoch of random batches from files."""
    loader = DataLoader(files, batch, shuffle=True, num_workers=2, persistent_workers=True)
    next(iter(loader))  # the workers start once, not in each epoch

    def epoch() -> None:
        for _ in loader:
            pass

    return epoch


def indexed(made: Shards, batch: int) -> Callable[[], None]:
    """An epoch of random batches from one tensor in memory."""
    train = made.split("train")
    whole = torch.from_numpy(train.take(np.arange(len(train)))["image"])

    def epoch() -> None:
        order = torch.randperm(len(whole))
        for first in range(0, len(order), batch):
            whole[order[first : first + batch]]

    return epoch


def pictures(place: Path, side_px: int) -> None:
    """Print both ratios for one size."""
    for number in range(PICTURES):
        path = place / "files" / str(number % 10) / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(number, side_px))
    made = shards(
        place,
        "image",
        lambda data, row, settings: {"image": image.square(data, side_px, True)},
        {"image": image.field(side_px, True)},
    )
    ours = samples_a_second(PICTURES, taken(made, "image", BATCH))
    files = samples_a_second(PICTURES, loaded(Pictures(sorted((place / "files").rglob("*.jpg")), side_px), BATCH))
    memory = samples_a_second(PICTURES, indexed(made, BATCH))
    told(ours, files, f"{side_px} px pictures, against a DataLoader over files")
    told(ours, memory, f"{side_px} px pictures, against indexing a tensor in memory")


def picture(number: int, side_px: int) -> bytes:
    file = io.BytesIO()
    soft = Image.fromarray(np.random.default_rng(number).integers(0, 256, (12, 12, 3), np.uint8))
    soft.resize((side_px, side_px), Image.Resampling.BICUBIC).save(file, "JPEG", quality=90)
    return file.getvalue()


def sounds(place: Path) -> None:
    """Print the ratio for log-mel pictures, stored and computed from stored samples."""
    (place / "files" / "noise").mkdir(parents=True)
    for number in range(SOUNDS):
        noise = np.random.default_rng(number).normal(0, 0.1, RATE_HZ)
        soundfile.write(place / "files" / "noise" / f"{number:05}.wav", noise, RATE_HZ)
    frames = log_mel(np.zeros(RATE_HZ, np.float32)).shape[1]
    made = shards(
        place,
        "audio",
        lambda data, row, settings: {"mel": log_mel(soundfile.read(io.BytesIO(data), dtype="float32")[0])},
        {"mel": Field("float32", (MELS, frames))},
    )
    ours = samples_a_second(SOUNDS, taken(made, "mel", 64))
    files = samples_a_second(SOUNDS, loaded(Sounds(sorted((place / "files").rglob("*.wav"))), 64))
    told(ours, files, "1 s sounds as log-mel, against a DataLoader over WAV files")


def told(ours: float, peer: float, what: str) -> None:
    print(f"{ours / peer:8.2f}  {what:60} {ours:12,.0f} {peer:12,.0f} samples/s", flush=True)


def main() -> None:
    """Measure in a temporary folder."""
    print(f"{'ratio':>8}  {'what':60} {'ours':>12} {'peer':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for side_px in (28, 64):
            pictures(Path(folder) / str(side_px), side_px)
        sounds(Path(folder) / "sounds")


if __name__ == "__main__":
    main()
