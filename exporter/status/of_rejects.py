"""Lines that could not be decoded, and values that broke a rule."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from exporter.quality.offenders import Offender as KeptOffender
from exporter.source import SourceView
from exporter.status.views import Offender, Reject, Rejects


def rejects(
    sources: Sequence[SourceView],
    offenders: Iterable[tuple[str, KeptOffender]],
    *,
    with_content: bool,
) -> Rejects:
    """Return the latest of all sources and models.

    Parameters
    ----------
    offenders
        Each with its model.
    with_content
        Whether what logs say may be shown.
    """
    rejected = [
        Reject(
            source.name,
            one.time,
            one.path,
            one.reason,
            one.count,
            one.problem if with_content else None,
        )
        for source in sources
        for one in source.rejects
    ]
    broke = [
        Offender(
            model,
            one.version,
            one.event_time,
            one.field,
            one.rule,
            one.value if with_content or not one.shown else None,
        )
        for model, one in offenders
    ]
    return Rejects(
        sorted(rejected, key=lambda one: -one.time), sorted(broke, key=lambda one: -one.time)
    )
