"""Whether a device computes in bfloat16, and where a stage does if it does not say."""

from every_case import every_case

from polyarena.harness.models import precision
from polyarena.harness.models.precision import flags_of, has_bfloat16, in_bfloat16

X86 = "processor\t: 0\nmodel name\t: A\nflags\t\t: fpu avx2 {}\n\nprocessor\t: 1\nflags\t\t: other\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd {} i8mm\n"


@every_case(
    ("text", "native"),
    [
        (X86.format("avx512f"), False),
        (X86.format("avx512f avx512_bf16"), True),
        (X86.format("amx_bf16 amx_tile"), True),
        (ARM.format("bf16"), True),
        (ARM.format("sve"), False),
        ("", False),
    ],
)
def test_processors_say_whether_they_have_it(text, native, monkeypatch):
    monkeypatch.setattr(precision, "_flags", lambda: flags_of(text))
    assert has_bfloat16("cpu") is native
    assert has_bfloat16("cuda")
    assert in_bfloat16(None, "cpu") is native
    assert in_bfloat16(True, "cpu")
    assert not in_bfloat16(False, "cuda")
