"""A speaker withdraws from five models, as docs/lineage.md tells it: traced, withdrawn, retrained without, proved absent.

The models are those of this repository's params.yaml. Where the mirror has the spoken digits the output must be the page's;
else a synthetic twin, files of the same names, stands for them, and numbers may be others.
"""

import os
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from sounds import encoded
from test_documents import WALK, masked, sections
from workspaces import ROOT, Workspace, initialised

pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
RATE_HZ = 8000
SPEAKERS_HZ = {"george": 0.94, "jackson": 0.98, "nicolas": 1.02, "theo": 1.06}
MODELS = ["digits", "spoken_digits", "digit_strings", "pathfinder", "cartpole"]


def spoken_digits(folder: Path) -> None:
    """The twin: each digit two tones one after the other, each speaker a little higher, 0.3 s of 8 kHz."""
    folder.mkdir(parents=True)
    draws = np.random.default_rng(0)
    time = np.arange(round(0.15 * RATE_HZ)) / RATE_HZ
    for speaker, factor in SPEAKERS_HZ.items():
        for digit in range(10):
            pitches_hz = (300 * factor * 1.25 ** (digit % 5), 1200 * factor * 1.25 ** (digit // 2))
            clean = np.concatenate([np.sin(2 * np.pi * pitch * time) * np.hanning(len(time)) for pitch in pitches_hz])
            for take in range(50):
                wave = draws.uniform(0.2, 0.6) * clean + draws.normal(0, 0.01, len(clean))
                (folder / f"{digit}_{speaker}_{take}.wav").write_bytes(
                    encoded(wave.astype(np.float32), rate_hz=RATE_HZ)
                )


@pytest.fixture(scope="module")
def real() -> bool:
    return (Path(os.environ.get("DAILIES_MIRROR", "/nowhere")) / "fsdd").is_dir()


@pytest.fixture(scope="module")
def studio(clone: Path, server: str, real: bool, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace of this repository, nothing run yet."""
    home = tmp_path_factory.mktemp("walk")
    mirror = Path(os.environ["DAILIES_MIRROR"]) if real else home / "mirror"
    if not real:
        spoken_digits(mirror / "fsdd")
    workspace = initialised(clone, home / "workspace", server, DAILIES_MIRROR=str(mirror))
    workspace.git("config", "user.name", "Ada")
    workspace.git("config", "user.email", "ada@studio.example")
    return workspace


def test_the_walk_through_is_true(studio: Workspace, real: bool) -> None:
    walked = [block.partition("\n") for block in sections(ROOT / "docs/lineage.md", WALK)[1]]
    lines = [line for line, _, _ in walked]
    assert lines[0] == f"$ dailies run {' '.join(MODELS)}"
    for line, _, expected in walked:
        done = studio.dailies(*shlex.split(line.removeprefix("$ dailies ")), exit_code=None)
        assert bare(done.stdout, real) == bare(expected, real), f"{line}\n{done.stdout}\n{done.stderr}"

    assert studio.json("lineage", "trace", "--subject", "theo")["held_by_live"] == []
    assert studio.json("lineage", "prove", "--absent", "data/rights/orders.csv")["absent"]
    live = {name: each["live"] for name, each in studio.json("status")["models"].items() if each["live"]}
    assert live == dict.fromkeys(MODELS, "v0.1.0") | {"spoken_digits": "v0.1.1", "digit_strings": "v0.1.1"}


def bare(text: str, real: bool) -> str:
    """Masked, without sizes; and, of the twin, without any number."""
    text = re.sub(r"\d+ objects|[\d.]+ [kM]B", "#", masked(text))
    text = re.sub(r"[ \t]+", " ", text)
    return text if real else re.sub(r"sample HASH|# samples", "samples", re.sub(r"[\d,.#]*[\d#]", "#", text))
