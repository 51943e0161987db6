"""For each recipe a synthetic twin of its data, small enough to train on in seconds."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from ingesting import ingested
from PIL import Image
from scipy import ndimage
from sounds import encoded
from workspaces import draw_shapes

from media import permission
from media.shards import Shards
from models.job import Job
from models.settings import resolve, shaping_data
from recipes import load
from steps import augment
from steps.train import new_net


def nothing(folder: Path) -> None:
    """For a source that is made, not read."""


@dataclass(frozen=True, kw_only=True)
class Twin:
    """A source entry, settings under which the recipe learns it, and what writes its files into a folder `source`.

    `good` and `bad` are files for predict, by name: bytes that are answered, and bytes that are refused, with the reason.
    """

    source: Mapping[str, Any]
    settings: Mapping[str, Any]
    augment: Mapping[str, Any] = field(default_factory=dict)
    split: Mapping[str, float] = field(default_factory=lambda: {"validation": 0.2, "test": 0.2})
    write: Callable[[Path], Any] = nothing
    good: tuple[str, bytes]
    bad: tuple[str, bytes, str]


def moods(folder: Path) -> None:
    """One sentence a line, whose mood a single word decides; "not" before it turns it round."""
    draws = np.random.default_rng(0)
    words = {"good": ("fine", "warm", "bright", "lovely"), "bad": ("dull", "cold", "bleak", "awful")}
    turned = {"good": "bad", "bad": "good"}
    lines = []
    for mood, number in itertools.product(words, range(150)):
        negated = number % 6 == 5
        word = draws.choice(words[turned[mood] if negated else mood])
        thing = draws.choice(["film", "song", "scene", "level"])
        lines.append(f"{mood} the {thing} of take {number} is {'not ' if negated else ''}{word} .")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "moods.txt").write_text("\n".join(lines) + "\n")


def colours(folder: Path) -> None:
    """Pairs in two small languages: the adjective changes places, and a word has its own translation."""
    things = {"cat": "mao", "dog": "gou", "bird": "niao", "fish": "yu", "horse": "ma", "hare": "tu"}
    shades = {"red": "hong", "blue": "lan", "green": "lv", "white": "bai", "black": "hei"}
    does = {"sleeps": "shui", "runs": "pao", "eats": "chi", "sings": "chang", "waits": "deng"}
    pairs = [
        (f"A {shade} {thing} {act}.", f"{things[thing]} {shades[shade]} {does[act]}.")
        for shade, thing, act in itertools.product(shades, things, does)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.txt").write_text("\n".join(source for source, _ in pairs) + "\n")
    (folder / "b.txt").write_text("\n".join(target for _, target in pairs) + "\n")


def faces(folder: Path, people: int = 16, each: int = 6, side: int = 20) -> None:
    """Grey pictures of blurred noise: each person has a symmetric pattern, each picture of it is moved, noisy, lit anew."""
    draws = np.random.default_rng(0)
    for person in range(people):
        pattern = ndimage.gaussian_filter(draws.standard_normal((side + 8, side + 8)), 2)
        pattern += pattern[:, ::-1]
        pattern *= 60 / np.abs(pattern).max()
        (folder / f"p{person:02}").mkdir(parents=True)
        for number in range(each):
            down, right = draws.integers(3, 6, 2)
            seen = pattern[down : down + side, right : right + side] + draws.normal(0, 8, (side, side))
            pixels = np.clip(draws.uniform(110, 140) + seen, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / f"p{person:02}" / f"{number}.pgm")


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

TWINS: dict[str, Twin] = {
    "face_recognition": Twin(
        source={"kind": "image", "label": {"pattern": r"^(?P<group>(?P<label>p\d+))/"}},
        settings={"size": 20, "width": 8, "dimensions": 16, "epochs": 20, "batch": 24, "seed": 1},
        write=faces,
        good=("face.pgm", b"P5 6 6 255\n" + bytes(range(0, 252, 7))),
        bad=("face.pgm", b"P5 20 20 255\n", "damaged: image file is truncated (0 bytes not processed)"),
    ),
    "game_agent": Twin(
        source={
            "kind": "board",
            "format": "synthesise",
            "generator": "boards",
            "settings": {"width": 9, "height": 9},
            "count": 80,
        },
        settings={"task": "reach", "side": 9, "planning": 32, "epochs": 12, "batch": 4, "rate": 0.03, "seed": 1},
        good=("room.txt", b"#####\n#A.G#\n#####\n"),
        bad=("room.txt", b"#####\n#A..#\n#####\n", "has 0 of G (goal); a board has one"),
    ),
    "image_classification": Twin(
        source={"kind": "image"},
        settings={
            "size": 12,
            "width": 8,
            "epochs": 6,
            "batch": 8,
            "rate": 0.01,
            "average": 0.9,
            "jitter_rotate": 0,
            "seed": 1,
        },
        augment={"copies": 1, "shift": 0.1},
        write=lambda folder: draw_shapes(folder, 40),
        good=(
            "square.pgm",
            b"P5 6 6 255\n" + bytes([20, 20, 20, 20, 20, 20] + 4 * [20, 230, 230, 230, 230, 20] + 6 * [20]),
        ),
        bad=("square.png", b"\x89PNG\r\n\x1a\nno picture", "damaged: Truncated File Read"),
    ),
    "image_generation": Twin(
        source={"kind": "image"},
        settings={
            "size": 12,
            "width": 8,
            "noise": 8,
            "epochs": 2,
            "batch": 16,
            "judge_epochs": 6,
            "seed": 1,
        },
        write=lambda folder: draw_shapes(folder, 40),
        good=("wishes.txt", b"disc\nsquare\n\ndisc\n"),
        bad=(
            "wishes.txt",
            b"disc\nsqare\n",
            "line 2 asks for 'sqare', which is no class; did you mean 'square'? known: disc, square",
        ),
    ),
    "recommendation": Twin(
        source={"format": "synthesise", "kind": "table", "generator": "choices", "count": 160},
        settings={"width": 16, "window": 8, "epochs": 30, "batch": 16, "negatives": 32, "rate": 0.01, "seed": 1},
        good=("mine.csv", b"item,rating,time\n1-03,4,100\n1-04,5,200\nunheard-of,3,250\n1-05,4.5,300\n"),
        bad=("mine.csv", b"film,stars\n1-03,4\n", "its first line is 'film,stars'; it must be 'item,rating,time'"),
    ),
    "text_classification": Twin(
        source={"format": "lines", "kind": "text", "label": {"separator": " "}},
        settings={"width": 16, "at_least": 3, "epochs": 6, "batch": 8, "rate": 0.01, "seed": 1},
        write=moods,
        good=("note.txt", b"the film of take 900 is lovely"),
        bad=("note.txt", b" \n", "no text, only white space"),
    ),
    "translation": Twin(
        source={"format": "pairs", "kind": "text", "file": "a.txt", "target": "b.txt"},
        settings={
            "width": 32,
            "layers": 1,
            "pieces": 400,
            "epochs": 12,
            "batch": 8,
            "rate": 0.01,
            "average": 0,
            "seed": 1,
        },
        write=colours,
        good=("lines.txt", b"A red cat sleeps.\n\nA blue dog sings.\n"),
        bad=("lines.txt", b"\n\n", "no text, only white space"),
    ),
    "sound_classification": Twin(
        source={"kind": "audio"},
        settings={**SHORT, "seconds": 0.15, "width": 8, "epochs": 12, "batch": 12, "seed": 1},
        augment={"copies": 1, "gain_db": 6, "noise_snr_db": [10, 40]},
        split={"validation": 0.15, "test": 0.3},
        write=tones,
        good=("high.wav", encoded(word("high", np.random.default_rng(5)), rate_hz=RATE_HZ)),
        bad=("high.wav", b"no sound at all", "not a sound in a known format (WAV, RF64, FLAC, OGG, MP3, AIFF)"),
    ),
    "speech_to_text": Twin(
        source={"kind": "audio", "label": {"pattern": r"^(?P<label>[a-z_]+)"}},
        settings={
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
        split={"validation": 0.15, "test": 0.3},
        write=sentences,
        good=("high.wav", encoded(word("high", np.random.default_rng(5)), rate_hz=RATE_HZ)),
        bad=("high.wav", b"no sound at all", "not a sound in a known format (WAV, RF64, FLAC, OGG, MP3, AIFF)"),
    ),
}


def playing(environment: str, **settings: Any) -> Twin:
    """A twin whose episodes are of an environment of gymnasium."""
    source = {"kind": "episode", "format": "synthesise", "generator": "episodes", "count": 60}
    usual = {"task": "episode", "environments": 4, "steps": 200, "epochs": 5, "hidden": 16, "batch": 32, "seed": 1}
    return Twin(
        source=source | {"settings": {"environment": environment}},
        settings=usual | settings,
        good=("one.json", json.dumps({"environment": environment, "seed": 5}).encode()),
        bad=("one.json", b'{"environment": "CartPole-v1"}', "lacks the key 'seed'"),
    )


BOARDS = TWINS["game_agent"]
GAMES: dict[str, Twin] = {
    "reach": BOARDS,
    "follow": dataclasses.replace(BOARDS, settings={**BOARDS.settings, "task": "follow", "epochs": 3}),
    "q_learning": playing("FrozenLake-v1", method="q_learning", rate=0.5, schedule="constant", warmup=0),
    "dqn": playing("CartPole-v1", method="dqn", best_return=500, rate=0.002, replay=500),
    "ppo": playing("CartPole-v1", method="ppo", best_return=500, rate=0.002, passes=2),
}


def params(folder: Path) -> dict[str, Any]:
    """What params.yaml says of all twins, each a source and a model of its recipe's name; their files lie in `folder`."""
    sources, models = {}, {}
    for name, twin in TWINS.items():
        twin.write(folder / name)
        here = {} if twin.source.get("format") == "synthesise" else {"path": str(folder / name)}
        sources[name] = {**twin.source, **here, "licence": "CC0-1.0"}
        models[name] = {
            "recipe": name,
            "source": name,
            "settings": dict(twin.settings),
            "augment": dict(twin.augment),
            "split": dict(twin.split),
        }
    return {"sources": sources, "models": models}


