from __future__ import annotations

import logging
import os
from codecs import BOM_UTF8
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.event_time import EventTime
from exporter.parsing.csv_lines import CsvLines
from exporter.parsing.json_lines import JsonLines
from exporter.parsing.syslog_rfc3164 import SyslogLines
from exporter.parsing.text_columns import TextColumns
from exporter.source import Source
from exporter.storage import encoding
from exporter.tailing.tail import Tail
from exporter.windows import Window
from tests.tailing.following import append

NOW = 1_700_000_000.0
PREDICTION = b'{"prediction": "a", "confidence": 0.5}\n'


def source(path, parser=None, batches=None) -> Source:
    """Return a source of one file whose batches are collected."""
    return Source(
        "logs",
        Tail([str(path)], "beginning", 5.0),
        parser or JsonLines(),
        EventTime([Window("5m", 300.0)], replay=False),
        [].append if batches is None else batches.append,
    )


def drained(reading: Source) -> Source:
    """Read all there is, the last line without a line end included."""
    reading.look(NOW)
    while reading.read(NOW):
        pass
    reading.flush(NOW)
    return reading


def balance(reading: Source) -> tuple[int, int]:
    """Return the lines read, and the sum of what became of them."""
    view = reading.view(NOW)
    return view.read, view.parsed + sum(view.rejected.values()) + sum(view.skipped.values())


def line_count(data: bytes) -> int:
    """Return how many lines there are, the last one without a line end included."""
    data = data.removeprefix(BOM_UTF8)
    return data.count(b"\n") + bool(data.rpartition(b"\n")[2].strip(b"\0\r"))


fragments = st.sampled_from(
    [
        PREDICTION,
        PREDICTION[:20],
        b"\n",
        b"\r\n",
        b"\0\0",
        b"{}\n",
        b"[1]\n",
        b"null\n",
        b'{"confidence": NaN, "prediction": 3}\n',
        b'{"prediction": "\\ud800"}\n',
        b'{"prediction": "\xff"}\n',
        b"\xef\xbb\xbf{}\n",
        b"Nov 22 10:15:00 web1 sshd[7]: hello 5\n",
        b"<34>Nov 31 10:15:00 web1 su: x\n",
        b"2026-11-22T10:15:00+00:00 web1 cron: x\n",
    ]
)
contents = st.lists(fragments | st.binary(max_size=30), max_size=12).map(b"".join)


@pytest.mark.parametrize("make", [JsonLines, lambda: SyslogLines("logs", "UTC")])
@given(data=contents)
def test_every_line_is_parsed_rejected_or_skipped(tmp_path_factory, make, data):
    """Whatever bytes a file holds; a parsed record is in a batch, or counted there as invalid."""
    path = tmp_path_factory.getbasetemp() / "any.log"
    path.write_bytes(data)
    batches: list = []
    reading = drained(source(path, make(), batches))
    reading.tail.close()
    read, accounted = balance(reading)
    assert read == accounted == line_count(data)
    invalid = sum(getattr(batch, "invalid", Counter()).total() for batch in batches)
    assert sum(map(len, batches)) + invalid == reading.view(NOW).parsed


def test_batches_are_placed_in_time(tmp_path):
    """The sink gets them ready for the monitors."""
    (tmp_path / "log").write_bytes(PREDICTION * 3)
    batches: list = []
    drained(source(tmp_path / "log", batches=batches))
    assert [len(batch) for batch in batches] == [3]
    assert batches[0].event_time.tolist() == [NOW] * 3
    assert len(batches[0].placements) == 1


class Failing:
    """A parser with a fault."""

    reasons = ("not_json",)

    def parse(self, lines, received):
        raise ZeroDivisionError


def test_a_parser_that_fails_costs_its_lines_and_a_counter(tmp_path, caplog):
    """They count as rejected, so that the sum holds."""
    (tmp_path / "log").write_bytes(PREDICTION * 3)
    reading = drained(source(tmp_path / "log", Failing()))
    assert reading.view(NOW).rejected == {"not_json": 0, "too_long": 0, "internal_error": 3}
    assert balance(reading) == (3, 3)
    assert "the parser failed on 3 lines" in caplog.text


def test_reasons_are_known_before_they_occur(tmp_path):
    """A counter that appears with its first event hides that event."""
    view = source(tmp_path / "none").view(NOW)
    assert view.rejected == {"not_json": 0, "not_object": 0, "too_deep": 0, "too_long": 0}
    assert view.skipped == {"empty": 0}
    assert (view.read, view.parsed, view.up, view.lag, dict(view.files)) == (0, 0, False, 0.0, {})


def test_the_first_rejected_line_of_a_kind_is_told(tmp_path, caplog):
    """With file, line and field; a flood of them is only counted."""
    path = tmp_path / "log"
    path.write_bytes(PREDICTION * 2 + b"no json\n" + b"x" * (2 << 20) + b"\n" + b"no json\n" * 5)
    with caplog.at_level(logging.WARNING):
        reading = drained(source(path))
        append(path, "no json\n")
        drained(reading)
    assert reading.view(NOW).rejected["not_json"] == 7
    assert reading.view(NOW).rejected["too_long"] == 1
    assert balance(reading) == (10, 10)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2
    assert told[0].startswith(f"{path}: line 3: ")
    assert "not_json" in told[0]
    assert "too_long" in told[1]


