"""Labelled spines to learn from, of files in the layout of public data sets and synthetic ones."""

import numpy as np
import pytest

from reconstruction_support import patient
from xray3d import save_volume
from xray3d.datasets.labelled_cts import VALUES, find_labelled_cts
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS
from xray3d.errors import VolumeError
from xray3d.reconstruction import spines as module
from xray3d.reconstruction.scenes import LEVELS, LabelledSpine
from xray3d.reconstruction.spines import found_spine, real_spines, stretched, synthetic_spines
from xray3d.volumes import CTVolume
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


def test_a_spine_without_labels_is_found_and_named_from_below():
    whose = patient()
    spine = found_spine(whose.ct, "L5")
    assert list(spine.frames)[:1] == ["L5"]
    assert set(spine.frames) <= set(LEVELS)
    assert "L5" not in spine.values, "its arch is hard to tell from the sacrum"
    for level, frame in spine.frames.items():
        true = whose.column.vertebra(level).to_ras
        assert np.linalg.norm(frame[:3, 3] - true[:3, 3]) < 6.0, level
    for level, value in spine.values.items():
        overlap = (spine.labels.labels == value) & (whose.labels.labels == VERTEBRA_LABELS[level])
        assert overlap.sum() > 0.6 * (whose.labels.labels == VERTEBRA_LABELS[level]).sum(), level


def test_nothing_is_called_a_spine_where_there_is_none():
    air = CTVolume(np.full((30, 40, 40), -1000.0), np.diag([3.0, 3.0, 3.0, 1.0]), "Air")
    with pytest.raises(VolumeError, match="Air does not show two whole vertebrae"):
        found_spine(air, "L5")


@pytest.mark.parametrize("is_mirrored", [False, True])
def test_somebody_of_another_size_has_everything_where_it_belongs(is_mirrored):
    spine = LabelledSpine.of_synthetic(patient())
    factors = np.array([1.1, 0.9, 1.05])
    other = stretched(spine, factors, is_mirrored)
    side = np.array([-1 if is_mirrored else 1, 1, 1])
    assert np.linalg.det(other.ct.ijk_to_ras[:3, :3]) > 0
    for level, value in spine.values.items():
        middle = spine.frames[level][:3, 3] * factors * side
        np.testing.assert_allclose(other.frames[level][:3, 3], middle)
        rotation = other.frames[level][:3, :3]
        np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-9)
        assert np.linalg.det(rotation) == pytest.approx(1.0)
        assert np.diag(rotation).min() > 0.5, "x to the right, y to the front, z to the head"
        before, after = (whose.labels.to_ras(np.argwhere(whose.labels.labels == value)[:, ::-1]).mean(axis=0)
                         for whose in (spine, other))  # fmt: skip
        np.testing.assert_allclose(after, before * factors * side, atol=0.1)
    ijk = np.array([40, 50, 30])
    there = other.ct.to_ijk(spine.ct.to_ras(ijk) * factors * side).round().astype(int)
    assert other.ct.hu[tuple(there[::-1])] == spine.ct.hu[tuple(ijk[::-1])]


def test_the_same_size_is_the_same():
    spine = LabelledSpine.of_synthetic(patient())
    same = stretched(spine, [1, 1, 1])
    np.testing.assert_array_equal(same.ct.hu, spine.ct.hu)
    for level, frame in spine.frames.items():
        np.testing.assert_allclose(same.frames[level], frame, atol=1e-12)
