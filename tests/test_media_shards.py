"""Augment: a catalog becomes samples; and shards: samples are taken by index."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import audio, buckets, catalog, columns, derivation, image, near_duplicates, utf8, variants
from media.augment import augment
from media.operations import text as text_operations
from media.ragged import Ragged, joined
from media.sample import Field, Operation
from media.shard_writer import Plan
from media.shards import Shards, Split
from project.errors import DailiesError, UsageError
from project.params import Split as Rule

SIZE = 6


def pgm(number: int) -> bytes:
    return b"P5 6 6 255\n" + np.random.default_rng(number).integers(0, 255, 36, np.uint8).tobytes()


def make_assets(folder: Path, numbers: Mapping[int, str]) -> Path:
    """A folder as ingest leaves it: picture `number` with its label."""
    folder.mkdir()
    contents = {hashlib.sha256(pgm(number)).hexdigest(): (pgm(number), label) for number, label in numbers.items()}
    blank = dict.fromkeys(catalog.SCHEMA.names, None)
    rows = [
        {
            **blank, "asset_id": asset_id, "paths": [asset_id[:5]], "labels": [contents[asset_id][1]], "group": "",
            "split": "", "source": "made", "licence": "CC0-1.0", "status": "admitted",
            "bytes": len(contents[asset_id][0]),
        }
        for asset_id in sorted(contents)
    ]  # fmt: skip
    catalog.write(folder, catalog.table(rows), "")
    for bucket, ids in buckets.divide({asset_id: len(data) for asset_id, (data, _) in contents.items()}, 400).items():
        buckets.write(folder, bucket, ids, lambda asset_id: contents[asset_id][0])
    return folder


def plan(section: Mapping[str, Any] | None = None, **changed: Any) -> Plan:
    parts: dict[str, Any] = {
        "read": lambda data, row, settings: {"image": image.square(data, SIZE, False)},
        "fields": {"image": image.field(SIZE, False)},
        "settings": None,
        "variants": variants.resolve(section or {}, image.OPERATIONS),
        "split": Rule(validation=0.2, test=0.2),
    }
    return Plan(**(parts | changed))


def run(assets: Path, out: Path, how: Plan, **options: Any) -> dict[str, Any]:
    return augment(assets, out, how, lambda *_: None, **options)


def tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files of a few samples each, so that there are several."""
    monkeypatch.setattr("media.augment.LARGEST_BYTES", 300)


TWO = {number: "cat" if number % 2 else "dog" for number in range(60)}
COPIES = {"copies": 2, "rotate_deg": 20, "noise": 0.1}


def test_samples_and_their_derivation(tmp_path: Path, small: None) -> None:
    assets = make_assets(tmp_path / "assets", TWO)
    facts = run(assets, tmp_path / "shards", plan(COPIES))
    shards = Shards(tmp_path / "shards")
    assert shards.facts == facts == json.loads((tmp_path / "shards" / "facts.json").read_text())
    assert (facts["classes"], facts["copies"], facts["source"]) == (["cat", "dog"], 2, "made")
    assert facts["fields"] == {"image": {"dtype": "uint8", "shape": [1, SIZE, SIZE]}}
    assert facts["counts"] == {name: len(shards.split(name)) for name in ("train", "validation", "test")}
    assert facts["counts"]["train"] // 3 + facts["counts"]["validation"] + facts["counts"]["test"] == 60

    blobs, rows = buckets.Blobs(assets), {row["asset_id"]: row for row in catalog.read(assets)}
    derived = {row["sample_id"]: row for row in derivation.read(tmp_path / "shards")}
    for name in facts["counts"]:
        split = shards.split(name)
        samples = split.take(np.arange(len(split)))
        parents = shards.parents(name)
        for i, sample_id in enumerate(split.column("sample_id")):
            row = derived.pop(sample_id)
            assert (row["split"], row["parent_ids"], row["licence"]) == (name, parents[i], "CC0-1.0")
            assert row["copy"] == split.column("copy")[i] and row["fold"] == split.column("fold")[i]
            assert facts["classes"][samples["label"][i]] == rows[parents[i][0]]["labels"][0]
            original = image.square(blobs.get(parents[i][0]), SIZE, False)
            assert np.array_equal(samples["image"][i], original) == (row["copy"] == 0)
            assert bool(row["transform"]) == (row["copy"] > 0)
    assert derived == {}


