"""``polyarena tasks`` and its subcommands, each of which is imported only when it is called."""

from __future__ import annotations

from cyclopts import App

from polyarena.harness.cli.options import Json

SUBCOMMANDS = {
    "audit": "Find errors in tasks, polyarena's or lm-eval's, before spending anything on them.",
    "coverage": "Show which tasks of a suite cover each language.",
    "items": "Print the items of a task as JSON Lines: ids, prompts, choices and references.",
    "path": "Print a folder of task files, with which lm-eval can run polyarena's tasks.",
}

command = App(name="tasks", help_flags=["--help", "-h"], version_flags=[])
for _name, _help in SUBCOMMANDS.items():
    command.command(f"polyarena.harness.cli.tasks_{_name}:command", name=_name, help=_help)


@command.default
def show(name: str | None = None, *, json: Json = False) -> int:
    """List the installed tasks, or show the card of one of them.

    Parameters
    ----------
    name
        Name of a task.
    json
        Print JSON.
    """
    from polyarena.harness.cli.output import print_json, print_lines, print_table
    from polyarena.tasks.registry import find_task, installed_tasks

    if name is not None:
        card = find_task(name).card
        if json:
            print_json(card.model_dump(mode="json"))
            return 0
        _show(name)
        return 0
    tasks, broken = installed_tasks()
    cards = [task.card for task in tasks]
    if json:
        print_json([card.model_dump(mode="json") for card in cards])
        return 0
    print_table(
        "",
        ("task", "kind", "languages", "metrics", "data", "licence", "title"),
        [
            (
                card.name,
                card.kind.value,
                str(len(card.languages)),
                ", ".join(card.metrics) or "judged",
                f"{card.dataset.id}@{card.dataset.revision}",
                card.dataset.licence,
                card.title,
            )
            for card in cards
        ],
        right=(2,),
        spare=(6, 5, 4, 3),
    )
    for each, reason in broken.items():
        print_lines(f"{each} cannot be used: {reason}")
    return 0


def _show(name: str) -> None:
    from polyarena.harness.cli.output import print_lines, print_table
    from polyarena.tasks.card import Culture
    from polyarena.tasks.languages import find_language
    from polyarena.tasks.registry import find_task

    card = find_task(name).card
    facts = [
        ("title", card.title),
        ("version", card.version),
        ("kind", card.kind.value),
        ("data", f"{card.dataset.id}, revision {card.dataset.revision}, split {card.dataset.split}"),
        ("licence", card.dataset.licence),
        ("page", card.dataset.url),
        ("metrics", ", ".join(card.metrics) or "none of its own: judged in pairs"),
        ("chance", "" if card.chance is None else f"{card.chance:.0%}"),
        ("shared", card.shared),
        ("culture", "" if card.culture is Culture.UNKNOWN else f"culturally {card.culture.value}"),
        ("validity", card.validity),
        ("generation", f"at most {card.generation.max_tokens} tokens"),
        ("cite", card.citation),
        ("notes", card.notes),
    ]
    print_table(card.name, ("", ""), [(label, value) for label, value in facts if value])
    print_table(
        f"{len(card.languages)} language{'s' if len(card.languages) != 1 else ''}",
        ("code", "name", "provenance"),
        [(code, find_language(code).name, card.provenance[code].value) for code in card.languages],
    )
    if card.left_out:
        print_table("left out", ("code", "why"), sorted(card.left_out.items()))
    print_lines()
