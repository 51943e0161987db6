"""Learning what a person chooses next: windows of their history, and losses for the item after each place in them."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from models import order
from models.jitter import Jitter
from models.losses import Criterion, Scored
from models.ranker import Ranker, window


def crops(settings: Any) -> Jitter:
    """Adds `sequence` (B, window + 1): a stretch of each history and its answer, anywhere; zeros after a short one."""

    def jitter(batch: Mapping[str, Tensor], seed: int, epoch: int, step: int) -> dict[str, Tensor]:
        items, length = whole(batch)
        draws = torch.from_numpy(order.uniform(order.stream(order.JITTER, seed, epoch, step), (len(items),)))
        spare = (length - settings.window - 1).clamp_min(0)
        back = (draws.to(items.device) * (spare + 1)).long()
        return {**batch, "sequence": window(items, length, settings.window + 1, back)}

    return jitter


def whole(batch: Mapping[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Each history with its answer at its end, (B, L + 1), and its length (B,)."""
    history, length = batch["history"].long(), batch["history_length"]
    items = functional.pad(history, (0, 1)).scatter(1, length[:, None], batch["answer"].long()[:, None])
    return items, length + 1


def softmax(settings: Any, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
    """Cross-entropy of the next item among all items, after each place of `sequence`; in validation, of `answer` alone.

    In training all items but the next are estimated from `settings.negatives` others, each drawn with the same chance:
    their part of the sum is weighted up. Against a single other, as in Kang and McAuley 2018, a network ranks far worse:
    Klenitskiy and Vasilev 2023, Turning Dross Into Gold Loss.
    """

    def cost(own: Tensor, others: Tensor, counts: Tensor, share: float) -> Tensor:
        rest = (others - math.log(share)).masked_fill(~counts, -math.inf)
        return torch.cat([own[:, None], rest], 1).logsumexp(1) - own

    return _criterion(settings, cost)


def pairwise(settings: Any, facts: Mapping[str, Any], labels: np.ndarray) -> Criterion:
    """Bayesian personalised ranking: what was chosen next scores above `settings.negatives` others; in validation, above
    all.

    Rendle et al. 2009, BPR, equation 8; its regularisation is `weight_decay`.
    """

    def cost(own: Tensor, others: Tensor, counts: Tensor, share: float) -> Tensor:
        gaps = functional.logsigmoid(own[:, None] - others)
        return -(gaps * counts).sum(1) / counts.sum(1).clamp_min(1)

    return _criterion(settings, cost)


Cost = Callable[[Tensor, Tensor, Tensor, float], Tensor]
"""(scores of the right items (N,), of others (N, K), which of those count (N, K), share of all that they are) → (N,)"""


def _criterion(settings: Any, cost: Cost) -> Criterion:
    """The mean cost of all items that came next; of those that a person chose at some time none counts as another."""

    def criterion(net: nn.Module, batch: Mapping[str, Tensor]) -> Scored:
        assert isinstance(net, Ranker)
        items = net.bias.numel()
        if "sequence" in batch:
            before, after = batch["sequence"][:, :-1], batch["sequence"][:, 1:]
            states, others = net.states(before), torch.randint(1, items, (settings.negatives,), device=before.device)
        else:
            after = batch["answer"].long()[:, None]
            states = net.last(batch["history"], batch["history_length"])[:, None]
            others = torch.arange(1, items, device=after.device)
        person, place = (after > 0).nonzero(as_tuple=True)
        states, after = states[person, place], after[person, place]
        free = ~_chosen(batch, items)[:, others][person]
        own = net.scores_of(states, after[:, None])[:, 0]
        costs = cost(own, net.scores_of(states, others), free, len(others) / max(1, items - 1))
        return Scored(costs.sum() / max(1, len(costs)), {})

    return criterion


def _chosen(batch: Mapping[str, Tensor], items: int) -> Tensor:
    """What each person chose at some time, as far as the batch tells: bool (B, 1 + items)."""
    mine, _ = whole(batch)
    return torch.zeros((len(mine), items), dtype=torch.bool, device=mine.device).scatter(1, mine, True)
