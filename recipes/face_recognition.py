"""Face recognition: is this the same person, and which of the people enrolled is it?

A network turns a picture into a unit vector; pictures of one person lie close together, of people never seen too. All
who are not held out for test are enrolled. `predict` gives the nearest of them, how sure that is, and the vector; the
label is empty for someone who is more likely none of them.

source   any folder of pictures with one folder a person, split by person; the ORL (AT&T) database less one person (39
         people, 390 pictures, UNSTATED: for tests, not to be passed on)
network  residual (default), plain or separable convolutions, read off without pooling; 674 k weights
expects  faces: 10 people never seen: rank_1 1.000, equal_error_rate 0.127 (seeds 7 to 9: 0.127 to 0.147), which is short
         of its gate of 0.08; 15 s of processor time, one core of an AMD EPYC
         five pictures a person learnt and five tested, 39 people: nearest picture 0.974 (0.959 to 0.985), nearest mean
         of a person 0.952 (0.944 to 0.959), seeds 7 to 9; python -m benchmarks.faces
paper    Deng et al. 2019, ArcFace; Hermans et al. 2017, In Defense of the Triplet Loss
run      dailies run faces
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from media import image
from models.settings import Training, setting
from recipes import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    network: str = setting("residual", choices=("cnn", "residual", "separable"))
    width: int = setting(16, low=4, high=512, unit="channels of the first layer")
    dimensions: int = setting(64, low=2, high=4096, unit="numbers of an embedding")
    dropout: float = setting(0.0, low=0, high=0.9)
    size: int = setting(
        48, low=8, high=1024, unit="px, side of the square the picture is fitted into", shapes_data=True
    )
    colour: bool = setting(False, shapes_data=True)
    loss: str = setting("arcface", choices=("arcface", "triplet"))
    margin: float = setting(0.5, low=0, high=3, unit="radians (arcface) or distance (triplet; 0 = soft)")
    scale: float = setting(32.0, low=1, high=1000, unit="of cosines, arcface only")
    sampling: str = setting("grouped", choices=("grouped",))
    class_weights: str = setting("none", choices=("none",))
    each: int = setting(4, low=2, high=1000, unit="pictures of one person in a batch")
    batch: int = setting(64, low=4, high=65_536, unit="samples")
    jitter_shift: float = setting(0.1, low=0, high=0.5, unit="fraction of the side, while training")
    jitter_rotate: float = setting(15.0, low=0, high=180, unit="degrees, while training")
    jitter_scale: float = setting(0.15, low=0, high=0.9, unit="fraction up or down, while training")
    jitter_flip: bool = setting(True)
    mixup: float = setting(1.0, low=0, high=10, unit="alpha, two faces through each other, arcface only, 0 = off")
    cutmix: float = setting(0.0, low=0, high=10, unit="alpha, a part of another face, arcface only, 0 = off")
    epochs: int = setting(60, low=1, high=10_000)
    rate: float = setting(0.003, low=0, high=10)
    weight_decay: float = setting(0.02, low=0, high=1)
    average: float = setting(0.99, low=0, high=0.9999, unit="decay of the weights' moving average, 0 = off")


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models import embedding

    return embedding.build(settings, facts)


def fit(job: Any) -> Any:
    from models import batches, embedding, fit, jitter, metric_losses, mixing

    loss, mixed = {
        "arcface": (metric_losses.arcface, mixing.images(job.settings, job.facts)),
        "triplet": (metric_losses.triplet, None),
    }[job.settings.loss]
    varied = jitter.chain(jitter.geometry(job.settings), mixed)
    fitted = fit.supervised(job, loss=loss, jitter=varied, batches=batches.by_class(job.settings.each))
    embedding.enrol(job.net, job.train, job.validation)
    return fitted


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any]) -> Any:
    from models import recognition

    return recognition.verify(net, samples, facts)


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import verification_pictures

    return verification_pictures.draw(outcome, facts)


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import recognition

    return recognition.identify(net, sample, facts)


recipe = Recipe(
    kind="image",
    settings=Settings,
    fields=image.fields,
    read=image.read,
    augment=image.OPERATIONS,
    net=network,
    fit=fit,
    evaluate=evaluate,
    show=show,
    predict=predict,
    parts=lambda s: (f"models.networks.{s.network}",),
    inputs=lambda s: ("image",),
    search=("rate", "weight_decay", "margin", "width"),
)
