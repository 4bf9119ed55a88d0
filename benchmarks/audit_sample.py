"""Draw 200 of the audit's findings of level error over lm-eval's task files, to be checked.

The draw has a fixed seed, so that anybody with lm-eval 0.4.13 gets the same findings. `audit_readings.csv` has them
with a line of evidence and a verdict: `true`, `false`, or `unverified` where neither the installed files nor stored
pages can tell. Each was read in its file. That a data set is a program rests on stored pages of the hub and on users'
reports: it may have been converted since.

It also draws 300 files of tasks whose prompts equal polyarena's, and counts those with an error. Run it as

    python benchmarks/audit_sample.py            # compare the readings with a fresh draw and print their shares
    python benchmarks/audit_sample.py --write    # write new findings without a verdict
"""

from __future__ import annotations

import csv
import random
import sys
from collections import Counter
from pathlib import Path

from polyarena.tasks.audit import Finding, Severity, audit_configs
from polyarena.tasks.audit.configs import read_configs, shipped_folder

SEED = 20261128
COUNT = 200
SOUND = (
    *("belebele", "global_mmlu/default", "global_mmlu/full", "include/default", "multiblimp", "okapi/arc_multilingual"),
    *("okapi/hellaswag_multilingual", "okapi/mmlu_multilingual", "openai-mmmlu/default", "paws-x", "xcopa", "xnli"),
    *("xstorycloze", "xwinograd"),
)
"""Folders of lm-eval whose prompts tests compare with ours, string by string."""
SOUND_COUNT = 300
READINGS = Path(__file__).with_name("audit_readings.csv")
FIELDS = ("check", "task", "language", "message", "verdict", "reading")


def draw() -> list[Finding]:
    errors = [each for each in audit_configs("*") if each.severity is Severity.ERROR]
    errors.sort(key=lambda each: (each.check, each.task, each.language, each.message))
    drawn = random.Random(SEED).sample(errors, min(COUNT, len(errors)))
    return sorted(drawn, key=lambda each: (each.check, each.task, each.language, each.message))


def readings() -> dict[tuple[str, str, str], dict[str, str]]:
    if not READINGS.is_file():
        return {}
    with READINGS.open(encoding="utf-8", newline="") as file:
        return {(row["check"], row["task"], row["language"]): row for row in csv.DictReader(file)}


def sound_with_errors() -> tuple[int, int]:
    names, wrong = [], set()
    for folder in SOUND:
        names += sorted(read_configs([shipped_folder() / folder]).tasks)
        wrong |= {each.task for each in audit_configs(folder) if each.severity is Severity.ERROR}
    drawn = random.Random(SEED).sample(sorted(set(names)), SOUND_COUNT)
    return len(set(drawn) & wrong), len(drawn)


def main(write: bool) -> int:
    known, drawn = readings(), draw()
    rows = []
    for each in drawn:
        read = known.get((each.check, each.task, each.language), {})
        verdict, reading = read.get("verdict", ""), read.get("reading", "")
        values = (each.check, each.task, each.language, each.message, verdict, reading)
        rows.append(dict(zip(FIELDS, values, strict=True)))
    if write:
        with READINGS.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
    counts = Counter(row["verdict"] or "not read" for row in rows)
    print(", ".join(f"{count} {verdict}" for verdict, count in counts.most_common()), f"of {len(rows)}")
    wrong, sound = sound_with_errors()
    print(f"{wrong} of {sound} files of sound tasks have an error")
    if wrong > 0.02 * sound:
        return 1
    return int(counts["false"] + counts["not read"] > 0.05 * len(rows))


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv))