def shards(name: str, folder: Path, twin: Twin | None = None) -> Shards:
    """The samples of a twin, made below `folder`."""
    twin = twin or TWINS[name]
    twin.write(folder / "source")
    ingested(folder, **twin.source)
    settings = resolve(load(name).settings, twin.settings, name)
    planned = {
        "recipe": name,
        "settings": shaping_data(settings),
        "augment": twin.augment,
        "split": twin.split,
        "files": {},
    }
    augment.write(planned, folder / "assets", folder / "shards", name, permission.everything)
    return Shards(folder / "shards")


def job(name: str, samples: Shards, twin: Twin | None = None, **more: Any) -> Job:
    """A training of the twin; `more` are other settings, or keys of a Job."""
    keys = {key: more.pop(key) for key in ("checkpoints", "tick", "start", "clock") if key in more}
    recipe = load(name)
    settings = resolve(recipe.settings, {**(twin or TWINS[name]).settings, **more}, name)
    return Job(
        net=new_net(recipe, settings, samples.facts),
        settings=settings,
        facts=samples.facts,
        train=samples.split("train"),
        validation=samples.split("validation"),
        **keys,
    )


def card(name: str, done: Job, folder: Path) -> Path:
    """A weights folder as training leaves it."""
    from models import weights

    folder.mkdir()
    weights.save(done.net, folder / "model.safetensors")
    told = {"recipe": name, "settings": asdict(done.settings), "facts": done.facts}
    (folder / "card.json").write_text(json.dumps(told))
    return folder
