"""``polyarena languages``."""

from __future__ import annotations

from polyarena.harness.cli.options import Json


def command(*selector: str, json: Json = False) -> int:
    """List languages.

    Parameters
    ----------
    selector
        Codes, names, sets (aya23, aya99, aya101, tiny_aya, all) and properties (tier:low, script:Deva,
        family:Atlantic-Congo, region:earth); a comma means or, `&` means and, a leading `-` means not. Default: all.
    json
        Print JSON.
    """
    from dataclasses import asdict

    from polyarena.harness.cli.output import print_json, print_table
    from polyarena.tasks.languages import select_languages

    found = select_languages(list(selector) if selector else "all")
    if json:
        print_json([{**asdict(language), "sets": sorted(language.sets)} for language in found])
        return 0
    print_table(
        f"{len(found)} language{'s' if len(found) != 1 else ''}",
        ("code", "name", "autonym", "family", "tier", "Joshi", "regions", "sets"),
        [
            (
                language.code,
                language.name,
                language.autonym,
                language.family,
                language.tier,
                language.joshi,
                " ".join(language.regions),
                " ".join(sorted(language.sets)),
            )
            for language in found
        ],
        spare=(7, 6, 5, 3, 4),
    )
    return 0
