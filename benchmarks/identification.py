"""Measures how often the language identifier is right, by language, and prints the table of docs/identification.md.

    POLYARENA_TEST_DATA=<folder> python benchmarks/identification.py > docs/identification.md

The texts are the test sentences of SIB-200, out of FLORES-200, in ``<folder>/hub/Davlan/sib200``: 204 in each of 99
languages, and 68 passages of three sentences each, in their order.
"""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from polyarena.tasks.identify import can_identify, identifier_name, identify
from polyarena.tasks.languages import find_language

TEXT = """# Language identification

Completions carry the language that the identifier names, and judges ask whether it is the one that was wanted. How far
that can be trusted depends on the language.

The table was made by `python benchmarks/identification.py` with the identifier `{identifier}`: it read the 204 test
sentences of SIB-200 (out of FLORES-200) in each of {languages} languages, alone and as 68 passages of three sentences.
**Sentences** and **passages** are the shares in which the language was named exactly; **taken for** is the commonest
other language of wrong sentences. Of the {languages} languages the identifier **knows** {known}: it is right in at
least 0.8 of the passages, counting languages that it mixes up as one. In a language that it does not know, its word
does not count: an answer there is *unknown*, never *wrong*, unless it is in another script.

The model of [GlotLID](https://huggingface.co/cis-lmu/glotlid) knows more languages. It is too large to come with
polyarena: set `POLYARENA_GLOTLID` to the path of its `model.bin`, and it is asked instead.

| language | code | knows | sentences | passages | taken for |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Measured:
    """What the identifier made of one language's texts.

    Attributes:
        language: The code.
        sentences: Share of sentences that were named exactly.
        passages: Share of passages of three.
        mistaken: The commonest wrong answer of sentences; empty if there is none.
    """

    language: str
    sentences: float
    passages: float
    mistaken: str

    def row(self) -> str:
        """Return the row of the table."""
        knows = "yes" if can_identify(self.language) else "no"
        name = find_language(self.language).name
        mistaken = f"`{self.mistaken}`" if self.mistaken else ""
        return f"| {name} | `{self.language}` | {knows} | {self.sentences:.3f} | {self.passages:.3f} | {mistaken} |"


def measure(language: str, texts: Sequence[str]) -> Measured:
    """Identify the texts of one language, alone and by threes."""
    alone = [identify(text).language or "none" for text in texts]
    threes = [identify(" ".join(texts[start : start + 3])).language for start in range(0, len(texts), 3)]
    wrong = Counter(found for found in alone if found != language)
    return Measured(
        language=language,
        sentences=alone.count(language) / len(alone),
        passages=threes.count(language) / len(threes),
        mistaken=min(wrong, key=lambda code: (-wrong[code], code)) if wrong else "",
    )


def texts_of(root: Path, language: str) -> list[str]:
    """Return the sentences of one language, in their order."""
    path = root / "hub" / "Davlan" / "sib200" / language / "test.jsonl"
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").split("\n") if line]


def main() -> int:
    root = Path(os.environ.get("POLYARENA_TEST_DATA", ""))
    folder = root / "hub" / "Davlan" / "sib200"
    if not folder.is_dir():
        print(f"there is no {folder}; set POLYARENA_TEST_DATA to a folder that has it", file=sys.stderr)
        return 2
    found = [measure(path.name, texts_of(root, path.name)) for path in sorted(folder.iterdir())]
    known = sum(can_identify(each.language) for each in found)
    print(
        TEXT.format(identifier=identifier_name(), languages=len(found), known=known)
        + "\n".join(map(Measured.row, found))
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
