"""The table of X-rays: which are worked on, and which is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import qt

from XRayCoreLib.offeredxrays import Row

_ROW_HEIGHT_PX = 24


class XRaysTable:
    """One row for each X-ray of the scene, with a check box.

    Args:
        table: the panel's QTableWidget.
        headings: of the columns.
        onChecked: called after the user checked or unchecked one.
        onSelected: called with the node of the row that the user selects.
    """

    def __init__(self, table, headings: Sequence[str], onChecked: Callable[[], None], onSelected: Callable) -> None:
        self._table = table
        self._onChecked = onChecked
        self._onSelected = onSelected
        self._nodes: list = []
        self._rows: list[Row] = []
        self._filling = False
        table.setColumnCount(len(headings))
        table.setHorizontalHeaderLabels(headings)
        table.verticalHeader().setVisible(False)
        table.verticalHeader().setDefaultSectionSize(_ROW_HEIGHT_PX)
        header = table.horizontalHeader()
        header.setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        header.setSectionResizeMode(0, qt.QHeaderView.Stretch)
        table.connect("itemChanged(QTableWidgetItem*)", self._itemChanged)
        table.connect("itemSelectionChanged()", self._selectionChanged)

    def show(self, nodes: Sequence, rows: Sequence[Row], checked: Sequence, shown) -> None:
        """List these X-rays, the given ones checked, and select the one that is shown, or none."""
        self._filling = True
        try:
            if (list(nodes), list(rows)) != (self._nodes, self._rows):
                self._nodes, self._rows = list(nodes), list(rows)
                self._fill()
            for row, node in enumerate(nodes):
                self._table.item(row, 0).setCheckState(qt.Qt.Checked if node in checked else qt.Qt.Unchecked)
            self._select(shown)
        finally:
            self._filling = False

    def checked(self) -> list:
        """The X-rays that are checked."""
        return [n for row, n in enumerate(self._nodes) if self._table.item(row, 0).checkState() == qt.Qt.Checked]

    def _fill(self) -> None:
        self._table.setRowCount(len(self._rows))
        for number, row in enumerate(self._rows):
            for column, text in enumerate(row.texts):
                item = qt.QTableWidgetItem(text)
                if row.problem:
                    item.setFlags(qt.Qt.NoItemFlags)
                    item.setToolTip(row.problem)
                self._table.setItem(number, column, item)

    def _select(self, shown) -> None:
        if shown not in self._nodes:
            self._table.clearSelection()
        elif self._selectedRows() != {self._nodes.index(shown)}:
            self._table.selectRow(self._nodes.index(shown))

    def _selectedRows(self) -> set[int]:
        return {item.row() for item in self._table.selectedItems()}

    def _itemChanged(self, _item) -> None:
        if not self._filling:
            self._onChecked()

    def _selectionChanged(self) -> None:
        rows = self._selectedRows()
        if rows and not self._filling:
            self._onSelected(self._nodes[rows.pop()])
