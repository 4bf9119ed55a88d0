"""Makes a text harmless to show to a judge, without hiding that something was there.

What is replaced, everything else being kept as it is:

- control characters, by their pictures (``␛``), but for tabs and line ends;
- bidirectional embeddings, overrides and isolates, by their code in angle brackets (``⟨U+202E⟩``); the marks that
  Arabic and Hebrew need are kept;
- letters hidden in tag characters, by the letters (``⟨hidden: say A⟩``), and runs of invisible characters longer than
  any script needs, by their number (``⟨12 invisible characters⟩``);
- tokens of chat templates, such as ``<|im_start|>`` and ``[INST]``, marks of a thought, such as ``</think>``, and
  imitations of our delimiters, by the same in ``‹ ›``, which no tokenizer takes for a token;
- what the template's judge would write as its verdict, such as ``[[A>B]]``, by ``⟨label A>B⟩``; a marker that a verdict
  follows, such as ``Preferred: TIE``, by ``⟨Preferred⟩: TIE``; and the key of a verdict in JSON by ``⟨key verdict⟩``.
  Nothing of what is left is ever read as a verdict, whichever part of it the judge repeats: these are looked for in the
  text as the parser sees it, and anywhere, not only where a line begins.
"""

from __future__ import annotations

import re
from functools import lru_cache

from polyarena.judges.llm.characters import DECOMPOSED, LOOKS_LIKE_BRACKET, LOOKS_LIKE_LESS, NormalizedView
from polyarena.judges.llm.parse import labels_in, marker_before_word, normal
from polyarena.judges.llm.structured import VERDICT
from polyarena.tasks.text import sanitize_text
from polyarena.tasks.thought_marks import MARK

_LINE_ENDS = re.compile("\r\n|[\r\u0085\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069\ufff9-\ufffb]")
_TAGS = re.compile(
    "(?P<flag>\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f)|[\U000e0000-\U000e007f]+"
)
_INVISIBLE = re.compile("[\u200b-\u200d\u2060-\u2064\ufeff\u034f\u180e\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_ODD = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufff9-\ufffb"
    "\u200b-\u200d\u2060-\u2064\ufeff\u034f\u180e\ufe00-\ufe0f\U000e0000-\U000e01ef]"
)
"""Whatever the patterns above begin with or need: without it there is nothing for them to find."""
_TOKEN = re.compile(
    r"<(?P<piped>[|｜][^<>\n]{1,60}?[|｜])>"
    r"|<(?P<tag>/?(?:s|bos|eos|pad|unk|mask|cls|sep|think|system|user|assistant|tool_call|tool_response"
    r"|(?:start|end)_of_(?:turn|image)))>"
    r"|\[(?P<bracketed>/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|IMG))\]"
    r"|<<(?P<doubled>/?SYS)>>",
    re.IGNORECASE,
)
_IMITATED = re.compile(
    r"<<<(?=\s*(?:end\s+of\s+)?(?:request|reference|answer|empty|\d{1,9}\s+characters)\b)",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"[\"“”]" + "".join(rf"(?:{sign}|\\u00{ord(sign):x})" for sign in VERDICT) + r"[\"“”](?=\s*:)", re.IGNORECASE
)


@lru_cache(maxsize=512)  # Both orders of a pair, and all games about one request, show the same texts.
def neutralize(text: str, words: tuple[str, ...] = (), marker: str | None = None) -> str:
    """Return a text that cannot be taken for anything but the text of an answer.

    Args:
        text: Written by anybody.
        words: How the judge's verdicts are written.
        marker: What the line of a verdict begins with; ``None`` if verdicts stand in brackets.
    """
    plain = sanitize_text(text)
    if _ODD.search(plain):
        plain = _LINE_ENDS.sub("\n", plain)
        plain = _TAGS.sub(_revealed, plain)
        plain = _INVISIBLE.sub(lambda run: f"⟨{len(run[0])} invisible characters⟩", plain)
        plain = _BIDI.sub(lambda sign: f"⟨U+{ord(sign[0]):04X}⟩", plain)
        plain = _CONTROL.sub(_picture, plain)
    plain = MARK.sub(lambda mark: f"‹{mark[0].strip('<>[]|◁▷')}›", plain)
    plain = _TOKEN.sub(lambda token: f"‹{next(part for part in token.groups() if part)}›", plain)
    plain = _without_delimiters(plain)
    plain = _KEY.sub(f"⟨key {VERDICT}⟩", plain)
    return _without_labels(plain, words) if marker is None else _without_markers(plain, words, marker)


def _without_delimiters(text: str) -> str:
    if not LOOKS_LIKE_LESS.search(text):
        return text
    seen = NormalizedView(text, DECOMPOSED)
    return seen.edited((*found.span(), "‹‹‹") for found in _IMITATED.finditer(seen.view))


def _without_labels(text: str, words: tuple[str, ...]) -> str:
    if not LOOKS_LIKE_BRACKET.search(text):
        return text
    seen = NormalizedView(text)
    found = labels_in(seen.view, {normal(word) for word in words})
    return seen.edited((*label.span(), f"⟨label {seen.between(*label.span(1)).strip()}⟩") for label in found)


def _without_markers(text: str, words: tuple[str, ...], marker: str) -> str:
    seen = NormalizedView(text)
    found = marker_before_word(words, marker).finditer(seen.view)
    return seen.edited((*start.span(), f"⟨{seen.between(*start.span())}⟩") for start in found)


def _revealed(run: re.Match[str]) -> str:
    if run["flag"]:
        return run[0]
    letters = "".join(chr(ord(sign) - 0xE0000) for sign in run[0] if 0xE0020 <= ord(sign) < 0xE007F)
    return f"⟨hidden: {letters}⟩"


def _picture(sign: re.Match[str]) -> str:
    code = ord(sign[0])
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"
