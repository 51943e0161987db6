"""Sound classification: which of the known classes is this sound?

source   any folder of sounds with one folder a class; FSDD, spoken digits (2,000 recordings of 4 speakers,
         CC-BY-SA-4.0); ESC-10, sounds of the surroundings (320 clips, CC-BY-3.0)
network  log-mel spectrogram, then a CNN (148 k weights for digits, 443 k for surroundings), or convolutions and a GRU or
         LSTM over time
expects  spoken_digits: accuracy 0.995 to 1.000 on the 200 official test takes (seeds 7 to 9), 15 s; on a speaker
         who is not in training 0.79, from 0.64 to 0.88
         environment: accuracy 0.831 over folds 1 to 4, from 0.80 to 0.88 (seed 7), 0.81 to 0.88 on fold 4 alone (seeds 7
         to 9), 39 s of processor time a fold, AMD EPYC; both by python -m benchmarks.held_out_groups
paper    Park et al. 2019, SpecAugment, section 2; Piczak 2015, Environmental Sound Classification with CNNs
run      dailies run spoken_digits
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from media import audio, spectrogram
from models.settings import Training, setting
from recipes import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    network: str = setting("cnn", choices=("cnn", "gru", "lstm"))
    width: int = setting(32, low=4, high=512, unit="channels of the first layer")
    dropout: float = setting(0.2, low=0, high=0.9)
    rate_hz: int = setting(16_000, low=1_000, high=192_000, unit="Hz, to which sounds are resampled", shapes_data=True)
    seconds: float = setting(2.0, low=0.05, high=60, unit="s, the middle of longer sounds", shapes_data=True)
    mels: int = setting(64, low=8, high=256, unit="bands", shapes_data=True)
    window_ms: float = setting(40.0, low=2, high=1_000, unit="ms", shapes_data=True)
    hop_ms: float = setting(16.0, low=1, high=1_000, unit="ms", shapes_data=True)
    masks: int = setting(2, low=0, high=10, unit="SpecAugment masks each over bands and over time, while training")
    mask_bands: float = setting(0.15, low=0, high=1, unit="fraction of the bands, the widest mask")
    mask_time: float = setting(0.15, low=0, high=1, unit="fraction of the duration, the longest mask")
    jitter_shift: float = setting(0.1, low=0, high=0.5, unit="fraction of the duration, while training")
    epochs: int = setting(30, low=1, high=10_000)
    batch: int = setting(64, low=1, high=65_536, unit="samples")
    rate: float = setting(0.004, low=0, high=10)
    weight_decay: float = setting(0.02, low=0, high=1)
    label_smoothing: float = setting(0.05, low=0, high=0.9)
    average: float = setting(0.99, low=0, high=0.9999, unit="decay of the weights' moving average, 0 = off")


def encode(sample: Mapping[str, Any], settings: Settings, learnt: Mapping[str, Any]) -> Mapping[str, Any]:
    s = settings
    levels = spectrogram.picture(sample["audio"], s.rate_hz, mels=s.mels, window_ms=s.window_ms, hop_ms=s.hop_ms)
    return {"image": levels}


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models import networks

    return networks.build(settings.network, settings, facts)


def fit(job: Any) -> Any:
    from models import fit, jitter, losses, masking

    _, mels, frames = job.facts["fields"]["image"]["shape"]
    masks = masking.spectrograms(
        "image",
        bands=job.settings.masks,
        most_bands=round(job.settings.mask_bands * mels),
        times=job.settings.masks,
        most_frames=round(job.settings.mask_time * frames),
    )
    varied = jitter.chain(jitter.later("image", job.settings.jitter_shift), masks)
    return fit.supervised(job, loss=losses.cross_entropy, jitter=varied)


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any]) -> Any:
    from models import evaluate

    return evaluate.classification(net, samples, facts)


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import pictures

    return pictures.classification(outcome, facts)


def explain(net: Any, samples: Any, outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import explanation_pictures, explanations

    return explanation_pictures.pictures(explanations.pictures(net, samples, outcome, facts))


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import evaluate

    return evaluate.classify(net, sample, facts)


recipe = Recipe(
    kind="audio",
    settings=Settings,
    fields=lambda s: {"image": spectrogram.picture_field(s.rate_hz, s.seconds, s.mels, s.hop_ms)},
    read=lambda data, row, s: {"audio": audio.mono(data, s.rate_hz, s.seconds), "rate_hz": s.rate_hz},
    augment=audio.OPERATIONS,
    encode=encode,
    net=network,
    fit=fit,
    evaluate=evaluate,
    show=show,
    explain=explain,
    predict=predict,
    parts=lambda s: (f"models.networks.{s.network}",),
    inputs=lambda s: ("image",),
    search=("rate", "weight_decay", "batch", "dropout", "width"),
)
