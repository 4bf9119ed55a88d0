"""What failed is named whole: a pair of answers by its judge, a cell by its system."""

from polyarena.harness.cli.summary import print_failures
from polyarena.harness.events import CellFailed, GamesFailed


def test_games_name_their_judge_and_cells_their_system(capsys):
    print_failures(
        [
            GamesFailed("first", "ours", "base", "t", "deu_Latn", 4, "the budget of 'first' is spent", exit_code=5),
            GamesFailed("second", "ours", "base", "t", "deu_Latn", 4, "the budget of 'second' is spent", exit_code=5),
            CellFailed("other", "t", "tha_Thai", 4, "no answer", exit_code=5),
        ]
    )
    said = capsys.readouterr().err
    assert "failed: first judges ours against base · t · deu_Latn\n  the budget of 'first' is spent" in said
    assert "failed: second judges ours against base · t · deu_Latn" in said
    assert "failed: other · t · tha_Thai\n  no answer" in said
    assert said.endswith("fix what is named above, then run the same command again to do only them\n")


def test_one_reason_is_told_once_with_a_few_of_its_places(capsys):
    print_failures([GamesFailed("j", "ours", "base", "t", f"l{n}", 1, "HTTP 500\nand more") for n in range(5)])
    said = capsys.readouterr().err
    assert said.count("HTTP 500\n  and more") == 1
    assert "j judges ours against base · t · l2 and 2 more" in said
    assert said.endswith("run the same command again to do only them\n")


def test_what_a_server_says_gives_the_terminal_no_orders(capsys):
    print_failures([CellFailed("other", "t", "tha_Thai", 4, "HTTP 500\n\x1b[2J\u202eno")])
    said = capsys.readouterr().err
    assert "HTTP 500\n  \ufffd[2J\ufffdno" in said


def test_failures_of_one_cause_are_shown_once(capsys):
    languages = [f"aa{letter}_Latn" for letter in "abcdefghijklmnopqrstuvwxyz"]
    print_failures(
        [CellFailed("ours", "t", code, 4, f"{number} items of {code} have no answer\n  fix: add them", exit_code=2)
         for number, code in enumerate(languages)]
    )  # fmt: skip
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 4
    assert "aac_Latn and 23 more" in said
    assert said.count("fix: add them") == 1
