"""Pictures of a generator, and what they are worth beside pictures that it has not seen."""

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from PIL import Image

from models import device, judge, likeness, order
from models.data import Samples, blocks
from models.outcome import Outcome
from project.errors import DailiesError, UsageError
from project.params import listing

FEWEST = 10_000  # pictures to measure on; fewer make a Fréchet distance larger (Chong and Forsyth 2020)
COMPARED = 2_000  # pictures whose nearest training picture is looked for
COMPARED_PX = 32  # longest side at which pictures are compared; larger ones are averaged down to it
SHEET, PAIRS = 12, 12  # pictures of each class, and pairs of neighbours, in the report
EMPTY = 0.01  # fraction of unseen pictures that are nearer to training than what counts as a copy


def pictures(generator: Any, labels: np.ndarray, numbers: Sequence[int], seed: int = 0) -> np.ndarray:
    """A picture of each class number in `labels` (B,): uint8 (B, C, H, W).

    Picture n follows from weights, label, n and seed, whatever is drawn beside it.
    """
    machine = device.prepare()
    generator.to(machine.device).eval()
    noise = np.stack([order.normal(order.stream(order.PICTURE, seed, n), (generator.noise,)) for n in numbers])
    with torch.inference_mode():
        drawn = generator(device.tensor(noise).to(machine.device), torch.as_tensor(labels).to(machine.device))
    return ((drawn.float() + 1) * 127.5).round().clamp(0, 255).byte().contiguous().cpu().numpy()


