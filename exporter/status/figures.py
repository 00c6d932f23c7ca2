"""The figures of a scrape, to be looked up by name and labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client import Metric

Labels = Mapping[str, str]
Series = Sequence[tuple[Labels, float]]


class Figures:
    """The samples of metric families.

    Parameters
    ----------
    families
        As a collector yields them.
    """

    def __init__(self, families: Iterable[Metric]) -> None:
        self._samples: dict[str, list[tuple[Labels, float]]] = {}
        # By the name of a series and names of labels: the series by the values of these. There may
        # be thousands of columns, and each is asked for by itself.
        self._indexes: dict[tuple[str, ...], Mapping[tuple[str | None, ...], Series]] = {}
        for family in families:
            for sample in family.samples:
                self._samples.setdefault(sample.name, []).append((sample.labels, sample.value))

    def each(self, name: str, /, **labels: str) -> Series:
        """Return labels and value of each series of a name that has these labels."""
        names = tuple(labels)
        index = self._indexes.get((name, *names))
        if index is None:
            index = self._indexes[name, *names] = self._indexed(name, names)
        return index.get(tuple(labels.values()), ())

    def _indexed(self, name: str, names: Sequence[str]) -> Mapping[tuple[str | None, ...], Series]:
        found: dict[tuple[str | None, ...], list[tuple[Labels, float]]] = {}
        for labels, value in self._samples.get(name, ()):
            found.setdefault(tuple(labels.get(one) for one in names), []).append((labels, value))
        return found

    def value(self, name: str, /, **labels: str) -> float | None:
        """Return the value of the first such series, ``None`` if there is none."""
        found = self.each(name, **labels)
        return found[0][1] if found else None

    def by(self, label: str, name: str, /, **labels: str) -> dict[str, float]:
        """Return the values of all such series by the value of a label."""
        return {found[label]: value for found, value in self.each(name, **labels)}
