"""Videos: what a probe finds and refuses, which frames become a clip, and what every random variation keeps."""

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from films import animation, film, level, turned
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from ingesting import fill, ingested
from PIL import Image
from test_media_image import LARGEST

from media import draws, footage, image, probe, video
from media.probes import video as prober
from media.sample import Operation

MIRROR = Path(os.environ.get("DAILIES_MIRROR") or "absent")
every_operation = pytest.mark.parametrize("operation", video.OPERATIONS, ids=lambda operation: operation.key)
LARGEST_OF_CLIPS = {**LARGEST, "rate": 0.5}


@pytest.mark.parametrize(
    ("kind", "known_as", "mode"), [("GIF", "GIF", "L"), ("PNG", "APNG", "RGB"), ("WEBP", "WEBP", "RGB")]
)
def test_what_an_animation_is(kind: str, known_as: str, mode: str) -> None:
    found = prober.probe(animation(kind))
    assert found.pop("mode") in (mode, "P", "RGBA")
    assert found == {
        "format": known_as, "width": 16, "height": 12, "frames": 5, "rate_hz": 10, "duration_s": 0.5, "channels": None,
        "signals": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "known_as", "mode"),
    [("mp4", "MP4", "h264"), ("mov", "MOV", "mpeg4"), ("matroska", "MKV", "h264"), ("webm", "WEBM", "vp8")],
)
def test_what_a_film_is(kind: str, known_as: str, mode: str) -> None:
    assert prober.probe(film(kind)) == {
        "format": known_as, "mode": mode, "width": 64, "height": 48, "frames": 10, "rate_hz": 10, "duration_s": 1.0,
        "channels": None, "signals": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "encoder", "coded", "mode"),
    [
        ("mp4", "libsvtav1", "yuv420p", "av1"), ("mp4", "libx265", "yuv420p10le", "hevc"),
        ("webm", "libvpx-vp9", "yuva420p", "vp9"), ("mov", "prores_ks", "yuv422p10le", "prores"),
        ("mov", "mjpeg", "yuvj420p", "mjpeg"), ("mov", "qtrle", "rgb24", "qtrle"), ("mov", "png", "rgb24", "png"),
        ("matroska", "ffv1", "yuv420p", "ffv1"), ("matroska", "mpeg2video", "yuv420p", "mpeg2video"),
    ],
)  # fmt: skip
def test_what_editors_and_archives_write_is_read(kind: str, encoder: str, coded: str, mode: str) -> None:
    data = film(kind, frames=4, size=(128, 96), codec=encoder, coded=coded, rate_hz=25)
    found = prober.probe(data)
    assert (found.get("mode"), found.get("frames")) == (mode, 4), found
    assert levels(data, 4) == [0, 1, 2, 3]


def test_what_is_odd_is_noted() -> None:
    loud = prober.probe(film(sound=True))
    assert (loud["channels"], loud["signals"]) == (2, ["sound"])
    assert prober.probe(turned(film()))["signals"] == ["rotated"]
    assert prober.probe(film(times=[0, 1, 2, 7, 8]))["signals"] == ["variable rate"]
    assert prober.probe(animation(duration=[100, 100, 300, 100, 100]))["signals"] == ["variable rate"]
    assert prober.probe(film(frames=1))["signals"] == prober.probe(animation(frames=1))["signals"] == ["single frame"]
    assert prober.probe(animation(comment=b"c2pa"))["signals"] == ["c2pa"]


def test_the_rounding_of_times_is_no_variable_rate() -> None:
    assert prober.probe(animation(duration=[30, 40, 30, 30, 40]))["signals"] == []
    assert prober.probe(film("matroska", rate_hz=30))["signals"] == []


def test_frames_without_a_time_last_as_long_as_browsers_show_them() -> None:
    assert (
        prober.probe(animation(duration=0))["duration_s"] == prober.probe(animation(duration=10))["duration_s"] == 0.5
    )
    assert prober.probe(animation(duration=20))["duration_s"] == 0.1


GIF, APNG, MP4, MKV = animation(), animation("PNG"), film(), film("matroska")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "an empty file"),
        (b"no video at all", "not a video in a known format (GIF, APNG, WEBP, AVIF, MP4, MOV, MKV, WEBM)"),
        (animation("PNG", frames=1), "a still picture (PNG), not a video"),
        (animation("TIFF"), "a still picture (TIFF), not a video"),
        (GIF[:-1], "cut short: it has no end mark after 5 frames"),
        (GIF[:-3], "damaged: "),
        (APNG[:-60], "damaged: "),
        (animation("WEBP")[:-40], "damaged: "),
        (MP4[:-10], "cut short: its header promises "),
        (MP4[:-900], "cut short: its "),
        (MP4[:40], "cut short: its index, which is written last, is missing (moov)"),
        (MKV[:-10], "cut short: its header promises "),
        (MKV[:50], "cut short: "),
        (MP4.replace(b"avc1", b"xxxx").replace(b"avcC", b"xxxx"), "its codec, "),
        (MP4.replace(b"vide", b"soun"), "holds no pictures, only sound or text"),
        (GIF[:6] + b"\xff\xff\xff\xff" + GIF[10:], "more than 89,478,485 pixels a frame"),
    ],
)
def test_a_bad_video_is_refused_with_a_true_reason(data: bytes, reason: str) -> None:
    assert prober.probe(data).get("reason", "admitted").startswith(reason)


