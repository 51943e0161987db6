"""Windows of histories, and losses over them, against what they should be."""

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional

from models import networks, next_item, ranker, toy, weights
from models.settings import Training, setting
from project.errors import UsageError

NETWORKS = networks.names("ranking")
LEARNING = [name for name in NETWORKS if name != "popularity"]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(8)
    window: int = setting(5)
    layers: int = setting(2)
    heads: int = setting(2)
    dropout: float = setting(0.0)
    popularity: float = setting(1.0)
    negatives: int = setting(6)


def tensors(count: int = 7) -> dict[str, Tensor]:
    batch = toy.histories(count).take(np.arange(count))
    return {name: torch.from_numpy(values) for name, values in batch.items()}


def built(name: str, **given: Any) -> Any:
    return networks.build(name, Settings(**given), toy.ranking_facts(toy.histories(60)), shape="ranking")


@given(st.lists(st.integers(1, 9), max_size=12), st.integers(1, 6), st.integers(0, 12), st.integers(0, 3))
def test_a_window_is_a_slice(items: list[int], size: int, back: int, padding: int) -> None:
    back = min(back, len(items))
    values, length = torch.tensor([items + [0] * padding]), torch.tensor([len(items)])
    expected = items[: len(items) - back][-size:]
    found = ranker.window(values.view(1, -1), length, size, torch.tensor([back]))
    assert found[0].tolist() == expected + [0] * (size - len(expected))


def test_crops_are_stretches_of_what_a_person_chose() -> None:
    batch = tensors(200)
    whole, lengths = next_item.whole(batch)
    crops = [next_item.crops(Settings())(batch, 1, 0, step)["sequence"] for step in (0, 0, 1)]
    assert torch.equal(crops[0], crops[1]) and not torch.equal(crops[0], crops[2])
    for crop, items, length in zip(crops[0].tolist(), whole.tolist(), lengths.tolist(), strict=True):
        kept = [item for item in crop if item]
        starts = [start for start in range(length) if items[start : start + len(kept)] == kept]
        assert starts and len(kept) == min(length, 6) and crop == kept + [0] * (6 - len(kept))


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("longest", [0, 1, 5, 9])
def test_any_history_gets_a_finite_score_an_item(name: str, longest: int) -> None:
    history = tensors()["history"][:, :longest]
    scores = built(name)(history, (history > 0).sum(1))
    assert scores.shape == (7, 13) and scores.isfinite().all()


@pytest.mark.parametrize("name", NETWORKS)
def test_padding_and_what_lies_before_the_window_change_nothing(name: str) -> None:
    batch, net = tensors(), built(name).eval()
    scores = net(batch["history"], batch["history_length"])
    assert torch.allclose(net(functional.pad(batch["history"], (0, 4)), batch["history_length"]), scores, atol=1e-6)
    longer = functional.pad(batch["history"], (5, 0), value=3)
    long = batch["history_length"] >= 5
    assert torch.allclose(net(longer, batch["history_length"] + 5)[long], scores[long], atol=1e-6)


@pytest.mark.parametrize("name", LEARNING)
def test_no_state_knows_what_comes_after_it(name: str) -> None:
    net, history = built(name).eval(), tensors()["history"][:, :5]
    changed = history.clone()
    changed[:, 3:] = 12
    before, after = net.states(history), net.states(changed)
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-6)
    assert not torch.allclose(before[:, 3:], after[:, 3:], atol=1e-3)


@pytest.mark.parametrize("name", LEARNING)
def test_the_last_state_is_that_of_training(name: str) -> None:
    net, batch = built(name).eval(), tensors()
    recent = ranker.window(batch["history"], batch["history_length"], 5)
    end = (recent > 0).sum(1) - 1
    assert torch.allclose(
        net.last(batch["history"], batch["history_length"]), net.states(recent)[torch.arange(7), end], atol=1e-6
    )


def test_without_a_history_popularity_decides() -> None:
    counts = toy.ranking_facts(toy.histories(60))["learnt"]["counts"]
    for name in NETWORKS:
        scores = built(name)(torch.zeros(1, 0, dtype=torch.long), torch.zeros(1, dtype=torch.long))[0]
        assert torch.allclose(scores[1:].softmax(0), torch.tensor(counts) / sum(counts), atol=1e-6)


@pytest.mark.parametrize("name", LEARNING)
def test_softmax_in_validation_is_cross_entropy_among_what_was_not_chosen(name: str) -> None:
    net, batch = built(name).eval(), tensors()
    scores = net(batch["history"], batch["history_length"])
    scores = scores.scatter(1, batch["history"].long(), -torch.inf)
    scores[:, 0] = -torch.inf
    expected = functional.cross_entropy(scores, batch["answer"].long())
    found = next_item.softmax(Settings(), {}, np.zeros(7))(net, batch).loss
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


def test_pairwise_in_validation_is_the_mean_over_pairs() -> None:
    net, batch = built("factors").eval(), tensors(1)
    scores = net(batch["history"], batch["history_length"])[0]
    answer = int(batch["answer"][0])
    others = sorted(set(range(1, 13)) - set(batch["history"][0].tolist()) - {answer})
    expected = -np.mean([functional.logsigmoid(scores[answer] - scores[other]).item() for other in others])
    found = next_item.pairwise(Settings(), {}, np.zeros(1))(net, batch).loss
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_drawn_others_estimate_all_of_them() -> None:
    """Over many draws the weighted sum of others is that of all; the logarithm of it is close."""
    net, batch = built("attention").eval(), next_item.crops(Settings())(tensors(40), 0, 0, 0)
    torch.manual_seed(0)
    many = [next_item.softmax(Settings(negatives=400), {}, np.zeros(40))(net, batch).loss.item() for _ in range(20)]
    after = batch["sequence"][:, 1:]
    person, place = (after > 0).nonzero(as_tuple=True)
    scores = net.states(batch["sequence"][:, :-1])[person, place] @ net.candidates.weight.T + net.bias
    whole, _ = next_item.whole(batch)
    own = functional.one_hot(after[person, place], 13).bool()
    mine = torch.zeros(40, 13, dtype=torch.bool).scatter(1, whole, True)[person] & ~own
    expected = functional.cross_entropy(scores.masked_fill(mine, -torch.inf), after[person, place])
    assert np.mean(many) == pytest.approx(expected.item(), rel=0.01)


def test_answers_that_training_never_saw_are_left_out_of_the_loss() -> None:
    net, batch = built("factors").eval(), tensors()
    criterion = next_item.softmax(Settings(), {}, np.zeros(7))
    alone = criterion(net, {name: values[:3] for name, values in batch.items()}).loss
    batch["answer"][3:] = 0
    assert criterion(net, batch).loss.item() == pytest.approx(alone.item(), rel=1e-5)
    batch["answer"][:] = 0
    assert criterion(net, batch).loss.item() == 0


@pytest.mark.parametrize("name", LEARNING)
def test_the_seed_decides_the_first_weights(name: str) -> None:
    first, again, other = (weights.to_bytes(built(name, seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_heads_divide_the_width() -> None:
    with pytest.raises(UsageError, match=r"settings\.heads is 3: must divide settings\.width, which is 8"):
        built("attention", heads=3)


def test_what_was_chosen_last_counts_most() -> None:
    net = built("recency").eval()
    weights = net.reader(torch.eye(5)[None], torch.ones(1, 5, dtype=torch.bool))[0, -1]
    assert (weights.diff() > 0).all() and weights.norm().item() == pytest.approx(1)
    assert (weights / weights[-1]).tolist() == pytest.approx([1 / 5, 1 / 4, 1 / 3, 1 / 2, 1])
