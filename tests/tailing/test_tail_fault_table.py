"""What is known to make log tailers lose lines, count them twice, or stop: one test each.

The first part are the faults that were measured with mtail 3.0.0~rc50; the second are those that
users of eight tailers report most.
"""

from __future__ import annotations

import errno
import gzip
import os
import shutil

import pytest

from tests.tailing.following import ROTATE_WAIT, Following, append, lines, numbered


@pytest.fixture
def log(tmp_path):
    """Return the path of a log that is not there yet."""
    return tmp_path / "app.log"


@pytest.fixture
def following(log):
    """Return a tail that has looked for it."""
    following = Following(log)
    assert following.poll() == []
    return following


def test_ten_lines_there_before_the_start_and_five_after(log):
    """A start at the beginning is the default."""
    append(log, lines(1, 10))
    following = Following(log)
    seen = following.poll()
    append(log, lines(11, 15))
    assert seen + following.poll() == numbered(1, 15)


def test_a_file_born_with_seven_lines(log, following):
    """It is read from its beginning."""
    append(log, lines(1, 7))
    seen = following.poll()
    append(log, lines(8, 10))
    assert seen + following.poll() == numbered(1, 10)


def test_a_writer_keeps_its_descriptor_after_the_rename(log, following):
    """As with logrotate's delaycompress: it is told to reopen only afterwards."""
    append(log, lines(1, 5))
    assert following.poll() == numbered(1, 5)
    rotated = log.rename(log.with_suffix(".1"))
    append(log, lines(6, 8))
    assert following.poll() == numbered(6, 8)
    append(rotated, lines(9, 12))
    assert following.poll(1.5) == numbered(9, 12)


def test_a_writer_that_goes_on_with_the_renamed_file_for_long(log, following):
    """The wait begins when it has become quiet."""
    append(log, lines(1, 1))
    assert following.poll() == numbered(1, 1)
    rotated = log.rename(log.with_suffix(".1"))
    for number in range(2, 30):
        append(rotated, lines(number, number))
        assert following.poll(ROTATE_WAIT - 0.5) == numbered(number, number)
    assert len(following.tail.files) == 1
    following.wait_out()
    assert not following.tail.files


def test_a_gap_without_a_file_and_a_new_one_born_with_lines(log, following):
    """Nobody reads the new file from its end."""
    append(log, lines(1, 5))
    assert following.poll() == numbered(1, 5)
    append(log, lines(6, 9))
    log.rename(log.with_suffix(".1"))
    assert following.poll(1.5) == numbered(6, 9)
    append(log, lines(10, 15))
    seen = following.poll()
    append(log, lines(16, 17))
    assert seen + following.poll() == numbered(10, 17)


@pytest.mark.parametrize("regrown", [5, 500])
@pytest.mark.parametrize("header", ["", "x" * 2000 + "\n"], ids=["unlike", "same beginning"])
def test_truncated_and_regrown_between_two_polls(log, following, regrown, header):
    """Smaller, or larger than before; also behind the same first 1,024 bytes."""
    append(log, header + lines(1, 50))
    assert following.poll()[-50:] == numbered(1, 50)
    os.truncate(log, 0)
    append(log, header + lines(51, 50 + regrown))
    assert following.poll()[-regrown:] == numbered(51, 50 + regrown)
    assert following.tail.counters.truncations == 1


