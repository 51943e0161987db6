"""Weights as safetensors: the same weights are the same bytes, and nothing is unpickled."""

from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor, nn

from project.errors import DailiesError, IntegrityError
from project.progress import note


def to_bytes(net: nn.Module) -> bytes:
    """The state dict of `net` as a safetensors file; entries are sorted by safetensors itself."""
    state = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    return safetensors.torch.save(state)


def save(net: nn.Module, path: Path) -> None:
    """Write the weights to `path`, which must not be a file in use: call with a temporary name, then rename."""
    path.write_bytes(to_bytes(net))


def read(path: Path) -> dict[str, Tensor]:
    """The state dict in the file. Raises IntegrityError when it is not a whole safetensors file."""
    try:
        return safetensors.torch.load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise IntegrityError(
            f"{path} is not a readable safetensors file ({error}); train again or pull it again"
        ) from None


def load(net: nn.Module, path: Path) -> None:
    """Give `net` the weights in the file. Raises IntegrityError when names or shapes differ."""
    state = read(path)
    differing = mismatches(net, state)
    if differing:
        raise IntegrityError(
            f"{path} does not fit the network: {differing[0]} (and {len(differing) - 1} more entries differ)"
        )
    net.load_state_dict(state)


def warm_start(net: nn.Module, state: Mapping[str, Tensor]) -> None:
    """Give `net` every entry of `state` that fits by name and shape; the others (a head for other classes) stay random.

    Raises DailiesError when nothing that learns fits.
    """
    fitting = {name: state[name] for name, value in net.state_dict().items() if _fits(value, state.get(name))}
    learning = {name for name, _ in net.named_parameters()}
    if not fitting.keys() & learning:
        raise DailiesError("start_from: no weight of the champion fits this network; set start_from: scratch")
    fresh = sorted(learning - fitting.keys())
    if fresh:
        note(
            f"{len(fresh)} of {len(learning)} weights do not fit the champion's and start at random: {', '.join(fresh)}"
        )
    net.load_state_dict(fitting, strict=False)


def _fits(value: Tensor, candidate: Tensor | None) -> bool:
    return candidate is not None and candidate.shape == value.shape


def mismatches(net: nn.Module, state: Mapping[str, Tensor]) -> list[str]:
    """The entries whose name or shape differ between network and state dict, as text."""
    wanted = {name: tuple(value.shape) for name, value in net.state_dict().items()}
    found = {name: tuple(value.shape) for name, value in state.items()}
    return [
        f"{name} is {found.get(name, 'missing')}, the network has {wanted.get(name, 'no such entry')}"
        for name in sorted(wanted.keys() | found.keys())
        if wanted.get(name) != found.get(name)
    ]


def count(net: nn.Module) -> int:
    """How many numbers training may change."""
    return sum(parameter.numel() for parameter in net.parameters() if parameter.requires_grad)
