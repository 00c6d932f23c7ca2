"""Small charts as SVG inside of the page; for those who don't see them they say what they show."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

WIDTH, HEIGHT = 160, 36
_PAD = 2.0


def sparkline(values: Sequence[float | None], title: str, limit: float | None = None) -> Markup:
    """Return a line over time; where there is no value there is a hole.

    Parameters
    ----------
    values
        The oldest first.
    title
        What it is, and its last value.
    limit
        Drawn as a dashed line.
    """
    known = [value for value in values if value is not None]
    if not known:
        return Markup("")
    low, high = min(known), max(known)
    if limit is not None:
        low, high = min(low, limit), max(high, limit)
    span = high - low or 1.0

    def y(value: float) -> str:
        return f"{_PAD + (HEIGHT - 2 * _PAD) * (high - value) / span:.1f}"

    step = (WIDTH - 2 * _PAD) / max(len(values) - 1, 1)
    path, drawing = [], False
    for at, value in enumerate(values):
        if value is not None:
            # A value between two holes is a dot.
            x, dot = f"{_PAD + at * step:.1f}", "" if drawing else "h.01"
            path.append(f"{'L' if drawing else 'M'}{x} {y(value)}{dot}")
        drawing = value is not None
    dashed = Markup("")
    if limit is not None:
        dashed = Markup('<path class="limit" d="M0 {y}H{w}"/>').format(y=y(limit), w=WIDTH)
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{title}">'
        '<title>{title}</title>{dashed}<path class="line" d="{path}"/></svg>'
    ).format(w=WIDTH, h=HEIGHT, title=title, dashed=dashed, path="".join(path))


def bars(
    reference: Sequence[float], current: Sequence[float], cells: Sequence[str], title: str
) -> Markup:
    """Return the shares of cells: bars of the window, in front of those of the reference.

    Parameters
    ----------
    reference, current
        Shares by cell.
    cells
        What each is, told by a pointer that rests on it.
    title
        What it is.
    """
    high = max([*reference, *current], default=0.0) or 1.0
    width = WIDTH / max(len(cells), 1)
    parts = [
        _bar(at * width, width, before / high, now / high)
        + Markup("<title>{}: {} now, {} in the reference</title></g>").format(
            name, f"{now:.1%}", f"{before:.1%}"
        )
        for at, (name, before, now) in enumerate(zip(cells, reference, current, strict=True))
    ]
    return Markup(
        '<svg class="chart" viewBox="0 0 {w} {h}" role="img" aria-label="{title}">{bars}</svg>'
    ).format(w=WIDTH, h=HEIGHT, title=title, bars=Markup("").join(parts))


def _bar(x: float, width: float, before: float, now: float) -> Markup:
    rectangles = [
        Markup('<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>').format(
            kind,
            f"{x + left * width:.1f}",
            f"{HEIGHT * (1 - share):.1f}",
            f"{width * part:.1f}",
            f"{HEIGHT * share:.1f}",
        )
        for kind, left, part, share in (
            ("reference", 0.0, 0.9, before),
            ("current", 0.2, 0.5, now),
        )
    ]
    return Markup("<g>") + Markup("").join(rectangles)
