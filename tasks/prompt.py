"""The parts of a prompt: texts, images and recordings.

A prompt of one text is a ``str`` everywhere, and its keys and records are those of the text. A prompt with images or
recordings is a tuple of parts in the order in which a model reads them. Media are carried as bytes and written into
keys and records as their digest; only the request to an endpoint contains the bytes.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from polyarena.tasks.errors import DataError

_DATA_URL = re.compile(r"data:([a-z]+/[\w.+-]+);base64,([A-Za-z0-9+/=\s]*)")


class Modality(StrEnum):
    """What a part of a prompt is."""

    TEXT = "text"
    IMAGE = "image"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True)
class Media:
    """An image or a recording.

    Attributes:
        media_type: Such as ``image/png`` or ``audio/wav``.
        data: The content of its file.

    Raises:
        DataError: The media type is neither that of an image nor that of a recording, or there is no data.
    """

    media_type: str
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        kind, _, subtype = self.media_type.partition("/")
        if kind not in (Modality.IMAGE, Modality.AUDIO) or not subtype:
            raise DataError(
                f"a prompt cannot contain media of type {self.media_type!r}",
                fix="use image/... or audio/..., such as image/png or audio/wav",
            )
        if not self.data:
            raise DataError(f"media of type {self.media_type!r} have no data", fix="give the content of the file")

    @classmethod
    def from_url(cls, url: str) -> Media:
        """Read a data URL, such as ``data:image/png;base64,iVBORw0...``.

        Raises:
            DataError: It is none.
        """
        found = _DATA_URL.fullmatch(url)
        if found is None:
            raise DataError(
                "media are not given as a data URL",
                why=f"it begins with {url[:40]!r}",
                fix="write data:TYPE;base64,DATA; addresses of the web are not fetched",
            )
        try:
            return cls(found[1], b64decode(found[2], validate=False))
        except Base64Error as error:
            raise DataError("a data URL cannot be decoded", why=str(error), fix="encode the file as base64") from error

    @property
    def modality(self) -> Modality:
        """``image`` or ``audio``."""
        return Modality(self.media_type.partition("/")[0])

    @property
    def digest(self) -> str:
        """SHA-256 of the data, in hexadecimal digits."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def base64(self) -> str:
        """The data in base64."""
        return b64encode(self.data).decode("ascii")

    @property
    def url(self) -> str:
        """The media as a data URL."""
        return f"data:{self.media_type};base64,{self.base64}"

    @property
    def record(self) -> dict[str, str]:
        """What keys and records contain in place of the data."""
        return {"type": self.modality.value, "media_type": self.media_type, "sha256": self.digest}


Part = str | Media
Content = str | tuple[Part, ...]
"""What one message contains: a text, or parts in the order in which they are read."""


def media_of(content: Content) -> tuple[Media, ...]:
    """Return the images and recordings of a content, in order."""
    return () if isinstance(content, str) else tuple(part for part in content if isinstance(part, Media))


def text_of(content: Content) -> str:
    """Return the words of a content, with a line break between the texts of several parts."""
    return content if isinstance(content, str) else "\n".join(part for part in content if isinstance(part, str))


def prepend_text(text: str, parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Return parts with a text before them, in one part with the text that they begin with, if they do."""
    if not text:
        return parts
    first, *rest = parts
    return (text + first, *rest) if isinstance(first, str) else (text, *parts)


def json_default(value: object) -> object:
    """Return what ``json.dumps`` writes for media: their :attr:`Media.record`. Pass it as ``default``.

    Raises:
        TypeError: The value is something else.
    """
    if isinstance(value, Media):
        return value.record
    raise TypeError(f"{type(value).__name__} is not JSON serializable")


def count_modalities(contents: Iterable[Content]) -> dict[Modality, int]:
    """Return how many contents have images, and how many have recordings; those that none has are left out."""
    counts: dict[Modality, int] = {}
    for content in contents:
        for modality in {part.modality for part in media_of(content)}:
            counts[modality] = counts.get(modality, 0) + 1
    return counts
