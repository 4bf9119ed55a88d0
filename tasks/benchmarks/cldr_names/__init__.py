"""Multiple choice from Unicode CLDR: which of four is the name of this country, language, weekday or month?

The names come from the Unicode Common Locale Data Repository, submitted and vetted by contributors for each language,
as the installed ``babel`` ships them. The question is in English for every language (``What is the month "January"
called in Swahili?``), so that languages differ in the names only, and not in the quality of a translated question.

Rules, not hand-picking, leave out:

* A name that CLDR does not have in the language itself. Inherited names do not count: CLDR lets Haitian Creole inherit
  from French.
* A name with letters of another script than the language's (such as English left over in CLDR).
* A name that occurs in the question as a word, ignoring case and accents: it could be answered by copying. This
  excludes all names in English, and German ``April`` (but not ``Januar``).
* A language with fewer than ``MIN_ITEMS`` names, or fewer than four in some category.

The four choices are names of the same category in the same language. A hash of the concepts selects them, so that they
are the same concepts in all languages as far as the rules allow. Over the concepts of a category, the right answer is
equally often in each of the four positions.

The headline metric is ``acc_bytes``. Names differ in length (``May`` and ``September``), the sum of log-likelihoods
favours short ones, and a model that knows nothing scores 0.25 only after normalisation by length.

The words are common and often similar across languages: the task separates a model that has seen a language from one
that has not, and does not rank good models.
"""

from polyarena.tasks.benchmarks.cldr_names.benchmark import CldrNames, task

__all__ = ["CldrNames", "task"]
