"""Ljubljana: files in its layout, made from views that are known, load as just those; and the runner over cases."""

from types import SimpleNamespace

import numpy as np
import pytest

from xray3d import CTVolume, DRRRenderer, Projection
from xray3d.benchmarks.public_registration import Starts, rows, run_ljubljana
from xray3d.datasets.ljubljana import load_ljubljana
from xray3d.datasets.registration_case import DataSetError, RegistrationCase
from xray3d.errors import GeometryError, XRay3DError
from xray3d.registration.metrics import pose_error

h5py = pytest.importorskip("h5py")

SPACING, ORIGIN = np.array([4.0, 5.0, 6.0]), np.array([-40.0, 10.0, -55.0])
BACKGROUND = 200.0


def vessel_points():
    """A bent vessel, in the world's mm."""
    t = np.linspace(0, 1, 60)[:, None]
    return ORIGIN + SPACING * (np.array([4, 5, 3]) + t * [14, 0, 12] + np.sin(3 * t) * [0, 8, 2])


def stored_volume(against_x):
    """[x, y, z], bright along the vessel, with faint noise elsewhere; its first axis as it is seen stored."""
    grid = np.stack(np.meshgrid(*[np.arange(n) for n in (24, 20, 22)], indexing="ij"), axis=-1) * SPACING + ORIGIN
    nearest = np.min(np.linalg.norm(grid[..., None, :] - vessel_points()[::3], axis=-1), axis=-1)
    volume = 4000 * np.exp(-((nearest / 7) ** 2)) + np.random.default_rng(0).uniform(0, 500, nearest.shape)
    return (volume[::-1] if against_x else volume).astype(np.float32)


def patient() -> CTVolume:
    """What the volume is in the world, written down another way."""
    stored = stored_volume(against_x=False)
    to_ras = np.diag([*SPACING, 1.0])
    to_ras[:3, 3] = ORIGIN
    return CTVolume(np.where(stored < 1000, -1000, stored - 1000).T, to_ras)


CT = patient()
VIEWS = {
    name: Projection.from_carm(angle, 5, CT.center_ras + [2, 0, -3], 1200, 800, (48, 56), (3.0, 3.0))
    for name, angle in (("ap", 4), ("lat", 88))
}


def write(path, against_x=True):
    with h5py.File(path, "w") as file:
        for name in ("subject02", "subject01"):
            patient = file.create_group(name)
            patient["points"] = vessel_points()
            patient["volume/pixels"] = stored_volume(against_x)
            patient["volume/spacing"], patient["volume/origin"] = SPACING, ORIGIN
            for view, projection in VIEWS.items():
                write_view(patient.create_group(f"proj-{view}"), projection)
    return path


def write_view(group, projection):
    """Stored as one facing the source sees it: columns reversed, z towards the source."""
    image = BACKGROUND - 10 * DRRRenderer(CT).render(projection)[:, ::-1]
    focal = projection.sdd_mm / 3.0
    column, row = 55 - projection.intrinsic[0, 2], projection.intrinsic[1, 2]
    group["pixels"] = image.astype(np.float32)
    group["intrinsic"] = np.array([[-focal, 0, column], [0, -focal, row], [0, 0, 1]])
    group["extrinsic"] = np.diag([-1.0, 1.0, -1.0, 1.0]) @ projection.extrinsic
    group["row-spacing"] = group["col-spacing"] = 3.0


@pytest.mark.parametrize("against_x", [True, False])
def test_loaded_views_render_the_loaded_images(tmp_path, against_x):
    """Whichever way the volume is stored, the points on its vessels tell."""
    case, other = load_ljubljana(write(tmp_path / "ljubljana.h5", against_x))
    assert [case.name, other.name] == ["subject01", "subject02"]
    renderer = DRRRenderer(case.ct)
    for xray, truth, written in zip(case.xrays, case.truth, VIEWS.values(), strict=True):
        rendered = renderer.render(truth)
        assert rendered.max() > 1
        np.testing.assert_allclose(xray.pixels / 10, rendered, atol=1e-3)
        np.testing.assert_allclose(truth.matrix, written.matrix, atol=1e-6 * np.abs(written.matrix).max())
    np.testing.assert_allclose(case.targets_ras, vessel_points())


def test_each_view_in_a_case_of_its_own(tmp_path):
    cases = list(load_ljubljana(write(tmp_path / "ljubljana.h5"), together=False))
    assert [case.name for case in cases[:2]] == ["subject01/ap", "subject01/lat"]
    assert [len(case.xrays) for case in cases] == [1] * 4
    assert cases[0].ct is cases[1].ct


def test_points_off_the_vessels_are_noticed(tmp_path):
    path = write(tmp_path / "ljubljana.h5")
    with h5py.File(path, "r+") as file:
        file["subject01/points"][...] += 500
    with pytest.raises(DataSetError, match="subject01: none of its points"):
        list(load_ljubljana(path))


