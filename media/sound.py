"""Opening a sound safely: known formats only, read in pieces, and held against what its own header promises."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import soundfile

from media import sound_container

FORMATS = {
    "WAV": "WAV", "WAVEX": "WAV", "RF64": "RF64", "FLAC": "FLAC", "OGG": "OGG", "MP3": "MP3", "AIFF": "AIFF",
}  # fmt: skip
"""What is opened: libsndfile's name → ours. It knows some twenty more, each open to hostile files."""

SUFFIXES = {
    "WAV": (".wav", ".wave"), "RF64": (".wav", ".wave", ".rf64"), "FLAC": (".flac",),
    "OGG": (".ogg", ".oga", ".opus"), "MP3": (".mp3",), "AIFF": (".aiff", ".aif", ".aifc"),
}  # fmt: skip
"""What a file of each format may be called."""

PIECE_VALUES = 1 << 18
SAID = {
    "Format not recognised": f"not a sound in a known format ({', '.join(SUFFIXES)})",
    "File contains data in an unimplemented format": "coded in a way that is not read; convert it to PCM or FLAC",
    "Internal error : SF_INFO struct incomplete": "damaged: its header gives no rate",
}
"""Words of libsndfile that say little → ours."""


class Unreadable(ValueError):
    """A file that cannot be used as a sound; the message is the reason for a catalog."""


class _Bytes(io.BytesIO):
    """A damaged header can send libsndfile to a place before the start: it stays where it is, as a C file would."""

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        try:
            return super().seek(offset, whence)
        except ValueError:
            return self.tell()


@contextmanager
def opened(data: bytes) -> Iterator[soundfile.SoundFile]:
    """The sound, its header read and no sample yet. Raises Unreadable, within the block too."""
    if cut := sound_container.cut_short(data):
        raise Unreadable(cut)
    try:
        with soundfile.SoundFile(_Bytes(data)) as file:
            if file.format not in FORMATS:
                raise Unreadable(f"format {file.format} is not read; known: {', '.join(SUFFIXES)}")
            yield file
    except soundfile.LibsndfileError as error:
        raise Unreadable(_in_words(error.error_string, data)) from None


def pieces(file: soundfile.SoundFile) -> Iterator[np.ndarray]:
    """The samples in float32 (frames, channels), a piece at a time, so that a long sound needs little memory."""
    frames = max(1, PIECE_VALUES // file.channels)
    while len(piece := file.read(frames, dtype="float32", always_2d=True)):
        yield piece


def _in_words(said: str, data: bytes) -> str:
    codec = sound_container.wave_codec(data)
    if codec is not None and codec not in sound_container.WAVE_CODECS:
        return f"its codec, WAVE format tag 0x{codec:04X}, is not read; convert it to PCM or FLAC"
    said = said.strip().rstrip(".")
    return SAID.get(said, f"damaged: {said.removeprefix('Error : ')}")
