"""A studio's own folders, made on the spot: pictures, sounds and texts, one folder a class."""

from pathlib import Path

import numpy as np
from PIL import Image
from sounds import encoded

EACH, RATE_HZ = 40, 8000


def write(folder: Path) -> None:
    """props/, barks/ and notes/ below `folder`, and a file of each kind that is none of theirs."""
    draws = np.random.default_rng(0)
    for number in range(EACH):
        for kind in ("lanterns", "shields"):
            _picture(folder / "props" / kind / f"{number:04}.png", kind, draws)
        for kind in ("bells", "drums"):
            _sound(folder / "barks" / kind / f"{number:04}.wav", kind, draws)
        for kind in ("complaints", "praise"):
            _text(folder / "notes" / kind / f"{number:04}.txt", kind, draws)
    _picture(folder / "new" / "round.png", "shields", draws)
    _sound(folder / "new" / "ringing.wav", "bells", draws)
    _text(folder / "new" / "letter.txt", "praise", draws)


def _picture(path: Path, kind: str, draws: np.random.Generator) -> None:
    """A warm light in the dark, or a blue disc on stone."""
    high, wide = draws.integers(48, 80, 2)
    down, right = np.mgrid[:high, :wide]
    reach = draws.uniform(0.2, 0.35) * min(high, wide)
    away = np.hypot(down - draws.uniform(0.4, 0.6) * high, right - draws.uniform(0.4, 0.6) * wide) / reach
    if kind == "lanterns":
        shown = np.exp(-(away**2))[..., None] * [255, 190, 80]
    else:
        shown = np.where((away < 1)[..., None], [60, 90, 200], [130, 130, 125])
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(shown + draws.normal(0, 12, shown.shape), 0, 255).astype(np.uint8)).save(path)


def _sound(path: Path, kind: str, draws: np.random.Generator) -> None:
    """A clear tone that rings on, or a dull thud."""
    time = np.arange(round(draws.uniform(0.4, 0.6) * RATE_HZ)) / RATE_HZ
    pitch_hz, fades = (draws.uniform(900, 1400), 3) if kind == "bells" else (draws.uniform(70, 120), 18)
    wave = 0.6 * np.sin(2 * np.pi * pitch_hz * time) * np.exp(-fades * time)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded((wave + draws.normal(0, 0.01, len(time))).astype(np.float32), rate_hz=RATE_HZ))


def _text(path: Path, kind: str, draws: np.random.Generator) -> None:
    """A sentence on what was liked, or was not."""
    said = {
        "praise": ("I love", "great work on", "the team enjoyed", "so happy with"),
        "complaints": ("I cannot stand", "please fix", "nobody liked", "so tired of"),
    }[kind]
    things = ("the lighting", "the new level", "the music", "the menu", "the boss fight", "the tutorial")
    where = ("in act one", "on the harbour map", "after the update", "in the demo", "near the end", "at the start")
    path.parent.mkdir(parents=True, exist_ok=True)
    words = [str(draws.choice(part)) for part in (said, things, where)]
    path.write_text(f"{' '.join(words)}, build {draws.integers(100, 999)}\n", encoding="utf-8")
