"""What `dailies predict` says to a person, of each form that an answer has."""

from pathlib import Path
from typing import Any

import pytest

from studio.predict import _line


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"label": "seven", "confidence": 0.91234, "scores": {"seven": 0.9}}, "f: seven, confidence 0.9123"),
        ({"label": "", "confidence": 0.1, "embedding": [1.0]}, "f: none of those known, confidence 0.1000"),
        ({"text": "yes no", "confidence": 0.5}, "f: text yes no, confidence 0.5000"),
        (
            {"translations": [{"source": "A cat.", "translation": "Eine Katze.", "confidence": 0.25}]},
            "f\n    A cat. → Eine Katze., confidence 0.2500",
        ),
        (
            {"items": [{"item": "Alien", "confidence": 0.5}] * 12, "known": 3},
            "f: known 3" + "\n    Alien, confidence 0.5000" * 10 + "\n    …",
        ),
        ({"moves": ["up"] * 3, "arrived": True}, "f: moves up; up; up, arrived True"),
        ({"error": "damaged"}, "f: not read: damaged"),
        (
            {"pictures": [{"label": "disc", "file": "1.png", "confidence": 0.5}], "files": ["out/f/1.png"]},
            "f: 1 files in out/f\n    disc → 1.png, confidence 0.5000",
        ),
    ],
)
def test_an_answer_is_a_line_or_a_few(answer: dict[str, Any], said: str) -> None:
    assert _line(Path("f"), {"file": "f", **answer}) == f"  {said}"
