"""Measures the accuracy of the language identifier by language, and prints the table of docs/identification.md.

    POLYARENA_TEST_DATA=<folder> python benchmarks/identification.py > docs/identification.md

The texts are the test sentences of SIB-200, from FLORES-200, in ``<folder>/hub/Davlan/sib200``: 204 in each of 99
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

Every completion records the language that was identified in it, and reports and judges compare it with the expected
one. How reliable that is depends on the language.

`python benchmarks/identification.py` produced the table, with the identifier `{identifier}`. It identified the 204
test sentences of SIB-200 (from FLORES-200) in each of {languages} languages, singly and as 68 passages of three
sentences. **Sentences** and **passages** are the shares that were identified exactly; **taken for** is the most
common other language of wrong sentences. The identifier **knows** {known} of the {languages} languages: it is right
in at least 0.8 of the passages, where languages that it confuses count as one. In a language that it does not know,
its result does not count: an answer is *unknown*, never *wrong*, unless it is in another script.

[GlotLID](https://huggingface.co/cis-lmu/glotlid) knows more languages. Its model is too large to ship with
polyarena: set `POLYARENA_GLOTLID` to the path of its `model.bin` to use it instead.

| language | code | knows | sentences | passages | taken for |
| --- | --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Measured:
    """How well the identifier recognises one language.

    Attributes:
        language: The code.
        sentences: Share of sentences identified exactly.
        passages: Share of passages of three sentences identified exactly.
        mistaken: The most common wrong language of sentences; empty if there is none.
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
