"""Buckets: which there are follows from the content, and growth touches only the bucket that grew."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media import buckets

LIMIT = 1000
ASSETS = st.dictionaries(st.binary(max_size=4), st.integers(0, 700), max_size=60).map(
    lambda sizes: {hashlib.sha256(name).hexdigest(): size for name, size in sizes.items()}
)


def prefix(bucket: str) -> str:
    return "" if bucket == buckets.WHOLE else bucket


@given(sizes=ASSETS)
def test_each_asset_is_in_the_bucket_of_its_first_bits(sizes: dict[str, int]) -> None:
    divided = buckets.divide(sizes, LIMIT)
    assert sorted(asset_id for ids in divided.values() for asset_id in ids) == sorted(sizes)
    for bucket, ids in divided.items():
        assert ids == sorted(ids)
        assert all(buckets.bits(asset_id, len(prefix(bucket))) == prefix(bucket) for asset_id in ids)
        assert sum(sizes[asset_id] for asset_id in ids) <= LIMIT or len(ids) == 1


@given(sizes=ASSETS, size=st.integers(0, 700))
def test_one_more_asset_touches_only_the_bucket_that_it_falls_into(sizes: dict[str, int], size: int) -> None:
    new = hashlib.sha256(b"the new one").hexdigest()
    before, after = buckets.divide(sizes, LIMIT), buckets.divide({**sizes, new: size}, LIMIT)
    touched = next(name for name in before if buckets.bits(new, len(prefix(name))) == prefix(name))
    kept = {name: ids for name, ids in before.items() if name != touched}
    assert {name: ids for name, ids in after.items() if not prefix(name).startswith(prefix(touched))} == kept


def test_bits_of_an_id() -> None:
    assert [buckets.bits("a5" + "0" * 62, count) for count in (0, 1, 4, 6, 8)] == [
        "",
        "1",
        "1010",
        "101001",
        "10100101",
    ]


def test_blobs_are_found_in_buckets_of_any_depth(tmp_path: Path) -> None:
    contents = {hashlib.sha256(bytes([i])).hexdigest(): bytes([i]) * (i * 3) for i in range(100)}
    divided = buckets.divide({asset_id: len(data) for asset_id, data in contents.items()}, LIMIT)
    assert len({len(name) for name in divided}) > 1, "all of one depth, this would test little"
    for bucket, ids in divided.items():
        buckets.write(tmp_path, bucket, ids, contents.__getitem__)
    blobs = buckets.Blobs(tmp_path)
    assert all(blobs.get(asset_id) == data for asset_id, data in contents.items())
    with pytest.raises(KeyError):
        blobs.get("0" * 64)
