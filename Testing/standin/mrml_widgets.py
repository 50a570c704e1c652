"""Slicer's qMRML widgets, as far as scripted modules use them, on the real MRML scene."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from standin.checkable_node_combo_box import qMRMLCheckableNodeComboBox
from standin.ctk_inputs import ctkCoordinatesWidget
from standin.ctk_sliders import ctkDoubleSpinBox, ctkRangeWidget, ctkSliderWidget
from standin.node_combo_box import qMRMLNodeComboBox
from standin.segment_selector import qMRMLSegmentSelectorWidget
from standin.widget_properties import stored, with_setters

__all__ = [
    "qMRMLCheckableNodeComboBox",
    "qMRMLCoordinatesWidget",
    "qMRMLNodeComboBox",
    "qMRMLRangeWidget",
    "qMRMLSegmentSelectorWidget",
    "qMRMLSliderWidget",
    "qMRMLSpinBox",
    "qMRMLWidget",
]


class HasScene:
    """A widget that is told the scene, and tells who asks."""

    _scene = None

    def mrmlScene(self) -> object:
        """The scene, None before there is one."""
        return self._scene

    def setMRMLScene(self, scene: object) -> None:
        """Tell the widget its scene."""
        self._scene = scene
        self.mrmlSceneChanged.emit(scene)


class qMRMLWidget(HasScene, QWidget):  # noqa: N801  Slicer's name
    """The usual top widget of a panel: hands its scene on to the widgets connected to it."""

    mrmlSceneChanged = Signal(object)


@with_setters
class qMRMLSliderWidget(HasScene, ctkSliderWidget):  # noqa: N801
    """A slider that knows its quantity; here its unit is what the .ui file says."""

    mrmlSceneChanged = Signal(object)
    quantity = stored(str, "quantity", "")
    None_, Prefix, Suffix, Precision, MinimumValue, MaximumValue, Scaling, All = 0, 1, 2, 4, 8, 16, 32, 63
    unitAwareProperties = stored(int, "unitAwareProperties", 63)


@with_setters
class qMRMLSpinBox(HasScene, ctkDoubleSpinBox):  # noqa: N801
    """A spin box that knows its quantity."""

    mrmlSceneChanged = Signal(object)
    quantity = stored(str, "quantity", "")
    unitAwareProperties = stored(int, "unitAwareProperties", 63)


@with_setters
class qMRMLRangeWidget(HasScene, ctkRangeWidget):  # noqa: N801
    """A range that knows its quantity."""

    mrmlSceneChanged = Signal(object)
    quantity = stored(str, "quantity", "")


@with_setters
class qMRMLCoordinatesWidget(HasScene, ctkCoordinatesWidget):  # noqa: N801
    """Coordinates that know their quantity."""

    mrmlSceneChanged = Signal(object)
    quantity = stored(str, "quantity", "")
    unitAwareProperties = stored(int, "unitAwareProperties", 63)
