"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Output = Annotated[Path | None, Parameter(name=["--output", "-o"])]
Json = Annotated[bool, Parameter(name="--json", negative="")]
RetryRefused = Annotated[bool, Parameter(name="--retry-refused", negative="")]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative="")]
Fresh = Annotated[bool, Parameter(name="--fresh", negative="")]
Grace = Annotated[float, Parameter(name="--grace")]
ExecutorChoice = Annotated[str | None, Parameter(name="--executor")]
