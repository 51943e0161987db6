"""Places elsewhere: any format reads from git, an address or object storage; only what changed is fetched again."""

import hashlib
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from https_server import Server, certificate, content, serving, status
from ingesting import fill

from media import catalog, orders, places, sources
from media.ingest import ingest
from media.sources import Item, Reader
from project import params
from project.errors import DailiesError, IntegrityError, UsageError
from project.source import REMOTE, Source
from registry import git
from steps import known, plan

ROOT = Path(__file__).parent.parent
TEXTS = {"set/cat/1.txt": "a cat", "set/dog/2.txt": "a dog", "README": "about"}


def opened(tmp_path: Path, **keys: Any) -> Reader:
    source = Source.model_validate({"licence": "CC0-1.0", "kind": "text", **keys})
    return sources.open_source(
        "made", source, project=tmp_path, mirror=None, downloads=tmp_path / "downloads", clone=git.fetch_commit
    )


def listed(tmp_path: Path, **keys: Any) -> dict[str, Item]:
    return {item.path: item for item in opened(tmp_path, **keys).items()}


def contents(tmp_path: Path, **keys: Any) -> dict[str, bytes]:
    return {path: item.load() for path, item in listed(tmp_path, **keys).items()}


def test_each_kind_of_place_is_a_file_of_the_folder() -> None:
    files = {path.stem for path in Path(places.__file__).parent.glob("[a-z]*.py")}
    assert files == set(REMOTE)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({"git": "https://a.org/x", "url": "https://a.org"}, "give one of git, url; several places are parts"),
        ({"git": "https://a.org/x"}, "git and commit go together"),
        ({"git": "https://a.org/x", "commit": "main"}, "commit is 'main'"),
        ({"git": "--upload-pack=touch /tmp/x", "commit": "0" * 40}, "must be like https://example.org/set.git"),
        ({"git": "ext::sh -c id", "commit": "0" * 40}, "must be like"),
        ({"git": "https://me:secret@a.org/x", "commit": "0" * 40}, "must hold no password"),
        ({"git": "https://a.org/x", "commit": "0" * 40, "path": "../.."}, "path '../..' leads out of https://a.org/x"),
        ({"storage": "bucket/prefix"}, "must be like s3://bucket/prefix"),
        ({"url": "http://a.org"}, "must be like https://example.org/set"),
        ({"url": "https://a.org", "sha256": {"../x": "0" * 64}}, "'../x' leads out of the source"),
        ({"parts": {"a": {"git": "https://a.org/x"}}}, "part a: git and commit go together"),
    ],
)
def test_a_place_that_cannot_be_is_refused(keys: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        params.parse({"sources": {"made": {"kind": "text", "licence": "x", **keys}}}, "params.yaml")
    assert "\n" not in str(refused.value)


def commit(repository: Path, files: dict[str, str]) -> str:
    fill(repository, files)
    run = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    if not (repository / ".git").exists():
        subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    subprocess.run([*run, "add", "--all"], check=True)
    subprocess.run([*run, "commit", "--quiet", "-m", "x"], check=True)
    done = subprocess.run([*run, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_commit_is_read_and_not_what_came_later(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    first = commit(repository, TEXTS)
    second = commit(repository, {"set/cat/1.txt": "another"})
    keys = {"git": f"file://{repository}", "path": "set"}
    reader = opened(tmp_path, **keys, commit=first)
    assert reader.fingerprint() == first
    assert not (tmp_path / "downloads").exists()
    assert {item.path: item.load() for item in reader.items()} == {"cat/1.txt": b"a cat", "dog/2.txt": b"a dog"}
    shutil.rmtree(repository)
    assert contents(tmp_path, **keys, commit=first)["cat/1.txt"] == b"a cat"  # kept, nothing is asked again
    with pytest.raises(DailiesError, match=r"of file://.*/repository cannot be fetched: .*does not (exist|appear)"):
        contents(tmp_path, **keys, commit=second)
    assert contents(tmp_path, **keys, commit=first)["cat/1.txt"] == b"a cat"


def test_the_folder_of_an_earlier_commit_makes_room(tmp_path: Path) -> None:
    first = commit(tmp_path / "repository", TEXTS)
    second = commit(tmp_path / "repository", {"set/cat/1.txt": "another"})
    for each in (first, second):
        contents(tmp_path, git=str(tmp_path / "repository"), commit=each)
    assert [path.name for path in (tmp_path / "downloads" / "made").iterdir()] == [second]


def test_a_commit_that_is_not_there_leaves_nothing(tmp_path: Path) -> None:
    commit(tmp_path / "repository", TEXTS)
    with pytest.raises(DailiesError, match=r"commit 0{40} of .*/repository cannot be fetched: fatal: .*not our ref"):
        contents(tmp_path, git=str(tmp_path / "repository"), commit="0" * 40)
    assert list((tmp_path / "downloads" / "made").iterdir()) == []


def test_files_are_as_they_were_committed_and_nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = tmp_path / "ran"
    settings = fill(tmp_path / "home", {".gitconfig": f'[filter "x"]\n\tsmudge = touch {ran}\n\tclean = cat\n'})
    files = {"a/1.txt": "one\r\n$Id$\n", "a/2.txt": "two\n", ".gitattributes": "* text eol=crlf ident filter=x\n"}
    name = commit(tmp_path / "repository", files)
    monkeypatch.setenv("HOME", str(settings))
    found = contents(tmp_path, git=str(tmp_path / "repository"), commit=name)
    assert found == {"a/1.txt": b"one\n$Id$\n", "a/2.txt": b"two\n"}  # `text` made LF of CRLF when it was committed
    assert not ran.exists()


def test_links_of_a_repository_lead_nowhere(tmp_path: Path) -> None:
    fill(tmp_path / "outside", {"cat/secret.txt": "secret"})
    repository = fill(tmp_path / "repository", TEXTS)
    (repository / "set" / "cat" / "link.txt").symlink_to(tmp_path / "outside" / "cat" / "secret.txt")
    (repository / "linked").symlink_to(tmp_path / "outside")
    name = commit(repository, {})
    keys = {"git": str(repository), "commit": name}
    assert listed(tmp_path, **keys, path="set")["cat/link.txt"].refused == "a link; put the file itself here"
    for path in ("linked", "linked/cat", "absent"):
        with pytest.raises(UsageError, match=f"has no folder {path} at {name}"):
            listed(tmp_path, **keys, path=path)


def test_parts_of_several_commits(tmp_path: Path) -> None:
    first = commit(tmp_path / "repository", TEXTS)
    second = commit(tmp_path / "repository", {"set/cat/1.txt": "another"})
    keys: dict[str, Any] = {"git": str(tmp_path / "repository"), "path": "set"}
    found = contents(tmp_path, **keys, parts={"new": {"commit": second}, "old": {"commit": first}})
    assert (found["new/cat/1.txt"], found["old/cat/1.txt"]) == (b"another", b"a cat")


def test_a_commit_is_ingested(tmp_path: Path) -> None:
    name = commit(tmp_path / "repository", TEXTS)
    source = Source(kind="text", licence="CC0-1.0", git=str(tmp_path / "repository"), commit=name, path="set")
    reader = opened(tmp_path, git=source.git, commit=name, path="set")
    ingest("made", source, reader, tmp_path / "assets", lambda *_: None, refusals=tmp_path / "refused.csv")
    assert {row["paths"][0]: row["labels"] for row in catalog.read(tmp_path / "assets")} == {
        "cat/1.txt": ["cat"],
        "dog/2.txt": ["dog"],
    }


def test_two_runs_at_once_fetch_a_commit_once(tmp_path: Path) -> None:
    name = commit(tmp_path / "repository", TEXTS)
    fetched: list[str] = []

    def clone(repository: str, commit: str, folder: Path) -> None:
        time.sleep(0.2)
        fetched.append(commit)
        git.fetch_commit(repository, commit, folder)

    source = Source(kind="text", licence="x", git=str(tmp_path / "repository"), commit=name, path="set")
    found: list[list[str]] = []

    def read() -> None:
        reader = sources.open_source(
            "made", source, project=tmp_path, mirror=None, downloads=tmp_path / "downloads", clone=clone
        )
        found.append([item.path for item in reader.items()])

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (fetched, found) == ([name], [["cat/1.txt", "dog/2.txt"]] * 3)


@pytest.mark.parametrize(
    ("keys", "code"),
    [
        ({"git": "https://example.org/x", "commit": "1" * 40}, "media/places/git.py"),
        ({"parts": {"a": {"url": "https://example.org", "sha256": {"a": "0" * 64}}}}, "media/download.py"),
        ({"storage": "s3://clips"}, "media/places/storage.py"),
    ],
)
def test_a_plan_lists_the_code_of_a_place(keys: dict[str, Any], code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a step that loads it is not refused. A storage that does not answer has its last known state."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    source = Source.model_validate({"kind": "text", "licence": "x", **keys})
    with known.catalogs(ROOT) as catalogs:
        planned = plan.ingest(ROOT, "made", source, orders.standing([]), catalogs)
    assert code in planned["code"]
    assert planned["state"] == {"git": "1" * 40, "storage": "absent"}.get(next(iter(keys)), planned["state"])


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    pem = certificate(tmp_path_factory.mktemp("certificate"))
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    monkeypatch.setenv("no_proxy", "*")
    with serving(pem) as server:
        yield server


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def at(server: Server, files: dict[str, str]) -> dict[str, Any]:
    server.answers |= {f"/set/{name.replace(' ', '%20')}": [content(text.encode())] for name, text in files.items()}
    hashes = {name: digest(text) for name, text in files.items()}
    return {"url": server.url("/set"), "sha256": hashes, "private_network": True}


def test_files_with_a_hash_are_fetched_for_any_format(tmp_path: Path, server: Server) -> None:
    keys = at(server, {"cat/1.txt": "a cat", "dog/2 of 2.txt": "a dog"})
    reader = opened(tmp_path, **keys)
    before = reader.fingerprint()
    assert {item.path: item.load() for item in reader.items()} == {"cat/1.txt": b"a cat", "dog/2 of 2.txt": b"a dog"}
    assert contents(tmp_path, **keys).keys() == {"cat/1.txt", "dog/2 of 2.txt"}
    assert (len(server.asked), reader.fingerprint()) == (2, before)


def test_a_hash_that_is_corrected_brings_the_new_file(tmp_path: Path, server: Server) -> None:
    keys = at(server, {"cat/1.txt": "a cat", "dog/2.txt": "a dog"})
    contents(tmp_path, **keys)
    keys = at(server, {"cat/1.txt": "another"})
    assert contents(tmp_path, **keys) == {"cat/1.txt": b"another"}
    server.answers["/set/cat/1.txt"] = [content(b"tampered")]
    keys["sha256"]["cat/1.txt"] = digest("expected")
    with pytest.raises(IntegrityError, match=r"/set/cat/1.txt has SHA-256"):
        contents(tmp_path, **keys)


def test_a_named_file_needs_no_hash(tmp_path: Path, server: Server) -> None:
    server.answers["/set/a.txt"] = [status(404)]
    server.answers["/set/b.txt"] = [content(b"one\ntwo")]
    keys = {"url": server.url("/set/"), "private_network": True, "format": "lines", "label": {"none": True}}
    assert list(contents(tmp_path, **keys, file="b.txt").values()) == [b"one", b"two"]
    with pytest.raises(DailiesError, match=r"a.txt cannot be fetched: the server answers 404 Not Found"):
        contents(tmp_path, **keys, file="a.txt")


def test_an_address_without_names_has_nothing_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"https://example.org has no list of files; name each with its hash in sha256"
    ):
        opened(tmp_path, url="https://example.org")


def test_a_mirror_goes_before_what_is_elsewhere(tmp_path: Path) -> None:
    fill(tmp_path / "mirror" / "made", {"a/1.txt": "mirrored"})
    source = Source(kind="text", licence="x", git="https://example.org/x", commit="0" * 40, path="set")
    reader = sources.open_source("made", source, project=tmp_path, mirror=tmp_path / "mirror", downloads=tmp_path / "d")
    assert [item.path for item in reader.items()] == ["a/1.txt"]


def test_without_git_at_hand_it_is_said(tmp_path: Path) -> None:
    source = Source(kind="text", licence="x", git="https://example.org/x", commit="0" * 40)
    reader = sources.open_source("made", source, project=tmp_path, mirror=None, downloads=tmp_path / "downloads")
    with pytest.raises(UsageError, match=r"https://example.org/x is not at hand"):
        list(reader.items())


def test_a_storage_that_is_unknown_or_needs_a_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="has a protocol that is unknown; known: az, gs, s3"):
        opened(tmp_path, storage="s4://bucket")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"storage 'gs://bucket' needs a package more; run: pip install gcsfs"):
        opened(tmp_path, storage="gs://bucket")


def test_a_server_that_is_gone_leaves_what_was_fetched(tmp_path: Path, server: Server) -> None:
    keys = at(server, {"cat/1.txt": "a cat"})
    contents(tmp_path, **keys)
    keys = at(server, {"cat/1.txt": "a cat", "dog/2.txt": "a dog"})
    server.answers["/set/dog/2.txt"] = [status(403)]
    with pytest.raises(DailiesError, match=r"dog/2.txt cannot be fetched: the server answers 403 Forbidden"):
        contents(tmp_path, **keys)
    server.answers["/set/dog/2.txt"] = [content(b"a dog")]
    assert contents(tmp_path, **keys).keys() == {"cat/1.txt", "dog/2.txt"}
    assert [path for path, _ in server.asked] == ["/set/cat/1.txt", "/set/dog/2.txt", "/set/dog/2.txt"]
