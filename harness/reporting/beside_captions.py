"""Writes a figure or table with its caption and data beside it, and replaces only what it wrote itself."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from pathlib import Path

from polyarena.harness.store.atomic import put_in_place, stage_file
from polyarena.harness.store.replacing import refuse_to_replace
from polyarena.reports.tables import tex_caption
from polyarena.tasks.errors import StoreError

CAPTION = ".caption.tex"
"""The file that lists, in comments of LaTeX, the SHA-256 of all files of its figure or table."""

_MARK = "% polyarena wrote "


def write_beside_caption(stem: Path, contents: Mapping[str, bytes], read: Collection[Path] = ()) -> tuple[Path, ...]:
    """Write the files of one figure or table at once.

    A file that is already there is replaced only if it has the digest that the caption file beside it lists, that is
    if it was written here and not changed since. One that happens to have the content is left and is not listed. Early
    builds listed nothing; their files are known by their two captions, of which one is the LaTeX of the other.

    Args:
        stem: Path without what the names of the files end in.
        contents: By what the name ends in, such as ``-1.pdf``; :data:`CAPTION` among them.
        read: Files that the numbers come from; they are never replaced.

    Returns:
        The files, in the order given.

    Raises:
        StoreError: A file of somebody else is there, or one cannot be written.
    """
    listed = _listed(stem)
    earlier = not listed and _is_of_earlier_version(stem)
    sources = {path.resolve() for path in read}
    for end, content in contents.items():
        path = stem.with_name(stem.name + end)
        if path.resolve() in sources and path.read_bytes() != content:
            raise StoreError("the numbers are read from this file, and it is not replaced", where=path,
                             fix="choose another name with --output")  # fmt: skip

        def is_own(path: Path, end: str = end, content: bytes = content) -> bool:
            digest = _digest(end, path.read_bytes())
            if earlier and (end != ".csv" or _same_columns(path, content)):
                return True
            return digest in (listed.get(end), _digest(end, content))

        refuse_to_replace(path, is_own, "a file of this figure or table")
    kept = {end: digest for end, digest in listed.items() if end not in contents and _is_unchanged(stem, end, digest)}
    same = {end for end, content in contents.items() if end not in (CAPTION, *listed) and _has(stem, end, content)}
    digests = {**kept, **{end: _digest(end, content) for end, content in contents.items() if end not in same}}
    ledger = "".join(f"{_MARK}{end} {digest}\n" for end, digest in sorted(digests.items()))
    final = {**contents, CAPTION: contents[CAPTION] + ledger.encode()}
    staged: dict[Path, Path] = {}
    try:
        for end, content in final.items():
            if end not in same:
                path = stem.with_name(stem.name + end)
                staged[path] = stage_file(path, content)
        put_in_place(staged)
    finally:
        for temporary in staged.values():
            temporary.unlink(missing_ok=True)
    return tuple(stem.with_name(stem.name + end) for end in contents)


def _listed(stem: Path) -> dict[str, str]:
    """Return the digests that the caption file lists, by what the names end in."""
    try:
        lines = stem.with_name(stem.name + CAPTION).read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    found = (line.removeprefix(_MARK).rpartition(" ") for line in lines if line.startswith(_MARK))
    return {end: digest for end, _, digest in found}


def _is_of_earlier_version(stem: Path) -> bool:
    """Tell whether the captions are a pair as versions wrote them that listed no digests."""
    try:
        text, latex = (stem.with_name(stem.name + end).read_text("utf-8") for end in (".caption.txt", CAPTION))
    except (OSError, ValueError):
        return False
    return latex == tex_caption(text.removesuffix("\n"))


def _same_columns(path: Path, content: bytes) -> bool:
    """Tell whether a CSV file has the columns of another one, or some versions' more or fewer."""
    before, after = ({*lines.splitlines()[0].split(b",")} if lines else set() for lines in (path.read_bytes(), content))
    return before <= after or after <= before


def _digest(end: str, content: bytes) -> str:
    """Return the SHA-256 of a file; that of a caption file is of the lines before its list."""
    body = content
    if end == CAPTION:
        body = b"".join(line for line in content.splitlines(True) if not line.startswith(_MARK.encode()))
    return hashlib.sha256(body).hexdigest()


def _has(stem: Path, end: str, content: bytes) -> bool:
    path = stem.with_name(stem.name + end)
    return path.is_file() and path.read_bytes() == content


def _is_unchanged(stem: Path, end: str, digest: str) -> bool:
    path = stem.with_name(stem.name + end)
    return path.is_file() and _digest(end, path.read_bytes()) == digest
