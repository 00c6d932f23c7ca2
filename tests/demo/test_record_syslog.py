from __future__ import annotations

import os
import sys

from demo import record_syslog


def test_without_root_nothing_is_tried(monkeypatch, capsys, tmp_path):
    """The sandbox needs rights that an ordinary user lacks: said at once, as bad usage."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(sys, "argv", ["record_syslog", str(tmp_path)])
    assert record_syslog.main() == 2
    assert "needs Linux and root" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
