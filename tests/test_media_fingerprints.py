"""Fingerprints: alike after what happens to copies of a file, unlike for all else, empty where nothing can be said."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import soundfile
import soxr
from PIL import Image, ImageEnhance
from sounds import encoded, tone

from media import fingerprints, pixels
from media.fingerprints import audio, image, text
from media.probes import audio as audio_probe
from media.probes import image as image_probe
from media.probes import text as text_probe

RATE_HZ = 16_000


def scene(number: int, size: int = 96) -> Image.Image:
    """A picture with large and small structure, like a photo and unlike noise."""
    rng = np.random.default_rng(number)
    layers = [
        np.asarray(Image.fromarray(rng.integers(0, 255, (n, n, 3), np.uint8)).resize((size, size)), np.float64)
        for n in (3, 6, 12, 24)
    ]
    weighed = sum(layer * weight for layer, weight in zip(layers, (0.4, 0.3, 0.2, 0.1), strict=True))
    return Image.fromarray(np.asarray(weighed, np.uint8))


def saved(picture: Image.Image, kind: str = "PNG", **options: object) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    loaded = Image.open(io.BytesIO(file.getvalue()))
    loaded.load()
    return loaded


def differing_bits(one: str, other: str) -> int:
    return (int(one, 16) ^ int(other, 16)).bit_count()


def turned(picture: Image.Image) -> Image.Image:
    exif = Image.Exif()
    exif[pixels.ORIENTATION] = 6
    return saved(picture.transpose(Image.Transpose.ROTATE_90), "JPEG", exif=exif, quality=95)


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "JPEG of quality 60": lambda picture: saved(picture, "JPEG", quality=60),
    "half the size": lambda picture: picture.resize((48, 48), Image.Resampling.BICUBIC),
    "three times the size": lambda picture: picture.resize((288, 288), Image.Resampling.BICUBIC),
    "10 % brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
    "less contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(0.7),
    "grey": lambda picture: picture.convert("L"),
    "a palette": lambda picture: saved(picture.quantize(256), "GIF"),
    "opaque": lambda picture: picture.convert("RGBA"),
    "16 bits": lambda picture: Image.fromarray(np.asarray(picture.convert("L"), np.uint16) * 257),
    "floats": lambda picture: Image.fromarray(np.asarray(picture.convert("L"), np.float32) / 255),
    "turned by its EXIF tag": turned,
    "an animation that starts with it": lambda picture: saved(picture, "PNG", save_all=True, append_images=[scene(77)]),
}


@pytest.mark.parametrize("name", COPIES)
def test_a_copy_of_a_picture_looks_the_same(name: str) -> None:
    for number in range(5):
        picture = scene(number)
        assert (
            differing_bits(image.fingerprint(picture), image.fingerprint(COPIES[name](picture))) <= image.CLOSE.radius
        )


def test_other_pictures_do_not() -> None:
    codes = [image.fingerprint(scene(number)) for number in range(60)]
    distances = [differing_bits(one, other) for place, one in enumerate(codes) for other in codes[:place]]
    assert min(distances) > 2 * image.CLOSE.radius
    mirrored = image.fingerprint(scene(0).transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    assert differing_bits(codes[0], mirrored) > image.CLOSE.radius


def test_of_a_blank_or_plain_picture_nothing_is_said() -> None:
    half = np.repeat(np.array([[0, 255]], np.uint8), 32, axis=1).repeat(64, axis=0)
    for picture in (
        Image.new("RGB", (70, 50), "teal"),
        Image.new("RGBA", (9, 9)),
        Image.new("1", (1, 1)),
        Image.fromarray(half),
    ):
        assert image.fingerprint(picture) == ""


def test_a_picture_of_any_mode_has_a_fingerprint() -> None:
    for mode in (
        "1",
        "L",
        "P",
        "LA",
        "PA",
        "RGB",
        "RGBA",
        "RGBX",
        "CMYK",
        "YCbCr",
        "HSV",
        "I",
        "F",
        "I;16",
        "La",
        "RGBa",
    ):
        grey = scene(1).convert("L")
        picture = grey.convert("LA").convert(mode) if mode in ("La", "PA") else scene(1).convert("RGBA").convert(mode)
        assert len(image.fingerprint(picture)) in (0, 64), mode


def speech(number: int, seconds: float = 2.0) -> np.ndarray:
    """Notes of changing pitch and loudness with overtones: float32 (samples,)."""
    rng = np.random.default_rng(number)
    notes = round(seconds / 0.08)
    time = np.arange(round(0.08 * RATE_HZ)) / RATE_HZ
    parts = [
        sum(rng.random() * np.sin(2 * np.pi * pitch * overtone * time) for overtone in range(1, 8))
        * rng.uniform(0.1, 1)
        for pitch in rng.uniform(150, 700, notes)
    ]
    wave = np.concatenate(parts) + rng.normal(0, 0.01, notes * len(time))
    return (0.5 * wave / np.abs(wave).max()).astype(np.float32)


def again(wave: np.ndarray, kind: str) -> np.ndarray:
    decoded, _ = soundfile.read(io.BytesIO(encoded(wave[:, None], kind, rate_hz=RATE_HZ)), dtype="float32")
    return np.asarray(decoded)


RECORDED: dict[str, Callable[[np.ndarray], tuple[np.ndarray, int]]] = {
    "MP3": lambda wave: (again(wave, "MP3"), RATE_HZ),
    "Ogg": lambda wave: (again(wave, "OGG"), RATE_HZ),
    "6 dB less": lambda wave: (wave / 2, RATE_HZ),
    "44.1 kHz": lambda wave: (soxr.resample(wave, RATE_HZ, 44_100), 44_100),
    "the first half": lambda wave: (wave[: len(wave) // 2], RATE_HZ),
}


def share(one: str, other: str) -> float:
    length = min(len(one), len(other))
    return differing_bits(one[:length], other[:length]) / (4 * length)


@pytest.mark.parametrize("name", RECORDED)
def test_a_copy_of_a_sound_is_recognised(name: str) -> None:
    for number in range(5):
        wave = speech(number)
        one, other = audio.fingerprint(wave, RATE_HZ), audio.fingerprint(*RECORDED[name](wave))
        assert share(one, other) <= audio.CLOSE.share
        assert differing_bits(one[:16], other[:16]) <= audio.CLOSE.radius


def test_other_sounds_are_not() -> None:
    codes = [audio.fingerprint(speech(number), RATE_HZ) for number in range(30)]
    assert min(share(one, other) for place, one in enumerate(codes) for other in codes[:place]) > 2 * audio.CLOSE.share


def test_stretches_grow_so_that_long_sounds_have_short_codes() -> None:
    wave = np.random.default_rng(0).normal(0, 0.1, 120 * 8000).astype(np.float32)
    assert len(audio.fingerprint(wave, 8000)) == 2 * (len(audio.LENGTHS) - 1)
    assert audio.fingerprint(wave, 8000) == audio.fingerprint(wave[: round(audio.LONGEST_S * 8000)], 8000)
    assert 31 < audio.LONGEST_S < 34


def test_of_silence_a_steady_tone_and_a_click_nothing_is_said() -> None:
    loud = np.array([np.finfo(np.float32).max] * 8000, np.float32)
    for wave in (np.zeros(8000, np.float32), tone(2.0)[:, 0], speech(0)[:1000], np.zeros(0, np.float32), loud):
        assert audio.fingerprint(wave, 8000) == ""


SENTENCE = "the river of images flows from ingest to a register, and nobody loses a single frame on the way"
POEM = "床前明月光，疑是地上霜。举头望明月，低头思故乡。白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"


def differing_bytes(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(bytes.fromhex(one), bytes.fromhex(other), strict=True))


@pytest.mark.parametrize(
    ("content", "copy"),
    [
        (SENTENCE, SENTENCE.upper()),
        (SENTENCE, SENTENCE.replace(" ", " \n\t")),
        (SENTENCE, SENTENCE.replace("single", "lonely")),
        (SENTENCE, SENTENCE + "!"),
        (POEM, POEM.replace("霜", "雪")),
        (POEM, POEM[:-1]),
    ],
)
def test_a_text_with_a_word_changed_reads_the_same(content: str, copy: str) -> None:
    assert differing_bytes(text.fingerprint(content), text.fingerprint(copy)) <= text.CLOSE.radius


def test_other_texts_do_not() -> None:
    other = "what is measured in a test must never have been seen in training, neither whole nor in part"
    assert differing_bytes(text.fingerprint(SENTENCE), text.fingerprint(other)) > 2 * text.CLOSE.radius
    assert (
        differing_bytes(text.fingerprint(POEM), text.fingerprint("春眠不觉晓，处处闻啼鸟。夜来风雨声，花落知多少。"))
        > 20
    )


def test_the_share_of_differing_bytes_tells_how_many_shingles_two_texts_share() -> None:
    rng = np.random.default_rng(0)
    words = ["".join(chr(97 + letter) for letter in rng.integers(0, 26, 6)) for _ in range(900)]
    one, other = " ".join(words[:600]), " ".join(words[300:])
    agree = 1 - differing_bytes(text.fingerprint(one), text.fingerprint(other)) / 32
    assert agree == pytest.approx(1 / 3, abs=0.2)


def test_of_a_very_short_text_nothing_is_said() -> None:
    assert text.fingerprint("Yes, I do.") == text.fingerprint(" \n" * 50) == text.fingerprint("ha " * 50 + "ha") == ""
    assert text.fingerprint("明月几时有") == "" != text.fingerprint("明月几时有，把酒问青天")


def test_a_long_text_costs_little() -> None:
    words = SENTENCE.split()
    content = " ".join(f"{words[i % 19]}{i}" for i in range(400_000))
    assert text.fingerprint(content) == text.fingerprint(content + " and more")
    assert len(text.fingerprint(content)) == 64


def test_probes_fill_the_column() -> None:
    file = io.BytesIO()
    scene(3).save(file, "PNG")
    assert image_probe.probe(file.getvalue())["fingerprint"] == image.fingerprint(scene(3))
    wave = np.repeat(speech(3)[:, None], 2, axis=1)
    assert audio_probe.probe(encoded(wave, coding="FLOAT", rate_hz=RATE_HZ))["fingerprint"] == audio.fingerprint(
        speech(3), RATE_HZ
    )
    assert text_probe.probe(SENTENCE.encode("utf-16"))["fingerprint"] == text.fingerprint(SENTENCE)


def test_every_kind_says_when_two_codes_are_near() -> None:
    assert fingerprints.kinds() == ["audio", "image", "text"]
    assert [module.CLOSE.share for module in (audio, image, text)] == [0.125, 0.09375, 0.25]
