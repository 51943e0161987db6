"""Networks by name: every file in this folder is one, with `build(settings, facts) -> nn.Module`.

Those of pictures, and of what looks like one, lie here; those of another shape of data in a folder of its own.
"""

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from project.errors import UsageError
from project.params import listing

if TYPE_CHECKING:
    from torch import nn


def names(shape: str = "") -> list[str]:
    """All networks for one shape of data: the files of its folder."""
    return sorted(path.stem for path in (Path(__file__).parent / shape).glob("[a-z]*.py"))


def build(name: str, settings: Any, facts: Mapping[str, Any], shape: str = "") -> "nn.Module":
    """The network of `models/networks/<shape>/<name>.py` with weights of `settings.seed`; no other file there is imported.

    `facts` tells what the samples are: classes, fields, mean, std. Raises UsageError that lists the networks there are.
    """
    if name not in names(shape):
        place = "/".join(filter(None, ("models/networks", shape)))
        raise UsageError(f"network {name!r} is not a file in {place}/; {listing(name, names(shape))}")
    import torch

    module = ".".join(filter(None, ("models.networks", shape, name)))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        net: nn.Module = importlib.import_module(module).build(settings, facts)
    return net
