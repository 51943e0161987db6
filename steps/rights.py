"""The gate on rights before augment: which assets are held back, as planned; and no training when that has changed since."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from media import orders, permission
from media.permission import Asked
from project.errors import RightsRefused


class Gate:
    """The rights plan of a model, and the orders that stand now. Calling it with a catalog tells what is held back."""

    def __init__(self, root: Path, model: str, planned: Mapping[str, Any]) -> None:
        self._model = model
        self._asked = Asked.of_plan(planned)
        self._most = planned["most_held_back"]
        standing = orders.standing(orders.read(root))
        self._now = replace(self._asked, suspended=tuple(sorted(standing.suspended)), as_of=permission.today())

    def __call__(self, table: pa.Table) -> pa.Table:
        """Asset ids and reasons, as `permission.held_back`. Raises RightsRefused when too little is left to train on."""
        held = permission.held_back(table, self._asked)
        since = permission.newly(held, permission.held_back(table, self._now))
        if len(since):
            raise RightsRefused(
                f"{self._model} may not use {len(since):,} assets any more ({permission.said(permission.by_count(since))}), "
                "and its plan is older than that; run: dvc repro -f plan"
            )
        self._check(table, held)
        return held

    def _check(self, table: pa.Table, held: pa.Table) -> None:
        reasons = permission.by_reason(table, held)
        kept = permission.admitted(table) - len(held)
        share = sum(reasons.values()) / max(kept + sum(reasons.values()), 1)
        if not kept and reasons:
            raise RightsRefused(
                f"rights leave {self._model} nothing to train on: {permission.said(reasons)}; "
                "ask for the rights, or take another source"
            )
        if share > self._most:
            raise RightsRefused(
                f"rights hold back {share:.1%} of the assets of {self._model} ({permission.said(reasons)}), more than "
                f"models.{self._model}.rights.most_held_back {self._most:g} allows; ask for the rights, or raise it"
            )
