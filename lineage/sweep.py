"""Forgetting what no version and no workspace refers to any more, so that the index is as if made anew."""

import sqlite3

STEPS = (
    "DELETE FROM object WHERE md5 NOT IN ("
    " SELECT assets FROM version WHERE assets IS NOT NULL UNION SELECT shards FROM version WHERE shards IS NOT NULL"
    " UNION SELECT assets FROM present)",
    "DELETE FROM collection WHERE id NOT IN (SELECT collection FROM object WHERE collection IS NOT NULL)",
    "DELETE FROM collection_part WHERE collection NOT IN (SELECT id FROM collection)",
    "DELETE FROM part WHERE id NOT IN (SELECT part FROM collection_part)",
    "DELETE FROM part_use WHERE part NOT IN (SELECT id FROM part)",
    "DELETE FROM part_entry WHERE part NOT IN (SELECT id FROM part)",
    "DELETE FROM entry WHERE id NOT IN (SELECT entry FROM part_entry)",
    "DELETE FROM path WHERE entry NOT IN (SELECT id FROM entry)",
    "DELETE FROM terms WHERE id NOT IN (SELECT terms FROM entry)",
    "DELETE FROM asset WHERE key NOT IN (SELECT asset FROM entry UNION SELECT asset FROM part_use)",
)


def unused(db: sqlite3.Connection) -> None:
    """Each step removes what the one before left unreferenced, and none is done when nothing is removed at first."""
    if not db.execute(STEPS[0]).rowcount:
        return
    for step in STEPS[1:]:
        db.execute(step)
