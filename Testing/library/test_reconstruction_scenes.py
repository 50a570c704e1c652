"""Labelled spines X-rayed: the right bones, where the projections say, from where the views are said to be."""

import numpy as np
import pytest

from reconstruction_support import patient, spine, spine_views
from xray3d.datasets.synthetic_spine import VERTEBRA_LABELS
from xray3d.errors import VolumeError
from xray3d.reconstruction import scenes
from xray3d.reconstruction.grid import GRID_SIZE_IJK, grid_about
from xray3d.reconstruction.scenes import FRONTAL, LATERAL, LEVELS, OBLIQUE, SIZE_PX, VIEWS, LabelledSpine, SpineViews
from xray3d.volumes.labels import LabelVolume


def primary_deg(projection):
    """Which way it looks, as the C-arm's angle."""
    x, y, _ = projection.viewing_direction_ras
    frontal = spine_views().projections[FRONTAL[0]].viewing_direction_ras
    sign = np.sign(frontal[1])
    return np.rad2deg(np.arctan2(-x * sign, y * sign))


def test_views_are_of_their_kinds():
    views = spine_views()
    assert len(views.projections) == len(views.integrals) == VIEWS == 20
    assert views.integrals.shape == (20, 2, *SIZE_PX)
    angles = [primary_deg(projection) for projection in views.projections]
    for kind, expected, off in ((FRONTAL, (0,), 14), (LATERAL, (-90, 90), 14), (OBLIQUE, (-45, 45), 20)):
        for number, angle in zip(kind, np.resize(expected, len(kind)), strict=True):
            assert abs(angles[number]) == pytest.approx(abs(angle), abs=off)
        assert len({np.sign(angles[number]) for number in kind}) == len(expected) or kind is FRONTAL
    assert np.std(angles[11:]) > 30


def test_bone_is_dense_where_vertebrae_are_projected():
    """The line integral of bone through a body's middle is above that beside it."""
    views = spine_views()
    for number in (*FRONTAL, *LATERAL):
        projection, bone = views.projections[number], views.integrals[number, 1]
        for level in ("L1", "L2", "L3"):
            frame = views.frames[level]
            through, in_front = (
                projection.project(frame[:3, 3] + shift) for shift in ([0, 0, 0], 60 * frame[:3, 1] + 60 * frame[:3, 0])
            )
            (u, v), (x, y) = np.round(through).astype(int), np.round(in_front).astype(int)
            if 0 <= v < SIZE_PX[0] and 0 <= u < SIZE_PX[1] and 0 <= y < SIZE_PX[0] and 0 <= x < SIZE_PX[1]:
                assert bone[v - 3 : v + 4, u - 3 : u + 4].mean() > bone[y - 3 : y + 4, x - 3 : x + 4].mean()


@pytest.mark.parametrize("level", LEVELS)
def test_a_shape_on_its_grid_is_that_of_its_label(level):
    value = VERTEBRA_LABELS[level]
    to_ras = grid_about(spine().frames[level])
    inside = spine_views().shapes[level].on(to_ras, GRID_SIZE_IJK)
    assert inside.shape == GRID_SIZE_IJK[::-1]
    mm3 = np.count_nonzero(patient().labels.labels == value) * 27
    assert inside.sum() == pytest.approx(mm3, rel=0.08)
    kji = np.argwhere(inside)[::97]
    ras = kji[:, ::-1] @ to_ras[:3, :3].T + to_ras[:3, 3]
    i, j, k = np.round(patient().labels.to_ijk(ras)).astype(int).T
    assert (patient().labels.labels[k, j, i] == value).mean() > 0.85
    assert not inside[[0, -1]].any()


def test_frames_are_found_where_only_labels_are_known():
    values = {"L2": VERTEBRA_LABELS["L2"], "L3": VERTEBRA_LABELS["L3"]}
    found = LabelledSpine.of_labels(patient().ct, patient().labels, values)
    for level, frame in found.frames.items():
        assert np.linalg.norm(frame[:3, 3] - spine().frames[level][:3, 3]) < 4
        assert np.rad2deg(np.arccos(frame[:3, 2] @ spine().frames[level][:3, 2])) < 12


def test_vertebrae_that_are_cut_off_are_left_out():
    labels = patient().labels
    k = int(labels.to_ijk(spine().frames["L2"][:3, 3])[2])
    cut = LabelVolume(labels.labels[:k], labels.ijk_to_ras, "cut")
    values = {level: VERTEBRA_LABELS[level] for level in ("L2", "L3")}
    assert list(LabelledSpine.of_labels(patient().ct, cut, values).frames) == ["L3"]
    with pytest.raises(VolumeError):
        LabelledSpine.of_labels(patient().ct, cut, {"L2": VERTEBRA_LABELS["L2"]})


def test_the_same_seed_gives_the_same_views():
    again = SpineViews.of(spine(), np.random.default_rng(0))
    np.testing.assert_array_equal(again.integrals, spine_views().integrals)


def test_patients_go_on_where_the_ct_ends_on_some_views(monkeypatch):
    monkeypatch.setattr(scenes, "_GOES_ON", 0.0)
    ending = SpineViews.of(spine(), np.random.default_rng(0)).integrals
    monkeypatch.setattr(scenes, "_GOES_ON", 1.0)
    going_on = SpineViews.of(spine(), np.random.default_rng(0)).integrals
    through_air = [(images.sum(axis=1) < 0.01).mean() for images in (ending, going_on)]
    assert through_air[0] > through_air[1] + 0.02
    mixed = spine_views().integrals
    longer = [np.array_equal(view, longer) for view, longer in zip(mixed, going_on, strict=True)]
    shorter = [np.array_equal(view, shorter) for view, shorter in zip(mixed, ending, strict=True)]
    assert all(one or other for one, other in zip(longer, shorter, strict=True))
    assert 10 <= sum(longer) < 20
