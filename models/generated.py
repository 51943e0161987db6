"""What a generator draws: for an evaluation by number, for a person by name."""

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from models import device, judge, order
from project.errors import UsageError
from project.params import listing

MOST = 10_000  # pictures for one file of wishes


def pictures(generator: Any, labels: np.ndarray, numbers: Sequence[int]) -> np.ndarray:
    """A picture of each class number in `labels` (B,): uint8 (B, C, H, W).

    A picture follows from the weights, its label and its number in `numbers`, whatever is drawn beside it. For a class
    that the generator never learnt it draws its last one.
    """
    machine = device.prepare()
    generator.to(machine.device).eval()
    noise = np.stack([order.normal(order.stream(order.PICTURE, 0, number), (generator.noise,)) for number in numbers])
    known = np.minimum(labels, generator.classes - 1)
    with torch.inference_mode():
        drawn = generator(device.tensor(noise).to(machine.device), torch.as_tensor(known).to(machine.device))
    return ((drawn.float() + 1) * 127.5).round().clamp(0, 255).byte().contiguous().cpu().numpy()


def on_request(net: Any, text: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A picture for each line of `text`, which names a class; line 3 is picture 3.

    Returns pictures (label, file and confidence of the judge for each) and files (name → PNG). Raises UsageError for a
    line that is no class.
    """
    answers, files = [], {}
    for number, name, label in _wishes(text, [str(name) for name in facts["classes"]]):
        picture = pictures(net["players"].generator, np.array([label]), [number])
        _, scores = judge.opinion(net["judge"], picture)
        file = f"{number:05}-{re.sub(r'[^A-Za-z0-9_-]+', '_', name)}.png"
        answers.append({"label": name, "file": file, "confidence": float(scores[0, label])})
        files[file] = _png(picture[0])
    return {"pictures": answers, "files": files}


def _wishes(text: str, classes: Sequence[str]) -> list[tuple[int, str, int]]:
    """(line, class, its number) of each line that is not blank."""
    named = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    for number, name in named:
        if name not in classes:
            raise UsageError(f"line {number} asks for {name!r}, which is no class; {listing(name, classes)}")
    if len(named) > MOST:
        raise UsageError(f"{len(named):,} pictures are asked for: must be at most {MOST:,}; divide the file")
    return [(number, name, classes.index(name)) for number, name in named]


def _png(image: np.ndarray) -> bytes:
    """uint8 (1 or 3, H, W) as a PNG file."""
    buffer = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(buffer, format="PNG")
    return buffer.getvalue()
