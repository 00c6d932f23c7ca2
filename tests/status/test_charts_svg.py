"""Charts say what they show, have holes where nothing is known, and are no way into the page."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from exporter.status.charts_svg import HEIGHT, WIDTH, bars, sparkline

HOSTILE = '"><script>x</script>'


def test_a_line_with_a_hole_and_a_dot():
    """Two values, none, one by itself, none."""
    picture = ET.fromstring(sparkline([0.0, 1.0, None, 0.5, None], "accuracy"))
    (line,) = picture.findall("path")
    assert line.get("d") == "M2.0 34.0h.01L41.0 2.0M119.0 18.0h.01"
    assert picture.get("aria-label") == "accuracy"


def test_a_limit_is_within_the_picture():
    """Also where it is far from all values; a flat line is drawn as well."""
    picture = ET.fromstring(sparkline([0.9, 0.9], "accuracy", limit=0.5))
    limit, line = (path.get("d") for path in picture.findall("path"))
    assert limit == f"M0 {HEIGHT - 2:.1f}H{WIDTH}"
    assert line.startswith("M2.0 2.0")
    assert sparkline([None, None], "nothing") == ""


def test_bars_beside_those_of_the_reference():
    """As high as the shares are; the highest fills the picture."""
    picture = ET.fromstring(bars([0.5, 0.5], [1.0, 0.0], ["low", "high"], "age"))
    heights = [(one.get("class"), one.get("height")) for one in picture.iter("rect")]
    assert heights == [
        ("reference", "18.0"),
        ("current", "36.0"),
        ("reference", "18.0"),
        ("current", "0.0"),
    ]
    titles = [one.text for one in picture.iter("title")]
    assert titles == [
        "low: 100.0% now, 50.0% in the reference",
        "high: 0.0% now, 50.0% in the reference",
    ]


def test_names_are_text():
    """Of features and of categories."""
    for picture in (sparkline([1.0], HOSTILE), bars([1.0], [1.0], [HOSTILE], HOSTILE)):
        assert not re.search("<script", picture)
        assert ET.fromstring(picture).get("aria-label") == HOSTILE


def test_no_column_without_cells():
    """Nothing to divide by is no reason to fail."""
    assert "<rect" not in bars([], [], [], "empty")
