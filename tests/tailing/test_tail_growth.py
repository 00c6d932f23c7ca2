"""Files that appear, grow, and hold what they should not."""

from __future__ import annotations

import os

import pytest

from tests.tailing.following import Following, append, lines, numbered


def test_a_growing_file_is_read_as_it_grows(tmp_path):
    """Each line once, however often it is looked at."""
    log = tmp_path / "app.log"
    following = Following(log)
    append(log, lines(1, 3))
    assert following.poll() == numbered(1, 3)
    assert following.poll() == []
    append(log, lines(4, 5))
    assert following.read() == numbered(4, 5)
    assert (following.tail.unread, following.tail.up) == (0, True)


def test_a_line_written_in_parts_is_read_when_it_is_complete(tmp_path):
    """However many polls are between its parts."""
    log = tmp_path / "app.log"
    following = Following(log)
    for part in ("li", "ne", " 1"):
        append(log, part)
        assert following.poll() == []
    append(log, "\nline")
    assert following.poll() == ["line 1"]
    append(log, " 2\n")
    assert following.poll() == ["line 2"]


@pytest.mark.parametrize("start", ["beginning", "end"])
def test_a_file_born_while_running_is_read_from_its_beginning(tmp_path, start):
    """Even where files that were there before are not, and where it is the first of all."""
    following = Following(tmp_path / "*.log", start=start)
    assert following.poll() == []
    append(tmp_path / "first.log", lines(1, 7))
    assert following.poll() == numbered(1, 7)
    append(tmp_path / "second.log", lines(8, 9))
    assert following.poll() == numbered(8, 9)


def test_reading_starts_at_the_end_where_so_configured(tmp_path):
    """Lines that were there before are passed over; the ones after them have no number."""
    log = tmp_path / "app.log"
    append(log, lines(1, 10))
    following = Following(log, start="end")
    assert following.poll() == []
    append(log, lines(11, 15))
    following.tail.notice({str(log)})
    pieces = list(following.tail.read(following.now))
    assert [piece.lines for piece in pieces] == [[b"line %d" % i for i in range(11, 16)]]
    assert pieces[0].first_line is None


def test_lines_are_numbered(tmp_path):
    """From one, those that are dropped for their length included."""
    log = tmp_path / "app.log"
    append(log, "1\n" + "x" * (2 << 20) + "\n3\n4\n")
    following = Following(log)
    following.tail.look(1.0)
    pieces = [piece for _ in range(4) for piece in following.tail.read(1.0)]
    assert [line for piece in pieces for line in piece.lines] == [b"1", b"3", b"4"]
    assert sum(piece.too_long for piece in pieces) == 1
    append(log, "5\n")
    following.tail.notice({str(log)})
    (piece,) = following.tail.read(1.0)
    assert (piece.first_line, piece.lines) == (5, [b"5"])


def test_a_line_longer_than_a_turn_does_not_look_like_the_end(tmp_path):
    """Turns that complete no line are turns all the same; lines behind it are read at once."""
    log = tmp_path / "app.log"
    append(log, "x" * (10 << 20) + "\n" + lines(1, 2))
    following = Following(log)
    assert following.poll() == numbered(1, 2)
    assert following.too_long == 1


def test_one_file_does_not_starve_the_others(tmp_path):
    """Each gets its turn of so many bytes."""
    append(tmp_path / "a.log", lines(1, 100_000))
    append(tmp_path / "b.log", "small\n")
    following = Following(tmp_path / "*.log")
    following.tail.look(1.0)
    turn = [(piece.path[-5:], len(piece.lines)) for piece in following.tail.read(1.0, limit=1000)]
    assert turn[1] == ("b.log", 1)
    assert turn[0][1] < 200


def test_a_hard_link_is_read_once(tmp_path):
    """Two names, one file; it goes on under the other name when one goes."""
    append(tmp_path / "a.log", lines(1, 2))
    os.link(tmp_path / "a.log", tmp_path / "b.log")
    following = Following(tmp_path / "*.log")
    assert following.poll() == numbered(1, 2)
    (tmp_path / "a.log").unlink()
    append(tmp_path / "b.log", lines(3, 3))
    assert following.wait_out() == numbered(3, 3)
    assert [file.path for file in following.tail.files.values()] == [str(tmp_path / "b.log")]


def test_an_empty_file_is_followed(tmp_path):
    """It is up, and has nothing to say."""
    log = tmp_path / "app.log"
    log.touch()
    following = Following(log)
    assert (following.poll(), following.tail.up, len(following.tail.files)) == ([], True, 1)


def test_a_binary_file_costs_no_more_than_its_lines(tmp_path):
    """Its bytes come out between line ends; a parser rejects them."""
    log = tmp_path / "app.log"
    log.write_bytes(bytes(range(256)) * 3 + b"\n")
    following = Following(log)
    following.tail.look(1.0)
    (piece,) = following.tail.read(1.0)
    assert len(piece.lines) == 4
    assert b"".join(piece.lines).count(b"\xff") == 3


def test_a_directory_is_an_error_that_goes_away_with_it(tmp_path):
    """What is behind the same path later is read."""
    log = tmp_path / "app.log"
    log.mkdir()
    following = Following(log)
    following.poll()
    following.poll()
    assert following.tail.counters.open_errors == {"EISDIR": 1}
    assert not following.tail.up
    log.rmdir()
    append(log, lines(1, 1))
    assert following.poll() == numbered(1, 1)
    assert following.tail.up


def test_two_files_with_the_same_first_line_are_two_files(tmp_path):
    """A header that all files share identifies none of them."""
    for name in ("a.log", "b.log"):
        append(tmp_path / name, "header\n" + name + "\n")
    following = Following(tmp_path / "*.log")
    assert following.poll() == ["header", "a.log", "header", "b.log"]


def test_a_file_cut_off_by_its_end_is_read_whole_once(tmp_path):
    """As `scan` does, which nobody writes to any more."""
    log = tmp_path / "app.log"
    append(log, "line 1\nline 2")
    following = Following(log)
    assert following.poll() == ["line 1"]
    assert [piece.lines for piece in following.tail.flush()] == [[b"line 2"]]
    assert list(following.tail.flush()) == []


def test_a_turn_that_was_cut_short_goes_on_with_the_other_files(tmp_path):
    """Each is read once before any of them is read again."""
    for name in "abc":
        append(tmp_path / f"{name}.log", f"{name}1\n{name}2\n")
    following = Following(tmp_path / "*.log")
    following.tail.look(following.now)
    turns = [
        list(following.tail.read(following.now, limit=3, enough=lambda: True)) for _ in range(7)
    ]
    read = [line.decode() for turn in turns for piece in turn for line in piece.lines]
    assert read == ["a1", "b1", "c1", "a2", "b2", "c2"]
    assert [len(turn) for turn in turns] == [1] * 6 + [0]
