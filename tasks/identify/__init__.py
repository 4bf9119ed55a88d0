"""Which language and script a text is in, offline."""

from polyarena.tasks.identify.comparing import MIN_PROBABILITY, Agreement, agreement
from polyarena.tasks.identify.identified import Identified
from polyarena.tasks.identify.identifier import IDENTIFIER, can_identify, identifier_name, identify

__all__ = [
    "IDENTIFIER",
    "MIN_PROBABILITY",
    "Agreement",
    "Identified",
    "agreement",
    "can_identify",
    "identifier_name",
    "identify",
]
