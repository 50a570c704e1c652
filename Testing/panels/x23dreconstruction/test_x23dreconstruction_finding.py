"""Vertebrae found on X-rays: points that the user corrects, and reconstructs about."""

import threading

import numpy as np
import pytest
import slicer
from x23dreconstruction_support import (
    L3,
    L4,
    FakeLocator,
    add_plain,
    add_xray,
    check,
    install_fake_locator,
    is_ball,
    node_named,
    scene_state,
)

import standin
from panel_support import press, settle
from xray3d.errors import GeometryError, VolumeError


@pytest.fixture
def locator(fake, monkeypatch):
    """One that answers at once."""
    return install_fake_locator(monkeypatch, FakeLocator())


@pytest.fixture
def views():
    return [add_xray(), add_xray("LAT", 90.0)]


@pytest.fixture
def checked(locator, widget, views):
    """The panel with two X-rays checked."""
    check(widget, *views)
    return widget


def points_of(node):
    """By name, where the points of a list are."""
    return {
        node.GetNthControlPointLabel(n): np.array(node.GetNthControlPointPositionWorld(n))
        for n in range(node.GetNumberOfControlPoints())
    }


class TestConsole:
    def test_a_point_in_the_middle_of_each_body(self, logic, locator, views):
        node = logic.findVertebrae(views)
        found = points_of(node)
        assert list(found) == ["L3", "L4"]
        np.testing.assert_allclose(found["L3"], L3)
        np.testing.assert_allclose(found["L4"], L4)
        assert locator.asked == [["AP", "LAT"]]
        assert node.GetName() == "Vertebrae found"

    def test_names_that_may_be_wrong_are_warned_of(self, logic, locator, views):
        locator.confidence = 0.6
        with pytest.warns(UserWarning, match="Names may be those of the next vertebra up or down"):
            assert list(points_of(logic.findVertebrae(views))) == ["L3", "L4"]

    def test_without_places_they_are_found(self, logic, locator, views):
        assert [one.level for one in logic.reconstruct(views)] == ["L3", "L4"]
        assert is_ball("L3", L3)
        assert is_ball("L4", L4)

    def test_what_cannot_be_used_leaves_the_scene_as_it_is(self, logic, locator, views):
        plain = add_plain()
        before = scene_state()
        with pytest.raises(VolumeError, match="No X-ray is chosen"):
            logic.findVertebrae([])
        with pytest.raises(GeometryError, match="Plain"):
            logic.findVertebrae([views[0], plain])
        locator.levels = {}
        with pytest.raises(GeometryError, match="No vertebra was found that the X-rays agree on; press New points"):
            logic.findVertebrae(views)
        assert scene_state() == before


class TestPanel:
    def test_what_is_found_is_chosen_and_can_be_reconstructed(self, checked):
        press(checked, "findButton")
        node = checked.panel.parameters.places
        assert list(points_of(node)) == ["L3", "L4"]
        assert checked.ui.placesSelector.currentNode() is node
        assert checked.panel.bar.message.startswith("Found: L3, L4. Look at each point")
        node.SetNthControlPointLabel(0, "L2")
        press(checked, "reconstructButton")
        assert is_ball("L2", L3)

    def test_names_that_may_be_wrong_are_said_to_be(self, checked, locator):
        press(checked, "findButton")
        assert "next vertebra" not in checked.panel.bar.message
        locator.confidence = 0.6
        press(checked, "findButton")
        assert checked.panel.bar.message.startswith("Found: L3, L4.")
        assert checked.panel.bar.message.endswith(
            "next vertebra up or down; count from the last rib or from the sacrum."
        )

    def test_found_again_makes_a_list_of_its_own(self, checked):
        press(checked, "findButton")
        first = checked.panel.parameters.places
        press(checked, "findButton")
        assert checked.panel.parameters.places is not first
        assert first.GetNumberOfControlPoints() == 2

    def test_one_x_ray_tells_no_depth(self, checked, views):
        assert checked.ui.findButton.enabled
        check(checked, views[0])
        assert not checked.ui.findButton.enabled

    def test_nothing_found_is_said(self, checked, locator):
        locator.levels = {}
        press(checked, "findButton")
        assert "No vertebra was found that the X-rays agree on" in checked.panel.bar.message
        assert checked.panel.parameters.places is None

    def test_an_x_ray_that_changed_meanwhile_is_refused(self, checked, locator, views):
        reached, go = threading.Event(), threading.Event()

        def wait():
            reached.set()
            assert go.wait(20)

        locator.wait = wait
        checked.ui.findButton.click()
        assert reached.wait(20)
        assert not checked.ui.findButton.enabled
        slicer.util.updateVolumeFromArray(views[1], slicer.util.arrayFromVolume(views[1]) + 1)
        standin.process_events()
        go.set()
        settle(checked)
        assert "LAT was changed while the job ran" in checked.panel.bar.message
        assert node_named("Vertebrae found") is None
