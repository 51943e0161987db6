"""Near-duplicates: no pair is missed, none is told that is none, and what a source wants is done about them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import candidates, catalog, likeness, near_duplicates
from media.fingerprints import audio, image, text

CLOSE = {"image": image.CLOSE, "audio": audio.CLOSE, "text": text.CLOSE}


def asset(number: int, fingerprint: str = "", **keys: Any) -> dict[str, Any]:
    """A catalog row whose id counts down as its path counts up."""
    return {
        "asset_id": f"{9999 - number:064d}", "paths": [f"{number:04d}.png"], "kind": "image", "fingerprint": fingerprint,
        "labels": [], "group": "", "split": "", "status": "admitted", "reason": "", **keys,
    }  # fmt: skip


def numbered(found: pa.Table) -> list[tuple[int, int, float]]:
    """Pairs by the numbers of `asset`."""
    return [
        (9999 - int(row["first"]), 9999 - int(row["second"]), round(row["distance"], 4)) for row in found.to_pylist()
    ]


def flipped(code: bytes, bits: Sequence[int]) -> bytes:
    changed = np.unpackbits(np.frombuffer(code, np.uint8))
    changed[list(bits)] ^= 1
    return np.packbits(changed).tobytes()


def brute(codes: Mapping[int, str], kind: str) -> set[tuple[int, int]]:
    """The rule, pair by pair."""
    close, found = CLOSE[kind], set()
    for one, first in codes.items():
        for other, second in codes.items():
            a, b = bytes.fromhex(first), bytes.fromhex(second)
            units = [(x ^ y).bit_count() if close.unit_bits == 1 else int(x != y) for x, y in zip(a, b, strict=False)]
            near = sum(units[: close.first_bytes]) <= close.radius
            if one < other and near and sum(units) * close.unit_bits <= close.share * 8 * len(units):
                found.add((one, other))
    return found


@given(st.data())
def test_no_pair_is_missed(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(CLOSE)))
    length = CLOSE[kind].first_bytes
    seeds = [np.random.default_rng(seed).bytes(3 * length) for seed in range(3)]
    codes: dict[int, str] = {}
    for number in range(data.draw(st.integers(0, 12))):
        own = length if kind != "audio" else data.draw(st.integers(length, 3 * length))
        seed = data.draw(st.sampled_from(seeds))[:own]
        flips = data.draw(st.lists(st.integers(0, 8 * own - 1), max_size=CLOSE[kind].radius + 3, unique=True))
        codes[number] = flipped(seed, flips).hex()
    unique = {codes[number]: number for number in sorted(codes, reverse=True)}
    table = catalog.table([asset(number, code, kind=kind) for number, code in codes.items()])
    found = {(one, other) for one, other, _ in numbered(likeness.pairs(table))}
    equals = {(unique[code], number) for number, code in codes.items() if unique[code] != number}
    assert found == equals | brute({number: code for code, number in unique.items()}, kind)


NEARBY = [flipped(bytes(range(32)), range(7 * place)).hex() for place in range(8)]
"""Each near the next three."""


@given(
    codes=st.lists(st.sampled_from(NEARBY), min_size=4, max_size=12),
    added=st.sets(st.integers(0, 11)),
    gone=st.sets(st.integers(0, 11)),
)
def test_what_was_compared_before_spares_work_and_changes_nothing(
    codes: list[str], added: set[int], gone: set[int]
) -> None:
    earlier, later = (
        catalog.table([asset(number, code) for number, code in enumerate(codes) if number not in away])
        for away in (added, gone)
    )
    known = likeness.Before(earlier, likeness.pairs(earlier))
    assert likeness.pairs(later, known).equals(likeness.pairs(later))


@pytest.mark.parametrize(("unit_bits", "radius"), [(1, 0), (1, 1), (1, 8), (1, 24), (8, 0), (8, 5)])
def test_candidates_hold_every_close_pair_and_few_others(unit_bits: int, radius: int) -> None:
    rng = np.random.default_rng(radius)
    codes = rng.integers(0, 256, (3000, 32), np.uint8)
    for row in range(0, 3000, 2):
        places = rng.choice(256 // unit_bits, radius, replace=False)
        changed = np.unpackbits(codes[row])
        changed[places * unit_bits] ^= 1
        codes[row + 1] = np.packbits(changed)
    found = {
        tuple(sorted(pair))
        for a, b in candidates.candidates(codes, radius, unit_bits)
        for pair in zip(a.tolist(), b.tolist(), strict=True)
    }
    assert {(row, row + 1) for row in range(0, 3000, 2)} <= found
    assert len(found) < 20_000, "hardly fewer than the 4.5 million pairs there are"


def test_many_candidates_come_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "AT_ONCE", 100)
    pieces = list(candidates.candidates(np.zeros((40, 8), np.uint8), 0, 1))
    assert sum(len(a) for a, _ in pieces) == 40 * 39 / 2
    assert max(len(a) for a, _ in pieces) < 140


def test_a_search_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(likeness, "MOST", 50)
    monkeypatch.setattr(candidates, "AT_ONCE", 50)
    codes = [flipped(bytes(range(32)), [place]).hex() for place in range(100)]
    found = likeness.pairs(catalog.table([asset(number, code) for number, code in enumerate(codes)]))
    assert 50 < len(found) < 300


def test_who_is_compared() -> None:
    code, near = bytes(range(32)).hex(), flipped(bytes(range(32)), range(24)).hex()
    rows = [
        asset(0, code), asset(1, near), asset(2, code), asset(3, ""), asset(4, ""),
        asset(5, code, status="quarantined", reason="damaged"),
        asset(6, code, status="quarantined", reason=near_duplicates.REASON + "0000.png; delete one"),
    ]  # fmt: skip
    assert numbered(likeness.pairs(catalog.table(rows))) == [(0, 1, 0.0938), (0, 2, 0.0), (0, 6, 0.0)]
    assert len(likeness.pairs(catalog.table([]))) == 0
    assert len(likeness.pairs(catalog.table([asset(0, code, kind="board"), asset(1, code, kind="board")]))) == 0


def chain() -> pa.Table:
    """Each near the next one, and no other: 0 - 1 - 2 - 3, and 4 the same as 1."""
    codes = [flipped(bytes(32), range(20 * place)).hex() for place in range(4)]
    return catalog.table([asset(number, code) for number, code in enumerate([*codes, codes[1]])])


def refused(table: pa.Table) -> dict[int, str]:
    return {9999 - int(row["asset_id"]): row["reason"] for row in table.to_pylist() if row["status"] == "quarantined"}


def test_of_near_duplicates_the_first_by_path_is_kept() -> None:
    table = chain()
    found = likeness.pairs(table)
    assert numbered(found) == [(0, 1, 0.0781), (1, 2, 0.0781), (1, 4, 0.0), (2, 3, 0.0781)]
    told = refused(near_duplicates.refuse(table, found))
    assert told.keys() == {1, 3, 4}
    assert told[4] == told[1] == "nearly the same as 0000.png; delete one of the two, or release this one"
    assert told[3].startswith("nearly the same as 0002.png")


def test_a_refusal_is_taken_back_when_its_reason_goes() -> None:
    table = chain()
    once = near_duplicates.refuse(table, likeness.pairs(table))
    assert likeness.pairs(once).equals(likeness.pairs(table))
    assert near_duplicates.refuse(once, likeness.pairs(once)).equals(once)
    without = once.filter([row["paths"] != ["0000.png"] for row in once.to_pylist()])
    assert refused(near_duplicates.refuse(without, likeness.pairs(without))).keys() == {2, 4}
    assert near_duplicates.refuse(once, near_duplicates.SCHEMA.empty_table()).equals(table)


def test_who_was_released_stays() -> None:
    rows = chain().to_pylist()
    rows[1]["released"] = "Ann: both are wanted"
    table = catalog.table(rows)
    assert refused(near_duplicates.refuse(table, likeness.pairs(table))).keys() == {2, 4}


def test_pairs_and_the_rule_are_kept_beside_the_catalog(tmp_path: Path) -> None:
    assert near_duplicates.read(tmp_path) == (near_duplicates.SCHEMA.empty_table(), "")
    found = likeness.pairs(chain())
    near_duplicates.write(tmp_path, found, "together")
    read, rule = near_duplicates.read(tmp_path)
    assert (read.to_pylist(), rule) == (found.to_pylist(), "together")
    first = (tmp_path / near_duplicates.FILE).read_bytes()
    near_duplicates.write(tmp_path, found, "together")
    assert (tmp_path / near_duplicates.FILE).read_bytes() == first


def test_pairs_across_train_and_test_are_leaks() -> None:
    found = likeness.pairs(chain())
    ids = [f"{9999 - number:064d}" for number in range(5)]
    places = dict(zip(ids, ["train", "test", "test", "validation", "train"], strict=True))
    assert near_duplicates.crossing(found, places) == [(ids[0], ids[1]), (ids[1], ids[4])]
