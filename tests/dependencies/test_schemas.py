from __future__ import annotations

import pytest

from exporter.dependencies import schemas
from exporter.dependencies.schemas import of_head


def same(kind, *texts):
    """Return whether all texts have one schema."""
    return len({of_head(kind, text.encode(), whole=True) for text in texts}) == 1


def test_csv_columns_are_names_in_order():
    """Values, the delimiter and the line end do not matter; names and their order do."""
    assert same("csv", "a,b\n1,2\n", "a;b\r\nx;y\r\n", "\ufeffa\tb\n", '"a","b"')
    assert not same("csv", "a,b\n", "b,a\n")
    assert not same("csv", "a,b\n", "a,b,c\n")


def test_json_keys_have_no_order():
    """One object, a list of them, or one a line; null and an absent key tell nothing."""
    assert same(
        "json",
        '{"a": 1, "b": {"c": "x"}}',
        '[{"b": {"c": "y"}, "a": 2.5}]',
        '{"a": 1, "b": null}\n{"b": {"c": ""}}\n',
    )
    assert not same("json", '{"a": 1}', '{"a": "1"}')
    assert not same("json", '{"a": true}', '{"a": 1}')
    assert not same("json", '{"a": [1]}', '{"a": {"b": 1}}')


def test_lines_that_were_cut_off_are_left_out():
    """Of a large file only the beginning is read."""
    lines = b'{"a": 1}\n{"a": 2}\n'
    assert of_head("json", lines + b'{"a": 3, "b', whole=False) == of_head(
        "json", lines, whole=True
    )


@pytest.mark.parametrize(
    ("kind", "head", "whole"),
    [
        ("csv", b"", True),
        ("csv", b"a,b", False),
        ("csv", b"\xff\xfe\x00\n", True),
        ("json", b"", True),
        ("json", b"[]", True),
        ("json", b"7", True),
        ("json", b'{"a": 1', True),
        ("json", b'[{"a": 1}, {"a"', False),
        ("json", b"[" * 100_000, True),
    ],
)
def test_what_has_no_schema(kind, head, whole):
    """It is said, rather than hashed."""
    with pytest.raises(ValueError, match=r"."):
        of_head(kind, head, whole=whole)


def test_endings_tell_the_format(monkeypatch):
    """Parquet only where it can be read: its freshness is of use without its schema."""
    formats = [schemas.format_of(name) for name in ("a.CSV", "b.jsonl", "c.txt", "d")]
    assert formats == ["csv", "json", None, None]
    for installed, expected in ((True, "parquet"), (False, None)):
        monkeypatch.setattr(
            "exporter.dependencies.parquet_schema.available", lambda found=installed: found
        )
        assert schemas.format_of("x.parquet") == expected
