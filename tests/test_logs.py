from __future__ import annotations

import io
import json
import logging

import pytest

from exporter import logs


@pytest.fixture
def root():
    """Give the root logger back as it was."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    noisy = {name: logging.getLogger(name).level for name in ("uvicorn", "asyncio")}
    yield logger
    logger.handlers[:] = handlers
    logger.setLevel(level)
    for name, before in noisy.items():
        logging.getLogger(name).setLevel(before)


def formatted(style, message, *arguments, **fields):
    """Return the line of one record at 2024-05-06 07:08:09.123 UTC."""
    record = logging.LogRecord(
        "exporter.tailing", logging.WARNING, "f.py", 1, message, arguments, fields.get("exc_info")
    )
    record.created = 1_714_979_289.123
    return logs.LineFormatter(style).format(record)


def test_a_line_of_logfmt():
    """The message is quoted."""
    assert formatted("logfmt", "can't open %s", "a.log") == (
        "ts=2024-05-06T07:08:09.123+00:00 level=warning logger=exporter.tailing "
        'msg="can\'t open a.log"'
    )


def test_a_line_of_json():
    """The same fields."""
    assert json.loads(formatted("json", "can't open %s", "a.log")) == {
        "ts": "2024-05-06T07:08:09.123+00:00",
        "level": "warning",
        "logger": "exporter.tailing",
        "msg": "can't open a.log",
    }


def test_further_fields():
    """Come last; texts are quoted, whatever they hold."""
    record = logging.makeLogRecord({"msg": "found", "fields": {"host": 'a" x=1', "p": None}})
    assert (
        logs.LineFormatter("logfmt").format(record).endswith(r'msg="found" host="a\" x=1" p=null')
    )
    found = json.loads(logs.LineFormatter("json").format(record))
    assert (found["host"], found["p"]) == ('a" x=1', None)


@pytest.mark.parametrize("style", ["logfmt", "json"])
def test_text_of_a_log_file_can_not_forge_a_line(style):
    """Line ends, quotes, escape sequences and lone surrogates are escaped."""
    line = formatted(style, "bad line: %s", 'x"\nlevel=error\r\x1b[31m\u2028\ud800')
    assert line.isprintable()
    assert line.isascii()
    assert r"x\"\nlevel=error\r\u001b[31m\u2028\ud800" in line


def test_a_traceback_is_on_the_same_line():
    """One event is one line."""
    with pytest.raises(ValueError, match="wrong") as raised:
        int("wrong")
    line = formatted("logfmt", "failed", exc_info=(raised.type, raised.value, raised.tb))
    assert "\n" not in line
    assert "ValueError: invalid literal for int" in line.partition(' error="')[2]


def test_the_level_decides_what_is_written(root):
    """What libraries tell about themselves is held back."""
    stream = io.StringIO()
    logs.configure("info", "logfmt", stream)
    logging.getLogger("exporter.x").debug("no")
    logging.getLogger("exporter.x").info("yes")
    logging.getLogger("uvicorn.error").info("no")
    logging.getLogger("asyncio").warning("yes")
    assert [line.partition("msg=")[2] for line in stream.getvalue().splitlines()] == [
        '"yes"',
        '"yes"',
    ]


def test_configuring_again_replaces_the_stream(root):
    """No line is written twice."""
    first, second = io.StringIO(), io.StringIO()
    logs.configure("info", "logfmt", first)
    logs.configure("error", "json", second)
    root.warning("no")
    root.error("yes")
    assert first.getvalue() == ""
    assert json.loads(second.getvalue())["msg"] == "yes"
