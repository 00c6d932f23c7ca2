"""What `modeltail check` says of the registry: whether it knows the versions in the logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from exporter.commands.printable import printable
from exporter.records import RecordBatch
from exporter.registry.lineage import Standing


def facts(standings: Sequence[Standing]) -> Iterator[str]:
    """Yield what is in production."""
    names = [one.name for one in standings if one.stage == "production"]
    yield f"registry: {len(standings)} versions, in production: {names[0] if names else 'none'}"


def problems(standings: Sequence[Standing], batches: Sequence[RecordBatch]) -> Iterator[str]:
    """Yield a line for each version that records name and the registry does not know."""
    known = {one.name for one in standings}
    named: Counter[str] = Counter()
    for batch in batches:
        named.update(version for version in batch.version.decode() if version)
    for version, count in sorted(named.items()):
        if version not in known:
            yield f"{count} records name version {printable(version)}, which is not registered"
