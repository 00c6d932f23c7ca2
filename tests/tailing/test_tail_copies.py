"""Copies of logs that a glob matches too: nothing in them counts twice, nothing is lost."""

from __future__ import annotations

import gzip
import os
import shutil

import pytest

from tests.tailing.following import ROTATE_WAIT, Following, append, lines, numbered


@pytest.fixture(params=[3, 300], ids=["short", "long"])
def count(request):
    """Return how many lines the log has at first: less or more than its fingerprint covers."""
    return request.param


@pytest.fixture
def log(tmp_path, count):
    """Return a log."""
    append(tmp_path / "app.log", lines(1, count))
    return tmp_path / "app.log"


@pytest.fixture
def following(tmp_path, log, count):
    """Return a tail that has read it; its glob matches the copies."""
    following = Following(tmp_path / "app.log*")
    assert following.poll() == numbered(1, count)
    return following


def seen(following: Following, *, expect: int, first: int) -> None:
    """Poll until everything has been decided, and compare with the lines `first` to `expect`."""
    read = following.poll() + following.wait_out() + following.wait_out()
    assert sorted(read) == sorted(numbered(first, expect))


def copied(log, name="app.log.1"):
    """Copy as logrotate does before it truncates."""
    return shutil.copy(log, log.with_name(name))


def test_copied_and_truncated_between_two_looks(log, following, count):
    """The copy holds nothing that was not read."""
    copied(log)
    os.truncate(log, 0)
    append(log, lines(count + 1, count + 2))
    seen(following, first=count + 1, expect=count + 2)
    counters = following.tail.counters
    assert (counters.copies, counters.truncations, counters.rotations) == (1, 1, 1)
    assert counters.abandoned_bytes == 0


def test_what_was_not_read_before_the_truncation_is_read_from_the_copy(log, following, count):
    """It is nowhere else."""
    append(log, lines(count + 1, count + 20) + "unterminat")
    copied(log)
    os.truncate(log, 0)
    append(log, lines(count + 21, count + 22))
    read = following.poll() + following.wait_out()
    assert sorted(read) == sorted([*numbered(count + 1, count + 22), "unterminat"])
    assert following.tail.counters.abandoned_bytes == 0


