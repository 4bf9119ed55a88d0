"""What a dry run says of teachers behind endpoints, and that it is what they are asked."""

import hashlib
import json

import pytest
import yaml

from polyarena.harness.cli import main
from polyarena.harness.planning.cost import BYTES_PER_TOKEN, Range
from polyarena.harness.stages.pipeline.dry_run import dry_run
from polyarena.harness.stages.pipeline.load import load_pipeline
from polyarena.harness.stages.pipeline.runner import train
from polyarena.tasks.errors import PolyarenaError

CODES = ("eng_Latn", "deu_Latn", "swh_Latn")
ADDRESS = "http://localhost:1/v1"


def teacher(name, url=ADDRESS, tokens=100, prices=None, **changes):
    args = {"base_url": url, "model": name, **({"prices": prices} if prices else {})}
    return {"name": name, "model": "endpoint", "args": args, "sampling": {"max_tokens": tokens}, **changes}


def pipeline(tmp_path, *stages, **prompts):
    rows = [
        {"inputs": f"{code} asks {at}?", "targets": f"Yes {at}", "language_code": code}
        for at in range(10)
        for code in CODES
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    source = {"name": "own", "path": str(tmp_path / "rows.jsonl")}
    pruning = {"near_duplicates": False, "wrong_language": False}
    mixture = {"name": "prompts", "type": "mixture", "sources": [source], "pruning": pruning, **prompts}
    return {"name": "p", "output": str(tmp_path / "out"), "stages": [mixture, *stages]}


def pool(*teachers, **changes):
    people = {"name": "people", "people": True}
    return {"name": "pool", "type": "pool", "prompts": "prompts", "teachers": [people, *teachers],
            "arbiters": [{"judge": "rules"}], **changes}  # fmt: skip


def asked(mapping, stage="pool"):
    (found,) = [plan.requests for plan in dry_run(load_pipeline(mapping)) if plan.status.stage.name == stage]
    return {each.teacher: each for each in found}


def shown(mapping, tmp_path, capsys, *options):
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(mapping))
    assert main(["train", str(path), "--dry-run", *options]) == 0
    return capsys.readouterr().out


def test_requests_and_the_price_of_answers_are_bounded_before_the_prompts_are_there(tmp_path, capsys):
    one = teacher("one", tokens=500, prices={"input": 1, "output": 350, "currency": "EUR"})
    mapping = pipeline(tmp_path, pool(one, teacher("free")), budget=100)
    found = asked(mapping)
    assert (found["one"].requests, found["one"].exact, found["one"].prompt_tokens) == (100, False, None)
    assert found["one"].answer_tokens == Range(0, 50_000)
    assert found["one"].price == Range(0, pytest.approx(17.5))
    assert found["free"].price is None
    text = " ".join(shown(mapping, tmp_path, capsys).split())
    assert "one at most 100 – unknown 0 to 50.0k 0.00 to 17.50 EUR" in text
    assert "the prompts of pool are not known yet, and prices are those of the answers alone" in text
    assert "not priced: free: set `prices`" in text
    plans = json.loads(shown(mapping, tmp_path, capsys, "--json"))["stages"]
    assert [each["requests"] for each in plans[1]["requests"]] == [100, 100]
    assert plans[0]["requests"] == []


def test_a_limit_and_its_languages_bound_the_requests(tmp_path):
    mapping = pipeline(tmp_path, pool(teacher("one"), limit=4), languages="eng, deu")
    assert asked(mapping)["one"].requests == 8
    models = {role: teacher(role) for role in ("strong", "weaker", "translator")}
    pairs = {"name": "pairs", "type": "translated_pairs", "prompts": "prompts", "limit": 3, **models}
    assert asked(pipeline(tmp_path, pairs, languages="eng, deu"), "pairs")["strong"].requests == 6


def test_requests_that_depend_on_rows_not_yet_read_are_said_to(tmp_path, capsys):
    mapping = pipeline(tmp_path, pool(teacher("one", prices={"input": 1, "output": 1})))
    assert (asked(mapping)["one"].requests, asked(mapping)["one"].price) == (None, None)
    assert "pool one unknown – unknown unknown unknown" in " ".join(shown(mapping, tmp_path, capsys).split())


