"""How well an agent plays games it has not seen: boards to cross, walkers to follow, episodes of gymnasium."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import nn

from models import board_game, device, episodes
from models.board_game import NAMES, Played, Walkers
from models.data import Samples, blocks
from models.outcome import Outcome, mean_of
from project.errors import DailiesError

FOLLOWED = 200
"""Steps that a walker is followed."""
DRAWN = 12


def evaluate(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    """Play every sample once, with the best move always. Raises DailiesError when there is none.

    reach    metrics solved, path_ratio (moves over those of a shortest way, mean of the solved boards; the
             number of tiles where none is)
    follow   metrics near (share of all steps at most two moves from the walker), near_once_caught (of those from the
             first time it is caught; 0 where it never is), caught (share of boards), moves_to_catch
    episode  metrics mean_return, its spread over episodes, success (share that reach the best return)
    """
    if len(samples) == 0:
        raise DailiesError("there is no sample to play; see the split section of the model")
    return _EVALUATE[facts["learnt"]["task"]](net, samples, facts)


def score(facts: Mapping[str, Any]) -> Any:
    """(network, samples) → mean score from 0 to 1, by which training chooses among its epochs."""
    return lambda net, samples: float(evaluate(net, samples, facts).rows["score"].mean())


def answer(net: nn.Module, sample: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> dict[str, Any]:
    """What the agent does in one game, ready for JSON."""
    learnt = facts["learnt"]
    if learnt["task"] == "episode":
        returns, length = episodes.play(net, learnt, np.array([sample["seed"]]))
        return {"environment": learnt["environment"], "return": float(returns[0]), "steps": int(length[0])}
    played = played_boards(net, {name: np.asarray(values)[None] for name, values in sample.items()}, learnt["task"])
    told: dict[str, Any] = {"moves": _moves(played.places[0], sample["board"].shape[2])}
    if learnt["task"] == "reach":
        return {"solved": bool(played.arrived[0] >= 0), "shortest": int(sample["shortest"]), **told}
    near = board_game.near(sample["board"][None], played.places, played.goals).mean()
    return {"caught": bool(played.arrived[0] >= 0), "near": float(near), **told}


def played_boards(net: nn.Module, batch: Mapping[str, np.ndarray], task: str) -> Played:
    """What the agent does on boards, for as long as there are tiles."""
    boards = batch["board"]
    machine = device.prepare("full", small=True)
    net.to(machine.device).eval()

    def decide(seen: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return net(device.tensor(seen).to(machine.device)).cpu().numpy()

    walkers = Walkers(boards, batch["seed"], FOLLOWED) if task == "follow" else None
    return board_game.play(decide, boards, FOLLOWED if walkers else boards[0, 0].size, walkers)


def _reach(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    parts = [_crossed(net, samples.take(indices)) for indices in blocks(samples)]
    solved, moves, shortest = (
        np.concatenate([part[name] for part in parts]) for name in ("solved", "moves", "shortest")
    )
    _, height, width = facts["fields"]["board"]["shape"]
    ratio = (moves[solved] / np.maximum(shortest[solved], 1)).mean() if solved.any() else height * width
    return Outcome(
        metrics={"solved": float(solved.mean()), "path_ratio": float(ratio)},
        rows=_rows(samples, solved.astype(np.float64)) | {"moves": moves, "shortest": shortest},
        ratios={
            "solved": mean_of(solved),
            "path_ratio": (np.where(solved, moves / np.maximum(shortest, 1), 0), solved.astype(np.float64)),
        },
        tables={"Boards by length of a shortest way": _by_length(solved, moves, shortest)},
        shown=_games(net, samples, np.argsort(solved * 1e6 - shortest, kind="stable"), "reach"),
    )


def _crossed(net: nn.Module, batch: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    played = played_boards(net, batch, "reach")
    return {"solved": played.arrived >= 0, "moves": played.arrived, "shortest": batch["shortest"]}


def _by_length(solved: np.ndarray, moves: np.ndarray, shortest: np.ndarray) -> list[dict[str, Any]]:
    rows = []
    for low in range(0, int(shortest.max()) + 1, 20):
        here = (shortest >= low) & (shortest < low + 20)
        if here.any():
            won = here & solved
            extra = float((moves[won] - shortest[won]).mean()) if won.any() else float("nan")
            row = {"moves": f"{low} to {low + 19}", "boards": int(here.sum()), "solved": float(solved[here].mean())}
            rows.append(row | {"moves more than needed": extra})
    return rows


def _follow(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    near, once_caught, caught = [], [], []
    for indices in blocks(samples):
        batch = samples.take(indices)
        played = played_boards(net, batch, "follow")
        close = board_game.near(batch["board"], played.places, played.goals)
        near.append(close.mean(1))
        once_caught.append(_once_caught(close, played))
        caught.append(played.arrived)
    share, moves = np.concatenate(near), np.concatenate(caught)
    metrics = {"near": float(share.mean()), "near_once_caught": float(np.concatenate(once_caught).mean())}
    metrics["caught"] = float((moves >= 0).mean())
    if (moves >= 0).any():
        metrics["moves_to_catch"] = float(moves[moves >= 0].mean())
    return Outcome(
        metrics=metrics,
        rows=_rows(samples, share) | {"moves_to_catch": moves},
        ratios={"near": mean_of(share), "caught": mean_of(moves >= 0)},
        shown=_games(net, samples, np.argsort(share, kind="stable"), "follow"),
    )


def _once_caught(close: np.ndarray, played: Played) -> np.ndarray:
    """Of the steps since the walker was first caught the share that is `close` to it, (B,)."""
    since = np.arange(played.places.shape[1]) >= played.arrived[:, None]
    counted = since & (played.arrived >= 0)[:, None]
    return (close & counted).sum(1) / np.maximum(counted.sum(1), 1)


def _episode(net: nn.Module, samples: Samples, facts: Mapping[str, Any]) -> Outcome:
    learnt = facts["learnt"]
    seeds = np.concatenate([samples.take(indices)["seed"] for indices in blocks(samples)])
    returns, length = episodes.play(net, learnt, seeds)
    spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    success = float((returns >= learnt["best_return"]).mean())
    return Outcome(
        metrics={"mean_return": float(returns.mean()), "return_spread": spread, "success": success},
        rows=_rows(samples, np.clip(returns / learnt["best_return"], 0, 1)) | {"return": returns, "steps": length},
        ratios={"mean_return": mean_of(returns), "success": mean_of(returns >= learnt["best_return"])},
        shown={"returns": returns, "steps": length},
    )


def _rows(samples: Samples, score: np.ndarray) -> dict[str, np.ndarray]:
    return {"sample_id": np.asarray(samples.column("sample_id")), "score": score}


def _games(net: nn.Module, samples: Samples, order: np.ndarray, task: str) -> dict[str, Any]:
    """Some games to draw: the first ones of `order`, and as many evenly out of the rest."""
    rest = order[DRAWN // 2 :]
    even = np.unique(np.linspace(0, len(rest) - 1, DRAWN // 2).astype(np.int64)) if len(rest) else rest
    batch = samples.take(np.concatenate([order[: DRAWN // 2], rest[even]]).astype(np.int64))
    return {"boards": batch["board"], "shortest": batch["shortest"], "played": played_boards(net, batch, task)}


def _moves(places: np.ndarray, width: int) -> list[str]:
    """The way as words; a step that leads nowhere is to stay."""
    steps = {down * width + right: name for (down, right), name in zip(board_game.MOVES, NAMES, strict=True)}
    return [steps.get(int(step), "stay") for step in np.diff(places)]


_EVALUATE = {"reach": _reach, "follow": _follow, "episode": _episode}