def test_mean_and_spread_are_those_of_the_original_training_images(tmp_path: Path, small: None) -> None:
    facts = run(make_assets(tmp_path / "assets", TWO), tmp_path / "shards", plan(COPIES))
    train = Shards(tmp_path / "shards").split("train")
    originals = train.where(train.column("copy") == 0)
    pixels = originals.take(np.arange(len(originals)))["image"].astype(np.float64)
    assert facts["mean"] == pytest.approx([pixels.mean()], rel=1e-12)
    assert facts["std"] == pytest.approx([pixels.std()], rel=1e-12)


def test_the_number_of_workers_changes_nothing(tmp_path: Path, small: None) -> None:
    assets = make_assets(tmp_path / "assets", TWO)
    for workers in (1, 3):
        run(assets, tmp_path / str(workers), plan(COPIES), workers=workers)
    assert len(tree(tmp_path / "1")) > 8
    assert tree(tmp_path / "1") == tree(tmp_path / "3")


NUMBERS = st.dictionaries(st.integers(0, 30), st.sampled_from(["cat", "dog", "eel"]), min_size=1, max_size=25)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=NUMBERS, second=NUMBERS)
def test_an_incremental_run_equals_one_from_scratch(
    tmp_path_factory: pytest.TempPathFactory, small: None, first: dict[int, str], second: dict[int, str]
) -> None:
    folder = tmp_path_factory.mktemp("incremental")
    run(make_assets(folder / "a", first), folder / "first", plan(COPIES), workers=1)
    assets = make_assets(folder / "b", second)
    run(assets, folder / "scratch", plan(COPIES), workers=1)
    run(assets, folder / "incremental", plan(COPIES), workers=1, previous=folder / "first")
    assert tree(folder / "incremental") == tree(folder / "scratch")


def linked(first: Path, second: Path, pattern: str = "*.arrow") -> list[bool]:
    old = {path.name: path.stat().st_ino for path in first.glob(pattern)}
    return [old.get(path.name) == path.stat().st_ino for path in second.glob(pattern)]


def test_one_more_asset_rewrites_one_or_two_files(tmp_path: Path, small: None) -> None:
    run(make_assets(tmp_path / "a", TWO), tmp_path / "first", plan(COPIES))
    assets = make_assets(tmp_path / "b", TWO | {99: "cat"})
    run(assets, tmp_path / "second", plan(COPIES), previous=tmp_path / "first")
    assert 1 <= linked(tmp_path / "first", tmp_path / "second").count(False) <= 2
    assert linked(tmp_path / "first", tmp_path / "second").count(True) > 5


@pytest.mark.parametrize(
    "changed",
    [
        plan({**COPIES, "seed": 1}),
        plan({**COPIES, "noise": 0.2}),
        plan({**COPIES, "copies": 1}),
    ],
)
def test_files_made_differently_are_not_taken_over(tmp_path: Path, small: None, changed: Plan) -> None:
    assets = make_assets(tmp_path / "assets", TWO)
    run(assets, tmp_path / "first", plan(COPIES))
    run(assets, tmp_path / "second", changed, previous=tmp_path / "first")
    run(assets, tmp_path / "scratch", changed)
    assert not any(linked(tmp_path / "first", tmp_path / "second", "train-*.arrow"))
    assert all(linked(tmp_path / "first", tmp_path / "second", "test-*.arrow"))
    assert tree(tmp_path / "second") == tree(tmp_path / "scratch")


