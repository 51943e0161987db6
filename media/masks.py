"""Masks of pictures as run lengths: exact, and small enough for a catalog.

format  COCO's, https://github.com/cocodataset/cocoapi/blob/master/common/maskApi.h: pixels go column by column, runs of
        background and of the thing alternate, background first; as a list, or packed into a string
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

FIRST = 48
"""The character that stands for 0: each carries 5 bits, the lowest first, and whether more follow."""
MORE, SIGN, BITS = 0x20, 0x10, 5


@dataclass(frozen=True, slots=True)
class Mask:
    """Which pixels of a picture of `height` x `width` px belong to a thing, as `runs` of background and thing."""

    height: int
    width: int
    runs: tuple[int, ...]

    @property
    def area(self) -> int:
        """How many pixels it has."""
        return sum(self.runs[1::2])

    def fault(self) -> str:
        """Why it is none; empty when it is one."""
        if min(self.runs, default=0) < 0 or sum(self.runs) != self.height * self.width:
            return f"covers {sum(self.runs):,} px of a picture of {self.width} x {self.height} px"
        return "" if self.area else "has no area"

    def pixels(self) -> "np.ndarray":
        """(height, width), bool."""
        import numpy as np

        belongs = np.arange(len(self.runs)) % 2 == 1
        return np.repeat(belongs, self.runs).reshape(self.width, self.height).T


def from_coco(segmentation: Mapping[str, Any]) -> Mask:
    """A mask as annotations hold it. Raises KeyError, TypeError or ValueError for what is not one."""
    height, width = map(int, segmentation["size"])
    counts = segmentation["counts"]
    runs = _unpacked(counts) if isinstance(counts, str) else tuple(map(int, counts))
    return Mask(height, width, runs)


def _unpacked(packed: str) -> tuple[int, ...]:
    """From the fourth on, each run is told by how much it differs from the last but one."""
    runs: list[int] = []
    for number in _numbers(packed):
        runs.append(number + (runs[-2] if len(runs) > 2 else 0))
    return tuple(runs)


def _numbers(packed: str) -> Iterator[int]:
    number, shift = 0, 0
    for letter in packed:
        bits = ord(letter) - FIRST
        number |= (bits & (MORE - 1)) << shift
        shift += BITS
        if not bits & MORE:
            yield number - (1 << shift) if bits & SIGN else number
            number, shift = 0, 0
