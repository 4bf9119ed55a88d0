"""Words, sentences and capitals as the makers of Multi-IF count them; their script gives the same values."""

from every_case import every_case

from polyarena.tasks.metrics.instructions.counting import (
    count_capital_words,
    count_sentences,
    count_whole_words,
    count_words,
    split_sentences,
)


@every_case(
    ("text", "words", "whole"),
    [
        ("It's a well-known fact: 3.5 of 10", 10, 10),
        ("Привет, как дела?", 3, 3),
        ("हिन्दी में", 4, 2),
        ("你好，世界！", 4, 4),
        ("我用 Python 3 写代码", 7, 7),
        ("好的😀👍🏽", 4, 2),
        ("これはペンです。", 7, 7),
        ("", 0, 0),
    ],
)
def test_words(text, words, whole):
    assert count_words(text) == words
    assert count_whole_words(text) == whole


@every_case(
    ("text", "sentences"),
    [
        ("One. Two! Three? Four", 4),
        ("Dr. Smith met Mr. J. Brown on Monday. He left.", 2),
        ("A line\nwithout stops\nis one sentence", 1),
        ("1. First point.\n2. Second point.", 4),
        ("El precio es 3.50 euros. ¿Verdad?", 2),
        ("« C'est vrai. » Il part.", 2),
        ("पहला वाक्य। दूसरा वाक्य! तीसरा?", 3),
        ("第一句。第二句！\n第三句", 3),
        ("", 0),
    ],
)
def test_sentences(text, sentences):
    assert count_sentences(text) == sentences


def test_sentences_keep_all_of_the_text():
    text = 'He said: "Go." Then (perhaps.) nothing'
    assert "".join(split_sentences(text)).replace(" ", "") == text.replace(" ", "")


@every_case(("text", "capitals"), [("I'm in NASA-HQ, A) OK", 4), ("DON'T", 2), ("Ünïcode ÜBER АБВ", 2), ("123", 0)])
def test_capital_words(text, capitals):
    assert count_capital_words(text) == capitals
