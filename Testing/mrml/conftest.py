"""Tests on real MRML nodes; left out where neither slicer-core nor Slicer is installed."""

from importlib.util import find_spec

import pytest

collect_ignore_glob = [] if find_spec("slicer") else ["test_*.py"]


@pytest.fixture
def own():
    """An empty scene of the test's own, `slicer.mrmlScene` while the test runs."""
    from xray3d.mrml.standalone import standalone_scene

    with standalone_scene() as scene:
        yield scene


@pytest.fixture
def scene(own):
    return own.scene
