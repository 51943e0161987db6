"""What data sets call their official splits."""

SPLITS = {
    "train": "train", "training": "train",
    "validation": "validation", "valid": "validation", "val": "validation", "dev": "validation",
    "test": "test", "testing": "test",
}  # fmt: skip

OFFICIAL = ("train", "validation", "test")


def official_split(named: str) -> tuple[str, str]:
    """The split of that name, and the reason for a refusal when there is none; both empty when it has no name."""
    if not named or named.lower() in SPLITS:
        return SPLITS.get(named.lower(), ""), ""
    return "", f"its split {named!r} is none of {', '.join(sorted(SPLITS))}"
