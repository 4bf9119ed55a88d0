"""The faster constructor of frozen dataclasses makes what theirs makes."""

import copy
import dataclasses
import inspect
import pickle
from dataclasses import FrozenInstanceError, dataclass, field, replace
from types import MappingProxyType

import pytest

from polyarena.tasks.fast_init import fast_init
from polyarena.tasks.frames.row import Row
from polyarena.tasks.frames.translation import Pair
from polyarena.tasks.item import Item


@dataclass(frozen=True, slots=True)
class Plain:
    first: str
    second: int = 2
    third: tuple[str, ...] = field(default_factory=tuple)


@fast_init
@dataclass(frozen=True, slots=True)
class Fast:
    first: str
    second: int = 2
    third: tuple[str, ...] = field(default_factory=tuple)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [(("a",), {}), (("a", 3), {}), (("a", 3, ("x",)), {}), ((), {"third": ("y",), "first": "b"})],
)
def test_it_makes_what_the_dataclass_makes(arguments, named):
    fast, plain = Fast(*arguments, **named), Plain(*arguments, **named)
    assert type(fast) is Fast
    assert dataclasses.astuple(fast) == dataclasses.astuple(plain)
    assert repr(fast) == repr(plain).replace("Plain", "Fast")
    assert fast == Fast(*arguments, **named)
    assert fast != Fast("other")
    assert hash(fast) == hash(plain)
    assert pickle.loads(pickle.dumps(fast)) == copy.copy(fast) == copy.deepcopy(fast) == replace(fast) == fast
    assert replace(fast, second=9) == Fast(fast.first, 9, fast.third)


@pytest.mark.parametrize(
    ("arguments", "named"), [((), {}), (("a", 1, (), 4), {}), (("a",), {"fourth": 1}), (("a",), {"first": "b"})]
)
def test_it_refuses_what_the_dataclass_refuses(arguments, named):
    with pytest.raises(TypeError) as plain:
        Plain(*arguments, **named)
    with pytest.raises(TypeError) as fast:
        Fast(*arguments, **named)
    assert str(fast.value) == str(plain.value).replace("Plain", "Fast")


@pytest.mark.parametrize(
    "made", [Fast("a"), Item("1", "1", "swh_Latn", "a"), Row({}, "swh_Latn", 0, "x"), Pair("1", "a", "b")]
)
def test_what_it_makes_is_frozen(made):
    name = dataclasses.fields(made)[0].name
    with pytest.raises(FrozenInstanceError):
        setattr(made, name, "b")
    with pytest.raises(FrozenInstanceError):
        delattr(made, name)
    with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):
        made.another = 1
    assert not hasattr(made, "__dict__")


@pytest.mark.parametrize("base", [Fast, Plain])
def test_a_class_made_of_it_is_made_as_usual(base):
    @dataclass(frozen=True)
    class More(base):
        fourth: str = "d"

    class Named(base):
        pass

    assert dataclasses.astuple(More("a")) == ("a", 2, (), "d")
    assert (type(Named("a", 5)), Named("a", 5).second) == (Named, 5)


def test_its_signature_is_that_of_the_dataclass():
    assert list(inspect.signature(Fast).parameters) == list(inspect.signature(Plain).parameters)
    assert inspect.get_annotations(Fast.__init__) == inspect.get_annotations(Plain.__init__)


def test_fields_of_an_item_are_empty_and_cannot_be_changed():
    first, second = (Item(name, name, "swh_Latn", "a") for name in "ab")
    assert first.fields == second.fields == {}
    assert isinstance(first.fields, MappingProxyType)
