"""Routers over pools of made-up teachers, the learned one among them, and what is refused."""

from collections import Counter
from dataclasses import replace

import pytest
from every_case import every_case

from polyarena.harness.stages.arbitrage import (
    Router,
    Routing,
    best_teachers,
    check_pool,
    render_teacher_table,
    route,
    teacher_table,
    training_rows,
)
from polyarena.harness.stages.learned_router import LearnedRouter, cross_fitted_teachers
from polyarena.harness.stages.records import PooledCompletion
from polyarena.tasks.errors import DataError, ExperimentError, UnknownNameError

LANGUAGES = ("deu_Latn", "swh_Latn")
TOPICS = ("weather", "history")


def completion(row, teacher, text="a text", reward=0.0, language="deu_Latn", prompt="Was?"):
    return PooledCompletion(row, language, prompt, teacher, text, reward, "MIT")


@pytest.fixture
def pool():
    """Ben is best in Swahili; in German Ada is best on the weather, and Ben on history; Cleo never is."""
    found = []
    for at in range(120):
        language, topic = LANGUAGES[at % 2], TOPICS[at // 2 % 2]
        rewards = {"ada": 0.5, "ben": 0.6 if language == "swh_Latn" or topic == "history" else 0.4, "cleo": 0.1}
        found += [
            completion(f"p{at}", teacher, f"{teacher} says {at}", reward, language, f"Tell me about the {topic}, {at}.")
            for teacher, reward in rewards.items()
        ]
    return found


def shares(chosen, language):
    counts = Counter(each.teacher for each in chosen if each.language == language)
    return {teacher: count / sum(counts.values()) for teacher, count in counts.items()}


def test_the_reward_router_takes_the_best_completion_of_each_prompt(pool):
    chosen = route(pool, Routing())
    assert [each.row_id for each in chosen] == [f"p{at}" for at in range(120)]
    assert shares(chosen, "swh_Latn") == {"ben": 1}
    assert shares(chosen, "deu_Latn") == {"ada": 0.5, "ben": 0.5}
    assert all(each.reward == max(e.reward for e in pool if e.row_id == each.row_id) for each in chosen)


def test_the_learned_router_finds_what_decides_without_seeing_the_prompts_own_rewards(pool):
    best = best_teachers(pool, 0)
    chosen = route(pool, Routing(router=Router.LEARNED))
    assert len(chosen) == 120
    assert sum(best[each.row_id] == each.teacher for each in chosen) >= 110


def test_a_learned_router_that_has_nothing_to_learn_names_the_only_winner():
    prompts = {str(at): f"prompt {at}" for at in range(30)}
    found = cross_fitted_teachers(prompts, dict.fromkeys(prompts, "deu_Latn"), dict.fromkeys(prompts, "ada"), 0)
    assert set(found.values()) == {"ada"}


def test_the_learned_router_answers_for_new_prompts_and_unknown_languages():
    prompts = [f"about {topic} {at}" for at in range(30) for topic in TOPICS]
    router = LearnedRouter(prompts, ["deu_Latn"] * 60, ["ada", "ben"] * 30)
    assert router.predict(["about history 99", "about weather 99"], ["fra_Latn", "deu_Latn"]) == ["ben", "ada"]
    assert router.predict([], []) == []


def test_the_learned_router_needs_enough_prompts(pool):
    with pytest.raises(DataError, match="has 6 prompts to learn from, and 20 are needed"):
        route(pool[:18], Routing(router=Router.LEARNED), where="arbitrage")


def test_the_random_router_gives_each_teacher_its_share_and_is_the_same_for_a_seed(pool):
    one, again, other = (route(pool, Routing(router=Router.RANDOM, seed=seed)) for seed in (0, 0, 1))
    assert one == again != other
    assert all(25 <= count <= 55 for count in Counter(each.teacher for each in one).values())


def test_single_and_fixed_routers_name_their_teachers(pool):
    assert {each.teacher for each in route(pool, Routing(router=Router.SINGLE, teacher="cleo"))} == {"cleo"}
    fixed = route(pool, Routing(router=Router.FIXED, by_language={"deu_Latn": "ada", "swh_Latn": "ben"}))
    assert shares(fixed, "deu_Latn") == {"ada": 1}
    assert shares(fixed, "swh_Latn") == {"ben": 1}


@every_case(
    ("routing", "error", "message"),
    [
        (Routing(router=Router.SINGLE), ExperimentError, "needs a teacher"),
        (Routing(router=Router.SINGLE, teacher="adda"), UnknownNameError, "unknown teacher 'adda'"),
        (Routing(router=Router.FIXED, by_language={"deu_Latn": "ada"}), ExperimentError, "no teacher for swh_Latn"),
        (Routing(router=Router.FIXED, by_language={"deu_Latn": "dora"}), UnknownNameError, "unknown teacher"),
    ],
)
def test_routers_without_what_they_need_are_refused(routing, error, message, pool):
    with pytest.raises(error, match=message):
        route(pool, routing)


def test_equal_rewards_favour_no_teacher():
    pool = [completion(f"p{at}", teacher, reward=1.0) for at in range(200) for teacher in ("ada", "ben")]
    assert 70 <= Counter(best_teachers(pool, 0).values())["ada"] <= 130


def test_an_empty_completion_is_never_chosen_and_a_prompt_that_nobody_answers_is_left_out():
    pool = [
        completion("1", "ada", " ", 9.0),
        completion("1", "ben", "x", 1.0),
        completion("2", "ada", "", 9.0),
        completion("2", "ben", "\n", 1.0),
        completion("3", "ada", "y", 1.0),
    ]
    assert [(each.row_id, each.teacher) for each in route(pool, Routing())] == [("1", "ben"), ("3", "ada")]
    chosen = route(pool, Routing(router=Router.SINGLE, teacher="ada"))
    assert [each.row_id for each in chosen] == ["3"]


def test_rows_carry_teacher_and_licence(pool):
    rows = training_rows(route(pool, Routing()), "arbitrage")
    assert (rows[0].source, rows[0].licence, rows[0].completion) == ("arbitrage:ada", "MIT", "ada says 0")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda pool: [], "no completions"),
        (lambda pool: [*pool, pool[0]], "answers the prompt 'p0' twice"),
        (
            lambda pool: [replace(each, completion=" ") if each.teacher == "ben" else each for each in pool],
            "the teacher 'ben' answers nothing",
        ),
    ],
)
def test_pools_that_cannot_be_right_are_refused(change, message, pool):
    with pytest.raises(DataError, match=message):
        check_pool(change(pool), where="pool")


