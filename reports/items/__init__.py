"""A page to read the items of a run: prompts, answers and verdicts, with filters and links to single items.

Called by :mod:`polyarena.harness.reporting`, which writes the files; nothing here touches a file. The page runs one
script, named by its hash in the content security policy, and shows all texts as texts.
"""

from polyarena.reports.items.browser import MOST_INLINE, MOST_ITEMS, ItemBrowser, item_browser
from polyarena.reports.items.content import Answer, ItemView, Verdict

__all__ = ["MOST_INLINE", "MOST_ITEMS", "Answer", "ItemBrowser", "ItemView", "Verdict", "item_browser"]
