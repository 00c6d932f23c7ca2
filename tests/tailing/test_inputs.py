from __future__ import annotations

import gzip
import io
import os
import threading

import pytest

from exporter.errors import UsageError
from exporter.tailing.inputs import Block, expand, read_blocks
from exporter.tailing.lines import MAX_LINE_BYTES


def read(*patterns, block_bytes=1 << 20, stdin=b"") -> list[Block]:
    """Read all blocks."""
    return list(read_blocks([str(p) for p in patterns], block_bytes, io.BytesIO(stdin)))


@pytest.fixture
def folder(tmp_path):
    """Return a folder with a plain and a compressed log."""
    (tmp_path / "a.log").write_bytes(b"1\n2\r\n3")
    (tmp_path / "b.log.gz").write_bytes(gzip.compress(b"4\n5\n"))
    return tmp_path


def test_reads_files_from_end_to_end(folder):
    """Plain and compressed, the last line without a line end included."""
    assert read(folder / "a.log", folder / "b.log.gz") == [
        Block(str(folder / "a.log"), 1, [b"1", b"2"]),
        Block(str(folder / "a.log"), 3, [b"3"]),
        Block(str(folder / "b.log.gz"), 1, [b"4", b"5"]),
    ]


@pytest.mark.parametrize("block_bytes", [1, 2, 3, 100])
def test_lines_and_their_numbers_do_not_depend_on_the_block(folder, block_bytes):
    """Each line keeps its number in its file."""
    numbered = [
        (block.name[-5:], block.first_line + position, line)
        for block in read(folder / "*", block_bytes=block_bytes)
        for position, line in enumerate(block.lines)
    ]
    assert numbered == [
        ("a.log", 1, b"1"),
        ("a.log", 2, b"2"),
        ("a.log", 3, b"3"),
        ("og.gz", 1, b"4"),
        ("og.gz", 2, b"5"),
    ]


def test_standard_input(folder):
    """Between files, where it is named."""
    blocks = read(folder / "b.log.gz", "-", stdin=b"x\ny")
    assert [(block.name, block.lines) for block in blocks][1:] == [
        ("<stdin>", [b"x"]),
        ("<stdin>", [b"y"]),
    ]


def test_globs_are_sorted_and_each_file_is_read_once(folder):
    """Named twice or not; directories in a glob are passed over."""
    (folder / "deep" / "er").mkdir(parents=True)
    (folder / "deep" / "er" / "c.log").touch()
    names = [folder / "a.log", folder / "b.log.gz"]
    assert expand([str(folder / "*")]) == [str(name) for name in names]
    assert expand([str(folder / "b*"), str(folder / "*.gz"), "-", "-"]) == [str(names[1]), "-"]
    assert expand([str(folder / "**" / "c.log")]) == [str(folder / "deep" / "er" / "c.log")]


def test_a_name_with_brackets_is_a_name_if_there_is_such_a_file(folder):
    """Not every bracket is a pattern."""
    (folder / "a[1].log").write_text("x\n")
    assert expand([str(folder / "a[1].log")]) == [str(folder / "a[1].log")]


@pytest.mark.parametrize("name", ["none.log", "none*", "none/a.log"])
def test_a_name_that_matches_nothing_is_an_error(folder, name):
    """The user meant something by it."""
    with pytest.raises(UsageError, match=r"none.*: no such file"):
        read(folder / name)


def test_a_directory_is_an_error(folder):
    """That says what to write instead."""
    with pytest.raises(UsageError, match=rf"{folder}: is a directory; name files"):
        read(folder)


def test_a_file_that_can_not_be_read_is_an_error(folder, monkeypatch):
    """With the system's words."""

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UsageError, match=r"a\.log: Permission denied"):
        read(folder / "a.log")


def test_a_path_through_a_file_is_an_error(folder):
    """Not a crash."""
    with pytest.raises(UsageError, match=r"b: no such file"):
        read(folder / "a.log" / "b")


def test_a_broken_link_is_an_error(folder):
    """Not a crash."""
    (folder / "link.log").symlink_to("nowhere")
    with pytest.raises(UsageError, match=r"link\.log: No such file"):
        read(folder / "link.log")


@pytest.mark.parametrize(
    "data", [b"plain\n", gzip.compress(b"x" * 9999)[:-9], b""], ids=["plain", "cut", "empty"]
)
def test_a_compressed_file_that_is_broken_is_an_error(folder, data):
    """After what it holds was handed out."""
    (folder / "bad.gz").write_bytes(data)
    with pytest.raises(UsageError, match=r"bad\.gz: not a gzip file, or cut short"):
        read(folder / "bad.gz")


def test_a_line_that_is_too_long_is_counted_in_its_place(folder):
    """Line numbers go on as an editor counts them."""
    (folder / "a.log").write_bytes(b"1\n" + b"x" * (MAX_LINE_BYTES + 1) + b"\n3\n")
    blocks = read(folder / "a.log")
    assert sum(block.too_long for block in blocks) == 1
    assert [line for block in blocks for line in block.lines] == [b"1", b"3"]
    after = blocks[-1]
    assert after.first_line + after.too_long + len(after.lines) == 4


def test_an_empty_file_has_no_blocks(folder):
    """Empty standard input neither."""
    (folder / "a.log").write_bytes(b"")
    assert read(folder / "a.log", "-") == []


def test_a_fifo_is_read_to_its_end(folder):
    """As a shell's process substitution gives one."""
    fifo = folder / "fifo"
    os.mkfifo(fifo)
    writer = threading.Thread(target=fifo.write_bytes, args=[b"1\n2"])
    writer.start()
    blocks = read(fifo)
    writer.join()
    assert [line for block in blocks for line in block.lines] == [b"1", b"2"]
