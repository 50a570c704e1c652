"""The table of simulated X-rays."""

from __future__ import annotations

from collections.abc import Callable

import qt
from slicer.i18n import tr as _

from .views import SETTINGS_ATTRIBUTE
from .viewsettings import settingsFromJson
from .words import directionInWords

_ROW_HEIGHT_PX = 24


class ViewsTable:
    """One row for each X-ray of the scene: its name, where the C-arm stood, its size, its physics.

    Args:
        table: the panel's QTableWidget.
        onSelected: called with the node of the row that the user selects.
    """

    def __init__(self, table, onSelected: Callable) -> None:
        self._table = table
        self._onSelected = onSelected
        self._nodes: list = []
        self._filling = False
        headings = [_("Name"), _("C-arm"), _("Pixels"), _("Physics")]
        table.setColumnCount(len(headings))
        table.setHorizontalHeaderLabels(headings)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT_PX)
        header = table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(len(headings) - 1, qt.QHeaderView.Stretch)
        table.connect("itemSelectionChanged()", self._selectionChanged)

    def show(self, nodes: list, current) -> None:
        """Fill the table with these X-rays; `current` is the selected one, or None."""
        self._filling = True
        self._nodes = list(nodes)
        self._table.setRowCount(len(nodes))
        for row, node in enumerate(nodes):
            for column, text in enumerate(_describe(node)):
                self._table.setItem(row, column, qt.QTableWidgetItem(text))
        self._table.clearSelection()
        if current in self._nodes:
            self._table.selectRow(self._nodes.index(current))
        self._filling = False

    def _selectionChanged(self) -> None:
        rows = {item.row() for item in self._table.selectedItems()}
        if rows and not self._filling:
            self._onSelected(self._nodes[rows.pop()])


def _describe(node) -> tuple[str, str, str, str]:
    settings, _replaced = settingsFromJson(node.GetAttribute(SETTINGS_ATTRIBUTE))
    direction = directionInWords(settings.primaryDeg, settings.secondaryDeg)
    return node.GetName(), direction, f"{settings.columns} × {settings.rows}", settings.physics
