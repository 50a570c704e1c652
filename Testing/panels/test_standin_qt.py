"""PythonQt's manners on PySide6: what module code may rely on, and what it may not get away with."""

import sys

import ctk
import pytest
import qt
import slicer
import vtk

import standin


@pytest.mark.parametrize(
    ("make", "name", "value"),
    [
        (qt.QPushButton, "text", "Apply"),
        (qt.QPushButton, "checkable", True),
        (qt.QWidget, "enabled", False),
        (qt.QWidget, "toolTip", "In millimetres"),
        (qt.QWidget, "windowTitle", "X-ray"),
        (qt.QWidget, "objectName", "panel"),
        (qt.QWidget, "name", "panel"),
        (qt.QSlider, "value", 42),
        (qt.QSlider, "orientation", qt.Qt.Horizontal),
        (qt.QDoubleSpinBox, "suffix", " mm"),
        (qt.QDoubleSpinBox, "maximum", 1020.5),
        (qt.QCheckBox, "checked", True),
        (qt.QLineEdit, "placeholderText", "name"),
        (qt.QTextEdit, "plainText", "two\nlines"),
        (qt.QProgressBar, "maximum", 7),
        (qt.QTimer, "interval", 40),
        (qt.QTimer, "singleShot", True),
        (qt.QAction, "checkable", True),
    ],
)
def test_properties_are_attributes(make, name, value):
    widget = make()
    assert getattr(widget, name) != value
    setattr(widget, name, value)
    assert getattr(widget, name) == value
    qt_name = "objectName" if name == "name" else name
    assert widget.property(qt_name) == value


def test_setters_stay_methods():
    button = qt.QPushButton("Apply")
    button.setText("Stop")
    button.setEnabled(False)
    assert button.text == "Stop"
    assert not button.isEnabled()


def test_properties_are_not_methods():
    with pytest.raises(TypeError, match="not callable"):
        qt.QPushButton("Apply").text()


@pytest.mark.parametrize("widget_class", [qt.QPushButton, ctk.ctkSliderWidget, slicer.qMRMLNodeComboBox])
def test_unknown_attributes_are_refused(widget_class):
    with pytest.raises(AttributeError, match="'valeu' does not exist"):
        widget_class().valeu = 3


def test_read_only_properties_are_refused():
    with pytest.raises(AttributeError, match="not writable"):
        qt.QComboBox().count = 3


def test_classes_derived_in_python_keep_what_they_like():
    class Panel(qt.QWidget):
        def __init__(self):
            qt.QWidget.__init__(self)
            self.anything = 3

    assert Panel().anything == 3


def test_what_pythonqt_lacks_is_not_there():
    for name in ("Signal", "Slot", "Property"):
        assert not hasattr(qt, name)


def test_single_shot_is_both_a_function_and_a_property():
    called = []
    qt.QTimer.singleShot(0, lambda: called.append(1))
    slicer.app.processEvents()
    assert called == [1]


class TestConnect:
    def test_as_many_arguments_as_the_function_takes(self):
        box, seen = qt.QCheckBox(), []
        box.connect("toggled(bool)", lambda: seen.append("none"))
        box.connect("toggled(bool)", lambda checked: seen.append(checked))
        box.connect("toggled(bool)", lambda *arguments: seen.append(arguments))
        box.checked = True
        assert seen == ["none", True, (True,)]

    def test_as_many_arguments_as_the_signature_names(self):
        """The default of a lambda, used to bind a value, is not overwritten by clicked(bool)'s argument."""
        button, seen = qt.QPushButton(), []
        button.connect("clicked()", lambda path="file.ui": seen.append(path))
        button.click()
        assert seen == ["file.ui"]

    def test_bound_methods(self):
        class Panel:
            def __init__(self):
                self.seen = []

            def on_value(self, value):
                self.seen.append(value)

            def on_change(self):
                self.seen.append("changed")

        panel, slider = Panel(), ctk.ctkSliderWidget()
        slider.connect("valueChanged(double)", panel.on_value)
        slider.valueChanged.connect(panel.on_change)
        slider.value = 2.5
        assert panel.seen == [2.5, "changed"]
        assert slider.disconnect("valueChanged(double)", panel.on_value)
        slider.value = 3.5
        assert panel.seen == [2.5, "changed", "changed"]

    def test_to_a_slot_by_name(self):
        panel, selector = slicer.qMRMLWidget(), slicer.qMRMLNodeComboBox()
        panel.connect("mrmlSceneChanged(vtkMRMLScene*)", selector, "setMRMLScene(vtkMRMLScene*)")
        panel.setMRMLScene(slicer.mrmlScene)
        assert selector.mrmlScene() is slicer.mrmlScene

    @pytest.mark.parametrize("signal", ["clickt()", "clicked(double)", "text()"])
    def test_a_signal_that_is_not_there_is_refused(self, signal):
        with pytest.raises(AttributeError, match="has no signal"):
            qt.QPushButton().connect(signal, print)

    def test_disconnecting_what_is_not_connected_does_nothing(self):
        assert not qt.QPushButton().disconnect("clicked()", print)

    def test_a_dead_widget_s_connection_is_not_taken_for_a_new_widget_s(self):
        for _ in range(20):  # new objects soon get the addresses of old ones
            button = qt.QPushButton()
            assert not button.disconnect("clicked()", print)
            button.connect("clicked()", print)
            del button


