"""The ctk and qMRML widgets that are stood in for: values, signals, and how they follow the scene."""

from itertools import pairwise
from pathlib import Path

import ctk
import pytest
import qt
import slicer

import standin


def recorded(signal):
    """What a signal sends from now on, one entry a time."""
    sent = []
    signal.connect(lambda *values: sent.append(values[0] if len(values) == 1 else values))
    return sent


def add_node(node_class="vtkMRMLScalarVolumeNode", name="CT"):
    return slicer.mrmlScene.AddNewNodeByClass(node_class, name)


@pytest.mark.parametrize("slider_class", [ctk.ctkSliderWidget, slicer.qMRMLSliderWidget, ctk.ctkDoubleSlider])
class TestSliders:
    def test_value_stays_in_range(self, slider_class):
        slider = slider_class()
        slider.minimum, slider.maximum = -90, 90
        values = recorded(slider.valueChanged)
        slider.value = 200
        assert slider.value == 90
        slider.setRange(-30, 30)
        assert slider.value == 30
        assert values == [90, 30]

    def test_the_same_value_again_is_no_change(self, slider_class):
        slider = slider_class()
        slider.value = 12.5
        values = recorded(slider.valueChanged)
        slider.value = 12.5
        slider.setValue(13.5)
        assert values == [13.5]

    def test_the_handle_moves_the_value_in_steps(self, slider_class):
        slider = slider_class()
        slider.setRange(0, 10)
        slider.singleStep = 0.5
        values = recorded(slider.valueChanged)
        handle = slider.findChildren(qt.QSlider)[0]
        handle.setValue(handle.maximum // 3)
        assert values == [3.5]


def test_slider_and_spin_box_show_the_same():
    slider = ctk.ctkSliderWidget()
    slider.setRange(600, 1500)
    spin_box = slider.findChildren(qt.QDoubleSpinBox)[0]
    spin_box.setValue(1020)
    assert slider.value == 1020
    slider.value = 900.123
    assert spin_box.value == slider.value == 900.12  # two decimals, as shown


def test_fewer_decimals_round_the_value():
    slider = ctk.ctkSliderWidget()
    slider.decimals = 0
    slider.value = 12.6
    assert slider.value == 13


def test_range_keeps_its_order():
    widget = ctk.ctkRangeWidget()
    widget.setRange(-1000, 3000)
    values = recorded(widget.valuesChanged)
    widget.setValues(100, 300)
    widget.minimumValue = 500
    assert (widget.minimumValue, widget.maximumValue) == (500, 500)
    widget.maximumValue = 5000
    assert values == [(100, 300), (500, 500), (500, 3000)]


def test_collapsible_button_hides_its_contents():
    button = ctk.ctkCollapsibleButton()
    layout = qt.QVBoxLayout(button)
    first, second = qt.QLabel("first"), qt.QLabel("second")
    layout.addWidget(first)
    button.show()
    standin.process_events()
    open_height = button.sizeHint().height()
    collapsed = recorded(button.contentsCollapsed)
    button.collapsed = True
    layout.addWidget(second)
    standin.process_events()
    assert not first.visible
    assert not second.visible
    assert button.sizeHint().height() < open_height
    button.click()
    assert first.visible
    assert second.visible
    assert not button.collapsed
    assert collapsed == [True, False]


def test_path_line():
    line = ctk.ctkPathLineEdit()
    paths = recorded(line.currentPathChanged)
    line.currentPath = "/data/ct.nrrd"
    assert paths == ["/data/ct.nrrd"]
    assert line.findChildren(qt.QLineEdit)[0].text == "/data/ct.nrrd"


def test_coordinates():
    widget = slicer.qMRMLCoordinatesWidget()
    coordinates = recorded(widget.coordinatesChanged)
    widget.coordinates = "1,2.5,-3"
    assert coordinates == [[1, 2.5, -3]]
    assert widget.coordinates == "1.0,2.5,-3.0"


@pytest.fixture
def selector():
    widget = slicer.qMRMLNodeComboBox()
    widget.nodeTypes = ["vtkMRMLScalarVolumeNode"]
    widget.setMRMLScene(slicer.mrmlScene)
    return widget


class TestNodeSelector:
    def test_without_none_the_first_node_is_chosen(self, selector):
        nodes, ids, valid = recorded(selector.currentNodeChanged), recorded(selector.currentNodeIDChanged), []
        selector.connect("currentNodeChanged(bool)", valid.append)
        ct = add_node()
        add_node(name="other")
        assert nodes == [ct]
        assert ids == [ct.GetID()]
        assert valid == [True]

    def test_with_none_nothing_is_chosen(self, selector):
        selector.noneEnabled = True
        ct = add_node()
        assert selector.currentNode() is None
        assert selector.currentNodeID == ""
        selector.setCurrentNode(ct)
        assert selector.currentNode() is ct
        selector.setCurrentNode(None)
        assert selector.currentNode() is None

    def test_by_id_and_by_number(self, selector):
        first, second = add_node(), add_node()
        selector.setCurrentNodeID(second.GetID())
        assert selector.currentNode() is second
        selector.setCurrentNodeIndex(0)
        assert selector.currentNode() is first

    def test_by_the_user(self, selector):
        add_node(), add_node(name="other")
        activated = recorded(selector.nodeActivated)
        box = selector.findChildren(qt.QComboBox)[0]
        box.setCurrentText("other")
        box.activated.emit(1)
        assert selector.currentNode().GetName() == "other"
        assert activated == [selector.currentNode()]

    def test_only_nodes_of_the_types(self, selector):
        volume, labels, model = (
            add_node(),
            add_node("vtkMRMLLabelMapVolumeNode"),
            add_node("vtkMRMLModelNode"),
        )
        assert selector.nodes() == [volume, labels]  # a label map is a scalar volume
        selector.hideChildNodeTypes = ["vtkMRMLLabelMapVolumeNode"]
        assert selector.nodes() == [volume]
        selector.hideChildNodeTypes = []
        selector.showChildNodeTypes = False
        assert selector.nodes() == [volume]
        selector.nodeTypes = ["vtkMRMLModelNode"]
        assert selector.currentNode() is model

    def test_a_node_that_is_not_offered_cannot_be_chosen(self, selector):
        selector.noneEnabled = True
        selector.setCurrentNode(add_node("vtkMRMLModelNode"))
        assert selector.currentNode() is None

    def test_hidden_nodes(self, selector):
        ct = add_node()
        ct.SetHideFromEditors(True)
        ct.Modified()
        assert selector.nodeCount() == 0
        selector.showHidden = True
        assert selector.nodes() == [ct]

    def test_attributes(self, selector):
        ct, xray = add_node(), add_node(name="X-ray")
        selector.addAttribute("vtkMRMLScalarVolumeNode", "XRay3D.SourceToDetectorDistance")
        assert selector.nodeCount() == 0
        xray.SetAttribute("XRay3D.SourceToDetectorDistance", "1020")
        xray.Modified()
        assert selector.nodes() == [xray]
        selector.addAttribute("vtkMRMLScalarVolumeNode", "XRay3D.SourceToDetectorDistance", "900")
        assert selector.nodeCount() == 0
        selector.removeAttribute("vtkMRMLScalarVolumeNode", "XRay3D.SourceToDetectorDistance")
        assert selector.nodes() == [ct, xray]

    def test_names_are_followed(self, selector):
        add_node().SetName("abdomen")
        box = selector.findChildren(qt.QComboBox)[0]
        assert box.currentText == "abdomen"

    def test_a_node_removed(self, selector):
        first, second = add_node(), add_node()
        chosen = recorded(selector.currentNodeChanged)
        slicer.mrmlScene.RemoveNode(first)
        assert chosen == [second]
        selector.noneEnabled = True
        slicer.mrmlScene.RemoveNode(second)
        assert chosen == [second, None]

    def test_a_node_created(self, selector):
        selector.baseName = "X-ray"
        by_user = recorded(selector.nodeAddedByUser)
        selector.addAttribute("vtkMRMLScalarVolumeNode", "XRay3D.Kind", "drr")
        node = selector.addNode()
        assert selector.currentNode() is node
        assert by_user == [node]
        assert node.GetName().startswith("X-ray")
        assert node.GetAttribute("XRay3D.Kind") == "drr"
        selector.removeCurrentNode()
        assert selector.nodeCount() == 0

    def test_scene_closed_and_taken_away(self, selector):
        add_node()
        chosen = recorded(selector.currentNodeChanged)
        standin.close_scene()
        assert chosen == [None]
        ct = add_node()
        assert chosen == [None, ct]
        selector.setMRMLScene(None)
        assert selector.currentNode() is None

    def test_a_selector_that_is_gone_no_longer_follows(self):
        selector = slicer.qMRMLNodeComboBox()
        selector.nodeTypes = ["vtkMRMLScalarVolumeNode"]
        selector.setMRMLScene(slicer.mrmlScene)
        selector.deleteLater()
        standin.process_events()
        add_node()  # an error in the observer would fail the test


class TestCheckableNodeSelector:
    @pytest.fixture
    def models(self):
        widget = slicer.qMRMLCheckableNodeComboBox()
        widget.nodeTypes = ["vtkMRMLModelNode"]
        widget.setMRMLScene(slicer.mrmlScene)
        return widget

    def test_check(self, models):
        left, right = (add_node("vtkMRMLModelNode", name) for name in ("left", "right"))
        changes = recorded(models.checkedNodesChanged)
        assert models.noneChecked()
        models.check(right)
        models.check(right)
        models.setCheckState(left, qt.Qt.Checked)
        assert models.checkedNodes() == [left, right]
        assert models.allChecked()
        models.uncheck(left)
        assert models.checkedNodes() == [right]
        assert models.checkState(left) == qt.Qt.Unchecked
        assert len(changes) == 3

    def test_a_node_removed_is_no_longer_checked(self, models):
        left = add_node("vtkMRMLModelNode", "left")
        models.check(left)
        changes = recorded(models.checkedNodesChanged)
        slicer.mrmlScene.RemoveNode(left)
        assert models.checkedNodes() == []
        assert len(changes) == 1

    def test_the_closed_box_names_what_is_checked(self, models):
        for name in ("left", "right"):
            models.check(add_node("vtkMRMLModelNode", name))
        assert models.findChildren(qt.QComboBox)[0].placeholderText == "left, right"


def test_segment_selector():
    selector = slicer.qMRMLSegmentSelectorWidget()
    selector.setMRMLScene(slicer.mrmlScene)
    segments = recorded(selector.currentSegmentChanged)
    node = add_node("vtkMRMLSegmentationNode", "spine")
    first, second = (node.GetSegmentation().AddEmptySegment("", name) for name in ("L1", "L2"))
    assert selector.currentNode() is node
    assert selector.currentSegmentID() == first
    selector.setCurrentSegmentID(second)
    node.GetSegmentation().RemoveSegment(second)
    assert segments == [first, second, first]
    slicer.mrmlScene.RemoveNode(node)
    assert selector.currentSegmentID() == ""


def test_picture_of_every_widget(tmp_path: Path):
    """Nothing is drawn over anything else, and a larger form makes a larger picture."""
    form = qt.QWidget()
    layout = qt.QFormLayout(form)
    heights = []
    for name, widget_class in sorted(standin.CUSTOM_WIDGETS.items()):
        if not issubclass(widget_class, qt.QDialog):
            layout.addRow(name, widget_class())
        heights.append(qt.QImage(str(standin.grab(form, tmp_path / "widgets.png"))).height())
    assert heights == sorted(heights)
    boxes = [layout.itemAt(row, qt.QFormLayout.FieldRole).widget().geometry for row in range(layout.rowCount())]
    assert all(not a.intersects(b) for a, b in pairwise(boxes))
