"""Words, sentences and capitals as the makers of Multi-IF count them, and words as writers of each script would.

He et al. 2024 (Multi-IF, arXiv 2410.15553) count by the language of the answer, which is taken from its script here: in
Chinese and Japanese, each character and each emoji is a word, and a sentence ends at a stop or a line break; in Hindi a
sentence ends at the danda; elsewhere a word is a run of letters, digits and ``_``, and sentences are those of the Punkt
model for English. Punkt is not used here: a sentence ends at a stop before a space, unless a small letter follows or an
abbreviation stands before it; the number of a list's entry counts, as with Punkt. Words of Thai are runs between
spaces, where the makers look them up in a dictionary.

To Python's regular expressions a run of letters ends at a vowel sign, so that a word of Hindi counts as two or three:
:func:`count_words` does as the makers' script did when it was published, and :func:`count_whole_words` keeps signs with
their letters, as that script does with nltk 3.10.
"""

from __future__ import annotations

import re

from polyarena.tasks.identify.scripts import letters, main_script
from polyarena.tasks.metrics.segmentation import words

_EAST_ASIAN_SHARE = 0.25
"""Share of Han and kana among the letters from which on a text is Chinese or Japanese: they write more with fewer."""
_CHARACTER = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_EMOJI_SIGN = "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u231b\u23e9-\u23fa]"
_EMOJI = re.compile(
    f"{_EMOJI_SIGN}\ufe0f?[\U0001f3fb-\U0001f3ff]?(?:\u200d{_EMOJI_SIGN}\ufe0f?[\U0001f3fb-\U0001f3ff]?){{0,8}}"
)
_SIGNS = re.compile("[\\\\.!?．/_,{}<>:;$%^&*(+\"'—！，。？、`~@#￥…（）：；《）》“”()\\[\\]»〔〕\\-「」]+")

_EAST_ASIAN_SENTENCE = re.compile(r"[^!?。.！？．\n]+[!?。.！？．\n]?")
_DANDA = re.compile(r"(?<=[।!?])\s*")
_STOP = re.compile(r"[.!?\u2026]{1,20}[\"'”’»)\]*_]{0,5}(?=\s)")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"'“«])"
    r"(?:[^\W\d_]|mr|mrs|ms|dr|prof|st|sr|sra|jr|vs|etc|inc|ltd|co|corp|gen|rep|sen|gov|capt|col|lt|rev|hon|no|vol|pp|fig|"
    r"approx|dept|est|al|e\.g|i\.e|a\.m|p\.m|u\.s|u\.k|ph\.d|d\.c)$",
    re.IGNORECASE,
)
_CLUSTER = re.compile(r"\w+")
_TOKEN = re.compile(r"[^\s.,;:!?()\[\]{}\"“”«»…`*<>$%#@&|]+(?:[.,:'][^\s.,;:!?()\[\]{}\"“”«»…`*<>]+){0,20}")
_CONTRACTION = re.compile(r"(n['’]t|['’](?:ll|re|ve|s|m|d))\b", re.IGNORECASE)
_FIRST = re.compile(r"^[*#>\-\u2013\u2014\u2022\s\"'“‘«(\[¿¡_]*(\S)")


def _is_east_asian(text: str) -> bool:
    counts = letters(text)
    dense = counts["Hani"] + counts["Hira"] + counts["Kana"]
    return dense > 0 and dense >= _EAST_ASIAN_SHARE * counts.total()


def count_words(text: str) -> int:
    """Return the number of words as the makers of Multi-IF count them."""
    if not _is_east_asian(text):
        return len(_CLUSTER.findall(text))
    shorter = _SIGNS.sub("", text)
    without, emoji = _EMOJI.subn("", shorter)
    others, characters = _CHARACTER.subn(" ", without)
    return characters + emoji + len(others.split())


def count_whole_words(text: str) -> int:
    """Return the number of words, vowel signs with their letters; in scripts without spaces that of characters."""
    return len(words(text))


def count_sentences(text: str) -> int:
    """Return the number of sentences."""
    if _is_east_asian(text):
        return sum(len(_EAST_ASIAN_SENTENCE.findall(line.strip())) for line in text.splitlines())
    if main_script(text) == "Deva":
        return sum(bool(each.strip()) for each in _DANDA.split(text))
    return len(split_sentences(text))


def split_sentences(text: str) -> list[str]:
    """Return the sentences of a text in a script with spaces; line breaks alone end none."""
    found, start = [], 0
    for match in _STOP.finditer(text):
        if not _ends(text, match):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    return [each for each in (*found, text[start:].strip()) if each]


def _ends(text: str, match: re.Match[str]) -> bool:
    stop = match.group().rstrip("\"'”’»)]*_")
    if stop != ".":
        # After several dots a sentence may go on, which a small letter shows.
        following = _FIRST.match(text[match.end() : match.end() + 40].lstrip())
        return not (stop.endswith(("..", "\u2026")) and following is not None and following[1].islower())
    before = text[max(0, match.start() - 12) : match.start()]
    if _ABBREVIATION.search(before):
        return False
    following = _FIRST.match(text[match.end() : match.end() + 40].lstrip())
    return following is None or not following[1].islower()


def count_capital_words(text: str) -> int:
    """Return the number of words all of whose letters are capitals.

    Words with hyphens count as one, and English contractions as two (``I'm`` has one in capitals).
    """
    return sum(token.isupper() for token in _TOKEN.findall(_CONTRACTION.sub(r" \1", text)))