def test_prompts_that_are_there_are_counted_with_their_price(tmp_path, capsys):
    told = teacher("one", tokens=10, prices={"input": 1_000_000, "output": 10}, system_prompt="In {language}.")
    mapping = pipeline(tmp_path, pool(told, limit=2), languages="eng, deu") | {"budget": 3}
    train(load_pipeline(mapping), until="prompts")
    found = asked(mapping)["one"]
    assert (found.requests, found.exact, found.cached) == (4, True, 0)
    size = 2 * len("eng_Latn asks 0?" + "In English.") + 2 * len("deu_Latn asks 0?" + "In German.")
    assert found.prompt_tokens == Range(size / BYTES_PER_TOKEN[1], size / BYTES_PER_TOKEN[0])
    assert found.answer_tokens == Range(4, 40)
    assert found.price.low == pytest.approx(found.prompt_tokens.low + 4 * 10 / 1e6)
    text = " ".join(shown(mapping, tmp_path, capsys).split())
    assert "not known yet" not in text
    assert "budget: 3; a stage that has spent it stops" in text


@pytest.mark.parametrize(
    ("changes", "message", "key"),
    [
        ({"model": "endpont"}, "did you mean 'endpoint'", "model"),
        ({"args": {"base_url": ADDRESS, "model": "m", "pricess": {}}}, "did you mean 'prices'", "args"),
    ],
)
def test_a_teacher_that_cannot_be_asked_is_refused_with_its_line_by_a_dry_run(tmp_path, changes, message, key):
    path = tmp_path / "p.yaml"
    path.write_text(yaml.safe_dump(pipeline(tmp_path, pool({**teacher("one"), **changes}))))
    with pytest.raises(PolyarenaError, match=message) as caught:
        dry_run(load_pipeline(path))
    assert f"(stages.1.teachers.1.{key}" in caught.value.where
    assert caught.value.where.startswith(f"{path}:")


def test_teachers_are_looked_at_before_the_first_stage_runs(tmp_path):
    mapping = pipeline(tmp_path, pool(teacher("one", model="endpont"), {**teacher("two"), "args": {"base_url": "x"}}))
    with pytest.raises(PolyarenaError, match="did you mean 'endpoint'") as caught:
        train(load_pipeline(mapping))
    assert "two" not in str(caught.value)
    assert len(caught.value.also) == 1
    assert not (tmp_path / "out" / "prompts").exists()


def stage_of(kind, url):
    one = teacher("one", url)
    return {
        "pool": pool(one, teacher("two", url, languages="eng, swh"), limit=4),
        "safety": {"name": "safety", "type": "safety", "prompts": "prompts", "rows": "prompts", "held_out": 3,
                   "weight": 30, "teacher": {**one, "languages": "deu, swh"}},
        "translated_pairs": {"name": "translated_pairs", "type": "translated_pairs", "prompts": "prompts", "limit": 5,
                             "strong": one, "weaker": teacher("two", url), "translator": teacher("three", url)},
    }[kind]  # fmt: skip


@pytest.mark.training
@pytest.mark.parametrize("kind", ["pool", "safety", "translated_pairs"])
def test_the_dry_run_gives_the_requests_that_a_stage_sends(tmp_path, scripted_server, kind):
    sent = []

    def script(received):
        sent.append(received.body["model"])
        # Text in no language, which differs by prompt and model.
        return scripted_server.ok(hashlib.sha256(str(received.body).encode()).hexdigest())

    scripted_server.script = script
    mapping = pipeline(tmp_path, stage_of(kind, scripted_server.base_url)) | {"cache": str(tmp_path / "calls.sqlite")}
    train(load_pipeline(mapping), until="prompts")
    expected = asked(mapping, kind)
    exact = {each.teacher: each.requests for each in expected.values() if each.exact}
    assert (
        exact
        == {"pool": {"one": 12, "two": 8}, "safety": {"one": 14}, "translated_pairs": {"one": 10, "two": 10}}[kind]
    )
    train(load_pipeline(mapping))
    assert asked(mapping, kind) == {}
    for name, each in expected.items():
        assert sent.count(name) == each.requests if each.exact else sent.count(name) <= each.requests
    # Another folder with the same cache pays for nothing that is known to be the same.
    other = mapping | {"output": str(tmp_path / "other")}
    train(load_pipeline(other), until="prompts")
    assert all(each.cached == each.requests for each in asked(other, kind).values() if each.exact)
    assert all(each.answer_tokens == Range() for each in asked(other, kind).values() if each.exact)
