"""Prompts made of texts, images and recordings."""

import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarena.tasks.errors import DataError
from polyarena.tasks.item import FewShotExample, Item
from polyarena.tasks.prompt import (
    Media,
    Modality,
    count_modalities,
    json_default,
    media_of,
    prepend_text,
    text_of,
)

IMAGE, RECORDING = Media("image/png", b"an image"), Media("audio/wav", b"a recording")


@given(st.binary(min_size=1), st.sampled_from(["image/png", "image/svg+xml", "audio/x-wav"]))
def test_a_data_url_is_read_as_it_is_written(data, media_type):
    media = Media(media_type, data)
    assert Media.from_url(media.url) == media
    assert media.url == f"data:{media_type};base64,{b64encode(data).decode()}"


def test_what_is_written_down_of_media_is_their_digest():
    assert json.loads(json.dumps({"content": ["Was?", IMAGE]}, default=json_default)) == {
        "content": [
            "Was?",
            {
                "type": "image",
                "media_type": "image/png",
                "sha256": "a5df3fde7b200c3fa2791144c7e05c5c2bced4c6ad863d3a4cf76c972c1712f9",
            },
        ]
    }
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        json.dumps({1}, default=json_default)


def test_the_data_of_media_are_not_in_messages_and_logs():
    assert "an image" not in repr(IMAGE)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://example.org/cat.png", "not given as a data URL"),
        ("data:image/png,raw", "not given as a data URL"),
        ("data:text/plain;base64,AAAA", "media of type 'text/plain'"),
        ("data:image/png;base64,", "have no data"),
        ("data:image/png;base64,A", "cannot be decoded"),
    ],
)
def test_other_media_are_refused_with_the_way_out(url, message):
    with pytest.raises(DataError, match=message) as caught:
        Media.from_url(url)
    assert caught.value.fix


def test_the_words_and_the_media_of_a_content():
    assert (text_of("Was?"), media_of("Was?")) == ("Was?", ())
    content = ("Was ist", IMAGE, "das?", RECORDING)
    assert text_of(content) == "Was ist\ndas?"
    assert media_of(content) == (IMAGE, RECORDING)


def test_text_before_parts():
    assert prepend_text("a ", ("b", IMAGE)) == ("a b", IMAGE)
    assert prepend_text("a", (IMAGE, "b")) == ("a", IMAGE, "b")
    assert prepend_text("", (IMAGE, "b")) == (IMAGE, "b")


def test_contents_are_counted_once_for_each_kind_of_media():
    contents = ["Was?", (IMAGE, IMAGE), (IMAGE, RECORDING)]
    assert count_modalities(contents) == {Modality.IMAGE: 2, Modality.AUDIO: 1}


def test_an_item_is_a_text_or_parts():
    examples = (FewShotExample("Wer?", "Ich."),)
    text = Item("1", "1", "deu_Latn", "Was?", examples=examples)
    assert (text.content, text.full_content, text.media) == ("Was?", text.full_prompt, ())
    shown = Item("1", "1", "deu_Latn", "Was?", parts=("Was?", IMAGE), examples=examples)
    assert (shown.content, shown.media) == (("Was?", IMAGE), (IMAGE,))
    assert shown.full_content == ("Wer? Ich.\n\nWas?", IMAGE)
