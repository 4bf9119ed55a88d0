"""The caption of wins, ties and losses says what the circles are."""

import pandas as pd
from every_case import every_case

from polyarena.reports.figures import win_tie_loss


@every_case(
    ("counts", "rate", "said"),
    [
        ((3, 2, 5), 0.4, "Circles: the win rate, ties counting half."),
        ((3, 2, 5), float("nan"), "Circles: the win rate as the counts have it, ties counting half."),
        ((0, 0, 0), float("nan"), "No verdict is known."),
    ],
)
def test_the_caption_says_what_circles_are(counts, rate, said):
    row = dict(zip(("wins", "ties", "losses"), counts, strict=True)) | {"value": rate}
    drawing = win_tie_loss(
        pd.DataFrame([row | {"system": "a", "baseline": "b", "level": "language", "group": "deu_Latn"}])
    )
    assert said in drawing.caption
    assert ("Circles" in drawing.caption) == ("Circles" in said)
