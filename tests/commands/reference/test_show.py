"""What `modeltail reference show` prints, from real references."""

from __future__ import annotations

import io
import json
import os
import subprocess

import pytest

from exporter.cli import execute
from exporter.commands.streams import Streams
from exporter.drift.reference_file import read
from tests.commands.exporter_process import COMMAND, REPOSITORY
from tests.commands.terminal import Terminal


def line(position):
    """Return a prediction."""
    features = {
        "age": None if position % 10 == 0 else position % 100,
        "plan": "gold" if position % 4 else "tin",
        "city": f"c{position % 60}",
        "größe": 1.0,
    }
    return json.dumps({"prediction": "ab"[position % 2], "features": features}, ensure_ascii=False)


@pytest.fixture
def show(tmp_path, monkeypatch):
    """Return a function that runs `reference show` on a reference of 1,000 predictions."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "m.yml").write_text("models: [{name: bot, paths: [bot.jsonl]}]")
    (tmp_path / "bot.jsonl").write_text("\n".join(map(line, range(1000))))

    def call(*arguments, out=None):
        streams = Streams(out or io.StringIO(), io.StringIO(), io.BytesIO())
        code = execute(["reference", *arguments], streams)
        return code, streams.out.getvalue(), streams.err.getvalue()

    given = ("--config.file", "m.yml", "--model", "bot", "-o", "bot.ref", "bot.jsonl")
    assert call("build", *given)[0] == 0
    return lambda *arguments, **options: call("show", "bot.ref", *arguments, **options)


def test_each_column_has_a_line(show):
    """With the shape of its distribution, and what there is to know of it."""
    code, out, err = show()
    assert (code, err) == (0, "")
    heading, *lines = out.splitlines()[2:]
    assert heading.split() == ["column", "kind", "values", "missing", "tau", "shape", "content"]
    shown = {row.split()[0]: row.split(maxsplit=5)[1:] for row in lines}
    assert shown["age"][:3] == ["numeric", "900", "10.00%"]
    assert shown["age"][4].endswith("1 to 99, mean 50, sd 28.85")
    assert shown["plan"][4].split() == ["█▃", "gold", "75.0%,", "tin", "25.0%"]
    assert shown["größe"][4].split()[0] == "█"


@pytest.mark.parametrize(("columns", "expected"), [("60", 8), ("98", 13), ("300", 24)])
def test_shapes_take_what_room_the_terminal_has(show, monkeypatch, columns, expected):
    """But neither more nor less than can be read."""
    monkeypatch.setenv("COLUMNS", columns)
    heading, *lines = show(out=Terminal())[1].splitlines()[2:]
    at = heading.index("shape")
    assert heading.index("content") - at - 2 == expected
    city = next(row for row in lines if row.startswith("city"))
    assert city[at : at + expected] == "█" * expected
    if columns == "98":
        assert max(map(len, lines)) == 98


def test_one_column_in_detail(show):
    """Quantiles, and a bar for each bin."""
    code, out, _ = show("--column", "age")
    assert code == 0
    first, moments, quantiles, *bars = out.splitlines()
    assert first.startswith("age: numeric, 900 values, 10.00% missing, autocorrelation time ")
    assert moments == "1 to 99, mean 50, sd 28.85"
    assert quantiles == "quantiles: 1% 1, 5% 5, 25% 25, 50% 49, 75% 75, 95% 95, 99% 99"
    assert len(bars) == 15
    assert bars[0].split()[:3] == ["up", "to", "7"]
    assert bars[-1].split()[:2] == ["over", "98"]
    assert sum(float(bar.split()[-1].rstrip("%")) for bar in bars) == pytest.approx(100, abs=0.8)


def test_categories_in_detail(show):
    """The most frequent ones, and all others in one; columns are apart."""
    plan, city = show("--column", "plan", "--column", "city")[1].split("\n\n")
    assert plan.splitlines()[1:] == [
        f"gold  {'█' * 50}   75.0%",
        f" tin  {'█' * 16}▋{' ' * 33}   25.0%",
    ]
    bars = city.splitlines()[1:]
    assert len(bars) == 51
    assert bars[-1].split()[:2] == ["all", "others"]


def test_json_is_for_programs(show, tmp_path):
    """All that is printed, with the histogram in numbers."""
    code, out, _ = show("--format", "json")
    assert code == 0
    content = json.loads(out)
    reference = read(tmp_path / "bot.ref")
    columns = {column.pop("name"): column for column in content.pop("columns")}
    assert content == {
        "reference": reference.label,
        "digest": reference.digest,
        "model": "bot",
        "version": "",
        "files": ["bot.jsonl"],
        "predictions": 1000,
        "first_timestamp": None,
        "last_timestamp": None,
        "estimates_accuracy": False,
        "estimates_error": False,
        "attributions": [],
        "embedding": None,
        "seasonal": None,
        "density": [
            {
                "of": "features",
                "columns": ["age"],
                "points": len(reference.density[0].score.points),
                "held_out": 450,
                "tau": reference.density[0].calibration.tau,
                "uncertainty": False,
            }
        ],
    }
    assert sorted(columns) == ["age", "city", "größe", "plan", "prediction"]
    assert columns["plan"].pop("tau") >= 1
    assert columns["plan"] == {
        "kind": "categorical",
        "values": 1000,
        "missing_ratio": 0.0,
        "categories": [
            {"category": "gold", "values": 750},
            {"category": "tin", "values": 250},
        ],
        "other_values": 0,
    }
    age = columns["age"]
    assert (age["mean"], age["missing_ratio"], age["quantiles"]["0.5"]) == (50.0, 0.1, 49.0)
    assert len(age["histogram"]["edges"]) == len(age["histogram"]["counts"]) - 1 == 19
    assert columns["größe"]["histogram"] == {"of": "values", "values": [1.0], "counts": [1000]}
    one = json.loads(show("--format", "json", "--column", "plan")[1])
    assert [column["name"] for column in one["columns"]] == ["plan"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("plam", "bot.ref: there is no column 'plam' among the 5; there is plan"),
        ("xyz", "bot.ref: there is no column 'xyz' among the 5; there is age, city"),
    ],
)
def test_an_unknown_column_is_a_mistake(show, name, message):
    """The message names those that it may have been."""
    code, out, err = show("--column", name)
    assert (code, out) == (2, "")
    assert message in err


def test_a_terminal_without_blocks(show, tmp_path):
    """Gets ASCII; letters that it lacks are replaced, and end nothing."""
    command = [*COMMAND, "reference", "show", str(tmp_path / "bot.ref")]
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        command, cwd=REPOSITORY, env=environment, capture_output=True, check=True, timeout=60
    )
    lines = done.stdout.decode("ascii").splitlines()
    plan = next(line for line in lines if line.startswith("plan"))
    assert plan.split()[5] == "#:"
    assert any(line.startswith("gr??e ") for line in lines)
    assert done.stderr == b""
