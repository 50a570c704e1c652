"""Results of long benchmarks on disk, so that one that was interrupted goes on where it was.

What is kept counts only for the very code that measured it: a result is found again by a digest of all of the
library's sources, of what was called, and of the arguments.
"""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import xray3d
from xray3d.errors import OutputExistsError

Outcome = TypeVar("Outcome")
_folder: ContextVar[Path | None] = ContextVar("_folder", default=None)


@contextmanager
def keeping(folder: Path | None) -> Iterator[None]:
    """Keep the results of what is measured inside, and use those that are kept; with None nothing is.

    Results are pickled: open no folder that somebody else made.

    Raises:
        OutputExistsError: the folder cannot be made.
    """
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as failure:
            raise OutputExistsError(f"{folder} cannot be made or is a file; choose another folder.") from failure
    token = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(token)


def kept_folder() -> Path | None:
    """Where results are kept; None where nothing is."""
    return _folder.get()


def kept_file(work: Callable[..., Any], arguments: tuple[Any, ...]) -> Path | None:
    """Where the result of `work(*arguments)` is kept, whether it is there or not; None where nothing is kept.

    Args:
        arguments: their `repr` must tell them apart.
    """
    folder = kept_folder()
    if folder is None:
        return None
    what = f"{_sources()} {work.__module__}.{work.__qualname__}{arguments!r}"
    return folder / f"{work.__name__}-{hashlib.sha256(what.encode()).hexdigest()[:16]}.pickle"


def kept(work: Callable[..., Outcome], arguments: tuple[Any, ...], *others: Any) -> Outcome:
    """`work(*arguments, *others)`, or what it gave before for these arguments, whatever the others were."""
    return in_file(kept_file(work, arguments), lambda: work(*arguments, *others))


def in_file(file: Path | None, measure: Callable[[], Outcome]) -> Outcome:
    """What the file holds, or else what is measured, which it then holds; without a file just measured."""
    if file is None:
        return measure()
    if not file.exists():
        _write(file, measure())
    with file.open("rb") as stream:
        return pickle.load(stream)


def _write(file: Path, outcome: Any) -> None:
    """Whole or not at all."""
    making = file.with_suffix(".part")
    with making.open("wb") as stream:
        pickle.dump(outcome, stream)
    making.replace(file)


@lru_cache(maxsize=1)
def _sources() -> str:
    root = Path(xray3d.__file__).parent
    digest = hashlib.sha256()
    for source in sorted(root.rglob("*.py")):
        digest.update(source.relative_to(root).as_posix().encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()
