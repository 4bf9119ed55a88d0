"""WinoMT: whether a translation keeps the gender that the English sentence gives to a person, in eight languages.

Stanovsky, Smith and Zettlemoyer 2019 (arXiv 1906.00591), from Winogender (Rudinger et al. 2018) and WinoBias (Zhao et
al. 2018). In "The mechanic gave the clerk a present because she won the lottery" the clerk is a woman, and a language
with genders has to say so.

How the gender in the translation is found: see :mod:`polyarena.tasks.benchmarks.winomt.gender`. Compared with what
speakers said of translations by several systems (``data/human_annotations`` of the data's repository; read while the
lexicon was made, so this is a check and no test; ``n`` sentences each):

=========  ==  =====  =====  =========
language    n  right  wrong  undecided
=========  ==  =====  =====  =========
Arabic     35     32      2          1
French     40     32      6          2
German     40     35      5          0
Hebrew     36     31      0          5
Italian    40     35      1          4
Russian    40     38      2          0
Spanish    40     40      0          0
Ukrainian  30     29      1          0
=========  ==  =====  =====  =========

Most of the wrong ones are words of one gender with a pronoun of the other (*Der Mechaniker ... ihr*), where these
speakers went by the pronoun, or a woman's word that they took for a man; others of them went by the word. Like the
paper's analysers, the lexicon goes by the word. In Hebrew many women's words are spelled like the men's.

Two kinds of items are not asked: the 240 of people of unknown gender (``they``), which no lookup can tell from men in
these languages, and the further 120 about ``someone``, a word without gender in them.
"""

from polyarena.tasks.benchmarks.winomt.task import WinoMT, task

__all__ = ["WinoMT", "task"]