def test_an_absent_split_is_empty(tmp_path: Path) -> None:
    how = plan(split=Rule(validation=0, test=0.2))
    run(make_assets(tmp_path / "assets", TWO), tmp_path / "shards", how)
    split = Shards(tmp_path / "shards").split("validation")
    assert len(split) == 0
    assert split.take(np.arange(0))["image"].shape == (0, 1, SIZE, SIZE)
    assert split.column("label").shape == split.column("sample_id").shape == (0,)


def test_without_an_admitted_asset_there_is_nothing_to_do(tmp_path: Path) -> None:
    with pytest.raises(DailiesError, match="has no admitted asset"):
        run(make_assets(tmp_path / "assets", {}), tmp_path / "shards", plan())


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sample_of_another_shape_than_its_field_is_an_error(tmp_path: Path, small: None, workers: int) -> None:
    how = plan(fields={"image": Field("uint8", (3, SIZE, SIZE))})
    with pytest.raises(DailiesError, match=r"field 'image' is uint8 of shape \(1, 6, 6\), but the recipe's fields say"):
        run(make_assets(tmp_path / "assets", TWO), tmp_path / "shards", how, workers=workers)
    assert not (tmp_path / "shards").exists()


def parts(*lengths: int) -> list[dict[str, np.ndarray]]:
    """Samples whose image is their position in the whole."""
    starts = np.cumsum([0, *lengths])
    return [
        {
            "image": np.arange(start, start + length, dtype=np.uint8)[:, None],
            "label": np.arange(start, start + length),
            "sample_id": np.array([f"{i:032x}" for i in range(start, start + length)], "S32"),
        }
        for start, length in zip(starts[:-1], lengths, strict=True)
    ]


@given(lengths=st.lists(st.integers(0, 9), min_size=1, max_size=5), data=st.data())
def test_samples_are_taken_from_several_files_in_the_order_asked(lengths: list[int], data: Any) -> None:
    split = Split(parts(*lengths))
    asked = data.draw(st.lists(st.integers(0, sum(lengths) - 1))) if sum(lengths) else []
    taken = split.take(np.array(asked, np.int64))
    assert taken["image"][:, 0].tolist() == taken["label"].tolist() == asked
    mask = np.arange(sum(lengths)) % 3 != 1
    view = split.where(mask)
    assert view.column("label").tolist() == np.flatnonzero(mask).tolist()
    assert view.where(view.column("label") % 2 == 0).column("label").tolist() == [
        i for i in np.flatnonzero(mask) if i % 2 == 0
    ]


@pytest.mark.parametrize("index", [-1, 6])
def test_an_index_out_of_range_is_an_error(index: int) -> None:
    with pytest.raises(IndexError, match="out of range for 6 samples"):
        Split(parts(2, 4)).take(np.array([0, index]))


def test_what_is_taken_may_be_changed(tmp_path: Path) -> None:
    columns.write(tmp_path / "a.arrow", parts(5)[0], {})
    taken = Split([columns.read(tmp_path / "a.arrow")]).take(np.array([1, 2]))
    taken["image"] += 1
    assert taken["image"].flags.writeable


@given(
    shape=st.lists(st.integers(1, 4), max_size=3).map(tuple),
    dtype=st.sampled_from(["uint8", "int64", "float32", "float64"]),
    count=st.integers(1, 5),
)
def test_columns_are_views_of_the_file(tmp_path_factory: Any, shape: tuple[int, ...], dtype: str, count: int) -> None:
    path = tmp_path_factory.mktemp("columns") / "a.arrow"
    values = np.random.default_rng(0).integers(0, 99, (count, *shape)).astype(dtype)
    columns.write(path, {"x": values}, {"made_of": "y"})
    read = columns.read(path)["x"]
    assert np.array_equal(read, values) and read.dtype == values.dtype
    assert not read.flags.owndata
    assert columns.metadata(path) == {"made_of": "y"}


