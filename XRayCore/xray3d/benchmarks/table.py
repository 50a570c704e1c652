"""The rows of a benchmark: a measured value, its goal, and the peer it is held against."""

from __future__ import annotations

import json
import operator
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

from rich import box
from rich.table import Table

Value = float | str | None
_COMPARE = {"<=": operator.le, ">=": operator.ge, "<": operator.lt}


@dataclass(frozen=True)
class Row:
    """One line of a benchmark.

    Attributes:
        measure: what was measured.
        value: our figure in `unit`; a sentence such as "skipped: no NVIDIA GPU" where there is none.
        unit: the unit of `value` and `peer_value`.
        goal: what the figure was meant to reach, in words; None for a row that only informs.
        met: whether it did; None without a goal or without a figure.
        peer: who or what the figure is held against.
        peer_value: the peer's figure in `unit`, measured in the same run unless `peer` calls it published; or a
            sentence saying why there is none.
    """

    measure: str
    value: Value
    unit: str
    goal: str | None = None
    met: bool | None = None
    peer: str | None = None
    peer_value: Value = None


def against_limit(
    measure: str, value: Value, unit: str, compare: Literal["<=", ">=", "<"], limit: float, note: str = ""
) -> Row:
    """A row whose goal is the fixed figure `limit`, for instance `< 0.5`."""
    met = _COMPARE[compare](value, limit) if isinstance(value, (int, float)) else None
    return Row(measure, value, unit, f"{compare} {limit:g}{note}", met)


def against_peer(
    measure: str,
    value: Value,
    unit: str,
    peer: str,
    peer_value: Value,
    compare: Literal["<=", ">="],
    divisor: float = 1.0,
    slack: float = 0.0,
) -> Row:
    """A row whose goal is the peer's figure of the same run, divided by `divisor`, give or take `slack`."""
    met = None
    if isinstance(value, (int, float)) and isinstance(peer_value, (int, float)):
        limit = peer_value / divisor
        met = _COMPARE[compare](value, limit + slack if compare == "<=" else limit - slack)
    goal = f"{compare} peer" + (f" / {divisor:g}" if divisor != 1 else "") + (f" ± {slack:g}" if slack else "")
    return Row(measure, value, unit, goal, met, peer, peer_value)


def to_json(rows: Sequence[Row]) -> str:
    """The rows as a JSON list of objects with the attributes of `Row` as keys."""
    return json.dumps([asdict(row) for row in rows], indent=2, ensure_ascii=False, allow_nan=False)


def to_table(rows: Sequence[Row], title: str) -> Table:
    """The rows as one table for the terminal."""
    table = Table(title=title, box=box.SIMPLE_HEAD)
    for column in ("measure", "value", "unit", "goal", "met", "peer", "peer value"):
        table.add_column(column, justify="right" if "value" in column else "left", overflow="fold")
    for row in rows:
        met = "" if row.met is None else "[green]yes[/]" if row.met else "[bold red]NO[/]"
        cells = (row.measure, _text(row.value), row.unit, row.goal or "", met, row.peer or "", _text(row.peer_value))
        table.add_row(*cells)
    return table


def _text(value: Value) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
