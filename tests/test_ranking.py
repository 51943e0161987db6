"""Rankings whose places, gains and tables are known."""

import json

import numpy as np
import pytest
import torch
from sklearn.metrics import ndcg_score
from torch import Tensor, nn

from models import ranking, ranking_pictures
from models.data import InMemory
from models.networks.ranking.popularity import Popularity
from project.errors import DailiesError

FACTS = {"learnt": {"items": {"jaws": 1, "alien": 2, "heat": 3, "fargo": 4}, "counts": [9, 5, 5, 1]}}
SCORES = np.array([[99, 1, 4, 2, 3], [99, 4, 1, 2, 3], [99, 1, 1, 1, 1]], np.float32)  # (3 people, none and 4 items)
HISTORY = np.array([[2, 0], [1, 4], [2, 0]], np.int32)
ANSWERS = np.array([1, 3, 4], np.int32)


class Told(nn.Module):
    """Scores that do not depend on anything but who is asked: the first item of a history is the person."""

    def forward(self, history: Tensor, length: Tensor) -> Tensor:
        return torch.from_numpy(SCORES)[: len(history)].clone()


def samples() -> InMemory:
    lengths = (HISTORY > 0).sum(1)
    fields = {"history": HISTORY, "history_length": lengths, "answer": ANSWERS, "unknown": np.zeros(3, np.int32)}
    return InMemory(fields, {"sample_id": np.array(list("abc"))})


def test_places_worked_by_hand() -> None:
    ranked = ranking.rank(Told(), samples())
    # a: 4 3 1 without 2 → third; b: 3 2 without 1 and 4 → first; c: 1 3 4 of equal score, without 2 → third
    assert ranked.places.tolist() == [2, 0, 2]
    assert ranked.items[:, :3].tolist() == [[4, 3, 1], [3, 2, 0], [1, 3, 4]]
    assert not ranked.items[:, 3:].any()


def test_metrics_worked_by_hand() -> None:
    outcome = ranking.evaluate(Told(), samples(), FACTS)
    # by popularity: a: 1 3 4 → first; b: 2 3 → second; c: 1 3 4 → third
    assert outcome.metrics == pytest.approx(
        {
            "ndcg_at_10": (0.5 + 1 + 0.5) / 3,
            "hit_rate_at_10": 1.0,
            "popularity_ndcg_at_10": (1 + 1 / np.log2(3) + 0.5) / 3,
            "popularity_hit_rate_at_10": 1.0,
            "ndcg_over_popularity": 2 / (1.5 + 1 / np.log2(3)),
            "coverage_at_10": 1.0,
            "answers_never_seen": 0.0,
        }
    )
    assert outcome.rows["label"].tolist() == ["jaws", "heat", "fargo"]
    assert outcome.rows["prediction"].tolist() == ["fargo", "heat", "jaws"]
    assert outcome.rows["place"].tolist() == [3, 1, 3]
    assert outcome.rows["score"] == pytest.approx([0.5, 1, 0.5])


def test_only_the_first_ten_count() -> None:
    places = np.array([0, 9, 10, 50])
    assert ranking.ndcg(places) == pytest.approx([1, 1 / np.log2(11), 0, 0])
    assert ranking.hit_rate(places) == 0.5
    assert ranking.hit_rate(places, 11) == 0.75
    assert len(ranking.curve(places)) == 100 and ranking.curve(places)[50] == 1


def test_gains_are_those_of_scikit_learn() -> None:
    draws = np.random.default_rng(0)
    scores, answers = draws.random((50, 41)).astype(np.float32), draws.integers(1, 41, 50)
    scores[:, 0] = -np.inf
    truth = np.eye(41)[answers]
    found = ranking.ndcg(ranking.place(scores, answers))
    expected = [ndcg_score([one[1:]], [row[1:]], k=10) for one, row in zip(truth, scores, strict=True)]
    assert found == pytest.approx(expected)


def test_what_cannot_be_found_is_a_miss() -> None:
    scores = SCORES.copy()
    ranking.exclude(scores, HISTORY)
    unknown, already = np.array([0, 0, 0]), np.array([2, 4, 2])
    for answers in (unknown, already):
        assert ranking.place(scores, answers).tolist() == [5, 5, 5]


def test_a_quarter_of_choices_each() -> None:
    table = ranking.evaluate(Told(), samples(), FACTS).tables["Popular and rare items"]
    assert [row["number"] for row in table] == [1, 1, 1, 1]
    assert [row["share of answers"] for row in table] == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])


def test_one_person_is_answered_ready_for_json() -> None:
    sample = {"history": np.array([1, 3], np.int32), "answer": np.int32(0), "unknown": np.int32(2)}
    answer = ranking.recommend(Popularity(FACTS["learnt"]["counts"]), sample, FACTS)
    assert [row["item"] for row in answer["items"]] == ["alien", "fargo"]
    assert [row["confidence"] for row in answer["items"]] == pytest.approx([5 / 6, 1 / 6])
    assert (answer["known"], answer["unknown"]) == (2, 2)
    assert json.loads(json.dumps(answer)) == answer


def test_pictures_are_the_same_bytes_again() -> None:
    outcome = ranking.evaluate(Told(), samples(), FACTS)
    first, again = (ranking_pictures.ranking(outcome, {}) for _ in range(2))
    assert first == again and sorted(first) == ["hit_rate.png", "popularity.png"]
    assert all(data.startswith(b"\x89PNG") for data in first.values())


def test_nobody_is_an_error() -> None:
    with pytest.raises(DailiesError, match="nobody to measure on"):
        ranking.evaluate(Told(), samples().where(np.zeros(3, dtype=bool)), FACTS)
