"""A made-up place, found and equipped with screws once for all benchmarks that X-ray it."""

import pytest

from registration_benchmark_support import PLACE
from xray3d.benchmarks.registration.anatomies import load_anatomy
from xray3d.datasets.synthetic_spine import synthetic_lumbar_spine
from xray3d.volumes import save_volume


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A data folder with the place's CT."""
    folder = tmp_path_factory.mktemp("data")
    save_volume(synthetic_lumbar_spine(0, 4.0, below_sacrum_mm=20.0).ct, folder / PLACE.file)
    return folder


@pytest.fixture(scope="session")
def anatomy(folder):
    return load_anatomy(PLACE, folder)
