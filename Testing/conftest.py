"""What all tests share, and which of them this machine cannot run."""

import sys
from importlib.util import find_spec

import pytest
from hypothesis import settings

# The same examples in every run, and no deadline: machines that run tests are slow and noisy.
settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")


def unrunnable_folders() -> dict[str, str]:
    """Folders whose tests need what is not here, each with what that is."""
    if not find_spec("slicer"):
        return dict.fromkeys(("mrml", "panels"), "slicer-core has no wheel for this Python or system")
    try:
        import PySide6.QtWidgets  # noqa: F401  a wheel that finds its system libraries
    except ImportError as error:
        return {"panels": f"Qt does not load: {error}"}
    return {}


@pytest.fixture
def command(monkeypatch, capsys):
    """Runs the command line with arguments; returns exit code, standard output and standard error."""
    from xray3d.cli import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["xray3d", *map(str, arguments)])
        with pytest.raises(SystemExit) as left:
            main()
        captured = capsys.readouterr()
        return left.value.code or 0, captured.out, captured.err

    return run


UNRUNNABLE = unrunnable_folders()
collect_ignore = list(UNRUNNABLE)


def pytest_terminal_summary(terminalreporter: "pytest.TerminalReporter") -> None:
    """Say what was left out: a folder that is not collected appears nowhere else."""
    for folder, reason in UNRUNNABLE.items():
        terminalreporter.write_line(f"SKIPPED Testing/{folder}: {reason}", yellow=True)
