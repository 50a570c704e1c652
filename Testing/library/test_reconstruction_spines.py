"""Labelled spines to learn from, of files in the layout of public data sets and synthetic ones."""

import numpy as np
import pytest

from reconstruction_support import patient
from xray3d import save_volume
from xray3d.datasets.labelled_cts import VALUES, find_labelled_cts
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS
from xray3d.reconstruction import spines as module
from xray3d.reconstruction.scenes import LEVELS
from xray3d.reconstruction.spines import real_spines, synthetic_spines
from xray3d.volumes.labels import LabelVolume


@pytest.fixture
def download(tmp_path):
    """One patient numbered as in CTSpine1K, one without a lumbar spine, one whose labels are damaged."""
    whose = patient()
    renumbered = np.zeros_like(whose.labels.labels)
    for level, value in VALUES.items():
        renumbered[whose.labels.labels == VERTEBRA_LABELS[level]] = value
    for name, labels in (("liver_1", renumbered), ("liver_2", (renumbered > 0) * 3)):
        save_volume(whose.ct, tmp_path / f"{name}.nii.gz")
        save_volume(LabelVolume(labels, whose.labels.ijk_to_ras), tmp_path / f"{name}_seg.nii.gz")
    save_volume(whose.ct, tmp_path / "liver_3.nii.gz")
    (tmp_path / "liver_3_seg.nii.gz").write_bytes(b"no image")
    return tmp_path


def test_vertebrae_of_a_download_are_where_they_are(download):
    found = find_labelled_cts(download)
    with pytest.warns(UserWarning, match="is left out") as warned:
        (spine,) = real_spines(found)
    assert sorted(str(one.message).split()[0] for one in warned) == ["liver_2", "liver_3"]
    assert set(spine.values) == set(LEVELS)
    for level in LEVELS:
        true = patient().column.vertebra(level).to_ras
        assert np.linalg.norm(spine.frames[level][:3, 3] - true[:3, 3]) < 6.0
        inside = spine.labels.labels == spine.values[level]
        assert 10 < inside.sum() * 0.027 < 120, "ml"


def test_synthetic_spines_are_of_seeds_one_after_the_other(monkeypatch):
    monkeypatch.setattr(module, "_SPACING_MM", 4.0)
    made = list(synthetic_spines(2, 7))
    assert [spine.ct.name for spine in made] == ["Synthetic lumbar spine 7", "Synthetic lumbar spine 8"]
