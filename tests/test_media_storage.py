"""Object storage, against an S3 server on this machine: what is fetched, kept, dropped and said when nothing answers."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto.server import ThreadedMotoServer

from media import sources
from media.ingest import ingest
from media.places import storage
from media.sources import Item, Reader
from project.errors import DailiesError, RemoteUnreachable, UsageError
from project.source import Source

SET = {"cat/1.txt": b"a cat", "dog/2.txt": b"a dog", "dog/3.txt": b"another"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    told = {"ENDPOINT_URL": endpoint, "ACCESS_KEY_ID": "k", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "us-east-1"}
    for name, value in {**told, "CONFIG_FILE": str(tmp_path / "none"), "EC2_METADATA_DISABLED": "true"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("no_proxy", "*")
    client = boto3.client("s3")
    client.create_bucket(Bucket="clips")
    put(client, SET)
    yield client
    for each in client.list_objects_v2(Bucket="clips").get("Contents", []):
        client.delete_object(Bucket="clips", Key=each["Key"])
    client.close()


def put(client: Any, objects: dict[str, bytes], prefix: str = "set/") -> None:
    for key, data in objects.items():
        client.put_object(Bucket="clips", Key=prefix + key, Body=data)


def opened(tmp_path: Path, **keys: Any) -> Reader:
    source = Source.model_validate({"licence": "CC0-1.0", "kind": "text", "storage": "s3://clips/set", **keys})
    return sources.open_source("made", source, project=tmp_path, mirror=None, downloads=tmp_path / "downloads")


def listed(tmp_path: Path, **keys: Any) -> dict[str, Item]:
    return {item.path: item for item in opened(tmp_path, **keys).items()}


def contents(tmp_path: Path, **keys: Any) -> dict[str, bytes]:
    return {path: item.load() for path, item in listed(tmp_path, **keys).items()}


def asked_for(tmp_path: Path) -> list[str]:
    """Reads the source and says which objects were fetched."""
    with patch.object(storage.Storage, "_bring", autospec=True, side_effect=storage.Storage._bring) as bring:
        list(opened(tmp_path).items())
    return bring.call_args.args[2]


def test_objects_are_read_as_files(tmp_path: Path, bucket: Any) -> None:
    put(bucket, {"x": b"", "set2/cat/1.txt": b"of another set"}, prefix="")
    assert contents(tmp_path) == SET
    assert contents(tmp_path, path="dog", label={"none": True}) == {"2.txt": b"a dog", "3.txt": b"another"}
    assert sorted(path.name for path in (tmp_path / "downloads").iterdir()) == ["made", "made.list", "made.lock"]


def test_only_what_is_new_or_changed_is_fetched_and_what_is_gone_goes(tmp_path: Path, bucket: Any) -> None:
    assert asked_for(tmp_path) == sorted(SET)
    before = opened(tmp_path).fingerprint()
    assert asked_for(tmp_path) == []
    put(bucket, {"dog/2.txt": b"A DOG", "cat/4.txt": b"new"})  # as long as before
    bucket.delete_object(Bucket="clips", Key="set/cat/1.txt")
    assert asked_for(tmp_path) == ["cat/4.txt", "dog/2.txt"]
    assert contents(tmp_path) == {"cat/4.txt": b"new", "dog/2.txt": b"A DOG", "dog/3.txt": b"another"}
    assert opened(tmp_path).fingerprint() != before
    (tmp_path / "downloads" / "made" / "cat" / "4.txt").write_bytes(b"")
    assert asked_for(tmp_path) == ["cat/4.txt"]


def test_a_run_that_was_killed_is_continued(tmp_path: Path, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "AT_ONCE", 1)
    real, calls = storage.Storage._move_in, []

    def killed(self: Any, file: Path, key: str, size: int) -> None:
        calls.append(key)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(self, file, key, size)

    with patch.object(storage.Storage, "_move_in", killed), pytest.raises(KeyboardInterrupt):
        list(opened(tmp_path).items())
    noted = tmp_path / "downloads" / "made.list"
    noted.write_text(noted.read_text() + '["dog/2.txt", 5')  # as a kill leaves it
    assert asked_for(tmp_path) == ["dog/2.txt", "dog/3.txt"]
    assert contents(tmp_path) == SET


def test_keys_that_cannot_be_files_are_refused(tmp_path: Path, bucket: Any) -> None:
    put(bucket, {"../x": b"1", "a//b": b"2", "cat": b"3", "n" * 300: b"4", ".hidden/x": b"5", "marker/": b""})
    put(bucket, {"large.txt": bytes(2048)})
    items = listed(tmp_path, largest_gib=2**-20)
    assert {path: item.refused for path, item in items.items() if item.refused} == {
        "../x": "its key is no path of a file",
        "a//b": "its key is no path of a file",
        "cat": "its key is that of a folder too; rename one",
        "n" * 300: "a name in its key is longer than 255 bytes",
        "large.txt": "larger than 1,024 bytes; see largest_gib",
    }
    assert items.keys() - {"../x", "a//b", "cat", "n" * 300, "large.txt"} == SET.keys()
    assert not (tmp_path / "downloads" / "x").exists()


def test_objects_that_change_meanwhile_are_noticed(tmp_path: Path, bucket: Any) -> None:
    real = storage.Storage._move_in

    def slow(self: Any, file: Path, key: str, size: int) -> None:
        put(bucket, {"dog/3.txt": b"changed"})
        real(self, file, key, size)

    with (
        patch.object(storage.Storage, "_move_in", slow),
        pytest.raises(DailiesError, match="s3://clips/set changed while it was fetched; run again when it is at rest"),
    ):
        list(opened(tmp_path).items())
    assert contents(tmp_path)["dog/3.txt"] == b"changed"


def test_a_bucket_that_is_not_there_or_empty(tmp_path: Path, bucket: Any) -> None:
    with pytest.raises(RemoteUnreachable, match="s3://none cannot be read: The specified bucket does not exist; check"):
        opened(tmp_path, storage="s3://none").fingerprint()
    with pytest.raises(UsageError, match="s3://clips/absent holds no object; correct storage or path"):
        opened(tmp_path, storage="s3://clips/absent").fingerprint()


def test_an_endpoint_that_does_not_answer_keeps_the_last_good_version(
    tmp_path: Path, bucket: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, out = Source(kind="text", licence="x", storage="s3://clips/set"), tmp_path / "assets"
    refusals = tmp_path / "refused.csv"
    ingest("made", source, opened(tmp_path), out, lambda *_: None, refusals=refusals)
    kept = {path: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(RemoteUnreachable, match="s3://clips/set cannot be read: Could not connect") as refused:
        ingest("made", source, opened(tmp_path), out, lambda *_: None, refusals=refusals)
    assert "\n" not in str(refused.value)
    assert {path: path.read_bytes() for path in out.iterdir()} == kept


def test_without_keys_it_is_said(tmp_path: Path, bucket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    with pytest.raises(RemoteUnreachable, match="Unable to locate credentials; check the address, and the keys"):
        opened(tmp_path).fingerprint()


def test_any_format_reads_objects(tmp_path: Path, bucket: Any) -> None:
    put(bucket, {"lines.txt": b"1 good\n0 bad\n"}, prefix="lines/")
    keys: dict[str, Any] = {"storage": "s3://clips/lines", "format": "lines", "file": "lines.txt"}
    items = listed(tmp_path, **keys, label={"separator": " "})
    assert [item.labels for item in items.values()] == [("1",), ("0",)]
