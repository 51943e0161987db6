"""Image generation: draw a new picture of a class.

source   any folder of pictures with one folder a class; MNIST (70,000 pictures, UNSTATED: for training and tests,
         do not pass it on)
network  generator of transposed convolutions whose normalisation follows from noise and class, against a critic with
         spectral norm and class projection, hinge loss, moving average of the generator's weights; beside them a judge;
         464 k weights in all for digit_images
expects  digit_images: frechet_ratio 2.47, recognised 0.991, nearer_than_unseen 0.502 (seed 7), 22 min of one core of an
         AMD EPYC
metrics  frechet_ratio: Fréchet distance of 10,000 generated pictures to the test pictures, on features of the judge,
         over that of the training pictures; recognised: share that the judge takes for the class asked for. The judge
         is our own classifier. It learns from the training split alone, before anything is generated, and travels in
         the weights, so that a figure follows from them. nearer_than_unseen: chance that a generated picture is
         nearer to its nearest training picture than an unseen one is to its own; 0.5 is no copying, 1 is memory
predict  a text file with the name of a class on each line gives a PNG a line
paper    Radford et al. 2016, DCGAN; Miyato et al. 2018, Spectral Normalization; Miyato and Koyama 2018, cGANs with
         Projection Discriminator; Heusel et al. 2017, GANs Trained by a Two Time-Scale Update Rule
run      dailies run digit_images
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from media import image, text
from models.settings import Training, setting
from project.errors import UsageError
from recipes import Recipe


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings(Training):
    width: int = setting(16, low=4, high=512, unit="channels beside the picture; more further in")
    noise: int = setting(64, low=1, high=4096, unit="random numbers that a picture is made from")
    size: int = setting(32, low=8, high=256, unit="px, side of the square the picture is fitted into", shapes_data=True)
    colour: bool = setting(False, shapes_data=True)
    critic_rate: float = setting(2.0, low=0, high=100, unit="rate of the critic over that of the generator")
    judge_epochs: int = setting(3, low=1, high=10_000, unit="epochs before the others, which `minutes` does not count")
    batch: int = setting(32, low=2, high=65_536, unit="samples")
    optimizer: str = setting("adam", choices=("sgd", "rmsprop", "adam", "adamw"))
    rate: float = setting(2e-3, low=0, high=10)
    weight_decay: float = setting(0.0, low=0, high=1)
    schedule: str = setting("linear", choices=("constant", "step", "linear", "cosine", "one_cycle"))
    warmup: float = setting(0.0, low=0, high=1, unit="fraction of all steps")
    average: float = setting(0.999, low=0, high=0.9999, unit="decay of the generator's moving average, 0 = off")


def network(settings: Settings, facts: Mapping[str, Any]) -> Any:
    from models import dcgan, judge

    if not facts["classes"]:
        raise UsageError(
            "image_generation draws pictures of classes, and no asset has a label; give the source a label"
        )
    return judge.beside(dcgan.Players(settings, facts), facts, settings.seed)


def fit(job: Any) -> Any:
    from models import adversarial, judge, state
    from project.progress import note

    def below(folder: str) -> Any:
        return job.checkpoints and job.checkpoints / folder

    note(f"the judge learns first: {job.settings.judge_epochs} epochs")
    judge.learn(replace(job, net=job.net["judge"], checkpoints=below("judge")), job.settings.judge_epochs)
    start = job.start and state.below("players.", job.start)
    return adversarial.adversarial(replace(job, net=job.net["players"], checkpoints=below("players"), start=start))


def evaluate(net: Any, samples: Any, facts: Mapping[str, Any], training: Any) -> Any:
    from models import generation

    return generation.generation(net, samples, facts, training)


def show(outcome: Any, facts: Mapping[str, Any]) -> Mapping[str, bytes]:
    from models import generated_pictures

    return generated_pictures.generation(outcome, facts)


def predict(net: Any, sample: Mapping[str, Any], facts: Mapping[str, Any]) -> Mapping[str, Any]:
    from models import generated

    return generated.on_request(net, sample["text"], facts)


recipe = Recipe(
    kind="image",
    generates=True,
    settings=Settings,
    fields=image.fields,
    read=image.read,
    augment=image.OPERATIONS,
    net=network,
    fit=fit,
    evaluate=evaluate,
    beside_training=True,
    show=show,
    predict=predict,
    asked_in="text",
    question=lambda data, row, s: {"text": text.decoded(data, row["mode"])},
    parts=lambda s: ("models.networks.cnn",),
    search=("rate", "critic_rate", "width"),
)
