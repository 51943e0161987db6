"""Tags in GTO's grammar, in a real repository, read by gto and by us alike."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies

from project.errors import UsageError
from registry import tags
from registry.git import GitError, git


def started(folder: Path) -> Path:
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "Test")
    git(folder, "config", "user.email", "test@localhost")
    commit(folder)
    return folder


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return started(tmp_path)


def commit(folder: Path) -> str:
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "work")
    return git(folder, "rev-parse", "HEAD")


def gto(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("gto"), *arguments], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_versions_and_stages_are_read_back(repository: Path) -> None:
    first = git(repository, "rev-parse", "HEAD")
    tags.add(repository, "faces@v0.1.0", first, {"metrics": {"accuracy": 0.9}})
    assert tags.append(repository, "faces", "#prod", first, {"why": "first"}) == "faces#prod#1"
    second = commit(repository)
    tags.add(repository, "faces@v0.2.0", second, {})
    assert [(v.tag, v.stages) for v in tags.versions(repository)] == [("faces@v0.1.0", ("prod",)), ("faces@v0.2.0", ())]
    assert tags.find(repository, "faces").version == "v0.1.0"
    assert tags.live(repository, "faces").message == {"metrics": {"accuracy": 0.9}}  # type: ignore[union-attr]

    tags.append(repository, "faces", "#prod", second, {})
    assert tags.find(repository, "faces#prod").version == "v0.2.0"


def test_gto_shows_what_we_wrote(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    tags.add(repository, "faces@v0.1.0", head, {"a": 1})
    tags.add(repository, "faces#prod#1", head, {})
    shown = json.loads(gto(repository, "show", "--json"))
    assert shown["faces"]["version"] == "v0.1.0"
    assert shown["faces"]["stage"] == {"prod": "v0.1.0"}


def test_we_read_what_gto_wrote(repository: Path) -> None:
    gto(repository, "register", "faces", "--version", "v1.0.0", "--message", "by hand")
    gto(repository, "assign", "faces", "--version", "v1.0.0", "--stage", "prod")
    [version] = tags.versions(repository)
    assert (version.tag, version.stages) == ("faces@v1.0.0", ("prod",))
    gto(repository, "deprecate", "faces", "v1.0.0", "prod")
    assert tags.versions(repository)[0].stages == ()


def test_a_tag_is_never_moved(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    tags.add(repository, "faces@v0.1.0", head, {})
    with pytest.raises(GitError, match="already exists"):
        tags.add(repository, "faces@v0.1.0", commit(repository), {})


def test_versions_sort_by_number(repository: Path) -> None:
    for number in ("v0.10.0", "v0.9.0", "v0.9.10", "v0.9.9"):
        tags.add(repository, f"faces@{number}", commit(repository), {})
    assert [v.version for v in tags.versions(repository)] == ["v0.9.0", "v0.9.9", "v0.9.10", "v0.10.0"]


def test_an_unknown_reference_lists_what_there_is(repository: Path) -> None:
    with pytest.raises(UsageError, match="no version yet"):
        tags.find(repository, "faces")
    tags.add(repository, "faces@v0.1.0", git(repository, "rev-parse", "HEAD"), {})
    with pytest.raises(UsageError, match=r"'faces@v9.9.9' is not a version; known: faces@v0.1.0"):
        tags.find(repository, "faces@v9.9.9")


def test_the_counter_is_one_sequence_for_all_stages(repository: Path) -> None:
    head = git(repository, "rev-parse", "HEAD")
    for what in ("#prod", "#staging", "#prod!"):
        tags.append(repository, "faces", what, head, {})
    tags.add(repository, "faces_old#prod#9", head, {})
    assert tags.append(repository, "faces", "#prod", head, {}) == "faces#prod#4"


def test_a_version_that_is_out_makes_room_for_the_one_before(repository: Path) -> None:
    for number in ("v0.1.0", "v0.2.0", "v0.3.0"):
        head = commit(repository)
        tags.append(repository, "faces", f"@{number}", head, {})
        tags.append(repository, "faces", "#prod", head, {})
    tags.append(repository, "faces", "#prod!", tags.find(repository, "faces@v0.2.0").commit, {})
    assert live(repository) == "v0.3.0"
    tags.append(
        repository, "faces", "@v0.3.0!", tags.find(repository, "faces").commit, {"why": "bad data", "who": "me"}
    )
    assert live(repository) == "v0.1.0" == shown_by_gto(repository)["faces"]["prod"]
    with pytest.raises(UsageError, match=r"faces@v0.3.0 was taken back: bad data \(me, "):
        tags.find(repository, "faces@0.3.0")


def live(folder: Path) -> str | None:
    version = tags.live(folder, "faces")
    return version.version if version else None


def shown_by_gto(folder: Path) -> dict[str, dict[str, str]]:
    """Model → stage → version, as `gto show` says, without stages that nothing is in."""
    from gto import api

    shown = api.show(str(folder))
    return {name: {s: v for s, v in each["stage"].items() if v} for name, each in shown.items() if each["version"]}


def shown_by_us(folder: Path) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for version in tags.versions(folder):
        found.setdefault(version.name, {}).update(dict.fromkeys(version.stages, version.version))
    return found


@settings(max_examples=25)
@given(data=strategies.data())
def test_gto_and_we_agree_after_any_history(data: strategies.DataObject) -> None:
    """Whatever is registered, assigned, taken out, taken back or deprecated, `gto show` and we see the same."""
    with tempfile.TemporaryDirectory() as place:
        folder = started(Path(place))
        commits = {"v0.1.0": commit(folder), "v0.2.0": commit(folder), "v0.2.0-rc.1": commit(folder)}
        for version, head in commits.items():
            tags.append(folder, "faces", f"@{version}", head, {})
        for _ in range(data.draw(strategies.integers(1, 10))):
            version = data.draw(strategies.sampled_from(sorted(commits)))
            events = [f"@{version}", f"@{version}!", "#prod", "#prod!", "#staging", "#prod", "@deprecated"]
            tags.append(folder, "faces", data.draw(strategies.sampled_from(events)), commits[version], {})
        assert shown_by_us(folder) == shown_by_gto(folder), git(folder, "tag", "--list")


def test_every_tag_that_gto_makes_is_understood(repository: Path) -> None:
    gto(repository, "register", "faces", "--version", "v1.0.0-rc.1")
    time.sleep(1.1)  # gto orders by the second
    gto(repository, "assign", "faces", "--version", "v1.0.0-rc.1", "--stage", "dev/a")
    commit(repository)
    gto(repository, "register", "faces", "--version", "v1.0.0", "--simple", "false")
    gto(repository, "assign", "faces", "--version", "v1.0.0", "--stage", "prod", "--simple", "true")
    assert [(v.version, v.stages) for v in tags.versions(repository)] == [
        ("v1.0.0-rc.1", ("dev/a",)),
        ("v1.0.0", ("prod",)),
    ]
    assert tags.find(repository, "faces@v1.0.0").registration == "faces@v1.0.0#2"
    time.sleep(1.1)
    gto(repository, "deprecate", "faces", "v1.0.0")
    assert [v.version for v in tags.versions(repository)] == ["v1.0.0-rc.1"]
    time.sleep(1.1)
    gto(repository, "deprecate", "faces")
    assert tags.versions(repository) == [] and shown_by_gto(repository) == {}
    with pytest.raises(UsageError, match="faces is no longer in use: faces@deprecated by Test"):
        tags.find(repository, "faces")


def test_a_tag_without_annotation_says_nothing_as_for_gto(repository: Path) -> None:
    git(repository, "tag", "faces@v1.0.0")
    assert tags.versions(repository) == [] and shown_by_gto(repository) == {}
