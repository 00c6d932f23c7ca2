"""What values must be like: the `rules` of a model, and what may be shown of those that are not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator, model_validator

from exporter.bounded_search import BoundedPattern
from exporter.config.quantities import Duration
from exporter.config.section import Section
from exporter.parsing import withheld
from exporter.parsing.fields import FEATURES, MAPS, REQUEST_ID
from exporter.quality import fields
from exporter.quality.comparison import Comparison

DEFAULT_REMEMBERED = 100_000
_MOST_REMEMBERED = 10_000_000


def _value(value: Any) -> Any:
    if not isinstance(value, str | int | float | bool):
        raise ValueError(f"{value!r} is no text, number, true or false")  # noqa: TRY004
    return value


Value = Annotated[
    Any, AfterValidator(_value), WithJsonSchema({"type": ["string", "number", "boolean"]})
]
Number = Annotated[float, Field(allow_inf_nan=False)]


class FieldRules(Section):
    """What the values of one field must be like; a value that is not still counts."""

    type: Literal["number", "integer", "text", "boolean"] | None = Field(
        default=None,
        description="Of a feature, slice or attribution. A number must be finite; integer takes "
        "23.0 as well.",
    )
    required: bool = Field(default=False, description="Whether every prediction must have it.")
    min: Number | None = Field(default=None, description="Least number.")
    max: Number | None = Field(default=None, description="Greatest number.")
    allowed: tuple[Value, ...] | None = Field(
        default=None, strict=False, min_length=1, description="All classes that there are."
    )
    pattern: str | None = Field(
        default=None,
        description="Expression of Python's `re` that a whole text must match; none longer than "
        "4096 characters does, and none that takes a fiftieth of a second.",
    )
    unique: bool = Field(
        default=False, description="For `request_id`: no two predictions have the same."
    )

    @field_validator("pattern")
    @classmethod
    def _usable_pattern(cls, value: str | None) -> str | None:
        if value is not None:
            BoundedPattern(value)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is greater than max {self.max:g}")
        ranged = self.min is not None or self.max is not None
        if ranged and self.type in ("text", "boolean"):
            raise ValueError(f"min and max are for numbers, not for type: {self.type}")
        return self


class RuleSet(Section):
    """Rules by field, and between fields: all that a file which `include` names may hold."""

    fields: dict[str, FieldRules] = Field(
        default_factory=dict,
        description="Rules by field: features.NAME, slice.NAME, attributions.NAME, or a field of "
        "the record schema; the latency is latency_s, in seconds.",
    )
    compare: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="What must hold between two numbers of a record, for example "
        "`prediction_lower <= prediction`; spaces set off `<`, `<=`, `>`, `>=`, `==`, `!=`.",
    )

    @field_validator("fields")
    @classmethod
    def _possible(cls, value: dict[str, FieldRules]) -> dict[str, FieldRules]:
        for path, rules in value.items():
            for key in _impossible(path, rules):
                raise ValueError(f"{path}: there can be no rule `{key}` for it")
        return value

    @field_validator("compare")
    @classmethod
    def _comparisons(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(Comparison.parse(text).text for text in value))


class Rules(RuleSet):
    """What the records of a model must be like. A broken rule drops nothing."""

    include: Path | None = Field(
        default=None,
        strict=False,
        description="File with more of `fields` and `compare`, as `modeltail reference build` "
        "writes it beside a reference; what is said here of a field takes the place of what it "
        "says.",
    )
    max_age: Duration | None = Field(
        default=None,
        description="Age from which a prediction is stale when it is read. `scan` does not mind.",
    )
    duplicates: bool = Field(
        default=False,
        description="Whether predictions that are the same in all that is read of them, time "
        "included, break a rule.",
    )
    remember: Annotated[int, Field(ge=1000, le=_MOST_REMEMBERED)] = Field(
        default=DEFAULT_REMEMBERED,
        description="How many of the latest are remembered for `unique`, and for `duplicates`; "
        "100 bytes of memory each.",
    )

    @property
    def features(self) -> tuple[str, ...]:
        """Names of the logged features that the rules are about."""
        paths = [path for path, rules in self.fields.items() if rules != FieldRules()]
        paths += [field for text in self.compare for field in Comparison.parse(text).fields]
        within = (fields.split(path) for path in dict.fromkeys(paths))
        return tuple(found[1] for found in within if found and found[0] == FEATURES)


class Privacy(Section):
    """What nobody is to know of records, and what may be shown of those that break a rule."""

    drop: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Fields that are not read, for example features.email: request_id, the map "
        "features or another one, a name in it, or any other field that records make sense "
        "without. Lines that are rejected are not quoted then.",
    )
    hash: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Fields of whose values only a keyed hash is known, even to references and "
        "rules: request_id, features or slice, or a name in these two. Lines that are rejected are "
        "not quoted then.",
    )
    hash_key_file: Path | None = Field(
        default=None,
        strict=False,
        description="File with the key of the hashes, 1 to 64 bytes of text; `hash` needs it. "
        "Relative to the configuration file. With another key all values are others.",
    )

    show_values: bool = Field(
        default=False,
        description="Whether values are shown at all, or only what kind they are of.",
    )
    redact: tuple[str, ...] = Field(
        default=(),
        strict=False,
        description="Fields whose values are not shown in any case, for example features.email; "
        "`features` stands for all of them.",
    )

    exemplars: bool = Field(
        default=True,
        description="Whether a scrape in OpenMetrics names the latest `request_id` of each kind "
        "of failure, and of each bucket of latency, time to first token and confidence; never one "
        "that `redact` lists.",
    )

    @property
    def withholds(self) -> bool:
        """Whether lines hold something that nobody is to know."""
        return bool(self.drop or self.hash)

    @model_validator(mode="after")
    def _withholdable(self) -> Self:
        for key, paths, possible in (
            ("drop", self.drop, withheld.DROPPED),
            ("hash", self.hash, withheld.HASHED),
        ):
            wrong = [path for path in paths if not withheld.known(path, possible)]
            if wrong:
                names = ", ".join(possible)
                raise ValueError(
                    f"{key}: {wrong[0]!r} can't be; expected of {names}, or a name in them"
                )
        if self.hash and self.hash_key_file is None:
            raise ValueError("hash: hash_key_file is missing: without a key, hashes can be guessed")
        return self

    @property
    def names_requests(self) -> bool:
        """Whether exemplars are shown."""
        return self.exemplars and REQUEST_ID not in self.redact

    @field_validator("redact")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for path in value:
            if path not in MAPS:
                fields.split(path)
        return value


def _impossible(path: str, rules: FieldRules) -> list[str]:
    """Return the keys that make no sense for a field.

    Raises
    ------
    ValueError
        If no rule can be about it.
    """
    plain = fields.split(path) is None
    wrong = {
        "type": plain,
        "min": plain and path not in fields.NUMBERS,
        "max": plain and path not in fields.NUMBERS,
        "allowed": plain and path not in fields.CLASSES,
        "pattern": plain and path not in fields.CLASSES,
        "unique": path != REQUEST_ID,
    }
    return [key for key, bad in wrong.items() if bad and getattr(rules, key) not in (None, False)]
