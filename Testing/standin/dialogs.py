"""Dialogs that wait for the user would wait for ever in a test: instead they say that nobody answers."""

from collections.abc import Callable
from typing import Any, NoReturn

from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QMenu, QMessageBox

WAITING = {
    QDialog: ("exec", "exec_"),
    QMenu: ("exec", "exec_"),
    QMessageBox: ("exec", "exec_", "about", "critical", "information", "question", "warning"),
    QInputDialog: ("exec", "exec_", "getDouble", "getInt", "getItem", "getMultiLineText", "getText"),
    QFileDialog: ("exec", "exec_", "getExistingDirectory", "getOpenFileName", "getOpenFileNames", "getSaveFileName"),
}


class NobodyAnswersError(RuntimeError):
    """A dialog was opened in a test that does not answer it."""


def refuse_to_wait() -> None:
    """From now on waiting dialogs raise NobodyAnswersError; a test that expects one patches the method."""
    for dialog_class, methods in WAITING.items():
        for method in methods:
            setattr(dialog_class, method, _raising(f"{dialog_class.__name__}.{method}"))


def _raising(what: str) -> Callable:
    def refuse(*arguments: Any, **_: Any) -> NoReturn:
        said = [a.text if isinstance(a, QMessageBox) else a for a in arguments if isinstance(a, QMessageBox | str)]
        raise NobodyAnswersError(f"{what} waits for the user{': ' if said else ''}{' '.join(said)}")

    return refuse
