"""CTK's fields for paths, choices, coordinates and colours, and its message box."""

from PySide6.QtCore import Property, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLineEdit,
    QMessageBox,
    QPushButton,
    QToolButton,
    QWidget,
)

from standin.widget_properties import forwarded, stored, with_setters


@with_setters
class ctkComboBox(QComboBox):  # noqa: N801  CTK's name
    """A combo box; CTK adds what it shows while nothing is chosen."""

    defaultText = stored(str, "defaultText", "")


@with_setters
class ctkCheckBox(QCheckBox):  # noqa: N801
    """A check box; CTK adds icons."""


@with_setters
class ctkMessageBox(QMessageBox):  # noqa: N801
    """A message box that can be told not to come again."""

    dontShowAgainVisible = stored(bool, "dontShowAgainVisible", False)
    dontShowAgainSettingsKey = stored(str, "dontShowAgainSettingsKey", "")


@with_setters
class ctkPathLineEdit(QWidget):  # noqa: N801
    """A line for a path and a button to browse for it."""

    currentPathChanged = Signal(str)
    Files, Dirs, Executable, Readable, Writable = 0x002, 0x001, 0x080, 0x010, 0x020

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._line = QLineEdit(self)
        browse = QToolButton(self)
        browse.setText("…")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._line, 1)
        layout.addWidget(browse)
        self._line.textChanged.connect(self.currentPathChanged)

    currentPath = forwarded(str, "_line", "text")
    filters = stored(int, "filters", 0)
    nameFilters = stored("QStringList", "nameFilters", [])
    settingKey = stored(str, "settingKey", "")
    showBrowseButton = stored(bool, "showBrowseButton", True)
    showHistoryButton = stored(bool, "showHistoryButton", True)

    def addCurrentPathToHistory(self) -> None:
        """CTK remembers the path in the settings; tests leave the settings alone."""


@with_setters
class ctkDirectoryButton(QWidget):  # noqa: N801
    """A button that shows a folder and asks for another."""

    directoryChanged = Signal(str)
    directorySelected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._button = QPushButton(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._button)
        self._directory = ""

    caption = stored(str, "caption", "")

    def _set_directory(self, directory: str) -> None:
        changed, self._directory = directory != self._directory, directory
        self._button.setText(directory)
        if changed:
            self.directoryChanged.emit(directory)

    directory = Property(str, lambda self: self._directory, _set_directory)


@with_setters
class ctkCoordinatesWidget(QWidget):  # noqa: N801
    """As many numbers as there are dimensions, in one line."""

    coordinatesChanged = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._fields = [QDoubleSpinBox(self) for _ in range(3)]
        for field in self._fields:
            field.setRange(-1e6, 1e6)
            layout.addWidget(field)
            field.valueChanged.connect(self._tell)

    minimum = stored(float, "minimum", -1e6)
    maximum = stored(float, "maximum", 1e6)
    decimals = stored(int, "decimals", 3)

    def _set_coordinates(self, text: str) -> None:
        for field, number in zip(self._fields, text.split(","), strict=True):
            blocked = field.blockSignals(True)
            field.value = float(number)
            field.blockSignals(blocked)
        self._tell()

    def _tell(self) -> None:
        self.coordinatesChanged.emit([field.value for field in self._fields])

    coordinates = Property(str, lambda self: ",".join(str(field.value) for field in self._fields), _set_coordinates)


@with_setters
class ctkColorPickerButton(QPushButton):  # noqa: N801
    """A button that shows a colour and asks for another."""

    colorChanged = Signal(QColor)

    def _set_color(self, color: QColor) -> None:
        changed = color != self._get_color()
        self._color = color
        if changed:
            self.colorChanged.emit(color)

    def _get_color(self) -> QColor:
        return getattr(self, "_color", QColor("black"))

    color = Property(QColor, _get_color, _set_color)
    displayColorName = stored(bool, "displayColorName", True)
