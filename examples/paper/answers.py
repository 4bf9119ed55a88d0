"""Make up the answers of two systems to polyarena_mini, so that the example needs no model.

``careful`` says the prompt again, in its language; ``hasty`` answers some prompts in English, some with a few words.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from zlib import crc32


def main(folder: Path) -> None:
    """Write ``<system>/<language>.jsonl``."""
    prompts = files("polyarena.tasks.benchmarks.polyarena_mini").joinpath("prompts.jsonl").read_text(encoding="utf-8")
    answers: dict[Path, list[str]] = {}
    for line in prompts.splitlines():
        row = json.loads(line)
        draw = crc32(f"{row['language']} {row['source_id']}".encode()) % 10
        hasty = (
            "That depends on what you want, and there is much to say for both of them." if draw < 4 else row["prompt"]
        )
        careful = "I would rather not say, for I am not sure of it at all." if draw == 9 else row["prompt"]
        for system, text in (("careful", careful), ("hasty", hasty)):
            entry = json.dumps({"item_id": row["source_id"], "text": text}, ensure_ascii=False)
            answers.setdefault(folder / system / f"{row['language']}.jsonl", []).append(entry)
    for path, lines in answers.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(__file__).parent / "answers")
