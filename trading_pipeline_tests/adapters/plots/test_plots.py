import base64
import re
import warnings
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.adapters.plots.equity_curve import draw_equity_curve
from trading_pipeline.adapters.plots.sparkline import markdown_image, sparkline

START = datetime(2025, 6, 2, tzinfo=UTC)


def points(svg: str) -> list[tuple[float, float]]:
    found = re.search(r'points="([^"]*)"', svg)
    assert found is not None
    pairs = [pair.split(",") for pair in found[1].split()]
    return [(float(x), float(y)) for x, y in pairs]


@pytest.mark.parametrize("values", [[], [1.0]])
def test_fewer_than_two_prices_are_no_line(values: list[float]) -> None:
    assert sparkline(values) == ""


@given(st.lists(st.floats(1e-6, 1e7), min_size=2, max_size=200))
def test_every_point_lies_inside_the_picture_from_left_to_right(values: list[float]) -> None:
    drawn = points(sparkline(values))
    assert len(drawn) == len(values)
    assert [x for x, _ in drawn] == sorted(x for x, _ in drawn)
    assert all(0 <= x <= 260 and 0 <= y <= 60 for x, y in drawn)


def test_high_prices_are_drawn_above_low_ones() -> None:
    assert [y for _, y in points(sparkline([1.0, 3.0, 2.0]))] == [57.0, 3.0, 30.0]


def test_the_colour_says_whether_the_price_rose() -> None:
    rising, falling = sparkline([1.0, 2.0]), sparkline([2.0, 1.0])
    assert "#2a8f4f" in rising
    assert "#b5443c" in falling


def test_a_picture_in_markdown_is_the_picture() -> None:
    text = markdown_image("BTCUSDT", sparkline([1.0, 2.0]))
    data = text.split("base64,")[1].removesuffix(")")
    assert text.startswith("**BTCUSDT** ![BTCUSDT](data:image/svg+xml")
    assert base64.b64decode(data).decode() == sparkline([1.0, 2.0])


@pytest.mark.parametrize("count", [0, 1, 50])
def test_an_equity_curve_of_any_length_is_a_picture(tmp_path: Path, count: int) -> None:
    readings = [(START + timedelta(minutes=step), Decimal(10_000 + step)) for step in range(count)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        draw_equity_curve(tmp_path / "equity.png", readings, "Equity")
    assert (tmp_path / "equity.png").read_bytes().startswith(b"\x89PNG")