def test_overwritten_with_as_many_bytes_within_a_tick_of_the_clock(log, following):
    """Neither size nor time of the file tell that anything happened."""
    append(log, "line 1\n")
    assert following.poll() == ["line 1"]
    status = log.stat()
    log.write_text("line 2\n")
    os.utime(log, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert following.poll() == ["line 2"]


def test_truncated_under_a_writer_without_append(log, following):
    """The hole in front of its next line is no part of the line; nothing is lost."""
    with log.open("wb") as writer:
        writer.write(lines(1, 50).encode())
        writer.flush()
        assert following.poll() == numbered(1, 50)
        os.truncate(log, 0)
        writer.write(lines(51, 55).encode())
        writer.flush()
        assert following.poll() == numbered(51, 55)


def test_a_hole_of_many_gigabytes(log, following):
    """It is skipped, not read."""
    with log.open("wb") as writer:
        writer.seek(100 << 30)
        writer.write(b"line 1\nline 2\n")
    assert following.poll() == numbered(1, 2)
    restarted = following.restarted()
    append(log, lines(3, 3))
    assert restarted.poll() == numbered(3, 3)


def test_a_line_that_is_completed_later(log, following):
    """It counts once, when it is complete."""
    append(log, "li")
    assert following.poll() == []
    append(log, "ne 1\n")
    assert following.poll(1.5) == ["line 1"]


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
def test_no_line_end_at_the_end_of_a_rotated_file(log, pattern):
    """Its last line counts once nobody is expected to complete it, matched or not."""
    following = Following(log.with_name(pattern))
    append(log, lines(1, 1) + "line 2")
    assert following.poll() == numbered(1, 1)
    log.rename(log.with_name("app.log.1"))
    append(log, lines(3, 3))
    assert following.poll() == numbered(3, 3)
    assert following.poll(ROTATE_WAIT - 1) == []
    assert following.poll(2) == ["line 2"]
    assert following.wait_out() == []


def test_a_rotated_file_that_is_matched_and_grows_again(tmp_path, log):
    """Its descriptor was closed; it is opened again, and the wait begins anew."""
    following = Following(tmp_path / "app.log*")
    append(log, lines(1, 1))
    assert following.poll() == numbered(1, 1)
    rotated = log.rename(log.with_name("app.log.1"))
    following.wait_out()
    assert [file.asleep for file in following.tail.files.values()] == [True]
    append(rotated, lines(2, 2) + "line")
    assert following.poll() == numbered(2, 2)
    append(rotated, " 3\n")
    assert following.poll() == numbered(3, 3)


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\x80" * 50])
def test_bytes_that_are_no_utf8(log, following, bad):
    """They cost no other line."""
    log.write_bytes(b"line 1\nbad " + bad + b"\n" + lines(3, 1000).encode())
    following.now += 1
    following.tail.look(following.now)
    (piece,) = following.tail.read(following.now)
    assert piece.lines.invalid_utf8() == 1
    assert (len(piece.lines), piece.lines[-1]) == (1000, b"line 1000")


def test_crlf_nul_and_utf8(log, following):
    """Line ends of either kind, NULs in front of a line and within, umlauts."""
    log.write_bytes(b"a\r\nb\r\n\0\0c\nd\0e\n" + "Gr\u00fc\u00dfe\n".encode())
    assert following.poll() == ["a", "b", "c", "d\0e", "Gr\u00fc\u00dfe"]


def test_lines_written_while_it_is_down(log, following):
    """They are read by the next process."""
    append(log, lines(1, 2))
    assert following.poll() == numbered(1, 2)
    append(log, lines(3, 11))
    restarted = following.restarted()
    seen = restarted.poll()
    append(log, lines(12, 13))
    assert seen + restarted.poll() == numbered(3, 13)


def test_a_symbolic_link_switched_to_a_file_with_four_lines(tmp_path, log):
    """Both files are read to their ends."""
    append(tmp_path / "a", lines(1, 3))
    append(tmp_path / "b", lines(4, 7))
    log.symlink_to("a")
    following = Following(log)
    assert following.poll() == numbered(1, 3)
    log.unlink()
    log.symlink_to("b")
    assert following.poll() == numbered(4, 7)
    append(tmp_path / "b", lines(8, 9))
    assert following.poll() == numbered(8, 9)


def test_a_glob_matches_the_rotated_name(tmp_path, log):
    """The file is known under both."""
    following = Following(tmp_path / "app.log*")
    append(log, lines(1, 4))
    assert following.poll() == numbered(1, 4)
    log.rename(log.with_name("app.log.1"))
    append(log, lines(5, 8))
    assert following.poll() == numbered(5, 8)
    assert following.wait_out() == []


@pytest.mark.parametrize("alike", [False, True])
def test_removed_and_recreated_larger(log, following, alike):
    """Another file, whatever it begins with."""
    append(log, lines(1, 5))
    assert following.poll() == numbered(1, 5)
    log.unlink()
    append(log, lines(1, 5) * alike + lines(6, 55))
    assert following.poll()[-50:] == numbered(6, 55)


def test_gz_in_the_glob(tmp_path):
    """It is decompressed."""
    (tmp_path / "a.gz").write_bytes(gzip.compress(lines(1, 5).encode()))
    assert Following(tmp_path / "*.gz").poll() == numbered(1, 5)


def test_permission_is_missing_right_after_the_rotation(log, following, monkeypatch):
    """The new file is tried until it can be opened (pain 1: a tailer that stops for good)."""
    append(log, lines(1, 2))
    assert following.poll() == numbered(1, 2)
    log.rename(log.with_suffix(".1"))
    append(log, lines(3, 4))

    def refuse(path, *args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refuse)
        for _ in range(10):
            assert following.poll() == []
    assert following.poll() == numbered(3, 4)


def test_emptied_by_a_shell_again_and_again(log, following):
    """`> app.log` (pain 1)."""
    for number in range(1, 20):
        append(log, lines(number, number))
        assert following.poll() == numbered(number, number)
        log.write_bytes(b"")
        if number % 2:
            assert following.poll() == []


def test_renamed_in_the_glob_and_restarted(tmp_path, log):
    """No line counts twice (pain 2: positions by path)."""
    following = Following(tmp_path / "*")
    append(log, lines(1, 100))
    assert following.poll() == numbered(1, 100)
    for name in ("b", "c", "a"):
        log = log.rename(tmp_path / name)
        following = following.restarted()
        assert following.poll() == []


def test_the_number_of_a_removed_file_is_given_to_the_next(tmp_path, log):
    """What it holds tells (pain 3: inode reuse)."""
    following = Following(tmp_path / "*.log")
    append(log, lines(1, 10))
    assert following.poll() == numbered(1, 10)
    state = following.stored()
    following.tail.close()
    log.unlink()
    append(log, lines(11, 40))
    # Whether the file system does that is its own business.
    (position,) = state["positions"].values()
    position["key"][1] = log.stat().st_ino
    assert Following(tmp_path / "*.log", state=state).poll() == numbered(11, 40)


@pytest.mark.parametrize("size", [0, 1, 2, 20])
def test_files_of_any_size_with_the_same_first_line(tmp_path, size):
    """Each is read from its first byte (pain 4: fingerprints that need a kilobyte)."""
    following = Following(tmp_path / "*.log")
    assert following.poll() == []
    for name in ("a", "b", "c"):
        append(tmp_path / f"{name}.log", "x" * size + "\n")
    seen = following.poll()
    for name in ("a", "b", "c"):
        append(tmp_path / f"{name}.log", f"{name}\n")
    seen += following.poll()
    assert sorted(seen) == sorted(["x" * size] * 3 + ["a", "b", "c"])


def test_each_hour_another_file(tmp_path):
    """The first lines of a new file are not lost (pain 5: a start at the end)."""
    following = Following(tmp_path / "*.log", start="end")
    following.poll()
    for hour in range(24):
        append(tmp_path / f"{hour:02}.log", lines(hour, hour))
        assert following.poll() == numbered(hour, hour)


def test_removed_files_do_not_fill_the_disk(tmp_path):
    """Beyond a size the oldest are given up; their bytes are counted (pain 6)."""
    following = Following(tmp_path / "*.log", pinned_bytes=150)
    for name in ("a", "b", "c"):
        (tmp_path / f"{name}.log").write_bytes(name.encode() * 99 + b"\n")
    following.tail.look(following.now)
    list(following.tail.read(following.now, limit=10))
    for path in tmp_path.iterdir():
        path.unlink()
    following.tail.look(following.now + 1)
    assert len(following.tail.files) == 1
    assert following.tail.counters.abandoned_bytes == 200
    assert following.poll() == ["c" * 99]
    following.wait_out()
    assert not following.tail.files


def test_a_state_of_an_older_version(log, following):
    """It holds a list of positions without markers and sizes (pain 11: checkpoints)."""
    append(log, lines(1, 5))
    assert following.poll() == numbered(1, 5)
    state = following.stored()
    older = [
        {name: position[name] for name in ("path", "key", "offset", "head", "line")}
        | {"dropping": False}
        for position in state["positions"].values()
    ]
    for name in ("gone", "copies"):
        del state[name]
    append(log, lines(6, 7))
    assert Following(log, state={**state, "positions": older}).poll() == numbered(6, 7)


def test_a_line_that_is_too_long_costs_itself(log, following):
    """The file is read on (pain 13)."""
    append(log, lines(1, 1) + "x" * (3 << 20) + "\n" + lines(2, 3))
    assert following.poll() == numbered(1, 3)
    assert following.too_long == 1


def test_blocks_of_nuls_are_passed_over_at_once(log, following):
    """They cost no turn after turn (pain 13)."""
    log.write_bytes(bytes(5 << 20) + b"line 1\n" + bytes(5 << 20) + b"line 2\n")
    assert following.poll() == numbered(1, 2)
    assert following.too_long == 0


def test_start_at_the_end_inside_a_line(log):
    """The rest of that line is no line."""
    append(log, "{'half': ")
    following = Following(log, start="end")
    assert following.poll() == []
    append(log, "1}\n" + lines(1, 1))
    assert following.poll() == numbered(1, 1)
    append(log, "{'half': ")
    restarted = Following(log, start="end")
    assert restarted.poll() == []
    again = restarted.restarted()
    append(log, "2}\n" + lines(2, 2))
    assert again.poll() == numbered(2, 2)
    assert again.too_long == 0


def test_utf16_is_refused_and_tried_again_when_it_is_replaced(log, following):
    """It is said, once; the source is not up, nothing of it counts as unread for ever."""
    log.write_bytes("line 1\n".encode("utf-16"))
    assert following.poll() + following.poll() == []
    assert following.tail.counters.open_errors == {"EILSEQ": 1}
    assert (following.tail.up, following.tail.unread) == (False, 0)
    log.write_bytes(lines(2, 3).encode())
    assert following.poll() == numbered(2, 3)
    assert following.tail.up


def test_a_byte_order_mark_is_no_part_of_the_first_line(log, following):
    """Whatever wrote the file."""
    log.write_bytes(b"\xef\xbb\xbfline 1\nline 2\n")
    assert following.poll() == numbered(1, 2)


def test_renamed_out_of_the_glob_while_it_was_down(log, following):
    """It is found by its number in its folder, and read to its end."""
    append(log, lines(1, 5))
    assert following.poll() == numbered(1, 5)
    append(log, lines(6, 7) + "line 8")
    log.rename(log.with_name("elsewhere"))
    append(log, lines(9, 9))
    restarted = following.restarted()
    seen = restarted.poll()
    assert sorted(seen + restarted.wait_out()) == sorted(numbered(6, 9))
    assert restarted.tail.counters.abandoned_bytes == 0
    assert len(restarted.tail.files) == 1


def test_removed_while_it_was_down(log, following):
    """What was known to be unread is counted once."""
    append(log, lines(1, 5))
    assert following.poll() == numbered(1, 5)
    append(log, lines(6, 7))
    following.tail.look(following.now + 1)
    log.unlink()
    restarted = following.restarted()
    assert restarted.poll() == []
    assert restarted.wait_out() == []
    assert restarted.tail.counters.abandoned_bytes == len(lines(6, 7))
    again = restarted.restarted()
    assert again.poll() + again.wait_out() == []
    assert again.tail.counters.abandoned_bytes == len(lines(6, 7))


def test_a_folder_that_can_not_be_looked_into_is_no_removal(tmp_path, monkeypatch):
    """The line at hand is not cut in two by it."""
    folder = tmp_path / "logs"
    folder.mkdir()
    log = folder / "app.log"
    append(log, lines(1, 1) + "li")
    following = Following(folder / "*.log")
    assert following.poll() == numbered(1, 1)
    real_scandir, real_stat = os.scandir, os.stat

    def refuse(real):
        def refusing(path=".", *args, **kwargs):
            if str(path).startswith(str(folder)):
                raise PermissionError(errno.EACCES, "Permission denied", str(path))
            return real(path, *args, **kwargs)

        return refusing

    with monkeypatch.context() as patched:
        patched.setattr(os, "scandir", refuse(real_scandir))
        patched.setattr(os, "stat", refuse(real_stat))
        assert following.poll() + following.wait_out() + following.wait_out() == []
    append(log, "ne 2\n")
    assert following.poll() == numbered(2, 2)


def test_a_file_that_left_and_can_not_be_read_is_given_up(log, following, monkeypatch):
    """After the wait; its bytes are counted."""
    append(log, lines(1, 1))
    assert following.poll() == numbered(1, 1)
    append(log, lines(2, 3))
    following.tail.look(following.now)
    log.unlink()

    def fail(*args):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", fail)
        assert following.poll() + following.wait_out() == []
    assert not following.tail.files
    assert following.tail.counters.abandoned_bytes == len(lines(2, 3))


def test_bytes_cut_off_before_they_were_read_are_counted(log):
    """What was read before is still there: nothing is read twice."""
    append(log, lines(1, 100))
    following = Following(log)
    following.tail.look(following.now)
    (piece,) = following.tail.read(following.now, limit=70)
    os.truncate(log, 140)
    seen = [line.decode() for line in piece.lines] + following.poll()
    assert seen == numbered(1, 20)[: len(seen)]
    counters = following.tail.counters
    assert (counters.truncations, counters.abandoned_bytes) == (1, len(lines(1, 100)) - 140)


def test_a_copy_put_over_a_rotated_file(tmp_path, log):
    """`cp app.log app.log.1; > app.log`: the same file number as that of the copy before."""
    following = Following(tmp_path / "app.log*")
    seen = []
    for day in range(4):
        append(log, lines(3 * day, 3 * day + 1))
        seen += following.poll()
        append(log, lines(3 * day + 2, 3 * day + 2))
        shutil.copyfile(log, log.with_name("app.log.1"))
        os.truncate(log, 0)
        seen += following.poll() + following.wait_out()
    assert sorted(seen) == sorted(numbered(0, 11))


def test_an_idle_file_costs_nothing_to_read(tmp_path, monkeypatch):
    """Neither its size is asked for nor its content."""
    for number in range(20):
        append(tmp_path / f"{number}.log", lines(number, number))
        os.utime(tmp_path / f"{number}.log", (0, 0))
    following = Following(tmp_path / "*.log")
    assert len(following.poll()) == 20
    following.poll()
    calls = []
    with monkeypatch.context() as patched:
        for name in ("pread", "fstat", "stat", "open"):
            patched.setattr(os, name, lambda *args, name=name: calls.append(name))
        assert list(following.tail.read(following.now)) == []
        assert (following.tail.unread, len(following.tail.files)) == (0, 20)
    assert calls == []
    append(tmp_path / "7.log", lines(2, 2))
    following.tail.notice({str(tmp_path / "7.log"), str(tmp_path / "unknown")})
    (piece,) = following.tail.read(following.now)
    assert piece.lines == [b"line 2"]


def test_only_positions_that_changed_have_another_version(tmp_path):
    """So that a commit writes no others."""
    for number in range(5):
        append(tmp_path / f"{number}.log", lines(number, number))
    following = Following(tmp_path / "*.log")
    following.poll()
    before = dict(following.tail.dump()["positions"].versions())
    append(tmp_path / "3.log", lines(2, 2))
    following.read()
    after = following.tail.dump()["positions"].versions()
    status = (tmp_path / "3.log").stat()
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {f"{status.st_dev}:{status.st_ino}"}
