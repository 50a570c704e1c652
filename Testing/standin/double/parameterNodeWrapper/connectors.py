"""Which widget shows which type of parameter, and how."""

import enum
import math
import pathlib
from typing import Any

import ctk
import qt
import slicer

from .annotations import (
    Choice,
    Decimals,
    Maximum,
    Minimum,
    SingleStep,
    WithinRange,
    find,
    split_annotations,
    union_members,
)
from .gui_connector import GuiConnector, parameterNodeGuiConnector


@parameterNodeGuiConnector
class CheckBoxConnector(GuiConnector):
    """A truth in a check box."""

    signal, attribute = "stateChanged", "checked"
    widgets, kinds = (qt.QCheckBox, ctk.ctkCheckBox), (bool,)


@parameterNodeGuiConnector
class CheckableButtonConnector(GuiConnector):
    """A truth in a button that stays down."""

    signal, attribute = "toggled", "checked"
    widgets, kinds = (qt.QPushButton, ctk.ctkCheckablePushButton), (bool,)

    def prepare(self) -> None:
        self._widget.checkable = True


class NumberConnector(GuiConnector):
    """A number in a slider or spin box; sliders need to know both ends."""

    signal, attribute = "valueChanged", "value"
    need_both_ends: tuple[type, ...] = ()

    def prepare(self) -> None:
        minimum, maximum = self._limits()
        if isinstance(self._widget, self.need_both_ends) and (math.isinf(minimum) or math.isinf(maximum)):
            raise RuntimeError(
                f"Cannot have a connection to {type(self._widget).__name__} where the number is unbounded."
            )
        self._set_limits(minimum, maximum)
        step, decimals = find(self._annotations, SingleStep), find(self._annotations, Decimals)
        if step:
            self._widget.singleStep = step.value
        if hasattr(self._widget, "decimals") and (decimals or self._kind is int):
            self._widget.decimals = decimals.value if decimals and self._kind is not int else 0

    def _limits(self) -> tuple[float, float]:
        within = find(self._annotations, WithinRange)
        minimum, maximum = find(self._annotations, Minimum), find(self._annotations, Maximum)
        low = within.minimum if within else minimum.minimum if minimum else -math.inf
        high = within.maximum if within else maximum.maximum if maximum else math.inf
        return low, high

    def _set_limits(self, minimum: float, maximum: float) -> None:
        self._widget.minimum, self._widget.maximum = minimum, maximum

    def read(self) -> Any:
        return self._kind(self._widget.value)


@parameterNodeGuiConnector
class WholeNumberConnector(NumberConnector):
    """A whole number."""

    widgets, kinds = (qt.QSlider, qt.QSpinBox), (int,)
    need_both_ends = (qt.QSlider,)

    def _set_limits(self, minimum: float, maximum: float) -> None:
        low, high = -(2**31), 2**31 - 1
        self._widget.setRange(int(max(low, minimum)), int(min(high, maximum)))


@parameterNodeGuiConnector
class RealNumberConnector(NumberConnector):
    """A number, whole or not."""

    widgets = (
        qt.QDoubleSpinBox,
        ctk.ctkSliderWidget,
        ctk.ctkDoubleSlider,
        ctk.ctkDoubleSpinBox,
        slicer.qMRMLSliderWidget,
        slicer.qMRMLSpinBox,
    )
    kinds = (float, int)
    need_both_ends = (ctk.ctkSliderWidget,)


@parameterNodeGuiConnector
class ChoiceConnector(GuiConnector):
    """One of several values in a combo box: an enumeration, or what ``Choice`` lists."""

    signal = "currentIndexChanged"
    widgets = (qt.QComboBox, ctk.ctkComboBox)

    @classmethod
    def canRepresent(cls, widget: Any, datatype: Any) -> bool:
        kind = split_annotations(datatype)[0]
        return type(widget) in cls.widgets and (
            kind in (int, float, str, bool) or (isinstance(kind, type) and issubclass(kind, enum.Enum))
        )

    def prepare(self) -> None:
        choice = find(self._annotations, Choice)
        if issubclass(self._kind, enum.Enum):
            label = getattr(self._kind, "label", lambda member: member.name)
            self._choices, labels = list(self._kind), [label(member) for member in self._kind]
        elif choice:
            self._choices, labels = list(choice.choices), [str(value) for value in choice.choices]
        else:
            raise RuntimeError("A combo box needs the Choice annotation to be used.")
        self._widget.clear()
        self._widget.addItems(labels)

    def read(self) -> Any:
        return self._choices[self._widget.currentIndex]

    def write(self, value: Any) -> None:
        if value not in self._choices:
            raise ValueError(f"Unable to find value {value} in choices {self._choices}")
        self._widget.currentIndex = self._choices.index(value)


@parameterNodeGuiConnector
class LineConnector(GuiConnector):
    """Text in one line."""

    signal, attribute = "textChanged", "text"
    widgets, kinds = (qt.QLineEdit,), (str,)


@parameterNodeGuiConnector
class LabelConnector(GuiConnector):
    """Text that is only shown."""

    attribute = "text"
    widgets, kinds = (qt.QLabel,), (str,)

    def _connect(self) -> None:
        pass

    _disconnect = _connect


@parameterNodeGuiConnector
class TextConnector(GuiConnector):
    """Text in several lines."""

    signal, attribute = "textChanged", "plainText"
    widgets, kinds = (qt.QTextEdit,), (str,)


class PathConnector(GuiConnector):
    """A path."""

    kinds = (pathlib.Path,)

    def read(self) -> Any:
        return pathlib.Path(super().read())

    def write(self, value: Any) -> None:
        super().write(str(value))


@parameterNodeGuiConnector
class PathLineConnector(PathConnector):
    """A path in a line."""

    signal, attribute = "currentPathChanged", "currentPath"
    widgets = (ctk.ctkPathLineEdit,)


@parameterNodeGuiConnector
class DirectoryConnector(PathConnector):
    """A folder on a button."""

    signal, attribute = "directoryChanged", "directory"
    widgets = (ctk.ctkDirectoryButton,)


@parameterNodeGuiConnector
class NodeConnector(GuiConnector):
    """A MRML node in its selector, which is told the classes of the parameter's type."""

    signal = "currentNodeChanged"

    @classmethod
    def canRepresent(cls, widget: Any, datatype: Any) -> bool:
        return type(widget) is slicer.qMRMLNodeComboBox and bool(_node_classes(datatype))

    def prepare(self) -> None:
        self._widget.nodeTypes = tuple(node_class().GetClassName() for node_class in _node_classes(self._kind))

    def read(self) -> Any:
        return self._widget.currentNode()

    def write(self, value: Any) -> None:
        self._widget.setCurrentNode(value)


def _node_classes(datatype: Any) -> list[Any]:
    """The node classes of a node type or a union of node types; none where anything else is among them."""
    kinds = [split_annotations(member)[0] for member in union_members(datatype) or (datatype,)]
    kinds = [kind for kind in kinds if kind is not type(None)]
    nodes = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, slicer.vtkMRMLNode)]
    return nodes if len(nodes) == len(kinds) else []
