from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from prometheus_client import Metric

from exporter.config import Configuration
from exporter.config.schema import json_schema
from exporter.parsing.fields import RECORD_FIELDS
from scripts import generate_docs, metric_tables
from scripts.metric_tables import label_names, series_name
from tests.docs.markdown import DOCS, ROOT


@pytest.fixture(scope="module")
def families(tmp_path_factory: pytest.TempPathFactory) -> list[Metric]:
    """Return every family that the small inputs of the metric tables bring out."""
    return metric_tables.exposed(tmp_path_factory.mktemp("inputs"))


@pytest.mark.parametrize("page", generate_docs.GENERATORS)
def test_generated_parts_are_what_the_code_says(page: str) -> None:
    """The committed page is what the generator makes of it."""
    committed = (DOCS / page).read_text(encoding="utf-8")
    generated = generate_docs.GENERATORS[page]()
    assert generate_docs.updated(committed, generated) == committed


def test_updating_needs_one_pair_of_markers() -> None:
    """A page without markers, or with two pairs, is refused rather than spoilt."""
    pair = generate_docs.BEGIN + generate_docs.END
    assert generate_docs.updated(f"a\n{pair}b\n", "new\n").count("new") == 1
    for page in ("a\n", pair + pair):
        with pytest.raises(ValueError, match="one pair of markers"):
            generate_docs.updated(page, "new")


def test_every_metric_of_the_code_is_documented(families: list[Metric]) -> None:
    """Every string of the code that is the name of a metric is a family of the page."""
    named = {
        node.value
        for package in ("monitors", "exposition")
        for path in (ROOT / "exporter" / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"(?:model|syslog|modeltail)_[a-z0-9_]+", node.value)
    }
    # Some monitors have names that look like metrics, and so have fields of records.
    monitors = {"syslog_alarms", "syslog_anomaly", "syslog_counts"}
    named = {one.removesuffix("_total") for one in named - set(RECORD_FIELDS) - monitors}
    known = {family.name for family in families} | {series_name(family) for family in families}
    assert named - known == set()


def test_labels_of_a_family_are_the_same_everywhere(families: list[Metric]) -> None:
    """All series of a family have the same labels, so that the table is right for each."""
    for family in families:
        for sample in family.samples:
            labels = set(sample.labels) - {"le"}
            assert labels == set(label_names(family)), sample


def test_every_key_has_a_description() -> None:
    """No key of the configuration is left unexplained."""
    schema = json_schema()
    for section in (schema, *schema["$defs"].values()):
        for key, value in section["properties"].items():
            assert value.get("description", "").endswith("."), f"{section['title']}.{key}"


def test_every_top_level_key_is_in_the_table() -> None:
    """The table of the whole file has a row for each key, in order."""
    page = (DOCS / "configuration.md").read_text(encoding="utf-8")
    table = page.split("## The file\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(Configuration.model_fields)


def test_check_tells_what_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--check` names the stale page, changes nothing, and fails; without it the page is mended."""
    page = tmp_path / "page.md"
    page.write_text(generate_docs.BEGIN + generate_docs.END)
    monkeypatch.setattr(generate_docs, "DOCS", tmp_path)
    monkeypatch.setattr(generate_docs, "GENERATORS", {"page.md": lambda: "new\n"})
    monkeypatch.setattr("sys.argv", ["generate_docs", "--check"])
    assert generate_docs.main() == 1
    assert capsys.readouterr().out == "docs/page.md: out of date\n"
    assert "new" not in page.read_text()
    monkeypatch.setattr("sys.argv", ["generate_docs"])
    assert generate_docs.main() == 0
    assert "new" in page.read_text()