@pytest.mark.parametrize("times", [[0.0, 0.2, 0.1], [0.0, 0.1, -0.2]])
def test_times_that_go_back_are_damage(times: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [footage.Frame(start_s, 0.1, Image.Image) for start_s in times]
    film_ = footage.Footage(
        format="MKV", mode="vp8", width=8, height=8, tick_s=0.1, channels=0,
        frames=lambda: iter(frames), spans=lambda: [],
    )  # fmt: skip
    monkeypatch.setattr(footage, "opened", lambda _: contextlib.nullcontext(film_))
    assert prober.probe(b"x") == {"reason": "damaged: the times of its frames stand still or go back"}


def test_noise_behind_every_head_gets_an_answer_in_the_limited_process() -> None:
    scratched = []
    for data in (GIF, APNG, MP4, MKV, film("mov"), film("webm")):
        for seed in range(12):
            draw = np.random.default_rng(seed)
            damaged = np.frombuffer(data, np.uint8).copy()
            places = draw.integers(0, len(data), 1 + seed)
            damaged[places] = draw.integers(0, 256, len(places), np.uint8)
            scratched.append(damaged.tobytes()[: len(data) if seed % 3 else draw.integers(9, len(data))])
    with probe.pool("video") as pool:
        found = [what for _, what in pool.probe((str(number), data) for number, data in enumerate(scratched))]
    assert all(("reason" in what) != ("frames" in what) for what in found)
    assert sum("reason" in what for what in found) > 30
    assert not [what for what in found if "crashes" in what.get("reason", "")]


def test_a_catalog_of_videos(tmp_path: Path) -> None:
    fill(tmp_path / "source", {"a/1.gif": GIF, "a/2.mp4": MP4, "a/3.mp4": animation(frames=3), "a/4.mov": film("mp4")})
    rows = ingested(tmp_path, kind="video", encoding="latin-1")  # a declared encoding does not concern it
    assert {path: row["reason"] for path, row in rows.items()} == {
        "a/1.gif": "",
        "a/2.mp4": "",
        "a/3.mp4": "named .mp4, but its content is GIF; rename it to .gif",
        "a/4.mov": "",
    }
    assert [rows["a/2.mp4"][name] for name in ("frames", "rate_hz", "labels")] == [10, 10, ["a"]]


def levels(data: bytes, frames: int) -> list[int]:
    """The grey level of each frame of a clip, in units of its number."""
    clip = video.clip(data, frames=frames, size=16, colour=False)
    assert (clip.shape, str(clip.dtype)) == (video.field(frames=frames, size=16, colour=False).shape, "uint8")
    return [round(float(np.median(frame)) / level(1)) for frame in clip]


@pytest.mark.parametrize("data", [GIF, APNG, animation("WEBP"), film(frames=5), film("webm", frames=5)])
def test_a_clip_holds_frames_at_equal_distances(data: bytes) -> None:
    assert levels(data, 5) == [0, 1, 2, 3, 4]
    assert levels(data, 10) == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert levels(data, 2) == [1, 3]


def test_frames_are_chosen_by_time_not_by_number() -> None:
    assert levels(animation(duration=[90, 90, 640, 90, 90]), 5) == [1, 2, 2, 2, 3]
    assert levels(film(times=[0, 1, 2, 8, 9]), 4) == [1, 2, 2, 3]


def test_a_turned_film_stands_upright() -> None:
    """Turned with the clock: the white corner, stored upper left, is seen upper right."""
    clip = video.clip(turned(film(frames=2, size=(64, 32))), frames=1, size=64, colour=False)
    assert (clip[0, 0, :10, 48 - 6 : 48] > 230).all() and (clip[0, 0, 20:, 16:48] < 50).all()
    assert (clip[0, 0, :, 16:40] < 50).all()


def test_what_is_left_over_has_one_colour_in_all_frames() -> None:
    clip = video.clip(animation(size=(20, 10)), frames=5, size=20, colour=True)
    assert (clip[:, :, :5] == clip[0, 0, 10, 0]).all() and (clip[:, :, -5:] == clip[0, 0, 10, 0]).all()
    assert [int(frame[0, 10, 10]) for frame in clip] == [level(number) for number in range(5)]


def test_a_bad_file_is_a_value_error() -> None:
    with pytest.raises(footage.Unreadable, match="cut short"):
        video.clip(MP4[:-10], frames=2, size=8, colour=True)


def varied(operation: Operation, clip: np.ndarray, amount: Any, seed: int = 0) -> np.ndarray:
    draw = draws.generator(seed, "asset", 1, operation.key)
    return np.asarray(operation.apply({"clip": clip}, draw, operation.check(amount))["clip"])


CLIPS = arrays.arrays(
    np.uint8, st.tuples(st.integers(1, 5), st.sampled_from([1, 3]), st.integers(2, 12), st.integers(2, 12))
)


@every_operation
@settings(max_examples=15, deadline=None)
@given(clip=CLIPS, share=st.floats(0, 1), seed=st.integers(0, 99))
def test_shape_and_type_stay_and_draws_repeat(operation: Operation, clip: np.ndarray, share: float, seed: int) -> None:
    before, amount = clip.copy(), share * LARGEST_OF_CLIPS.get(operation.key, 1.0)
    first, second = (varied(operation, clip, amount, seed) for _ in range(2))
    assert (first.shape, first.dtype) == (clip.shape, np.uint8)
    assert np.array_equal(first, second)
    assert np.array_equal(clip, before), "the sample that came in was changed"


@every_operation
@settings(max_examples=15, deadline=None)
@given(clip=CLIPS, seed=st.integers(0, 99))
def test_an_amount_of_0_changes_nothing(operation: Operation, clip: np.ndarray, seed: int) -> None:
    assert np.array_equal(varied(operation, clip, 0, seed), clip)


@pytest.mark.parametrize("operation", image.OPERATIONS, ids=lambda operation: operation.key)
@settings(max_examples=10, deadline=None)
@given(frame=arrays.arrays(np.uint8, (3, 9, 12)), seed=st.integers(0, 99))
def test_all_frames_vary_alike(operation: Operation, frame: np.ndarray, seed: int) -> None:
    ours = next(each for each in video.OPERATIONS if each.key == operation.key)
    amount = LARGEST_OF_CLIPS.get(operation.key, 1.0)
    clip = varied(ours, np.stack([frame] * 3), amount, seed)
    alone = operation.apply({"image": frame}, draws.generator(seed, "asset", 1, ours.key), ours.check(amount))["image"]
    assert all(np.array_equal(each, alone) for each in clip)


@pytest.mark.parametrize("key", ["rate", "offset", "reverse"])
@settings(max_examples=20, deadline=None)
@given(frames=st.integers(1, 9), seed=st.integers(0, 99))
def test_time_brings_no_new_frames(key: str, frames: int, seed: int) -> None:
    clip = np.arange(frames, dtype=np.uint8)[:, None, None, None] * np.ones((1, 1, 2, 2), np.uint8)
    operation = next(each for each in video.OPERATIONS if each.key == key)
    order = varied(operation, clip, LARGEST_OF_CLIPS.get(key, 1.0), seed)[:, 0, 0, 0].astype(int)
    steps = np.diff(order)
    assert set(order) <= set(range(frames))
    assert (steps == -1).all() if key == "reverse" and frames > 1 else (steps >= 0).all()


def test_other_fields_pass_through() -> None:
    for operation in video.OPERATIONS:
        sample = {"clip": np.zeros((2, 1, 8, 8), np.uint8), "label": np.array(3)}
        amount = operation.check(LARGEST_OF_CLIPS.get(operation.key, 1.0))
        changed = operation.apply(sample, draws.generator(5, "asset", 1, operation.key), amount)
        assert changed.keys() == sample.keys() and changed["label"] is sample["label"]


@pytest.mark.skipif(not (MIRROR / "media-odd/video").is_dir(), reason="DAILIES_MIRROR has no media-odd")
def test_photographed_videos_are_read() -> None:
    folder = MIRROR / "media-odd" / "video" / "imageio"
    film_, gif = (prober.probe((folder / name).read_bytes()) for name in ("cockatoo.mp4", "newtonscradle.gif"))
    assert (film_["frames"], film_["duration_s"], film_["signals"]) == (280, 14.0, ["sound"])
    assert (gif["frames"], gif["duration_s"], gif["signals"]) == (36, 0.82, ["variable rate"])


@pytest.mark.skipif(not (MIRROR / "sprites").is_dir(), reason="DAILIES_MIRROR has no sprites")
def test_every_sprite_is_a_clip_of_its_eight_frames() -> None:
    paths = sorted((MIRROR / "sprites" / "test").rglob("*.gif"))
    with probe.pool("video") as pool:
        found = [what for _, what in pool.probe((path.name, path.read_bytes()) for path in paths)]
    assert len(found) == 360
    assert {(what["frames"], what["rate_hz"], what["width"]) for what in found} == {(8, 10, 64)}
    data = paths[0].read_bytes()
    clip = video.clip(data, frames=8, size=64, colour=True)
    with footage.opened(data) as opened:
        frames = [np.asarray(frame.picture().convert("RGB")).transpose(2, 0, 1) for frame in opened.frames()]
    assert np.array_equal(clip, np.stack(frames))
