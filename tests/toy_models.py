"""A synthetic twin of each recipe's task: small enough to learn in seconds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sounds import encoded


@dataclass(frozen=True, kw_only=True)
class Twin:
    """`write` fills a folder with files; `source` (which lacks its path) and `model` are entries of params.yaml.

    `reaches` says which metric comes out at least how high, `stays_below` which at most so, and `bad` is what predict
    must refuse in one line; `asks` of which file it is asked.
    """

    write: Callable[[Path], None]
    source: Mapping[str, Any]
    model: Mapping[str, Any]
    reaches: Mapping[str, float]
    stays_below: Mapping[str, float] = field(default_factory=dict)
    bad: bytes = b"no picture, sound or text"
    asks: str = ""


RATE_HZ = 8000


def word(name: str, draws: np.random.Generator) -> np.ndarray:
    """A noisy tone of a tenth of a second whose pitch is the word; float32 (samples,)."""
    time = np.arange(round(draws.uniform(0.09, 0.13) * RATE_HZ)) / RATE_HZ
    pitch_hz = {"low": 300, "middle": 700, "high": 1500}[name] * draws.uniform(0.95, 1.05)
    wave = draws.uniform(0.2, 0.6) * np.sin(2 * np.pi * pitch_hz * time) * np.hanning(len(time)) ** 0.3
    return (wave + draws.normal(0, 0.01, len(time))).astype(np.float32)


def tones(folder: Path, each: int = 24) -> None:
    """Single words, a folder a word."""
    draws = np.random.default_rng(0)
    for name in ("low", "middle", "high"):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            (folder / name / f"{number}.wav").write_bytes(encoded(word(name, draws), rate_hz=RATE_HZ))


def sentences(folder: Path, count: int = 60) -> None:
    """Two to four words with pauses; the name of a file is what is said in it."""
    draws = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        words = draws.choice(["low", "middle", "high"], draws.integers(2, 5)).tolist()
        pauses = [draws.normal(0, 0.01, draws.integers(400, 800)).astype(np.float32) for _ in words]
        wave = np.concatenate(
            [part for one, pause in zip(words, pauses, strict=True) for part in (pause, word(one, draws))]
        )
        (folder / f"{'_'.join(words)}.{number}.wav").write_bytes(encoded(wave, rate_hz=RATE_HZ))


SHORT = {"rate_hz": RATE_HZ, "mels": 16, "window_ms": 32, "hop_ms": 8}

TWINS = {
    "sound_classification": Twin(
        write=tones,
        source={"kind": "audio", "licence": "CC0-1.0"},
        model={
            "settings": {**SHORT, "seconds": 0.15, "width": 8, "epochs": 12, "batch": 12, "seed": 1},
            "augment": {"copies": 1, "gain_db": 6, "noise_snr_db": [10, 40]},
            "split": {"validation": 0.15, "test": 0.3},
        },
        reaches={"accuracy": 0.9},
        asks="low/0.wav",
    ),
    "speech_to_text": Twin(
        write=sentences,
        source={"kind": "audio", "label": {"pattern": r"^(?P<label>[a-z_]+)"}, "licence": "CC0-1.0"},
        model={
            "settings": {
                **SHORT,
                "units": "words",
                "space": "_",
                "width": 8,
                "hidden": 24,
                "epochs": 30,
                "batch": 8,
                "rate": 0.01,
                "seed": 1,
            },
            "split": {"validation": 0.15, "test": 0.3},
        },
        reaches={},
        stays_below={"word_error_rate": 0.2},
        asks="low_high.wav",
    ),
}
