"""Every published set of the mirror, ingested whole by its entry in every_set.params.yaml: nothing is lost unexplained."""

import os
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from media import catalog, regions, sources
from media.catalog import ADMITTED
from media.ingest import ingest
from media.sources import DOCUMENT
from project import params

MIRROR = Path(os.environ.get("DAILIES_MIRROR") or "absent")
SOURCES = params.read(Path(__file__).parent / "every_set.params.yaml").sources


@dataclass(frozen=True, slots=True)
class Told:
    """What there is to say of a set once it is ingested: different assets admitted and refused, documents, and so on."""

    admitted: int
    refused: int = 0
    documents: int = 0
    labels: int = 0
    groups: int = 0
    splits: dict[str, int] = field(default_factory=dict)


def splits(train: int, validation: int = 0, test: int = 0) -> dict[str, int]:
    return {name: count for name, count in locals().items() if count}


EXPECTED = {
    "mnist": Told(70_000, labels=10, splits=splits(60_000, test=10_000)),
    "cifar10_subset": Told(14_000, labels=10, splits=splits(4_000, test=10_000)),
    "orl_faces": Told(390, documents=1, labels=39),
    # 342 transcripts, 14 notes on manuscripts and a README lie beside the lines.
    "htr_caroline": Told(342, documents=357, labels=342, groups=14),
    "omniglot_images": Told(2_720, labels=136, groups=20),
    "omniglot_strokes": Told(2_720, labels=136, groups=20),
    # Each of 20 runs has 20 characters to learn and 20 to name, and a table that pairs them.
    "omniglot_runs": Told(800, documents=20, groups=20, splits=splits(400, test=400)),
    # T91 holds t36 and t65, the same picture: 90 of 91.
    "super_resolution": Told(109, labels=3, splits=splits(90, test=19)),
    "sprites": Told(1_800, labels=3, splits=splits(1_440, test=360)),
    "fsdd": Told(2_000, documents=1, labels=10, groups=4),
    "esc10": Told(320, documents=1, labels=10, groups=4),
    "drums": Told(42, documents=1, labels=6),
    "yesno": Told(60, documents=1, labels=60),
    # lian1 and lian4 are the same sound with two labels.
    "pinyin_mp3": Told(118, refused=1, documents=1, labels=4, groups=30),
    # Eight sentences, each as WAV, FLAC and MP3.
    "ljspeech_sample": Told(24, labels=8, groups=8),
    # Three files of 382 chorales; in sixteenths, 349 are written the same with and without silent voices.
    "jsb_chorales": Told(797, splits=splits(470, 162, 165)),
    "nottingham_sample": Told(65, labels=2),
    # Of 9,613 lines 9,602 are different; what is in two splits belongs to the later one.
    "text_sst2": Told(9_602, labels=2, splits=splits(6_909, 872, 1_821)),
    # Of 5,952 questions 5,871 are different; ten of them are in both splits.
    "text_trec": Told(5_871, labels=6, splits=splits(5_371, test=500)),
    # One question is labelled NUM:count and NUM:other.
    "text_trec_fine": Told(5_870, refused=1, labels=50, splits=splits(5_370, test=500)),
    # Of 3,394, 1,009 and 1,287 sentences 91, 2 and 6 repeat others.
    "ner_wnut17": Told(5_591, labels=6, splits=splits(3_303, 1_007, 1_281)),
    # Of 9,339 tweets 21 repeat others, and 4 have a tag without a token.
    "ner_btc": Told(9_314, refused=4, labels=3, splits=splits(5_328, 1_988, 1_998)),
    # Three pairs stand twice in the training files.
    "translation_multi30k": Told(31_011, groups=31_004, splits=splits(28_997, 1_014, 1_000)),
    # 33 pairs stand twice, by different people.
    "translation_tatoeba": Told(17_637, groups=17_081),
    # 40,000 lines, of which 7,223 are blank and others, such as names of speakers, come again and again.
    "tinyshakespeare": Told(25_721),
    # Of 15,008 poems (the files of Tang hold up to three more than 1,000) 183 repeat others.
    "chinese_poems": Told(14_825, labels=2, groups=946),
    "movielens_ratings": Told(488, groups=488),
    "movielens_tags": Told(3_613, groups=50),
    # Five titles are those of two films of different genres.
    "movielens_movies": Told(9_732, refused=5, labels=951),
    "movielens_links": Told(9_742, labels=9_742),
    # The pictures of these four are not in the set.
    "coco_taco": Told(0, refused=1_500),
    "labelstudio_json_min": Told(0, refused=1),
    "labelstudio_rectangles": Told(0, refused=2),
    "labelstudio_polygons": Told(0, refused=1),
    "labelstudio_csv": Told(2, labels=1),
    "labelstudio_csv_2": Told(1, labels=1),
    "yolo": Told(5, documents=6, labels=3),
    # test_media_odd.py explains these file by file.
    "odd_images": Told(235, refused=31, documents=6),
    "odd_audio": Told(30, refused=19, documents=7),
    "odd_text": Told(19, refused=1, labels=15),
    "odd_video": Told(2),
}


def test_every_entry_has_its_counts() -> None:
    assert SOURCES.keys() == EXPECTED.keys()


needs_mirror = pytest.mark.skipif(not MIRROR.is_dir(), reason="DAILIES_MIRROR is not set")


@needs_mirror
def test_every_set_has_an_entry() -> None:
    places = [part.path for source in SOURCES.values() for part in (source, *source.parts.values()) if part.path]
    top = {place.split("/")[0] for place in places}
    assert top == {entry.name for entry in MIRROR.iterdir() if entry.is_dir()}
    for parted in ("annotations-labelstudio", "media-odd"):
        below = {place.split("/")[1] for place in places if place.startswith(parted + "/")}
        assert below == {entry.name for entry in (MIRROR / parted).iterdir() if entry.is_dir()}


@needs_mirror
@pytest.mark.slow
@pytest.mark.parametrize("name", SOURCES)
def test_a_set_is_ingested_whole(tmp_path: Path, name: str) -> None:
    source = SOURCES[name]
    reader = sources.open_source(name, source, project=MIRROR, mirror=None, downloads=tmp_path / "downloads")
    summary = ingest(name, source, reader, tmp_path / "out", lambda *_: None, refusals=tmp_path / "refused.csv")
    rows = [row for row in catalog.read(tmp_path / "out") if row["status"] == ADMITTED]
    documents = summary["reasons"].get(DOCUMENT, 0)
    told = Told(
        admitted=len(rows),
        refused=summary["assets"] - len(rows) - documents,
        documents=documents,
        labels=len(summary["labels"]),
        groups=len({row["group"] for row in rows} - {""}),
        splits=summary["splits"],
    )
    assert told == EXPECTED[name]


@needs_mirror
def test_boxes_of_a_picture_are_in_px(tmp_path: Path) -> None:
    reader = sources.open_source("yolo", SOURCES["yolo"], project=MIRROR, mirror=None, downloads=tmp_path)
    ingest("yolo", SOURCES["yolo"], reader, tmp_path / "out", lambda *_: None, refusals=tmp_path / "refused.csv")
    row = next(row for row in catalog.read(tmp_path / "out") if row["paths"] == ["images/img_1.jpg"])
    assert (row["width"], row["height"], row["labels"]) == (640, 329, ["bus", "closed_door", "number"])
    bus = next(each for each in regions.from_json(row["regions"]) if each.label == "bus")
    assert bus.box == pytest.approx((10, 9, 617, 286))
