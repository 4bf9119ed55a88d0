"""A metric of one's own: how many answers name the reference somewhere, however long they are."""


def contains_reference(answer: str, references: tuple[str, ...]) -> bool:
    """Share of answers that contain a reference."""
    return any(reference.casefold() in answer.casefold() for reference in references)
