"""One run of the tests covers both ways: with Slicer's own files here, the double is tested in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from standin.start import slicers_own_files

HERE = Path(__file__).parent


@pytest.mark.skipif(slicers_own_files() is None, reason="this run is the double's already")
def test_every_panel_passes_with_the_double_too():
    environment = {name: value for name, value in os.environ.items() if name != "SLICER_PYTHON_DIR"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
