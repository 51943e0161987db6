"""Speech to text: what is said in this recording?

source   sounds whose label is what is said: a sidecar, a column, or the name of the file. yesno, 60 recordings of eight
         Hebrew words (UNSTATED); FSDD, digits of 4 speakers, joined to strings (CC-BY-SA-4.0)
network  log-mel spectrogram, 2 convolutions, bidirectional GRU, a softmax over symbols at each moment; 251 k weights
expects  yes_no: word error rate 0.004 on the 29 official test recordings (seeds 7 to 9), 40 s, one thread on a busy AMD EPYC
         digit_strings: word error rate 0.003 to 0.006 on 155 strings of the official test takes (seeds 7 to 9), 133 s
paper    Graves et al. 2006, Connectionist Temporal Classification
run      dailies run yes_no
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from media import audio, spectrogram, strings
from media.sample import Field
from media.units import Rows, Sample, Unit
from models.settings import Unclassed, setting
from recipes import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Unclassed):
    units: str = setting("characters", choices=("characters", "words"), shapes_data=True)
    space: str = setting(" ", unit="what stands between the words of a label", shapes_data=True)
    join_least: int = setting(1, low=1, high=50, unit="recordings of one speaker in a sample", shapes_data=True)
    join_most: int = setting(1, low=1, high=50, unit="recordings of one speaker in a sample", shapes_data=True)
    join_rounds: int = setting(1, low=1, high=100, unit="samples a recording is in", shapes_data=True)
    join_pause_ms: float = setting(200.0, low=0, high=5_000, unit="ms, the longest pause between", shapes_data=True)
    rate_hz: int = setting(16_000, low=1_000, high=192_000, unit="Hz, to which sounds are resampled", shapes_data=True)
    mels: int = setting(40, low=8, high=256, unit="bands", shapes_data=True)
    window_ms: float = setting(25.0, low=2, high=1_000, unit="ms", shapes_data=True)
    hop_ms: float = setting(10.0, low=1, high=1_000, unit="ms", shapes_data=True)
    width: int = setting(32, low=4, high=512, unit="channels of the convolutions")
    hidden: int = setting(96, low=4, high=2048, unit="units each way")
    depth: int = setting(1, low=1, high=8, unit="recurrent layers")
    dropout: float = setting(0.1, low=0, high=0.9)
    beam: int = setting(8, low=1, high=1_000, unit="texts that the search keeps")
    masks: int = setting(2, low=0, high=10, unit="SpecAugment masks each over bands and over time, while training")
    mask_bands: float = setting(0.15, low=0, high=1, unit="fraction of the bands, the widest mask")
    mask_time: float = setting(0.05, low=0, high=1, unit="fraction of the duration, the longest mask")
    epochs: int = setting(30, low=1, high=10_000)
    batch: int = setting(32, low=1, high=65_536, unit="samples")
    rate: float = setting(0.003, low=0, high=10)
    clip: float = setting(5.0, low=0, high=1e6, unit="gradient norm, 0 = off")
    average: float = setting(0.99, low=0, high=0.9999, unit="decay of the weights' moving average, 0 = off")


def fields(settings: Settings) -> Mapping[str, Field]:
    return {"sound": Field("uint8", (None, settings.mels)), "text": Field("int32", (None,))}


def read(data: bytes, row: Mapping[str, Any], settings: Settings) -> Sample:
    """Sound and transcript; a stranger's file has none."""
    words = (row.get("labels") or [""])[0].split(settings.space or None)
    text = " ".join(filter(None, words))
    return {"audio": audio.whole(data, settings.rate_hz), "rate_hz": settings.rate_hz, "text": text}


def compose(rows: Rows, settings: Settings) -> Iterator[Unit]:
    return strings.compose(rows, settings.join_least, settings.join_most, settings.join_rounds)


def join(samples: Sequence[Sample], unit: Unit, settings: Settings) -> Sample:
    return strings.join(samples, unit, settings.rate_hz, settings.join_pause_ms)


def symbols(text: str, units: str) -> list[str]:
    return text.split() if units == "words" else list(text)


def learn(samples: Iterable[Sample], settings: Settings) -> Mapping[str, Any]:
    """The symbols that training texts are made of."""
    found = {symbol for sample in samples for symbol in symbols(sample["text"], settings.units)}
    return {"alphabet": sorted(found), "units": settings.units}


def encode(sample: Sample, settings: Settings, learnt: Mapping[str, Any]) -> Sample:
    s = settings
    levels = spectrogram.levels(sample["audio"], s.rate_hz, mels=s.mels, window_ms=s.window_ms, hop_ms=s.hop_ms)
    numbers = {symbol: number for number, symbol in enumerate(learnt["alphabet"], 1)}
    text = [numbers.get(symbol, len(numbers) + 1) for symbol in symbols(sample["text"], learnt["units"])]
    return {"sound": np.ascontiguousarray(levels.T), "text": np.array(text, np.int32)}


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models.acoustic import Acoustic

    s, known = settings, len(facts["learnt"]["alphabet"])
    return Acoustic(s.mels, known + 1, width=s.width, hidden=s.hidden, depth=s.depth, dropout=s.dropout, beam=s.beam)


def fit(job: Any) -> Any:
    from models import batches, ctc, fit, masking

    s = job.settings
    masks = masking.spectrograms(
        "sound",
        bands=s.masks,
        most_bands=round(s.mask_bands * s.mels),
        times=s.masks,
        most_frames=round(60_000 / s.hop_ms),  # a minute: of what is shorter, `longest` of it
        longest=s.mask_time,
        time_first=True,
    )
    return fit.supervised(job, loss=ctc.loss, jitter=masks, batches=batches.by_length("sound"))


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any]) -> Any:
    from models import transcripts

    return transcripts.evaluate(net, samples, facts)


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import speech_pictures

    return speech_pictures.speech(outcome, facts)


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import transcripts

    return transcripts.transcribe(net, sample, facts)


recipe = Recipe(
    kind="audio",
    settings=Settings,
    fields=fields,
    read=read,
    compose=compose,
    join=join,
    learn=learn,
    encode=encode,
    augment=audio.OPERATIONS,
    net=network,
    fit=fit,
    evaluate=evaluate,
    show=show,
    predict=predict,
    search=("rate", "batch", "dropout", "hidden"),
)