def test_children_are_found_by_class_and_name():
    panel = qt.QWidget()
    layout = qt.QVBoxLayout(panel)
    button = qt.QPushButton("Apply")
    button.name = "applyButton"
    layout.addWidget(button)
    assert slicer.util.findChild(panel, "applyButton") is button
    assert panel.findChildren(qt.QPushButton) == [button]
    assert slicer.util.childWidgetVariables(panel).applyButton is button
    assert button.className() == "QPushButton"
    assert button.inherits("QWidget")


def test_settings_hold_what_was_written():
    qt.QSettings().setValue("XRay3D/Device", "cpu")
    assert slicer.util.settingsValue("XRay3D/Device", "cuda") == "cpu"
    assert slicer.app.userSettings().value("XRay3D/Device") == "cpu"
    qt.QSettings().remove("XRay3D/Device")
    assert slicer.util.settingsValue("XRay3D/Device", "cuda") == "cuda"


def test_errors_in_slots_and_observers_come_out(monkeypatch):
    """What the fixture in conftest.py builds on: else a test would pass over an error in a slot."""
    errors = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, error, at: errors.append(str(error)))

    def fail(*_):
        raise ValueError("in a slot" if not _ else "in an observer")

    button = qt.QPushButton()
    button.connect("clicked()", fail)
    button.click()
    node = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLModelNode")
    node.AddObserver(vtk.vtkCommand.ModifiedEvent, fail)
    node.SetName("changed")
    assert errors == ["in a slot", "in an observer"]


class TestUiFiles:
    UI = """<ui version="4.0"><class>Panel</class><widget class="qMRMLWidget" name="Panel">
      <layout class="QVBoxLayout" name="layout"><item>{}</item></layout></widget>
      <customwidgets>{}</customwidgets>{}</ui>"""

    def load(self, tmp_path, widget, customs, connections=""):
        entries = "".join(
            f"<customwidget><class>{name}</class><extends>QWidget</extends></customwidget>" for name in customs
        )
        path = tmp_path / "panel.ui"
        path.write_text(self.UI.format(widget, entries, connections))
        return slicer.util.loadUI(str(path))

    @pytest.mark.parametrize("name", sorted(standin.CUSTOM_WIDGETS))
    def test_every_widget_can_be_in_a_file(self, tmp_path, name):
        panel = self.load(tmp_path, f'<widget class="{name}" name="it"/>', {"qMRMLWidget", name})
        assert type(slicer.util.childWidgetVariables(panel).it) is standin.CUSTOM_WIDGETS[name]

    def test_properties_reach_the_widget(self, tmp_path):
        slider = """<widget class="qMRMLSliderWidget" name="it">
          <property name="minimum"><double>600.0</double></property>
          <property name="maximum"><double>1500.0</double></property>
          <property name="value"><double>1020.0</double></property>
          <property name="decimals"><number>0</number></property>
          <property name="quantity"><string>length</string></property>
          <property name="unitAwareProperties"><set>qMRMLSliderWidget::Suffix</set></property></widget>"""
        it = slicer.util.childWidgetVariables(self.load(tmp_path, slider, {"qMRMLWidget", "qMRMLSliderWidget"})).it
        assert (it.minimum, it.maximum, it.value, it.decimals, it.quantity) == (600, 1500, 1020, 0, "length")

    def test_a_widget_that_the_stand_in_lacks_is_named(self, tmp_path):
        with pytest.raises(RuntimeError, match="no qMRMLTreeView"):
            self.load(tmp_path, '<widget class="qMRMLTreeView" name="it"/>', {"qMRMLWidget", "qMRMLTreeView"})

    def test_a_connection_from_nowhere_is_refused(self, tmp_path):
        nowhere = """<connections><connection><sender>Panel</sender><signal>mrmlSceneChanged(vtkMRMLScene*)</signal>
          <receiver>gone</receiver><slot>setMRMLScene(vtkMRMLScene*)</slot></connection></connections>"""
        with pytest.raises(RuntimeError, match="connects gone"):
            self.load(tmp_path, '<widget class="QLabel" name="it"/>', {"qMRMLWidget"}, nowhere)
