"""DeepFluoro: files in its layout, made from a view that is known, load as just that view.

The image in the file is rendered from the true view; so a transposed volume, a mirrored image or LPS taken for RAS
shows as a loaded view that does not render the loaded image.
"""

import builtins

import numpy as np
import pytest

from xray3d import CTVolume, DRRRenderer, Projection
from xray3d.benchmarks.public_registration import run_deepfluoro
from xray3d.datasets.deepfluoro import load_deepfluoro
from xray3d.datasets.registration_case import DataSetError
from xray3d.errors import XRay3DError

h5py = pytest.importorskip("h5py")

SIZE, PIXEL_MM, RIM = 60, 4.85, 2  # 9.7 mm of rim are two such pixels
SPACING = np.array([7.0, 6.0, 8.0])
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
LABELS = {1: "left-hemipelvis", 2: "right-hemipelvis", 5: "left-femur"}


def patient() -> CTVolume:
    """Bone-like blobs that look different from every side, on a grid along LPS whose axes differ in length."""
    k, j, i = np.mgrid[:16, :20, :24]
    hu = np.full(k.shape, -1000.0, np.float32)
    for blob, (bi, bj, bk) in enumerate([(6, 9, 4), (17, 6, 5), (12, 14, 11), (5, 5, 12)]):
        distance = np.sqrt((i - bi) ** 2 + (j - bj) ** 2 + (k - bk) ** 2)
        hu = np.maximum(hu, (700 + 300 * blob) * np.exp(-((distance / (2 + 0.6 * blob)) ** 2)) * 2 - 1000)
    to_lps = np.diag([*SPACING, 1.0])
    to_lps[:3, 3] = -70.0, -50.0, 900.0
    return CTVolume(hu, LPS @ to_lps)


CT = patient()
# A view with an oblique principal point and pose, larger than what is to come back by the rim.
FULL = Projection.from_carm(15, -10, CT.center_ras + [5, 2, -3], 1020, 700, (SIZE, SIZE), (PIXEL_MM, PIXEL_MM))
TARGETS = CT.center_ras + np.array([[30, 10, -20], [-40, 0, 20], [0, 25, 30], [10, -20, -35.0]])


def write(path, turned=False):
    """The stored image: what one facing the source sees, turned by half a turn where the patient was upside down."""
    image = 60000 * np.exp(-DRRRenderer(CT).render(FULL))[:, ::-1]
    image[:, :RIM] = image[:, -RIM:] = image[:RIM] = image[-RIM:] = 1
    column, row = FULL.intrinsic[0, 2], FULL.intrinsic[1, 2]
    column = SIZE - 1 - column
    axes = np.diag([-1.0, 1.0, -1.0, 1.0])
    if turned:
        image, column, row = image[::-1, ::-1], SIZE - 1 - column, SIZE - 1 - row
        axes = np.diag([1.0, -1.0, -1.0, 1.0])
    focal = FULL.sdd_mm / PIXEL_MM
    extrinsic = np.array([[1.0, 0, 0, 5], [0, 0, -1, 10], [0, 1, 0, -700], [0, 0, 0, 1]])
    lps_to_camera = axes @ FULL.extrinsic @ LPS
    world_to_lps = np.linalg.inv(lps_to_camera) @ extrinsic
    world_to_lps[:3, 3] += SPACING / 2
    with h5py.File(path, "w") as file:
        params = file.create_group("proj-params")
        params["intrinsic"] = np.array([[-focal, 0, column], [0, -focal, row], [0, 0, 1]])
        params["extrinsic"] = extrinsic
        params["num-rows"] = params["num-cols"] = SIZE
        params["pixel-row-spacing"] = params["pixel-col-spacing"] = PIXEL_MM
        specimen = file.create_group("17-1882")
        write_volume(specimen.create_group("vol"), CT.hu)
        labels = np.zeros(CT.hu.shape, np.uint8)
        labels[CT.hu > 0], labels[:6][CT.hu[:6] > 0] = 1, 5
        write_volume(specimen.create_group("vol-seg/image"), labels)
        for label, name in LABELS.items():
            specimen[f"vol-seg/labels-def/{label}"] = name
        for number in range(3):
            write_projection(specimen.create_group(f"projections/{number:03d}"), image, world_to_lps, turned)
        for number, target in enumerate(TARGETS):
            specimen[f"vol-landmarks/L{number}"] = (LPS[:3, :3] @ target)[:, None]
            camera = lps_to_camera @ LPS @ [*target, 1]
            at = params["intrinsic"][()] @ camera[:3]
            for projection in specimen["projections"].values():
                projection[f"gt-landmarks/L{number}"] = (at[:2] / at[2])[:, None]
    return path


