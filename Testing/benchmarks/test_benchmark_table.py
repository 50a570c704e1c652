"""Rows: goals met, missed or unknown, and what machines read."""

import io
import json

import pytest
from rich.console import Console

from xray3d.benchmarks.table import Row, against_limit, against_peer, to_json, to_table

COLUMNS = ["measure", "value", "unit", "goal", "met", "peer", "peer_value"]


@pytest.mark.parametrize(
    ("value", "peer_value", "divisor", "met"), [(30.0, 35.0, 1, True), (36.0, 35.0, 1, False), (30.0, 700.0, 25, False)]
)
def test_goal_relative_to_the_peer(value, peer_value, divisor, met):
    assert against_peer("forward", value, "ms", "peer", peer_value, "<=", divisor=divisor).met is met


def test_rounding_does_not_decide_but_a_real_difference_does():
    assert against_peer("RMSE", 0.2004, "%", "peer", 0.2, "<=", slack=0.0005).met is True
    assert against_peer("RMSE", 0.2006, "%", "peer", 0.2, "<=", slack=0.0005).met is False


def test_more_is_better_where_the_goal_says_so():
    assert against_peer("GPU", 900.0, "frames/s", "peer", 800.0, ">=").met is True
    assert against_peer("GPU", 700.0, "frames/s", "peer", 800.0, ">=").met is False


@pytest.mark.parametrize(
    ("value", "peer_value"), [("skipped: no NVIDIA GPU", 3.0), (3.0, "not installed"), (3.0, None)]
)
def test_what_was_not_measured_neither_meets_nor_misses(value, peer_value):
    assert against_peer("forward", value, "ms", "peer", peer_value, "<=").met is None


def test_fixed_limit():
    assert against_limit("memory", 0.49, "GiB", "<", 0.5).met is True
    assert against_limit("memory", 0.5, "GiB", "<", 0.5).met is False
    assert against_limit("memory", "failed: no memory", "GiB", "<", 0.5).met is None


def test_json_has_exactly_the_agreed_keys():
    rows = [Row("a", 1.5, "ms", "<= peer", True, "p", 2.0), Row("b", "skipped: no NVIDIA GPU", "frames/s")]
    parsed = json.loads(to_json(rows))
    assert [list(row) for row in parsed] == [COLUMNS, COLUMNS]
    assert parsed[0]["value"] == 1.5
    assert parsed[0]["met"] is True
    assert parsed[1]["met"] is None


def test_a_figure_that_is_not_a_number_is_not_written():
    with pytest.raises(ValueError, match="JSON"):
        to_json([Row("a", float("nan"), "ms")])


def test_the_table_shows_a_missed_goal():
    console = Console(width=150, file=io.StringIO())
    console.print(to_table([against_peer("forward", 40.0, "ms", "itk-rtk", 35.0, "<=")], "drr"))
    line = next(line for line in console.file.getvalue().splitlines() if "forward" in line)
    assert "NO" in line
    assert "itk-rtk" in line
