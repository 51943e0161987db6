"""What the path of a file says: its label, group and official split, or that it is a document beside the media."""

import re
from collections.abc import Callable, Mapping

from media.official_split import OFFICIAL, official_split
from media.sources import DOCUMENT, Item
from project.errors import UsageError
from project.source import LabelRule

DOCUMENT_NAMES = {"readme", "license", "licence", "copying", "notice", "authors", "changelog"}
DOCUMENT_SUFFIXES = {".md", ".rst", ".txt", ".csv", ".tsv", ".json", ".xml", ".yaml", ".yml", ".html", ".pdf", ".db"}
KINDS_WITHOUT_TEXT = {"image", "audio", "video"}


class PathRule:
    """A label rule applied to paths. Raises UsageError for a rule that reads no path."""

    def __init__(self, rule: LabelRule, kind: str) -> None:
        if rule.separator is not None:
            raise UsageError("label.separator reads lines; give folder, pattern or none, or take format lines")
        self._rule = rule
        self._pattern = re.compile(rule.pattern) if rule.pattern else None
        self._kind = kind
        self._said: dict[str, tuple[tuple[str, ...], str, str, str, str]] = {}

    def item(self, path: str, load: Callable[[], bytes], *, name: str = "", stamp: str = "") -> Item:
        """The file at `path`, or what is called `name` in it, labelled or refused."""
        if is_document(path, self._kind):
            return Item(path, (), "", "", load, DOCUMENT, stamp=stamp)
        labels, group, subject, split, refused = self._told(path)
        rights = {"subject": subject} if subject else {}
        return Item(name or path, labels, group, split, load, refused, rights, stamp=stamp)

    def _told(self, path: str) -> tuple[tuple[str, ...], str, str, str, str]:
        """Labels, group, subject, official split, the reason for a refusal. Without a pattern, the folder alone decides."""
        if self._pattern is not None:
            return self._checked(path)
        folder = path[: path.rfind("/") + 1]
        if folder not in self._said:
            self._said[folder] = self._checked(path)
        return self._said[folder]

    def _checked(self, path: str) -> tuple[tuple[str, ...], str, str, str, str]:
        label, group, subject, named, refused = self._read(path)
        split, unknown = official_split(named)
        refused = refused or unknown
        return (label,) if label and not refused else (), group if not refused else "", subject, split, refused

    def _read(self, path: str) -> tuple[str, str, str, str, str]:
        """Label, group, subject, split and the reason for a refusal, each empty when there is none."""
        named: dict[str, str] = {}
        if self._pattern is not None:
            match = self._pattern.search(path)
            if match is None:
                missing = "no label: " if "label" in self._pattern.groupindex else ""
                return "", "", "", "", f"{missing}its path does not match the pattern"
            named = {name: text or "" for name, text in match.groupdict().items()}
        label, refused = self._label(path, named)
        split = named.get("split") or next(filter(named.get, OFFICIAL), "")
        return label, named.get("group", ""), named.get("subject", ""), split, refused

    def _label(self, path: str, named: Mapping[str, str]) -> tuple[str, str]:
        """The label, and the reason for a refusal."""
        if "label" in named:
            return named["label"], "" if named["label"] else "no label: the pattern matches, but its label is empty"
        if self._rule.folder is None:
            return self._rule.constant or "", ""
        level, folders = self._rule.folder, path.split("/")[:-1]
        if len(folders) < level:
            return "", f"no label: it does not lie {level} folder{'s' * (level > 1)} deep"
        return folders[level - 1], ""


def is_document(path: str, kind: str) -> bool:
    """Whether a file of that name comes with media of that kind, without being any."""
    name = path.rpartition("/")[2].lower()
    if kind in KINDS_WITHOUT_TEXT and name[name.rfind(".") :] in DOCUMENT_SUFFIXES:
        return True
    return name in DOCUMENT_NAMES or name.startswith("readme.") or name.endswith(".readme")