def write_volume(group, voxels):
    group["pixels"], group["dir-mat"] = voxels, np.eye(3)
    group["origin"], group["spacing"] = np.array([[-70.0], [-50.0], [900.0]]), SPACING[:, None]


def write_projection(group, image, world_to_lps, turned):
    group["image/pixels"], group["rot-180-for-up"] = image.astype(np.float32), int(turned)
    group["gt-poses/cam-to-pelvis-vol"] = world_to_lps


@pytest.mark.parametrize("turned", [False, True])
def test_the_loaded_view_renders_the_loaded_image(tmp_path, turned):
    (case, *_) = load_deepfluoro(write(tmp_path / "data.h5", turned))
    assert case.name == "17-1882/000"
    (xray,), (truth,) = case.xrays, case.truth
    assert xray.pixels.shape == (SIZE - 2 * RIM, SIZE - 2 * RIM)
    rendered = DRRRenderer(case.ct).render(truth)
    assert rendered.max() > 1
    np.testing.assert_allclose(rendered, xray.pixels, atol=1e-3)


@pytest.mark.parametrize("turned", [False, True])
def test_it_is_the_view_that_was_written(tmp_path, turned):
    (case, *_) = load_deepfluoro(write(tmp_path / "data.h5", turned))
    np.testing.assert_allclose(case.ct.ijk_to_ras, CT.ijk_to_ras)
    np.testing.assert_array_equal(case.ct.hu, CT.hu)
    np.testing.assert_allclose(case.targets_ras, TARGETS)
    np.testing.assert_allclose(case.truth[0].extrinsic, FULL.extrinsic, atol=1e-6)
    np.testing.assert_allclose(case.truth[0].project(TARGETS), FULL.project(TARGETS) - RIM, atol=1e-6)
    assert case.truth[0].sdd_mm == pytest.approx(1020)


def test_region_is_the_pelvis_without_the_femurs(tmp_path):
    (case, *_) = load_deepfluoro(write(tmp_path / "data.h5"))
    np.testing.assert_array_equal(case.region.labels > 0, (CT.hu > 0) & (np.arange(16) >= 6)[:, None, None])
    np.testing.assert_allclose(case.region.ijk_to_ras, CT.ijk_to_ras)


def test_every_other_projection(tmp_path):
    path = write(tmp_path / "data.h5")
    assert [case.name[-3:] for case in load_deepfluoro(path)] == ["000", "001", "002"]
    first, last = load_deepfluoro(path, every=2)
    assert last.name.endswith("002")
    assert first.ct is last.ct


def test_a_pose_that_is_read_wrongly_is_noticed(tmp_path):
    """A file whose landmarks in the image are not where its pose has them, as after a change of its frames."""
    path = write(tmp_path / "data.h5")
    with h5py.File(path, "r+") as file:
        for landmark in file["17-1882/projections/000/gt-landmarks"].values():
            landmark[...] += 3
    with pytest.raises(DataSetError, match="17-1882/000: its pose does not project its landmarks"):
        list(load_deepfluoro(path))


def test_wrong_and_damaged_files_are_named(tmp_path):
    with pytest.raises(DataSetError, match="does not exist"):
        list(load_deepfluoro(tmp_path / "none.h5"))
    text = tmp_path / "text.h5"
    text.write_text("no HDF5")
    with pytest.raises(DataSetError, match=r"text\.h5 is not the full-resolution DeepFluoro file"):
        list(load_deepfluoro(text))
    whole = write(tmp_path / "data.h5")
    cut = tmp_path / "cut.h5"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataSetError, match=r"cut\.h5 is not"):
        list(load_deepfluoro(cut))
    with h5py.File(whole, "r+") as file:
        del file["17-1882/vol-landmarks"]
    with pytest.raises(DataSetError, match="vol-landmarks"):
        list(load_deepfluoro(whole))


def test_without_h5py_it_is_asked_for(tmp_path, monkeypatch):
    path = write(tmp_path / "data.h5")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "h5py":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(DataSetError, match="pip install h5py"):
        list(load_deepfluoro(path))


def test_benchmark_says_how_to_name_the_file(monkeypatch):
    monkeypatch.delenv("XRAY3D_DEEPFLUORO", raising=False)
    with pytest.raises(XRay3DError, match="XRAY3D_DEEPFLUORO"):
        run_deepfluoro(True, lambda stage: None)
