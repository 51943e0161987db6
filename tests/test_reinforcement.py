"""Rules of the games and arithmetic of the methods, against values worked by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from media import board
from models import board_game, episodes, games, methods
from models.board_game import Walkers
from models.data import InMemory
from models.episodes import Step
from models.methods import dqn, ppo, q_learning, value_propagation
from project.errors import UsageError

ROOM = b"#####\n#A.G#\n#.#.#\n#...#\n#####\n"


def planes(data: bytes = ROOM) -> np.ndarray:
    tiles = board.grid(data)
    return board.planes(tiles, *tiles.shape)[None]


def place(row: int, column: int, width: int = 5) -> int:
    return row * width + column


def test_tiles_and_moves_are_those_of_media() -> None:
    assert (board_game.FLOOR, board_game.WALL, board_game.START, board_game.GOAL) == (
        board.FLOOR, board.WALL, board.START, board.GOAL,
    )  # fmt: skip
    assert board_game.MOVES == board.MOVES


def test_a_move_into_a_wall_or_off_the_board_stays() -> None:
    reached = board_game.destinations(planes())[0]
    assert reached[:, place(1, 1)].tolist() == [place(1, 1), place(1, 2), place(2, 1), place(1, 1)]
    assert board_game.destinations(planes(b"AG\n"))[0].tolist() == [[0, 1], [1, 1], [0, 1], [0, 0]]


def test_play_takes_the_best_move_until_it_arrives() -> None:
    right = np.zeros((1, 4, 5, 5))
    right[:, 1] = 1
    played = board_game.play(lambda boards: right, planes(), 9)
    assert played.places.tolist() == [[place(1, 1), place(1, 2), place(1, 3)]]
    assert played.arrived.tolist() == [2]
    down = np.roll(right, 1, axis=1)
    stuck = board_game.play(lambda boards: down, planes(), 9)
    assert (stuck.arrived.tolist(), stuck.places[0, -1]) == ([-1], place(3, 1))


def test_near_is_at_most_two_moves_away() -> None:
    goals = np.full((1, 4), place(1, 3))
    places = np.array([[place(1, 3), place(1, 2), place(1, 1), place(2, 1)]])
    assert board_game.near(planes(), places, goals).tolist() == [[True, True, True, False]]
    assert board_game.near(planes(), np.array([[place(3, 3), place(3, 2)]]), goals[:, :2]).tolist() == [[True, False]]


def test_a_walker_stays_on_floor_and_follows_from_its_seed() -> None:
    boards = np.concatenate([planes()] * 3)
    ways = []
    for _ in range(2):
        walkers, goals, way = Walkers(boards, np.array([1, 1, 2]), 50), board_game.places(boards, board.GOAL), []
        for step in range(50):
            after = walkers.walk(step, goals)
            beside = board_game.destinations(boards)[np.arange(3), :, goals]
            assert ((after == goals) | (beside == after[:, None]).any(1)).all()
            goals = after
            way.append(after)
        ways.append(np.stack(way))
    assert np.array_equal(ways[0], ways[1])
    assert np.array_equal(ways[0][:, 0], ways[0][:, 1])
    assert not np.array_equal(ways[0][:, 0], ways[0][:, 2])
    assert len(np.unique(ways[0])) > 4


def test_values_spread_as_they_should_with_weights_set_by_hand() -> None:
    """Floor lets 0.9 through, walls cost 1, the goal pays 1: from n + 1 moves away it is worth 0.9 to the n."""
    net = value_propagation.Propagation(hidden=3, planning=10)
    with torch.no_grad():
        net.seen.weight.copy_(torch.eye(3)[:, :, None, None])
        net.seen.bias.zero_()  # type: ignore[union-attr]
        through = torch.tensor([np.log(9.0), -50.0, -50.0])
        net.said.weight.copy_(torch.stack([through, torch.tensor([0, -1.0, 1]), torch.zeros(3)])[:, :, None, None])
        net.said.bias.zero_()  # type: ignore[union-attr]
        worth = net(torch.from_numpy(planes()))[0]
    up, right, down, left = worth[:, 1, 1].tolist()
    assert right == pytest.approx(0.9)
    assert down == pytest.approx(0.9**3)
    assert (up, left) == (pytest.approx(-1), pytest.approx(-1))
    assert worth[1, 1, 2].item() == pytest.approx(1)


def test_what_moves_should_be_worth() -> None:
    """Arriving is worth 1, staying costs 1, all else is worth what follows, 0 to 1, less by the discount."""
    settings = SimpleNamespace(
        hidden=2, planning=3, batch=1, discount=0.5, optimizer="adam", rate=0.1, momentum=0.9, weight_decay=0.0, seed=0
    )
    job: Any = SimpleNamespace(
        net=value_propagation.build(settings, {}), settings=settings, train=InMemory({"board": planes()})
    )
    learner = value_propagation.learner(job)
    learner._target = lambda boards: torch.full((1, 4, 5, 5), 3.0)  # type: ignore[assignment]
    wanted, counts = learner._wanted(planes(), planes(), torch.zeros(1, 4, 25))
    assert wanted[0, :, place(1, 2)].tolist() == [-0.5, 1, -0.5, 0.5]
    assert counts[0, 0].reshape(5, 5).int().tolist() == [
        [0, 0, 0, 0, 0], [0, 1, 1, 0, 0], [0, 1, 0, 1, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0],
    ]  # fmt: skip


def walked(**columns: Any) -> Step:
    usual = {"seen": np.zeros(1, np.int64), "moves": np.zeros(1, np.int64), "then": np.ones(1, np.int64)}
    flags = {"over": np.zeros(1, bool), "cut": np.zeros(1, bool), "reward": np.ones(1)}
    return Step(**{name: np.asarray(values) for name, values in (usual | flags | columns).items()})


def test_advantages_by_hand() -> None:
    """Schulman et al. 2016, equation 16, with discount 0.5 and decay 0.5; the second episode begins at the third step."""
    learner: Any = ppo.ProximalPolicy.__new__(ppo.ProximalPolicy)
    learner._settings = SimpleNamespace(discount=0.5, gae_lambda=0.5)
    steps = [walked(), walked(over=[True]), walked(cut=[True])]
    value, after = np.array([[1.0], [2.0], [3.0]]), np.array([[2.0], [9.0], [4.0]])
    third = 1 + 0.5 * 4 - 3  # cut off: what could have followed counts
    second = 1 - 2  # over: nothing follows
    first = 1 + 0.5 * 2 - 1 + 0.25 * second
    assert learner._advantages(steps, value, after)[:, 0].tolist() == [first, second, third]


def test_of_equal_states_and_moves_the_mean_counts() -> None:
    table = np.zeros((2, 2))
    step = walked(seen=[0, 0, 1], moves=[1, 1, 0])
    q_learning._shift(table, step, np.array([1.0, 3.0, 5.0]), 0.5)
    assert table.tolist() == [[0, 1], [2.5, 0]]


def test_a_replay_keeps_the_last_steps_and_comes_back_whole() -> None:
    replay = dqn.Replay(3)
    for number in range(5):
        replay.put(walked(reward=[float(number)]))
    draws = np.array([0.0, 0.34, 0.99])
    assert sorted(replay.drawn(draws)["reward"].tolist()) == [2, 3, 4]
    other = dqn.Replay(3)
    other.load(replay.tensors())
    assert other.held == 5
    assert torch.equal(other.drawn(draws)["reward"], replay.drawn(draws)["reward"])


def test_an_episode_is_the_same_again_and_its_return_is_right() -> None:
    """CartPole pays 1 a step, and always pushing to one side fails within 8 to 11 steps."""
    net = torch.nn.Sequential(torch.nn.Linear(4, 2))
    with torch.no_grad():
        net[0].weight.zero_()
        net[0].bias.copy_(torch.tensor([1.0, 0.0]))
    learnt = {"environment": "CartPole-v1", "options": {}}
    returns, length = episodes.play(net, learnt, np.arange(120))
    assert np.array_equal(returns, length)
    assert returns.min() >= 8 and returns.max() <= 11
    assert np.array_equal(episodes.play(net, learnt, np.array([7, 115]))[0], returns[[7, 115]])


@pytest.mark.parametrize(
    ("environment", "options", "reason"),
    [
        ("Nope-v1", {}, "cannot be made"),
        ("CartPole-v1", {"wheels": 3}, "unexpected keyword argument 'wheels'"),
        ("CliffWalking-v1", {}, "has no limit of time; set options: max_episode_steps"),
        ("Pendulum-v1", {}, "a choice of moves is learnt here"),
        ("Blackjack-v1", {"max_episode_steps": 9}, "numbers or a state are learnt here"),
    ],
)
def test_an_environment_that_cannot_be_learnt(environment: str, options: dict[str, Any], reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        episodes.spaces({"environment": environment, "options": options})


def test_a_method_that_does_not_fit_or_does_not_exist() -> None:
    facts = {"learnt": {"environment": "CartPole-v1", "options": {}}}
    with pytest.raises(UsageError, match="needs an environment with states to count, CartPole-v1 shows 4 numbers"):
        methods.build(SimpleNamespace(method="q_learning", seed=0, optimism=0.0), facts)
    with pytest.raises(UsageError, match="did you mean 'dqn'"):
        methods.load("dqnn")


def test_following_counts_from_the_first_catch() -> None:
    boards = np.concatenate([planes()] * 2)
    far = np.array([place(3, 1), place(1, 2), place(1, 3), place(3, 1)])
    played = board_game.Played(np.stack([far, far]), np.full((2, 4), place(1, 3)), np.array([2, -1]))
    close = board_game.near(boards, played.places, played.goals)
    assert games._once_caught(close, played).tolist() == [0.5, 0]
