"""Pictures of what a speech recogniser hears, and when."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure

from models import acoustic, drawing, pictures
from models.drawing import BLUE, GREY, INK, ORANGE

if TYPE_CHECKING:
    from models.outcome import Outcome

SURE, LETTERS = 0.3, 70


def speech(outcome: "Outcome", facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: posteriors over spectrograms, and the loss curve where `facts` has a `history`."""
    heard = outcome.shown["posteriors"]
    shown = {"posteriors.png": posteriors(heard)}
    return shown | ({"loss.png": pictures.loss_curve(facts["history"])} if facts.get("history") else {})


def posteriors(heard: Sequence[Mapping[str, Any]]) -> bytes:
    """For each sound its spectrogram, and below, when the network is how sure of which symbol.

    Each has sound, levels (T, M); scores, log-probabilities (T', 1 + S); alphabet; text; said.
    """
    return drawing.png(lambda figure: _draw(figure, heard), 9.6, 0.9 + 3.0 * len(heard))


def _draw(figure: Figure, heard: Sequence[Mapping[str, Any]]) -> None:
    panels = figure.subplots(2 * len(heard), 1, height_ratios=[3, 2] * len(heard), squeeze=False)[:, 0]
    for one, above, below in zip(heard, panels[::2], panels[1::2], strict=True):
        frames, moments = len(one["sound"]), len(one["scores"])
        reach = moments * acoustic.SHORTENED
        above.imshow(one["sound"].T, origin="lower", aspect="auto", cmap="Blues", extent=(0, frames, 0, 1))
        above.set(xlim=(0, reach), xticks=[], yticks=[], ylabel="mel bands")
        right = one["said"] == one["text"]
        above.set_title(
            drawing.short(f"said {one['text']}, heard {one['said']}", LETTERS),
            loc="left",
            fontsize=10,
            color=BLUE if right else ORANGE,
        )
        sure = np.exp(one["scores"])
        times = (np.arange(moments) + 0.5) * acoustic.SHORTENED
        below.plot(times, sure[:, 0], color=GREY, linewidth=0.8, linestyle=(0, (4, 3)))
        below.plot(times, sure[:, 1:], color=BLUE, linewidth=1.2)
        for moment, symbol in _peaks(sure[:, 1:]):
            name = [*one["alphabet"], "?"][symbol]
            below.text(times[moment], 1.04, "␣" if name == " " else name, ha="center", color=INK, fontsize=9)
        below.set(xlim=(0, reach), ylim=(0, 1.25), yticks=[0, 1], xlabel="frames", ylabel="sure")
    drawing.headline(
        figure, "What it hears, and when", "probability of each symbol (blue) and of none (dashed), below the sound"
    )


def _peaks(sure: np.ndarray) -> list[tuple[int, int]]:
    """(moment, symbol) where a symbol (T', S) is at its surest for as long as it is the likeliest."""
    best, height = sure.argmax(1), sure.max(1)
    found, start = [], 0
    for moment in range(1, len(best) + 1):
        if moment == len(best) or best[moment] != best[start] or height[moment] < SURE:
            top = start + int(height[start:moment].argmax())
            if height[top] >= SURE:
                found.append((top, int(best[top])))
            start = moment
    return found
