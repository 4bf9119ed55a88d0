"""Rows of sources, and sources of rows."""

import pytest

from polyarena.tasks.mixtures.records import TrainingRow

WORDS = ("river", "house", "seven", "window", "green", "paper", "garden", "letter", "winter", "bread", "stone", "music")


@pytest.fixture
def make_rows():
    """Make distinct rows in English or, with their language, in another."""

    def make_rows(source, count, language="eng_Latn", licence="MIT", start=0):
        rows = []
        for at in range(start, start + count):
            text = " ".join(WORDS[(at * step + step) % len(WORDS)] for step in (1, 5, 7, 11)) + f" {at * 7919}"
            rows.append(
                TrainingRow(f"{source}:{language}:{at}", source, language, f"What? {text}", f"It is {text}.", licence)
            )
        return rows

    return make_rows


@pytest.fixture
def opened():
    """Turn rows by source into functions that open them."""
    return lambda rows: {name: (lambda own=own: iter(own)) for name, own in rows.items()}
