"""Orders, what they take out of a source, and which assets a model may use on which day."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ingesting import fill
from sounds import encoded, tone

from media import buckets, catalog, orders, permission, sources, withdrawal
from media.ingest import ingest
from media.orders import Order
from media.permission import Asked
from media.seen import Memory
from project.errors import IntegrityError
from project.source import Source

WHEN, ADA = "2026-11-21T16:05:00+00:00", "Ada <ada@studio.example>"
LABEL = {"pattern": r"(?P<label>\d)_(?P<group>(?P<subject>[a-z]+))_"}


def order(kind: str, value: str, what: str = "subject", why: str = "asked to, by letter") -> Order:
    return Order(WHEN, ADA, kind, what, value, why)


def test_orders_are_added_and_read_back(tmp_path: Path) -> None:
    assert orders.read(tmp_path) == []
    first, second = order("suspend", 'ann, "A"', why="a reason,\nof two lines"), order("withdraw", "0" * 64, "asset")
    orders.append(tmp_path, [first])
    before = (tmp_path / "data/rights/orders.csv").read_bytes()
    orders.append(tmp_path, [second])
    assert (tmp_path / "data/rights/orders.csv").read_bytes().startswith(before)
    assert orders.read(tmp_path) == [first, second]


def test_the_last_word_on_a_suspension_counts_and_a_withdrawal_stays() -> None:
    given = [order("suspend", "ann"), order("suspend", "bob"), order("withdraw", "cat"), order("resume", "ann")]
    now = orders.standing([*given, order("resume", "cat")])
    assert (set(now.suspended), set(now.subjects), set(now.assets)) == ({"bob"}, {"cat"}, set())
    assert now.withdrawn() == {"assets": {}, "subjects": {"cat": f"{ADA}: asked to, by letter"}}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("x", "it has 1 cells instead of 6"),
        (f"{WHEN},{ADA},forget,subject,ann,why", "'forget' of 'subject' is no order; known: withdraw, suspend, resume"),
        (f"{WHEN},{ADA},suspend,asset,{'0' * 64},why", "suspend of '0000"),
        (f"{WHEN},{ADA},withdraw,asset,../../x,why", "withdraw of '../../x' is not a withdrawal of an asset id"),
        (f"{WHEN},{ADA},withdraw,subject,ann,", "who, value and why must say something"),
    ],
)
def test_a_damaged_list_is_refused_by_line(tmp_path: Path, line: str, said: str) -> None:
    fill(tmp_path, {"data/rights/orders.csv": ",".join(orders.NAMES) + "\n" + line + "\n"})
    with pytest.raises(IntegrityError, match="line 2: ") as raised:
        orders.read(tmp_path)
    assert said in str(raised.value)


def test_a_list_without_its_first_line_is_refused(tmp_path: Path) -> None:
    fill(tmp_path, {"data/rights/orders.csv": f"{WHEN},{ADA},withdraw,subject,ann,why\n"})
    with pytest.raises(IntegrityError, match="its first line is not when,who,order,what,value,why"):
        orders.read(tmp_path)


def speakers(folder: Path) -> None:
    for number, name in enumerate(("ann", "ann", "bob", "cat")):
        path = folder / "source" / f"{number % 2}_{name}_{number}.wav"
        fill(path.parent, {path.name: encoded(tone(pitch_hz=300 + 100 * number))})


def bring_in(folder: Path, withdrawn: withdrawal.Withdrawn = withdrawal.NOTHING, **kept: Any) -> dict[str, Any]:
    keys = {"kind": "audio", "licence": "CC0-1.0", "path": "source", "label": LABEL}
    source = Source.model_validate(keys)
    reader = sources.open_source("made", source, project=folder, mirror=None, downloads=folder / "downloads")
    place = {"refusals": folder / "refused.csv", "withdrawn": withdrawn, **kept}
    ingest("made", source, reader, folder / "assets", lambda *_: None, **place)
    return {row["paths"][0]: row for row in catalog.read(folder / "assets")}


def test_a_withdrawn_subject_leaves_no_byte_and_a_row_that_says_why(tmp_path: Path) -> None:
    speakers(tmp_path)
    before = bring_in(tmp_path)
    assert {row["subject"] for row in before.values()} == {"ann", "bob", "cat"}
    said = orders.standing([order("withdraw", "ann"), order("withdraw", before["0_bob_2.wav"]["asset_id"], "asset")])
    earlier = {"previous": tmp_path / "assets"}
    after = bring_in(tmp_path, said.withdrawn(), **earlier)
    assert {path: row["status"] for path, row in after.items()} == {
        "0_ann_0.wav": "withdrawn", "1_ann_1.wav": "withdrawn", "0_bob_2.wav": "withdrawn", "1_cat_3.wav": "admitted"
    }  # fmt: skip
    row = after["0_ann_0.wav"]
    assert (
        row["reason"] == f"withdrawn by {ADA}: asked to, by letter"
        and row["asset_id"] == before["0_ann_0.wav"]["asset_id"]
    )
    assert (row["labels"], row["fingerprint"], row["duration_s"]) == ([], None, None)
    assert [asset_id for asset_id, _ in buckets.each(tmp_path / "assets")] == [after["1_cat_3.wav"]["asset_id"]]
    assert json.loads((tmp_path / "assets/summary.json").read_text())["status"] == {"admitted": 1, "withdrawn": 3}
    assert bring_in(tmp_path, **earlier) == before, "an order that is taken back leaves no trace"


def test_the_result_does_not_depend_on_what_was_there_before(tmp_path: Path) -> None:
    speakers(tmp_path)
    said = orders.standing([order("withdraw", "ann")]).withdrawn()

    def bytes_of() -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in (tmp_path / "assets").iterdir()}

    bring_in(tmp_path, said)
    scratch = bytes_of()
    memory = Memory(tmp_path / "seen.arrow", "the same")
    bring_in(tmp_path)
    for _ in range(2):
        bring_in(tmp_path, said, previous=tmp_path / "assets", memory=memory)
        assert bytes_of() == scratch


def row(number: int, **keys: Any) -> dict[str, Any]:
    return {"asset_id": f"{number:064x}", "status": "admitted", "consent": "unknown", **keys}


ROWS = [
    row(0),
    row(1, consent="given", subject="ann; bob"),
    row(2, consent="refused"),
    row(3, valid_until="2026-11-20"),
    row(4, ai_training="notAllowed"),
    row(5, ai_training="constrained", ai_generative_training="allowed"),
    row(6, ai_generative_training="notAllowed", ai_training="allowed"),
    row(7, status="withdrawn", consent="refused"),
    row(8, status="quarantined", consent="refused"),
]
PLAIN = Asked("ai_training", "not_refused", (), "2026-11-20")
ALWAYS = {2: "consent refused"}


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (PLAIN, ALWAYS | {4: "ai_training notAllowed", 5: "ai_training constrained"}),
        (replace(PLAIN, as_of="2026-11-21"),
         ALWAYS | {3: "expired", 4: "ai_training notAllowed", 5: "ai_training constrained"}),
        (replace(PLAIN, suspended=("bob",)),
         ALWAYS | {1: "suspended", 4: "ai_training notAllowed", 5: "ai_training constrained"}),
        (replace(PLAIN, consent="given"),
         ALWAYS | {4: "ai_training notAllowed", 5: "ai_training constrained"}
         | dict.fromkeys((0, 3, 6), "consent unknown")),
        (replace(PLAIN, use="ai_generative_training"),
         ALWAYS | {4: "ai_generative_training notAllowed", 6: "ai_generative_training notAllowed"}),
    ],
)  # fmt: skip
def test_what_is_held_back_and_why(asked: Asked, expected: dict[int, str]) -> None:
    held = permission.held_back(catalog.table(ROWS), asked)
    assert {int(each["asset_id"], 16): each["reason"] for each in held.to_pylist()} == expected


def test_a_subject_is_not_a_part_of_a_name() -> None:
    table = catalog.table([row(0, subject="ann"), row(1, subject="anna")])
    held = permission.held_back(table, replace(PLAIN, suspended=("ann",)))
    assert held["asset_id"].to_pylist() == [f"{0:064x}"]


def test_counts_and_words() -> None:
    table = catalog.table(ROWS)
    held = permission.held_back(table, replace(PLAIN, as_of="2027-01-01"))
    assert permission.said(permission.by_reason(table, held)) == (
        "1 withdrawn, 1 ai_training constrained, 1 ai_training notAllowed, 1 consent refused, 1 expired"
    )
    assert permission.newly(permission.held_back(table, PLAIN), held).to_pylist() == [
        {"asset_id": f"{3:064x}", "reason": "expired"}
    ]
    assert not len(permission.everything(table)) and permission.admitted(table) == 7


def test_of_several_reasons_the_first_is_told() -> None:
    rows = [row(number, subject=f"s{number % 100}", valid_until="2026-11-20") for number in range(2000)]
    held = permission.held_back(catalog.table(rows), replace(PLAIN, suspended=("s7",), as_of="2026-11-21"))
    assert permission.by_count(held) == {"expired": 1980, "suspended": 20}
