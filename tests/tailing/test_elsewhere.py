"""Where a file is whose path does not lead to it any more."""

from __future__ import annotations

from exporter.tailing.elsewhere import absent, find, leads_to
from exporter.tailing.identity import key_of


def test_a_renamed_file_is_found_in_its_folder(tmp_path):
    """By its number."""
    log = tmp_path / "app.log"
    log.touch()
    key = key_of(log.stat())
    assert find(str(log), key) == str(log)
    renamed = log.rename(tmp_path / "old")
    assert absent(str(log), key)
    assert find(str(log), key) == str(renamed)


def test_another_folder_is_not_searched(tmp_path):
    """A file that was moved there is gone."""
    log = tmp_path / "app.log"
    log.touch()
    (tmp_path / "away").mkdir()
    key = key_of(log.rename(tmp_path / "away" / "app.log").stat())
    assert find(str(log), key) is None
    assert find(str(tmp_path / "gone" / "app.log"), key) is None


def test_a_folder_that_got_the_number_of_a_removed_file_is_not_it(tmp_path):
    """Opened, it would be read as a file, and fail."""
    folder = tmp_path / "folder"
    folder.mkdir()
    key = key_of(folder.stat())
    assert find(str(tmp_path / "app.log"), key) is None
    assert not leads_to(str(folder), key)
    assert absent(str(folder), key)
