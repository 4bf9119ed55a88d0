"""Whole checkpoints merged here and by mergekit, tensor by tensor: random ones, and small differences from a base."""

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("mergekit", reason="mergekit is not installed")
merging = pytest.importorskip("polyarena.harness.stages.merging.merge")

from polyarena.harness.stages.merging import MergeSettings  # noqa: E402

pytestmark = [pytest.mark.training, pytest.mark.filterwarnings("ignore")]
WEIGHTS = {"one": 0.6, "two": 0.4}


@pytest.fixture(params=["random", "small differences", "tied differences", "half precision"])
def folders(request, checkpoint, random_tensors):
    """A base and two checkpoints."""
    base, *others = (random_tensors(seed) for seed in (0, 1, 2))
    if request.param != "random":
        others = [{name: base[name] + 1e-3 * tensor for name, tensor in other.items()} for other in others]
    if request.param == "tied differences":
        # A few steps of AdamW move most elements by the same amount.
        signs = ({name: tensor.sign() for name, tensor in random_tensors(seed).items()} for seed in (3, 4))
        others = [{name: (tensor + 0.25 * sign[name]) for name, tensor in base.items()} for sign in signs]
    if request.param == "half precision":
        base, *others = ({n: tensor.bfloat16() for n, tensor in found.items()} for found in (base, *others))
    return {name: checkpoint(name, found) for name, found in zip(("base", "one", "two"), (base, *others), strict=True)}


def by_mergekit(folders, output, method, parameters, base, seed=7, **shared):
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    models = [
        {"model": str(folders[name]), "parameters": {"weight": weight, **parameters}}
        for name, weight in WEIGHTS.items()
    ]
    config = {"merge_method": method, "dtype": "float32", "models": models}
    if method == "slerp":
        config |= {"parameters": {"t": WEIGHTS["two"]}, "base_model": str(folders["one"])}
        config["models"] = [{"model": str(folders[name])} for name in WEIGHTS]
    elif base:
        config["parameters"] = shared
        config["base_model"] = str(folders["base"])
    options = MergeOptions(random_seed=seed, quiet=True, copy_tokenizer=False, write_model_card=False)
    run_merge(MergeConfiguration.model_validate(config), str(output), options)


@pytest.mark.parametrize(
    ("method", "density"),
    [("linear", 1), ("slerp", 1), ("ties", 0.5), ("ties", 0.13), ("dare_ties", 0.5), ("dare_ties", 0.13)],
)
def test_every_tensor_is_that_of_mergekit(method, density, folders, tmp_path, load):
    from_base = method in ("ties", "dare_ties")
    settings = MergeSettings(method=method, weights=WEIGHTS, density=density, seed=7)
    merging.merge_checkpoints(
        {name: folders[name] for name in WEIGHTS}, tmp_path / "ours", settings, base=folders["base"]
    )
    by_mergekit(folders, tmp_path / "theirs", method, {"density": density} if from_base else {}, from_base)
    ours, theirs = load(tmp_path / "ours"), load(tmp_path / "theirs")
    assert ours.keys() == theirs.keys()
    for name, tensor in theirs.items():
        torch.testing.assert_close(ours[name], tensor, rtol=0, atol=1e-5, msg=name)


def test_the_random_checkpoints_do_test_slerp(random_tensors):
    one, two = random_tensors(1), random_tensors(2)
    cosines = [torch.nn.functional.cosine_similarity(one[n].flatten(), two[n].flatten(), dim=0) for n in one]
    assert max(abs(float(cosine)) for cosine in cosines) < 0.9995


@pytest.mark.parametrize(
    ("method", "ours", "theirs"),
    [
        ("dare_ties", {"normalize": True, "rescale": False}, {"normalize": True, "rescale": False}),
        ("dare_ties", {"scale": 1.3}, {"lambda": 1.3}),
        ("ties", {"scale": 0.7, "normalize": False}, {"lambda": 0.7, "normalize": False}),
    ],
)
def test_other_settings_are_those_of_mergekit_too(method, ours, theirs, folders, tmp_path, load):
    settings = MergeSettings(method=method, weights=WEIGHTS, density=0.4, seed=7, **ours)
    merging.merge_checkpoints(
        {name: folders[name] for name in WEIGHTS}, tmp_path / "ours", settings, base=folders["base"]
    )
    by_mergekit(folders, tmp_path / "theirs", method, {"density": 0.4}, base=True, **theirs)
    merged, expected = load(tmp_path / "ours"), load(tmp_path / "theirs")
    for name, tensor in expected.items():
        torch.testing.assert_close(merged[name], tensor, rtol=0, atol=1e-5, msg=name)
