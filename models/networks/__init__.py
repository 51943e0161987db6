"""Networks by name: every file in this folder is one, with `build(settings, facts) -> nn.Module`."""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from project.errors import UsageError
from project.params import listing

if TYPE_CHECKING:
    from torch import nn


def names() -> list[str]:
    """All networks: the files of this folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py"))


def build(name: str, settings: Any, facts: Mapping[str, Any]) -> "nn.Module":
    """The network of `models/networks/<name>.py` with weights of `settings.seed`; no other file there is imported.

    `facts` tells what the samples are: classes, fields, mean, std. Raises UsageError that lists the networks there are.
    """
    if name not in names():
        raise UsageError(f"network {name!r} is not a file in models/networks/; {listing(name, names())}")
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net: nn.Module = importlib.import_module(f"models.networks.{name}").build(settings, facts)
    return net
