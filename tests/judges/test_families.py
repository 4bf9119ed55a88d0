"""Relatives by name."""

from every_case import every_case

from polyarena.judges.families import MAKERS, families, self_preference_risk


@every_case(
    ("model", "makers"),
    [
        ("gpt-4o-2024-11-20", {"OpenAI"}),
        ("openai/o3-mini", {"OpenAI"}),
        ("chatgpt-4o-latest", {"OpenAI"}),
        ("CohereLabs/aya-expanse-8b", {"Cohere"}),
        ("command-r-plus-08-2024", {"Cohere"}),
        ("meta-llama/Llama-3.3-70B-Instruct", {"Meta"}),
        ("DeepSeek-R1-Distill-Qwen-32B", {"DeepSeek", "Alibaba"}),
        ("Qwen_Qwen2.5-7B-Instruct", {"Alibaba"}),
        ("gemma-3-27b-it", {"Google"}),
        ("claude-3.7-sonnet", {"Anthropic"}),
        ("my-finetune", set()),
        ("foo3-large", set()),
        ("o3x", set()),
        ("", set()),
    ],
)
def test_makers_by_name(model, makers):
    assert families(model) == makers


def test_no_maker_is_everybodys():
    names = ["gpt-4", "claude-3", "gemma-2", "llama-3", "qwen2", "command-r", "mistral-7b", "phi-4", "grok-2", "glm-4"]
    for name in names:
        assert len(families(name)) == 1, name
    assert len({next(iter(families(name))) for name in names}) == len(names)
    assert len(MAKERS) > 20


def test_relatives_are_named_with_what_is_shared():
    systems = {"ours": "qwen2.5-7b", "theirs": "llama-3", "mixed": "deepseek-r1-distill-qwen-7b"}
    assert self_preference_risk("Qwen3-32B", systems) == {"ours": ("Alibaba",), "mixed": ("Alibaba",)}
    assert self_preference_risk("nobody", systems) == {}
