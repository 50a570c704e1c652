"""One sentence for the user, details for whoever asks for them."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import slicer
from slicer.i18n import tr as _


class PanelError(Exception):
    """Something the user can put right; its message is one sentence that says how.

    Args:
        sentence: what is wrong and what to do.
        details: what an expert would want to know as well, such as a log; empty when there is nothing.
    """

    def __init__(self, sentence: str, details: str = "") -> None:
        super().__init__(sentence)
        self.details = details


class Explanation(NamedTuple):
    """An error as a panel shows it: a sentence, and details (empty when the sentence says it all)."""

    sentence: str
    details: str


def explain(error: BaseException) -> Explanation:
    """The sentence of an error of ours; for any other, a sentence that says so, with the traceback as its details."""
    if isinstance(error, PanelError):
        return Explanation(str(error), error.details)
    if _is_library_error(error):
        return Explanation(str(error), "")
    sentence = _("Something went wrong that XRay3D did not expect ({error}); please report it with the details.")
    return Explanation(sentence.format(error=type(error).__name__), "".join(traceback.format_exception(error)))


def show_error(sentence: str, details: str = "") -> None:
    """Show the sentence in a dialog, with the details behind its button where there are any."""
    more = {"detailedText": details} if details else {}
    slicer.util.errorDisplay(sentence, windowTitle="XRay3D", **more)


def report(error: BaseException, show: Callable[[str, str], None] = show_error) -> None:
    """Hand the error to `show` as sentence and details; what was not expected also goes into the application's log."""
    explanation = explain(error)
    if explanation.details:
        logging.error(explanation.details)
    show(*explanation)


@contextmanager
def reporting(show: Callable[[str, str], None] = show_error) -> Iterator[None]:
    """Hand every error of the block to `show` as sentence and details: for whatever a button or a slider calls."""
    try:
        yield
    except Exception as error:  # the outermost frame of ours: beyond it, Qt would drop the error
        report(error, show)


def _is_library_error(error: BaseException) -> bool:
    """Whether the library raised it for the user to read; no such error exists before the library is imported."""
    errors = sys.modules.get("xray3d.errors")
    return errors is not None and isinstance(error, errors.XRay3DError)