def generation(net: Any, samples: Samples, facts: Mapping[str, Any], training: Samples) -> Outcome:
    """Ask `net` (players and judge) for pictures of the classes of `samples`, as often as they occur there.

    `training` are the samples that it learnt from. `shown` has sheet, uint8 (classes, SHEET, C, H, W), and pairs, the
    generated pictures nearest to a training picture: generated, nearest, label, distance.
    Raises DailiesError when there is no sample.
    """
    if len(samples) == 0:
        raise DailiesError("there is no sample to measure on; see the split section of the model and its labels")
    generator, ruler = net["players"].generator, net["judge"]
    originals = training.where(np.asarray(training.column("copy")) == 0)
    labels = np.asarray(samples.column("label"), dtype=np.int64)
    asked = np.tile(labels, -(-FEWEST // len(labels)))
    made = [judge.opinion(ruler, _asked(generator, asked, block)) for block in _numbers(samples, len(asked))]
    features, scores = (np.concatenate(part) for part in zip(*made, strict=True))
    unseen, of_unseen = judge.opinions(ruler, samples)
    learnt, _ = judge.opinions(ruler, originals)
    certainty = _of_class(scores, asked)
    copying, pairs = _copying(generator, asked, samples, originals)
    apart, usual = likeness.frechet_distance(features, unseen), likeness.frechet_distance(learnt, unseen)
    classes = np.array(facts["classes"], dtype=object)
    return Outcome(
        metrics={
            "frechet_ratio": apart / usual if usual else float("inf"),
            "recognised": float((scores.argmax(1) == asked).mean()),
            "frechet_distance": apart,
            "frechet_train_to_test": usual,
            **copying,
            "judge_accuracy": float((of_unseen.argmax(1) == labels).mean()),
        },
        rows={
            "sample_id": np.asarray(samples.column("sample_id")),
            "label": classes[labels],
            "prediction": classes[scores[: len(labels)].argmax(1)],
            "score": certainty[: len(labels)],
        },
        tables={"Classes": _per_class(asked, scores, certainty, classes)},
        shown={"sheet": _sheet(generator, len(classes)), "pairs": pairs},
    )


def _numbers(samples: Samples, count: int) -> Iterator[np.ndarray]:
    """range(count) in blocks that a network takes at once."""
    size = max(len(next(blocks(samples))), 1)
    return (np.arange(start, min(start + size, count)) for start in range(0, count, size))


def _asked(generator: Any, asked: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """The pictures with these numbers; for a class that the generator never learnt, one of its last class."""
    known = generator.embedding.num_embeddings
    return pictures(generator, asked[numbers].clip(max=known - 1), numbers.tolist())


def _of_class(scores: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The probability of the class asked for, (N,); 0 for one that was never learnt."""
    known = asked < scores.shape[1]
    return np.where(known, scores[np.arange(len(asked)), np.where(known, asked, 0)], 0.0)


def _per_class(
    asked: np.ndarray, scores: np.ndarray, certainty: np.ndarray, classes: np.ndarray
) -> list[dict[str, Any]]:
    rows = []
    for number in np.unique(asked):
        here = asked == number
        right, certain = float((scores[here].argmax(1) == number).mean()), float(certainty[here].mean())
        rows.append({"class": str(classes[number]), "pictures": int(here.sum()), "recognised": right, "sure": certain})
    return rows


def _copying(
    generator: Any, asked: np.ndarray, samples: Samples, originals: Samples
) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """How much nearer to training pictures the generated ones are than unseen ones, and the nearest pairs."""
    count = min(COMPARED, len(samples))
    chosen = np.linspace(0, len(samples) - 1, count).astype(np.int64)
    drawn = np.concatenate([_asked(generator, asked, part) for part in np.array_split(chosen, -(-count // 256))])
    among = [_small(originals.take(block)["image"]) for block in blocks(originals)]
    distance, place = likeness.nearest(_small(drawn), among)
    usual, _ = likeness.nearest(_small(samples.take(chosen)["image"]), among)
    closest = np.argsort(distance, kind="stable")[:PAIRS]
    neighbours = originals.take(place[closest])["image"]
    pairs = [
        {"generated": drawn[index], "nearest": neighbour, "label": int(asked[chosen[index]]), "distance": distance[index]}
        for index, neighbour in zip(closest, neighbours, strict=True)
    ]
    measured = {
        "nearer_than_unseen": likeness.share_below(distance, usual),
        "copied": float((distance < np.quantile(usual, EMPTY)).mean()),
        "nearest_distance": float(np.median(distance)),
        "nearest_distance_unseen": float(np.median(usual)),
    }
    return measured, pairs


def _small(images: np.ndarray) -> np.ndarray:
    """Images (B, C, H, W) as rows of numbers (B, P); large ones are averaged down to at most COMPARED_PX a side."""
    step = -(-max(images.shape[2:]) // COMPARED_PX)
    if step > 1:
        images = torch.nn.functional.avg_pool2d(torch.from_numpy(images).float(), step, ceil_mode=True).numpy()
    return images.reshape(len(images), -1)


def _sheet(generator: Any, classes: int) -> np.ndarray:
    """SHEET pictures of each class, (classes, SHEET, C, H, W)."""
    known = min(classes, generator.embedding.num_embeddings)
    rows = [pictures(generator, np.full(SHEET, label), range(label * SHEET, (label + 1) * SHEET)) for label in range(known)]
    return np.stack(rows)


def drawn_for(net: Any, text: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    """A picture for each line of `text`, which names a class: label, confidence of the judge, and PNG bytes by name.

    The picture follows from class and number of the line. Raises UsageError for a line that is no class.
    """
    classes = [str(name) for name in facts["classes"]]
    wanted = [(number, line.strip()) for number, line in enumerate(text.splitlines()) if line.strip()]
    for number, name in wanted:
        if name not in classes:
            raise UsageError(f"line {number + 1} asks for {name!r}, which is no class; {listing(name, classes)}")
    if not wanted:
        raise UsageError("it asks for nothing; write the name of a class on each line")
    answers, files = [], {}
    for number, name in wanted:
        label = np.array([classes.index(name)])
        picture = pictures(net["players"].generator, label, [number])
        _, scores = judge.opinion(net["judge"], picture)
        file = f"{number + 1:04}-{re.sub(r'[^A-Za-z0-9_-]+', '_', name)}.png"
        answers.append({"label": name, "file": file, "confidence": float(scores[0, label[0]])})
        files[file] = _png(picture[0])
    return {"pictures": answers, "files": files}


def _png(image: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image[0] if len(image) == 1 else image.transpose(1, 2, 0)).save(buffer, format="PNG")
    return buffer.getvalue()
