"""Identifies the language and script of texts, offline."""

from polyarena.tasks.identify.identifier import (
    IDENTIFIER,
    MIN_PROBABILITY,
    Agreement,
    Identified,
    agreement,
    can_identify,
    identifier_name,
    identify,
    load_identifier,
    most_probable,
)

__all__ = [
    "IDENTIFIER",
    "MIN_PROBABILITY",
    "Agreement",
    "Identified",
    "agreement",
    "can_identify",
    "identifier_name",
    "identify",
    "load_identifier",
    "most_probable",
]
