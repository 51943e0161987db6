"""Random draws that depend on what they are for, and on nothing else: not on order, workers or the other assets.

Each purpose gets a counter-based generator of its own (Philox, Salmon et al. 2011, Parallel Random Numbers: As Easy
as 1, 2, 3), keyed by a hash of that purpose.
"""

import hashlib

import numpy as np


def generator(seed: int, asset_id: str, copy: int, operation: str) -> np.random.Generator:
    """The generator for one operation on one copy of one asset."""
    digest = hashlib.blake2b(f"{seed} {asset_id} {copy} {operation}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=np.frombuffer(digest, "<u8")))
