"""The text of a scrape, byte for byte as prometheus_client writes it, in less time.

What is before the value of a sample never changes. It is written by prometheus_client once, and
then known by the labels: that takes a fifth of the time of sorting and escaping them again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Exemplar, Sample
from prometheus_client.utils import floatToGoString

Encode = Callable[[Collector], bytes]
_go: Callable[[float], str] = floatToGoString
_END = b"# EOF\n"
# Such samples are put elsewhere by the text format.
_APART = ("_created", "_gsum", "_gcount")
_MOST_VALUES = 10_000
_Labels = tuple[tuple[str, str], ...]
_NONE: dict[_Labels, str] = {}
_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class _Given(Collector):
    """Some families."""

    def __init__(self, *families: Metric) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


class Encoder:
    """Writes families as `encode` does; in one thread at a time.

    Parameters
    ----------
    encode
        One of prometheus_client's.
    """

    def __init__(self, encode: Encode) -> None:
        self._encode = encode
        self._end = _END.decode() if encode(_Given()) == _END else ""
        self._heads: dict[tuple[str, str, str, str], str] = {}
        self._prefixes: dict[tuple[str, str], dict[_Labels, str]] = {}
        self._values: dict[float, str] = {}

    def __call__(self, families: Iterable[Metric]) -> bytes:
        """Return the text of some families."""
        # What no scrape has shown since the last one is forgotten.
        known, self._prefixes = self._prefixes, {}
        if len(self._values) > _MOST_VALUES:
            self._values.clear()
        parts: list[str] = []
        for family in families:
            self._write(family, known, parts)
        parts.append(self._end)
        return "".join(parts).encode()

    def _write(
        self,
        family: Metric,
        known: dict[tuple[str, str], dict[_Labels, str]],
        parts: list[str],
    ) -> None:
        head = (family.name, family.documentation, family.type, family.unit)
        if head not in self._heads:
            self._heads[head] = self._alone(family, [])
        begin = len(parts)
        parts.append(self._heads[head])
        values = self._values
        name, before, now = "", _NONE, _NONE
        # By position: a sample is a tuple, and this is the loop that a scrape is made of.
        for sample in family.samples:
            if sample[0] != name:
                name = sample[0]
                place = (family.name, name)
                before, now = known.get(place, _NONE), self._prefixes.setdefault(place, {})
            if sample[3] is not None or name.endswith(_APART):
                # Rare, and left to prometheus_client, with the whole family.
                parts[begin:] = [self._alone(family, family.samples)]
                return
            labels = tuple(sample[1].items())
            prefix = before.get(labels)
            if prefix is None:
                prefix = self._prefix(family, sample, self._heads[head])
            now[labels] = prefix
            value = sample[2]
            text = values.get(value)
            if text is None:
                text = f"{_go(value)}\n"
                # 0.0 and -0.0 are the same key, and not the same text.
                if value:
                    values[value] = text
            if sample[4] is not None and self._end:
                text = f"{text[:-1]}{_exemplar(sample[4])}\n"
            parts.append(prefix + text)

    def _prefix(self, family: Metric, sample: Sample, head: str) -> str:
        """Return what is before the value."""
        text = self._alone(family, [sample._replace(value=0.0, exemplar=None)])
        return text.removeprefix(head).removesuffix("0.0\n")

    def _alone(self, family: Metric, samples: Sequence[Sample]) -> str:
        part = Metric(family.name, family.documentation, family.type, family.unit)
        part.samples = list(samples)
        return self._encode(_Given(part)).decode().removesuffix(self._end)


def _exemplar(exemplar: Exemplar) -> str:
    """Return what is after the value in OpenMetrics; the other format knows no exemplars."""
    labels = ",".join(
        f'{name}="{value.translate(_ESCAPED)}"' for name, value in sorted(exemplar.labels.items())
    )
    time = "" if exemplar.timestamp is None else f" {exemplar.timestamp}"
    return f" # {{{labels}}} {_go(exemplar.value)}{time}"
