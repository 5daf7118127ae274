"""A price line small enough for a run's metadata, drawn as SVG because a wave cannot wait for matplotlib."""

import base64
from collections.abc import Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name", bound=str)

_WIDTH, _HEIGHT, _MARGIN = 260, 60, 3


def sparkline(values: Sequence[float]) -> str:
    """The values, oldest first, as an SVG image of 260 x 60 pixels; empty text for fewer than two."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    # A flat line has no height to be scaled to.
    scale_y = (_HEIGHT - 2 * _MARGIN) / ((high - low) or 1.0)
    scale_x = (_WIDTH - 2 * _MARGIN) / (len(values) - 1)
    points = " ".join(
        f"{_MARGIN + index * scale_x:.1f},{_HEIGHT - _MARGIN - (value - low) * scale_y:.1f}"
        for index, value in enumerate(values)
    )
    colour = "#2a8f4f" if values[-1] >= values[0] else "#b5443c"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH}" height="{_HEIGHT}">'
        f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{points}"/></svg>'
    )


def markdown_image(title: str, svg: str) -> str:
    """The picture inside a line of Markdown."""
    data = base64.b64encode(svg.encode()).decode()
    return f"**{title}** ![{title}](data:image/svg+xml;base64,{data})"


def pictures(series: Mapping[Name, Sequence[float]]) -> dict[Name, str]:
    """A small one of each series, oldest value first, in Markdown."""
    return {name: markdown_image(name, sparkline(values)) for name, values in series.items()}