def test_lag_is_the_time_with_unread_bytes(tmp_path):
    """And nothing else: an idle file does not lag."""
    (tmp_path / "log").write_bytes(PREDICTION * 100_000)
    reading = source(tmp_path / "log")
    reading.look(NOW)
    reading.read(NOW)
    assert reading.view(NOW + 3).lag == 3.0
    while reading.read(NOW + 5):
        pass
    assert reading.view(NOW + 9).lag == 0.0


def test_files_are_shown_while_their_path_names_them(tmp_path):
    """Offset and size; a rotated one is dropped."""
    path = tmp_path / "log"
    path.write_bytes(PREDICTION + b"half")
    reading = source(path)
    reading.look(NOW)
    reading.read(NOW)
    assert reading.view(NOW).files == {str(path): (len(PREDICTION), len(PREDICTION) + 4)}
    path.rename(tmp_path / "away")
    reading.look(NOW)
    assert reading.view(NOW).files == {}


def test_counts_and_places_survive(tmp_path):
    """As they come back from storage."""
    path = tmp_path / "log"
    path.write_bytes(PREDICTION * 2 + b"no json\n\n" + PREDICTION[:9])
    before = source(path)
    before.look(NOW)
    before.read(NOW)
    state = encoding.decode(encoding.encode(before.dump()))
    append(path, (PREDICTION[9:] + PREDICTION).decode())
    after = source(path)
    after.load(state)
    after.look(NOW)
    after.read(NOW)
    view = after.view(NOW)
    assert (view.read, view.parsed) == (6, 4)
    assert (view.rejected["not_json"], view.skipped["empty"]) == (1, 1)


@pytest.mark.parametrize("missing", ["read", "skipped", "tail"])
def test_a_state_that_does_not_fit_changes_nothing(tmp_path, missing):
    """All or nothing."""
    (tmp_path / "log").write_bytes(PREDICTION)
    state = drained(source(tmp_path / "log")).dump()
    del state[missing]
    reading = source(tmp_path / "log")
    untouched = reading.dump()
    with pytest.raises(KeyError):
        reading.load(state)
    assert reading.dump() == untouched


def test_there_is_something_to_store_only_when_something_happened(tmp_path):
    """An idle source costs no write; a new file does, and one that left or is let go."""
    path = tmp_path / "log"
    reading = source(path)
    seen = []
    for step in (lambda: None, lambda: path.write_bytes(PREDICTION), lambda: None, path.unlink):
        reading.changed = False
        step()
        reading.look(NOW)
        reading.read(NOW)
        seen.append(reading.changed)
    assert seen == [False, True, False, True]
    reading.changed = False
    reading.look(NOW + 6)
    reading.read(NOW + 6)
    assert reading.changed


class Miscounting(JsonLines):
    """Skips every line for two reasons of its own."""

    def parse(self, lines, received):
        parsed = super().parse([], received)
        return type(parsed)(parsed.batch, 0, Counter(), Counter({"other_model": len(lines)}))


def test_what_a_parser_skips_is_counted_by_its_reason(tmp_path):
    """Beside empty lines."""
    (tmp_path / "log").write_bytes(PREDICTION * 4)
    view = drained(source(tmp_path / "log", Miscounting())).view(NOW)
    assert view.skipped == {"empty": 0, "other_model": 4}


def test_times_of_lines_read_together_are_the_time_of_reading(tmp_path):
    """Where they carry none."""
    (tmp_path / "log").write_bytes(PREDICTION * 2)
    batches: list = []
    drained(source(tmp_path / "log", batches=batches))
    assert np.isnan(batches[0].timestamp).all()


def test_a_file_whose_name_is_no_utf8_is_exposed_and_stored(tmp_path):
    """Its bytes appear as escapes; one such file must cost neither a scrape nor a checkpoint."""
    path = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.jsonl")
    append(Path(path), PREDICTION.decode())
    reading = drained(source(path))
    shown = f"{tmp_path}/caf\\xe9.jsonl"
    assert list(reading.view(NOW).files) == [shown]
    state = encoding.decode(encoding.encode(reading.dump()))
    assert [position["path"] for position in state["tail"]["positions"].values()] == [shown]


def test_csv_goes_on_in_the_middle_of_a_file(tmp_path):
    """After a restart the header is still known, and the books balance."""
    path = tmp_path / "log.csv"

    def reading(batches: list) -> Source:
        return Source(
            "logs",
            Tail([str(path)], "beginning", 5.0, headers=True),
            CsvLines(TextColumns("auto", {}, (), ())),
            EventTime([Window("5m", 300.0)], replay=False),
            batches.append,
        )

    append(path, "confidence,prediction\n0.5,a\n")
    first = drained(reading([]))
    append(path, "0.25,b\nx\n\n")
    batches: list = []
    second = reading(batches)
    second.load(encoding.decode(encoding.encode(first.dump())))
    drained(second)
    (batch,) = batches
    assert batch.prediction.decode() == ["b"]
    assert batch.confidence.tolist() == [0.25]
    view = second.view(NOW)
    assert (view.parsed, view.skipped) == (2, {"empty": 1, "header": 1})
    assert view.rejected == {"csv_header": 0, "csv_fields": 1, "csv_quote": 0, "too_long": 0}
    assert balance(second) == (5, 5)
