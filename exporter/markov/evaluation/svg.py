"""Drawings as SVG: rectangles, lines, points and words, and nothing that would need a library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Drawing:
    """A picture of some pixels.

    Parameters
    ----------
    width, height
        Pixels.
    """

    def __init__(self, width: int, height: int) -> None:
        self._width, self._height = width, height
        self._parts: list[str] = []

    def rectangle(self, x: float, y: float, width: float, height: float, fill: str) -> None:
        """Fill a rectangle."""
        self._parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'fill="{fill}"/>'
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, stroke: str = "#333") -> None:
        """Draw a line."""
        self._parts.append(
            f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{stroke}" fill="none"/>'
        )

    def points(self, x: Sequence[float], y: Sequence[float], stroke: str) -> None:
        """Draw dots."""
        dots = "".join(f"M{a:.1f} {b:.1f}h0" for a, b in zip(x, y, strict=True))
        self._parts.append(
            f'<path d="{dots}" stroke="{stroke}" stroke-width="1.6" stroke-linecap="round"/>'
        )

    def text(self, x: float, y: float, words: str, anchor: str = "middle", size: int = 12) -> None:
        """Write words; `anchor` says which of their ends (start, middle, end) is at `x`."""
        self._parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}">'
            f"{escape(words)}</text>"
        )

    def upright(self, x: float, y: float, words: str) -> None:
        """Write words from the bottom to the top, their middle at `y`."""
        self._parts.append(
            f'<text transform="translate({x:.1f} {y:.1f})rotate(-90)" text-anchor="middle" '
            f'font-size="12">{escape(words)}</text>'
        )

    def document(self) -> str:
        """Return the file."""
        return "\n".join(self._document())

    def _document(self) -> Iterable[str]:
        yield (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{self._width}" '
            f'height="{self._height}" viewBox="0 0 {self._width} {self._height}" '
            'font-family="sans-serif" fill="#333">'
        )
        yield '<rect width="100%" height="100%" fill="white"/>'
        yield from self._parts
        yield "</svg>\n"
