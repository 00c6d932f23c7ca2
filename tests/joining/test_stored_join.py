"""What waits is stored with the counts, little by little, and in the same transaction."""

from __future__ import annotations

import random

from exporter.joining.blocks import BLOCK, CACHED
from exporter.storage.archive import archives, nested_parts, tell_stored
from exporter.storage.database import Database
from exporter.storage.ledger import Ledger
from tests.joining.test_join import feed, label, model, prediction, shown

PART = "monitors/bot"


def commit(database, ledger, group):
    """Store a group, and return how many bytes were written."""
    staged = ledger.stage({PART: group.dump()})
    written = database.commit(staged)
    ledger.settle(staged)
    tell_stored(staged, database.read_archived)
    return written


def restored(path):
    """Return a group from what a file holds, with a ledger that knows it."""
    database = Database(path)
    rows, archived = database.read(), database.archived()
    group = model(pending=100_000)
    group.load(nested_parts(rows, archives(archived, database.read_archived))[PART])
    ledger = Ledger()
    ledger.adopt(rows, archived)
    return database, ledger, group


def test_a_crash_at_any_commit_loses_and_doubles_nothing(tmp_path):
    """What was read after the last commit is read again into what that commit stored."""
    chance = random.Random(7)
    events = [
        *(prediction(f"r{number}") for number in range(3000)),
        *(label(f"r{number}") for number in range(0, 3000, 2)),
        *(label(f"r{number}") for number in range(0, 3000, 10)),
    ]
    chance.shuffle(events)
    path = tmp_path / "modeltail.db"
    database, ledger, group = Database(path), Ledger(), model(pending=100_000)
    offset = committed = 0
    commit(database, ledger, group)
    while offset < len(events):
        size = chance.choice((1, 20, 400))
        feed(group, *events[offset : offset + size])
        offset += size
        dice = chance.random()
        if dice < 0.5:
            commit(database, ledger, group)
            committed = offset
        elif dice < 0.7:
            # A commit that fails is made good by the next one.
            ledger.stage({PART: group.dump()})
        elif dice < 0.85:
            database.close()
            database, ledger, group = restored(path)
            offset = committed
    found = shown(group)
    assert found["model_labels_total{version=1}"] == 1500
    assert found["model_labels_matched_total{}"] == 1500
    assert found["model_labels_duplicate_total{}"] == 300
    assert found["model_labels_pending{}"] == 1500
    assert "model_labels_orphan_total{}" not in found
    database.close()


def test_a_commit_writes_what_is_new(tmp_path):
    """A thousand more predictions cost the same whether few or many wait; a label, some bits."""
    database, ledger, group = Database(tmp_path / "modeltail.db"), Ledger(), model(pending=100_000)
    sizes = []
    for start in range(0, 40 * BLOCK, 2 * BLOCK):
        feed(group, *(prediction(f"r{number}") for number in range(start, start + 2 * BLOCK)))
        sizes.append(commit(database, ledger, group))
    assert max(sizes[5:]) < 1.1 * min(sizes[5:])
    feed(group, label("r7"))
    assert commit(database, ledger, group) < min(sizes) / 4
    database.close()


def test_given_up_blocks_leave_the_database(tmp_path):
    """Rows of what is not waited for any more are deleted."""
    database, ledger, group = Database(tmp_path / "modeltail.db"), Ledger(), model(pending=100_000)
    feed(group, *(prediction(f"r{number}") for number in range(2000)))
    commit(database, ledger, group)
    group.expire(1e12)
    commit(database, ledger, group)
    blocks = [path for path in database.read()[PART] if "/predictions/blocks/" in path]
    assert blocks == []
    database.close()


def test_what_storage_can_not_read_is_an_orphan(tmp_path):
    """The label of such a prediction is joined with nothing; others are."""
    database, ledger, group = Database(tmp_path / "modeltail.db"), Ledger(), model(pending=100_000)
    feed(group, *(prediction(f"r{number}") for number in range(CACHED * BLOCK + 2 * BLOCK)))
    commit(database, ledger, group)
    database.close()
    feed(group, label("r0"), label(f"r{CACHED * BLOCK}"), label("r1"))
    found = shown(group)
    assert found["model_labels_total{version=1}"] == 1
    assert found["model_labels_matched_total{}"] == 1
    assert found["model_labels_orphan_total{}"] == 2
    feed(group, label("r0"))
    assert shown(group)["model_labels_duplicate_total{}"] == 1


def test_blocks_come_back_from_storage(tmp_path):
    """However long ago they were closed."""
    database, ledger, group = Database(tmp_path / "modeltail.db"), Ledger(), model(pending=200_000)
    count = 2 * CACHED * BLOCK
    feed(group, *(prediction(f"r{number}") for number in range(count)))
    commit(database, ledger, group)
    feed(group, *(label(f"r{number}") for number in range(count - 1, -1, -7)))
    found = shown(group)
    assert found["model_labels_matched_total{}"] == len(range(count - 1, -1, -7))
    assert found["model_labels_pending{}"] == count - len(range(count - 1, -1, -7))
    database.close()
