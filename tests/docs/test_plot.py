from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from scripts import plot_degrading_model
from tests.docs.markdown import DOCS


def test_the_plot_shows_what_the_exporter_exposes(tmp_path: Path) -> None:
    """A short run gives points whose accuracy lies in its interval, and a well-formed picture."""
    points = list(plot_degrading_model.observe(tmp_path, minutes=1, rate=8))
    assert [round(point.minute * 60) for point in points] == [10, 20, 30, 40, 50, 60]
    for point in points:
        assert 0 < point.lower <= point.accuracy <= point.upper <= 1
        assert 0 < point.confidence < 1
    # 300 values are needed before a column is tested.
    assert [point.drifted is None for point in points] == [True, True, True, False, False, False]
    picture = ET.fromstring(plot_degrading_model.draw(points))
    assert picture.tag.endswith("svg")


@pytest.mark.parametrize(
    "picture", sorted((DOCS / "img").glob("*.svg")), ids=lambda path: path.name
)
def test_pictures_say_what_they_show(picture: Path) -> None:
    """Each is well-formed and has a title and a description for those who do not see it."""
    root = ET.parse(picture).getroot()
    for part in ("title", "desc"):
        assert len(root.findtext(f"{{http://www.w3.org/2000/svg}}{part}")) > 10
