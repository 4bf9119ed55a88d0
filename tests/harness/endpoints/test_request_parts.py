"""What an endpoint is sent of images and recordings, and what is written down of them."""

import json

import pytest

from polyarena.harness.endpoints.request import call_key, request_body
from polyarena.harness.endpoints.settings import EndpointSettings
from polyarena.harness.models.endpoint import EndpointModel
from polyarena.harness.models.protocol import GenerateRequest
from polyarena.judges.llm.verdicts import question_id
from polyarena.judges.protocol import Call, Reply
from polyarena.tasks.prompt import Media

SETTINGS = EndpointSettings(base_url="http://127.0.0.1:9/v1", model="m")
IMAGE, OTHER = Media("image/png", b"1"), Media("image/png", b"2")


def sent(*parts):
    return request_body(SETTINGS, Call(({"role": "user", "content": parts},)))["messages"][0]["content"]


def call(content):
    return Call(({"role": "user", "content": content},))


def test_parts_are_sent_in_their_order():
    assert sent("Was ist ", IMAGE, "das?\0") == [
        {"type": "text", "text": "Was ist "},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,MQ=="}},
        {"type": "text", "text": "das?\ufffd"},
    ]


@pytest.mark.parametrize(
    ("media_type", "form"),
    [("audio/wav", "wav"), ("audio/x-wav", "wav"), ("audio/mpeg", "mp3"), ("audio/flac", "flac")],
)
def test_recordings_are_sent_with_the_name_of_their_format(media_type, form):
    assert sent(Media(media_type, b"1")) == [
        {"type": "input_audio", "input_audio": {"data": "MQ==", "format": form}},
    ]


def test_a_text_is_sent_as_it_is():
    assert request_body(SETTINGS, call("Was?"))["messages"] == [{"role": "user", "content": "Was?"}]


def test_another_image_is_another_question():
    contents = ["Was?", ("Was?", IMAGE), ("Was?", OTHER), (IMAGE, "Was?")]
    assert len({call_key(SETTINGS, call(each)) for each in contents}) == 4
    assert len({question_id(call(each)) for each in contents}) == 4


def test_a_completion_records_the_digest_of_an_image():
    model = EndpointModel("m", lambda calls: (Reply("Ein Bild.") for _ in calls))
    (result,) = model.generate([GenerateRequest("deu_Latn", "1", ({"role": "user", "content": ("Was?", IMAGE)},))])
    assert json.loads(result.prompt) == [{"role": "user", "content": ["Was?", IMAGE.record]}]