def test_a_copy_that_grows_while_the_log_does(log, following, count):
    """It is held back until the log is truncated."""
    data = log.read_bytes()
    copy = log.with_name("app.log.1")
    read = []
    for size in (0, 1, len(data) // 2, len(data)):
        copy.write_bytes(data[:size])
        read += following.poll(ROTATE_WAIT - 1)
    append(log, lines(count + 1, count + 1))
    append(copy, lines(count + 1, count + 1))
    read += following.poll()
    append(log, lines(count + 2, count + 2))
    append(copy, lines(count + 2, count + 2))
    os.truncate(log, 0)
    append(log, lines(count + 3, count + 3))
    read += following.poll() + following.wait_out()
    assert sorted(read) == sorted(numbered(count + 1, count + 3))
    assert set(following.tail.files) == {
        (path.stat().st_dev, path.stat().st_ino) for path in (log, copy)
    }


def test_more_was_read_of_the_log_than_was_copied(log, following, count):
    """Written between the copy and the truncation, and read in that time."""
    copied(log)
    assert following.poll() == []
    append(log, lines(count + 1, count + 5))
    assert following.poll() == numbered(count + 1, count + 5)
    os.truncate(log, 0)
    append(log, lines(count + 6, count + 6))
    seen(following, first=count + 6, expect=count + 6)


def test_a_copy_found_only_after_more_was_read(log, following, count):
    """Its end is not known among what was read; it does not grow."""
    copied(log)
    append(log, lines(count + 1, count + 5))
    assert following.read() == numbered(count + 1, count + 5)
    os.truncate(log, 0)
    append(log, lines(count + 6, count + 6))
    seen(following, first=count + 6, expect=count + 6)


def test_a_log_that_is_not_truncated_and_its_copy_are_two_files(log, following, count):
    """Somebody wants it so: it counts twice, once it is clear that no truncation follows."""
    copied(log)
    assert following.poll() == []
    assert following.poll(ROTATE_WAIT - 1) == []
    assert following.poll(2) == numbered(1, count)
    assert following.tail.counters.copies == 0


def test_a_file_that_begins_alike_and_goes_on_otherwise_is_read_at_once(log, following, count):
    """Two replicas of a service write the same first lines."""
    append(log.with_name("app.log.b"), lines(1, count))
    assert following.poll() == []
    append(log.with_name("app.log.b"), "other\n")
    assert following.poll() == [*numbered(1, count), "other"]


def test_a_successor_that_begins_alike_is_no_copy(log, following, count):
    """It has the path that its predecessor had, whether that was renamed or removed."""
    log.rename(log.with_name("app.log.1"))
    append(log, lines(1, count))
    assert following.poll() == numbered(1, count)
    log.unlink()
    append(log, lines(1, count))
    assert following.poll() == numbered(1, count)


def test_copied_and_truncated_twice_between_two_looks(log, following, count):
    """The first copy goes on where the log was left, the second one is new."""
    append(log, lines(count + 1, count + 1))
    copied(log, "app.log.2")
    os.truncate(log, 0)
    append(log, lines(count + 2, count + 3))
    copied(log, "app.log.1")
    os.truncate(log, 0)
    append(log, lines(count + 4, count + 4))
    seen(following, first=count + 1, expect=count + 4)


def test_day_after_day(log, following, count):
    """Copies are renamed when the next one is made, the oldest is removed."""
    number = count
    read = []
    for _ in range(6):
        for age in (3, 2, 1):
            old = log.with_name(f"app.log.{age}")
            if old.exists():
                old.rename(log.with_name(f"app.log.{age + 1}"))
        append(log, lines(number + 1, number + 3))
        copied(log)
        os.truncate(log, 0)
        append(log, lines(number + 4, number + 5))
        number += 5
        read += following.poll()
        append(log, lines(number + 1, number + 1))
        number += 1
        read += following.wait_out()
    assert sorted(read) == sorted(numbered(count + 1, number))
    assert following.tail.counters.abandoned_bytes == 0


def test_a_copy_that_is_compressed_at_once(log, following, count):
    """Whether its plain form was seen or not."""
    append(log, lines(count + 1, count + 2))
    copy = log.with_name("app.log.1.gz")
    copy.write_bytes(gzip.compress(log.read_bytes()))
    os.truncate(log, 0)
    append(log, lines(count + 3, count + 3))
    seen(following, first=count + 1, expect=count + 3)


def test_a_copy_that_is_compressed_after_it_was_read(log, following, count):
    """It is its own plain form."""
    append(log, lines(count + 1, count + 2))
    copy = copied(log)
    os.truncate(log, 0)
    append(log, lines(count + 3, count + 3))
    read = following.poll() + following.wait_out()
    copy.with_name("app.log.1.gz").write_bytes(gzip.compress(copy.read_bytes()))
    read += following.poll()
    copy.unlink()
    read += following.poll() + following.wait_out() + following.wait_out()
    assert sorted(read) == sorted(numbered(count + 1, count + 3))


@pytest.mark.parametrize("name", ["app.log.1", "app.log.1.gz"])
def test_copied_and_truncated_while_the_exporter_was_down(log, following, count, name):
    """The copy goes on where the log was left."""
    append(log, lines(count + 1, count + 2))
    data = log.read_bytes()
    log.with_name(name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    os.truncate(log, 0)
    append(log, lines(count + 3, count + 3))
    seen(following.restarted(), first=count + 1, expect=count + 3)


def test_killed_between_truncation_and_copy(log, following, count):
    """What is known of the truncated content is stored."""
    append(log, lines(count + 1, count + 2))
    data = log.read_bytes()
    os.truncate(log, 0)
    assert following.poll() == []
    restarted = following.restarted()
    log.with_name("app.log.1").write_bytes(data)
    seen(restarted, first=count + 1, expect=count + 2)


def test_held_back_when_the_exporter_is_restarted(log, following, count):
    """It was counted nowhere, hence it is new to the next process as well."""
    copied(log)
    assert following.poll() == []
    restarted = following.restarted()
    assert restarted.poll() == []
    append(log, lines(count + 1, count + 1))
    os.truncate(log, 0)
    append(log, lines(count + 2, count + 2))
    read = restarted.poll() + restarted.wait_out()
    assert read == numbered(count + 2, count + 2)


def test_moved_to_another_disk(tmp_path, log, following, count):
    """A copy, and the removal of the original: what tells is enough content."""
    append(log, lines(count + 1, count + 200))
    assert following.poll() == numbered(count + 1, count + 200)
    copied(log)
    log.unlink()
    append(log, lines(count + 201, count + 201))
    read = following.poll() + following.wait_out() + following.wait_out()
    assert read == numbered(count + 201, count + 201)
    assert following.tail.counters.copies == 1


def test_at_the_very_first_look_every_plain_file_counts(log, count):
    """Once the other one was not truncated for `rotate_wait`."""
    copied(log)
    following = Following(log.parent / "*")
    assert following.poll() == numbered(1, count)
    assert following.wait_out() == numbered(1, count)


def test_where_reading_starts_at_the_end_copies_do_not_wait(log, count):
    """Nothing that is there counts, and what comes counts at once."""
    copy = copied(log)
    following = Following(log.parent / "*", start="end")
    assert following.poll() == []
    append(log, lines(count + 1, count + 1))
    append(copy, lines(count + 2, count + 2))
    assert sorted(following.poll()) == sorted(numbered(count + 1, count + 2))


def test_truncated_without_a_copy_what_was_known_is_abandoned(log, following, count):
    """Once no copy has turned up: the half line that was read, and bytes that were seen."""
    append(log, "half a line")
    assert following.poll() == []
    append(log, " and more\n")
    following.tail.look(following.now)
    os.truncate(log, 0)
    assert following.poll() == []
    assert following.tail.counters.abandoned_bytes == 0
    assert following.wait_out() == []
    assert following.tail.counters.abandoned_bytes == len("half a line and more\n")


def test_lines_that_are_filled_up_with_the_same_make_no_copy(tmp_path):
    """A header that all logs share, and an end that all lines have: what is between them tells."""
    header, fill = "#" * 2000 + "\n", "." * 1100
    append(tmp_path / "a.log", header)
    following = Following(tmp_path / "*.log")
    following.poll()
    append(tmp_path / "a.log", f"one{fill}\n")
    append(tmp_path / "b.log", f"{header}two{fill}\n")
    assert [line.strip(".#") for line in following.poll()] == ["one", "", "two"]
