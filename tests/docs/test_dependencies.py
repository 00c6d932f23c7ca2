from __future__ import annotations

import re
import tomllib

import pytest

from tests.docs.markdown import DOCS, ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
DECLARED = {
    "To run": PROJECT["dependencies"],
    "For the demo": PROJECT["optional-dependencies"]["demo"],
    "For Parquet": PROJECT["optional-dependencies"]["parquet"],
    "To develop": PROJECT["optional-dependencies"]["dev"],
}


@pytest.mark.parametrize("section", DECLARED)
def test_every_dependency_is_justified(section: str) -> None:
    """The page names exactly the packages that the project declares, each with a reason."""
    page = (DOCS / "dependencies.md").read_text(encoding="utf-8")
    table = page.split(f"## {section}\n")[1].split("\n## ")[0]
    reasons = dict(re.findall(r"^\| `([^`]+)` \| (.+) \|$", table, re.MULTILINE))
    assert list(reasons) == [re.split(r"[<>=!~\[ ]", one)[0] for one in DECLARED[section]]
    assert all(len(reason) > 10 for reason in reasons.values())
