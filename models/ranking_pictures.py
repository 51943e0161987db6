"""Pictures of a ranking for reports, in the style of `models.pictures`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, PercentFormatter

from models.drawing import BLUE, GREY, ORANGE, headline, png
from models.pictures import loss_curve

if TYPE_CHECKING:
    from models.outcome import Outcome

COLOURS = {"network": BLUE, "popularity": ORANGE}


def ranking(outcome: "Outcome", facts: Mapping[str, Any]) -> dict[str, bytes]:
    """File name → PNG: hit rate by number of recommendations, popularity of what is recommended, and the loss curve
    where `facts` has a `history`."""
    pictures = {
        "hit_rate.png": hit_rate(outcome.shown["hit_rates"]),
        "popularity.png": popularity(outcome.shown["shares"]),
    }
    if facts.get("history"):
        pictures["loss.png"] = loss_curve(facts["history"])
    return pictures


def hit_rate(rates: Mapping[str, Sequence[float]]) -> bytes:
    """The share of people whose choice is among k recommendations, for every k from 1, of network and popularity."""
    return png(lambda figure: _draw_hit_rates(figure, rates), 6.4, 4.4)


def popularity(groups: Sequence[Mapping[str, Any]]) -> bytes:
    """On which items answers and recommendations fall; each group holds a quarter of all choices in training."""
    return png(lambda figure: _draw_shares(figure, groups), 7.2, 4.0)


def _draw_hit_rates(figure: Figure, rates: Mapping[str, Sequence[float]]) -> None:
    axes = figure.add_subplot()
    for name, values in rates.items():
        axes.plot(np.arange(1, len(values) + 1), values, color=COLOURS[name], linewidth=2, label=name)
    axes.set(xscale="log", xlim=(1, len(rates["network"])), ylim=(0, None), xlabel="recommendations")
    axes.set_ylabel("share of people who find their next choice")
    ticks = [1, 2, 5, 10, 20, 50, 100]
    axes.set_xticks(ticks, [str(tick) for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y")
    axes.legend(frameon=False)
    told = ", ".join(f"{name} {values[9]:.1%}" for name, values in rates.items())
    headline(figure, "Is the next choice among the recommendations?", f"among ten: {told}")


def _draw_shares(figure: Figure, groups: Sequence[Mapping[str, Any]]) -> None:
    axes = figure.add_subplot()
    bars = [("share of answers", "what people chose next", GREY)]
    bars += [(f"recommended by {name}", f"recommended by {name}", colour) for name, colour in COLOURS.items()]
    for number, (key, label, colour) in enumerate(bars):
        heights = [group[key] for group in groups]
        axes.bar(np.arange(len(groups)) + 0.27 * (number - 1), heights, 0.25, color=colour, label=label)
    axes.set_xticks(range(len(groups)), [f"{group['number']:,} items" for group in groups])
    axes.set(xlabel="a quarter of all choices each, most popular items first", ylabel="share", ylim=(0, 1))
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.tick_params(axis="x", length=0)
    axes.grid(axis="y")
    axes.set_axisbelow(True)
    axes.legend(frameon=False)
    headline(figure, "Does it recommend more than what all like?", "on which items the ten recommendations fall")