def test_wrong_files_are_named(tmp_path):
    empty = tmp_path / "empty.h5"
    h5py.File(empty, "w").close()
    with pytest.raises(DataSetError, match="no patients"):
        list(load_ljubljana(empty))
    path = write(tmp_path / "ljubljana.h5")
    with h5py.File(path, "r+") as file:
        del file["subject01/proj-lat"]
    with pytest.raises(DataSetError, match="proj-lat"):
        list(load_ljubljana(path))
    with h5py.File(path, "r+") as file:
        del file["subject01/volume/spacing"]
        file["subject01/volume/spacing"] = np.ones(2)
    with pytest.raises(DataSetError, match="is not the Ljubljana"):
        list(load_ljubljana(path))


def test_cases_that_do_not_fit_together_are_named(tmp_path):
    case = next(load_ljubljana(write(tmp_path / "ljubljana.h5")))
    with pytest.raises(DataSetError, match="2 X-rays and 1 true"):
        RegistrationCase("odd", case.ct, case.xrays, case.truth[:1], case.targets_ras)
    with pytest.raises(DataSetError, match="no targets"):
        RegistrationCase("odd", case.ct, case.xrays, case.truth, np.zeros((0, 3)))
    with pytest.raises(DataSetError, match="lie outside its CT"):
        RegistrationCase("odd", case.ct, case.xrays, case.truth, case.targets_ras + 1000)


class HalfwayRegistrar:
    """Stands in for the real one: goes half of the way of a shift back, takes a second, and believes itself."""

    made = 0

    def __init__(self, ct, device="cpu", region=None):
        HalfwayRegistrar.made += 1

    def register(self, xrays, initial, *, seed=0):
        true = [xray.projection for xray in xrays]
        transform = np.linalg.inv(true[0].extrinsic) @ initial[0].extrinsic
        transform[:3, 3] /= 2
        moved = tuple(projection.moved(transform) for projection in initial)
        return SimpleNamespace(projections=moved, converged=True, seconds=1.0)


class RefusingRegistrar(HalfwayRegistrar):
    def register(self, xrays, initial, *, seed=0):
        raise GeometryError("The source is inside the patient.")


def values(table):
    return {row.measure: row.value for row in table}


def test_rows_over_cases(tmp_path):
    cases = load_ljubljana(write(tmp_path / "ljubljana.h5"))
    HalfwayRegistrar.made, stages = 0, []
    table = values(rows(cases, 3, 1, stages.append, Starts(max_deg=0, max_mm=8), HalfwayRegistrar))
    assert HalfwayRegistrar.made == 2  # one for each CT, not for each start
    assert table["registrations"] == 6
    assert 0 < table["mTRE, median"] < 4
    assert table["mTRE, median"] == pytest.approx(table["start mTRE, median"] / 2, rel=1e-6)
    assert table["mTRE < 10 mm"] == 100
    assert table["accepted, though mTRE > 10 mm"] == 0
    assert table["time of a registration, median"] == 1
    assert any("subject02" in stage for stage in stages)


def test_a_start_that_is_refused_counts_as_where_it_was(tmp_path):
    cases = list(load_ljubljana(write(tmp_path / "ljubljana.h5"), together=False))[:1]
    table = values(rows(cases, 4, 1, lambda stage: None, Starts(max_deg=0, max_mm=100), RefusingRegistrar))
    assert table["mTRE, median"] == pytest.approx(table["start mTRE, median"])
    assert table["accepted"] == 0


def test_the_same_seed_gives_the_same_rows(tmp_path):
    path = write(tmp_path / "ljubljana.h5")
    run = [
        values(rows(load_ljubljana(path), 1, seed, lambda s: None, Starts(5, 5), HalfwayRegistrar))
        for seed in (1, 1, 2)
    ]
    assert run[0] == run[1]
    assert run[0] != run[2]


def test_starts_differ_between_cases(tmp_path):
    starts = []

    class Remembering(HalfwayRegistrar):
        def register(self, xrays, initial, *, seed=0):
            starts.append(pose_error(initial, [x.projection for x in xrays], CT.center_ras[None]).translation_mm)
            return super().register(xrays, initial, seed=seed)

    rows(load_ljubljana(write(tmp_path / "ljubljana.h5")), 2, 1, lambda s: None, Starts(5, 20), Remembering)
    assert len(np.unique(np.round(starts, 6))) == 4


def test_benchmark_says_how_to_name_the_file(monkeypatch):
    monkeypatch.delenv("XRAY3D_LJUBLJANA", raising=False)
    with pytest.raises(XRay3DError, match="XRAY3D_LJUBLJANA"):
        run_ljubljana(True, lambda stage: None)


def test_nothing_to_register_is_an_error():
    with pytest.raises(XRay3DError, match="no cases"):
        rows([], 1, 1, lambda stage: None, Starts(1, 1), HalfwayRegistrar)