def test_a_pool_without_rewards_cannot_be_routed_by_reward(pool):
    with pytest.raises(DataError, match="the pool has no rewards"):
        route([replace(each, reward=None) for each in pool], Routing())


def test_the_table_says_who_won_where_with_length_beside_reward(pool):
    pool = [
        *pool,
        completion("e", "ada", "", 0.0),
        completion("e", "ben", "long text", 0.3),
        completion("e", "cleo", "", 0),
    ]
    table = teacher_table(pool, route(pool, Routing()))
    ada = table[(table.language == "deu_Latn") & (table.teacher == "ada")].iloc[0]
    assert ada[["prompts", "empty", "chosen"]].tolist() == [61, 1, 30]
    assert ada["share"] == pytest.approx(30 / 61)
    assert ada["mean_reward"] == pytest.approx(0.5)
    lengths = [
        len(each.completion)
        for each in pool
        if each.teacher == "ada" and each.language == "deu_Latn" and each.completion
    ]
    assert ada["mean_characters"] == pytest.approx(sum(lengths) / 60)
    assert table.groupby("language")["share"].sum().tolist() == pytest.approx([1, 1])


def test_the_markdown_has_the_best_teacher_of_each_language_in_bold(pool):
    text = render_teacher_table(teacher_table(pool, route(pool, Routing())))
    assert text.splitlines()[0] == "| language | prompts | ada | ben | cleo |"
    assert "| swh_Latn | 60 | 0% | **100%** | 0% |" in text


def test_a_language_that_a_teacher_was_not_asked_in_is_blank(pool):
    asked = [each for each in pool if each.teacher != "cleo" or each.language == "deu_Latn"]
    assert "| swh_Latn | 60 | 0% | **100%** |  |" in render_teacher_table(teacher_table(asked, route(asked, Routing())))
