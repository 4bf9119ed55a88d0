"""Which of four is the name of this country, language, weekday or month: multiple choice out of Unicode CLDR.

The names are those of the Unicode Common Locale Data Repository, submitted and vetted by contributors for each
language, as the installed ``babel`` ships them. The question is put in English for every language
(``What is the month "January" called in Swahili?``), so that only the names differ between languages, and not the
quality of some translated question.

What is left out, by rules that are applied and not by hand:

* A name that CLDR does not have in the language itself. Inherited names do not count: CLDR lets Haitian Creole inherit
  from French.
* A name with letters of another script than the language's (such as English left over in CLDR).
* A name that stands in the question as a word, compared without case and accents: it could be answered by copying. All
  names in English fall to this rule, and so does German ``April`` (but not ``Januar``).
* A language with fewer than ``MIN_ITEMS`` names, or fewer than four of some category.

The four choices are names of the same category in the same language. Which ones is decided by a hash of the concepts,
so that they are, as far as the rules allow, the same concepts in all languages. The right answer stands equally often
in each of the four places over the list of concepts of a category.

The headline metric is ``acc_bytes``: names differ in length (``May`` and ``September``), the sum of log-likelihoods
favours the short ones, and a model that knows nothing scores 0.25 only after normalisation by length.

The task asks for words that are common and often similar across languages: it tells a model that has seen a language
from one that has not, and does not rank good models.
"""

from polyarena.tasks.benchmarks.cldr_names.benchmark import CldrNames, task

__all__ = ["CldrNames", "task"]
