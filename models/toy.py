"""Small synthetic samples that a network can learn in seconds, for tests, benchmarks and golden losses."""

from typing import Any

import numpy as np

from models.data import InMemory


def pictures(count: int, side: int = 16, channels: int = 1, classes: int = 4, seed: int = 0) -> InMemory:
    """`count` noisy uint8 pictures (channels, side, side) of a bright bar, whose angle is the class."""
    draws = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % classes
    row, column = np.mgrid[:side, :side] - (side - 1) / 2
    angle = (np.pi * labels / classes)[:, None, None]
    away = np.abs(row * np.cos(angle) - column * np.sin(angle) + draws.uniform(-1, 1, (count, 1, 1)))
    bright = 150 * np.exp(-((away / (side / 8)) ** 2)) + draws.uniform(0, 100, (count, side, side))
    images = np.repeat(bright.astype(np.uint8)[:, None], channels, axis=1)
    folds = np.arange(count, dtype=np.int64) // classes
    return InMemory({"image": images, "label": labels}, {"fold": folds})


def facts(samples: InMemory) -> dict[str, Any]:
    """What augment would say of `samples`."""
    batch = samples.take(np.arange(len(samples)))
    images, labels = batch["image"], batch["label"]
    return {
        "classes": [f"class {number}" for number in range(int(labels.max()) + 1)],
        "fields": {"image": {"dtype": str(images.dtype), "shape": list(images.shape[1:])}},
        "counts": {"train": len(samples)},
        "mean": images.mean((0, 2, 3)).tolist(),
        "std": images.std((0, 2, 3)).tolist(),
    }


def histories(count: int, items: int = 12, longest: int = 9, seed: int = 0) -> InMemory:
    """`count` people who choose items of a circle one after another, from anywhere in it, and `answer`, the next one."""
    draws = np.random.default_rng(seed)
    lengths = draws.integers(2, longest + 1, count)
    steps = draws.integers(items, size=(count, 1)) + np.arange(longest)
    history = np.where(np.arange(longest) < lengths[:, None], 1 + steps % items, 0)
    answers = 1 + (steps[:, 0] + lengths) % items
    fields: dict[str, np.ndarray] = {
        "history": history.astype(np.int32),
        "history_length": lengths,
        "answer": answers.astype(np.int32),
        "unknown": np.zeros(count, dtype=np.int32),
        "label": np.full(count, -1),
    }
    return InMemory(fields, {"fold": np.arange(count)})


def ranking_facts(samples: InMemory) -> dict[str, Any]:
    """What augment would say of `samples` of histories."""
    batch = samples.take(np.arange(len(samples)))
    chosen = np.concatenate([batch["history"].ravel(), batch["answer"]])
    counts = np.bincount(chosen)[1:]
    names = {f"item {number}": number for number in range(1, len(counts) + 1)}
    return {"classes": [], "fields": {}, "learnt": {"items": names, "counts": counts.tolist()}}