KNOWN = "known: brightness, contrast, copies, crop, cutout, elastic, flip, hue_deg, jpeg_loss, noise, perspective"


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"rotate": 3}, rf"augment.rotate is not known to this recipe; did you mean 'rotate_deg'\? {KNOWN}"),
        ({"rotate_deg": 999}, "augment.rotate_deg is 999: must be a number from 0 to 180"),
        ({"copies": 2}, "augment.copies is 2, but nothing varies them; name an operation: rotate_deg"),
        ({"copies": -1, "noise": 0}, "augment.copies is -1: must be a whole number from 0 to 1000"),
        ({"copies": True, "noise": 0}, "augment.copies is True: must be a whole number"),
    ],
)
def test_a_wrong_augment_section_says_what_is_wrong(section: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        variants.resolve(section, image.OPERATIONS)


def test_operations_apply_in_the_recipe_s_order() -> None:
    resolved = variants.resolve({"noise": 0.1, "rotate_deg": 5}, image.OPERATIONS)
    assert [(operation.key, amount) for operation, amount in resolved.operations] == [
        ("rotate_deg", 5.0),
        ("noise", 0.1),
    ]
    assert (resolved.copies, resolved.seed) == (1, 0)
    assert variants.resolve({}, image.OPERATIONS) == variants.Variants()


def test_files_that_operations_read_are_known_by_their_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hall.wav").write_bytes(b"a response")
    resolved = variants.resolve({"impulse_responses": ["hall.wav"], "gain_db": 3}, audio.OPERATIONS)
    assert variants.files(resolved) == {"hall.wav": hashlib.sha256(b"a response").hexdigest()}
    assert variants.files(variants.resolve({"gain_db": 3}, audio.OPERATIONS)) == {}


def test_an_operation_that_fails_names_itself_and_the_asset(tmp_path: Path, small: None) -> None:
    def fail(*given: Any) -> Any:
        raise ValueError("hall.wav is silent")

    resolved = variants.Variants(1, 0, ((Operation("echo", "", lambda value: value, fail), 1),))
    with pytest.raises(DailiesError, match=r"^augment.echo fails on asset [0-9a-f]{12}: hall.wav is silent$"):
        run(make_assets(tmp_path / "assets", TWO), tmp_path / "shards", plan(variants=resolved), workers=1)


def letters(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.uint8) + 97


def ragged_parts(*files: list[int]) -> list[dict[str, columns.Column]]:
    """Files of samples of these lengths, whose label is their position in the whole."""
    starts = np.cumsum([0, *map(len, files)])
    return [
        {
            "text": joined([letters(length) for length in lengths], "uint8", ()),
            "label": np.arange(start, start + len(lengths)),
        }
        for start, lengths in zip(starts, files, strict=False)
    ]


LENGTHS = st.lists(st.integers(0, 9), max_size=6)


@given(files=st.lists(LENGTHS, min_size=1, max_size=4), data=st.data())
def test_samples_of_unequal_length_are_filled_with_zeros(files: list[list[int]], data: Any) -> None:
    split, lengths = Split(ragged_parts(*files)), [length for file in files for length in file]
    asked = data.draw(st.lists(st.integers(0, len(lengths) - 1))) if lengths else []
    taken = split.take(np.array(asked, np.int64))
    wanted = [lengths[i] for i in asked]
    assert taken["text"].shape == (len(asked), max(wanted, default=0)) and taken["text"].dtype == np.uint8
    assert taken["text_length"].tolist() == wanted and taken["label"].tolist() == asked
    for row, length in zip(taken["text"], wanted, strict=True):
        assert np.array_equal(row[:length], letters(length)) and not row[length:].any()
    odd = split.where(np.arange(len(lengths)) % 2 == 1)
    assert odd.lengths("text").tolist() == lengths[1::2]
    assert split.files().tolist() == [len(each) for each in files]
    assert odd.files().sum() == len(odd) and len(odd.files()) == len(files)


@given(
    shape=st.lists(st.integers(1, 3), max_size=2).map(tuple),
    dtype=st.sampled_from(["uint8", "int64", "float32"]),
    lengths=LENGTHS,
)
def test_ragged_columns_are_views_of_the_file(
    tmp_path_factory: Any, shape: tuple[int, ...], dtype: str, lengths: list[int]
) -> None:
    path = tmp_path_factory.mktemp("columns") / "a.arrow"
    samples = [
        np.random.default_rng(i).integers(0, 99, (length, *shape)).astype(dtype) for i, length in enumerate(lengths)
    ]
    columns.write(path, {"x": joined(samples, dtype, shape)}, {})
    read = columns.read(path)["x"]
    assert isinstance(read, Ragged) and len(read) == len(samples) and read.lengths.tolist() == lengths
    assert not read.values.flags.owndata and read.values.dtype == dtype
    for row, sample in enumerate(samples):
        assert np.array_equal(read[row], sample) and read[row].shape == sample.shape
        assert read[row].base is not None and not read[row].flags.owndata


TEXT = {"text": utf8.field(), "size": Field("int64")}


def read_text(data: bytes, row: Mapping[str, Any], settings: Any) -> dict[str, Any]:
    return {"text": utf8.to_bytes(data.hex(" ", 2)[: 20 + 5 * (data[20] % 7)]), "size": np.int64(len(data))}


def test_texts_become_ragged_samples_and_are_varied(tmp_path: Path, small: None) -> None:
    section = {"copies": 1, "delete": 0.5}
    how = plan(read=read_text, fields=TEXT, variants=variants.resolve(section, text_operations.OPERATIONS))
    facts = run(make_assets(tmp_path / "assets", TWO), tmp_path / "shards", how, workers=1)
    again = run(make_assets(tmp_path / "again", TWO), tmp_path / "more", how, workers=2)
    assert facts == again and tree(tmp_path / "shards") == tree(tmp_path / "more")
    assert facts["fields"]["text"] == {"dtype": "uint8", "shape": [None]} and "mean" not in facts
    train = Shards(tmp_path / "shards").split("train")
    assert len(train.files()) > 3
    taken = train.take(np.arange(len(train)))
    for copy, row, length in zip(train.column("copy"), taken["text"], taken["text_length"], strict=True):
        words = utf8.from_bytes(row[:length]).split(" ")
        assert all(words) and (copy == 0 or len(words) <= 11)
    originals = train.lengths("text")[train.column("copy") == 0]
    assert (train.lengths("text")[train.column("copy") == 1] <= originals).all()


def test_an_absent_split_of_sequences_is_empty(tmp_path: Path) -> None:
    how = plan(read=read_text, fields=TEXT, split=Rule(validation=0, test=0.2))
    run(make_assets(tmp_path / "assets", TWO), tmp_path / "shards", how)
    split = Shards(tmp_path / "shards").split("validation")
    taken = split.take(np.arange(0))
    assert taken["text"].shape == (0, 0) and taken["text_length"].shape == (0,) == split.lengths("text").shape


@pytest.mark.parametrize("value", [np.zeros((3, 2), np.uint8), np.zeros(3), np.array(7, np.uint8)])
def test_a_sequence_of_another_kind_than_its_field_is_an_error(tmp_path: Path, value: np.ndarray) -> None:
    how = plan(read=lambda *_: {"text": value, "size": np.int64(1)}, fields=TEXT)
    with pytest.raises(DailiesError, match=r"but the recipe's fields say uint8 of shape \(None,\)"):
        run(make_assets(tmp_path / "assets", TWO), tmp_path / "shards", how, workers=1)


def test_near_duplicates_across_train_and_test_are_counted_and_can_be_kept_together(tmp_path: Path) -> None:
    assets = make_assets(tmp_path / "assets", dict.fromkeys(range(60), "cat"))
    assert "near_duplicates_across_train_and_test" not in run(assets, tmp_path / "none", plan())
    ids = [row["asset_id"] for row in catalog.read(assets)]
    pairs = pa.table([ids[:-1:2], ids[1::2], [0.0] * 30], schema=near_duplicates.SCHEMA)
    leaks = {}
    for rule in ("report", "together"):
        near_duplicates.write(assets, pairs, rule)
        leaks[rule] = run(assets, tmp_path / rule, plan())["near_duplicates_across_train_and_test"]
    assert leaks["report"] > 0 == leaks["together"]
