"""Write the dashboards of this folder: ``python grafana/build_dashboards.py``.

The JSON is what Grafana reads and what is committed; edit the boards here, never the JSON.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from boards.data_quality import data_quality
from boards.drift import drift
from boards.exporter import exporter
from boards.fleet import fleet
from boards.model import model
from boards.slo import slo
from boards.syslog import syslog


def main() -> None:
    """Write every dashboard as JSON, each to a file of its uid."""
    parser = argparse.ArgumentParser(description=__doc__)
    default = Path(__file__).parent / "dashboards"
    parser.add_argument("--output", type=Path, default=default, help="folder to write to")
    output = parser.parse_args().output
    for board in (fleet, model, drift, data_quality, syslog, slo, exporter):
        content = board()
        text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
        (output / f"{content['uid']}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
