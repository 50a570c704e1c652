"""X-rays and their geometry from files, in the panel and on the console."""

from pathlib import Path

import numpy as np
import pytest
import qt
import slicer
from xrayregistration_support import MOVED, SIZE, add_ct, add_xray, choose, off, register, scene_state, true_view

from panel_support import settle
from xray3d import XRayImage, save_geometry, save_xray
from xray3d.errors import GeometryError, VolumeError
from xray3d.geometry.p_matrix import save_p_matrix
from xray3d.mrml.xrays import projection_from_node


@pytest.fixture
def picked(monkeypatch):
    """What the user picks in file dialogs; empty for Cancel."""
    paths: list[str] = []
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileNames", lambda *_arguments: tuple(paths))
    monkeypatch.setattr(qt.QFileDialog, "getOpenFileName", lambda *_arguments: paths[0] if paths else "")
    return paths


@pytest.fixture
def files(tmp_path):
    """Two X-rays as XRay3D writes them."""
    paths = [tmp_path / "ap.nrrd", tmp_path / "lateral.nrrd"]
    for number, path in enumerate(paths):
        save_xray(XRayImage(np.full(SIZE, number, np.float32), true_view(number)), path)
    return [str(path) for path in paths]


@pytest.fixture
def plain():
    """An image as other software wrote it."""
    return slicer.util.addVolumeFromArray(np.random.default_rng(0).random((1, *SIZE)), name="From elsewhere")


def same(node, view):
    return np.allclose(projection_from_node(node).extrinsic, view.extrinsic, atol=1e-6)


class TestLoad:
    def test_xrays_come_into_the_free_rows(self, widget, picked, files):
        choose(widget, None, [None, add_xray(2, name="There")])
        picked += files
        widget.ui.loadXraysButton.click()
        settle(widget)
        parameters = widget.panel.parameters
        nodes = [parameters.xray1, parameters.xray2, parameters.xray3]
        assert [node.GetName() for node in nodes] == ["ap", "There", "lateral"]
        assert same(nodes[0], true_view(0))
        assert same(nodes[2], true_view(1))
        assert parameters.xray4 is None

    def test_nothing_is_loaded_when_nothing_was_picked(self, widget, picked):
        before = scene_state()
        widget.ui.loadXraysButton.click()
        assert scene_state() == before
        assert widget.panel.parameters.xray1 is None

    def test_nothing_is_loaded_where_one_cannot_be(self, widget, picked, files, tmp_path):
        broken = tmp_path / "broken.nrrd"
        broken.write_text("nothing")
        before = scene_state()
        picked += [files[0], str(broken)]
        widget.ui.loadXraysButton.click()
        assert "broken.nrrd" in widget.panel.bar.message
        assert scene_state() == before

    def test_an_image_without_geometry(self, widget, picked, files):
        Path(files[0]).write_bytes(Path(files[0]).read_bytes().replace(b"XRay3D.", b"Another."))
        Path(files[0]).with_suffix(".json").unlink()
        before = scene_state()
        picked.append(files[0])
        widget.ui.loadXraysButton.click()
        assert "take its geometry from a file" in widget.panel.bar.message
        assert scene_state() == before

    def test_more_than_there_are_rows(self, ready, picked, files):
        picked += [*files, files[0]]
        before = scene_state()
        ready.ui.loadXraysButton.click()
        assert "room for 2 more" in ready.panel.bar.message
        assert scene_state() == before

    def test_on_the_console(self, logic, files, tmp_path):
        assert same(logic.loadXRay(files[1]), true_view(1))
        save_p_matrix(true_view(2), tmp_path / "oblique.txt")
        assert same(logic.loadXRay(files[0], tmp_path / "oblique.txt"), true_view(2))
        with pytest.raises(VolumeError, match="missing"):
            logic.loadXRay(tmp_path / "missing.nrrd")


class TestGeometry:
    def test_makes_an_image_an_xray_that_is_registered(self, widget, fake, picked, plain, tmp_path):
        choose(widget, add_ct(), [plain])
        register(widget)
        assert "has no X-ray geometry" in widget.panel.bar.message
        save_geometry(true_view(0).moved(off(*MOVED)), tmp_path / "ap.json")
        picked.append(str(tmp_path / "ap.json"))
        widget.ui.geometryButton1.click()
        settle(widget)
        assert widget.panel.bar.message == ""
        assert same(plain, true_view(0).moved(off(*MOVED)))
        register(widget)
        assert same(plain, true_view(0))

    def test_can_be_undone(self, ready, picked, tmp_path):
        node, before = ready.panel.parameters.xray2, scene_state()
        stood = projection_from_node(node)
        save_p_matrix(true_view(3), tmp_path / "oblique.txt")
        picked.append(str(tmp_path / "oblique.txt"))
        ready.ui.geometryButton2.click()
        settle(ready)
        assert same(node, true_view(3))
        ready.ui.undoButton.click()
        settle(ready)
        assert same(node, stood)
        assert scene_state() == before

    def test_cancelled(self, ready, picked):
        before = scene_state()
        ready.ui.geometryButton1.click()
        assert scene_state() == before
        assert not ready.ui.undoButton.enabled

    def test_of_another_image(self, ready, picked, tmp_path):
        save_geometry(true_view(0).resampled((30, 36)), tmp_path / "half.json")
        picked.append(str(tmp_path / "half.json"))
        before = scene_state()
        ready.ui.geometryButton1.click()
        settle(ready)
        assert "30×36 pixels" in ready.panel.bar.message
        assert scene_state() == before

    def test_on_the_console(self, logic, plain, tmp_path):
        save_geometry(true_view(1), tmp_path / "lateral.json")
        change = logic.takeGeometry(plain, tmp_path / "lateral.json")
        assert same(plain, true_view(1))
        change.undo()
        with pytest.raises(GeometryError, match="no X-ray geometry"):
            projection_from_node(plain)
