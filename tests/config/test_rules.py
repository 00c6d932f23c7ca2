from __future__ import annotations

import pytest

from exporter import config
from exporter.config.rules import FieldRules
from exporter.errors import UsageError


def rules(text):
    """Return the rules of a model from their lines of YAML."""
    lines = "".join(f"      {line}\n" for line in text.splitlines())
    return config.parse(f"models:\n  - name: m\n    paths: [log]\n    rules:\n{lines}", "c.yml")


EVERYTHING = """\
fields:
  features.age: {type: integer, required: true, min: 0, max: 130}
  features.plan: {allowed: [free, 1, 2.5, true]}
  slice.region: {pattern: "[a-z]{2}"}
  request_id: {unique: true, required: true}
  latency_s: {max: 10}
compare: ["prediction_lower  <=  prediction", prediction_lower <= prediction]
max_age: 7d
duplicates: true
remember: 5000
"""


def test_every_rule_can_be_written():
    """Numbers may be whole; a comparison that is said twice is one."""
    found = rules(EVERYTHING).models[0].rules
    assert found.fields["features.age"] == FieldRules(type="integer", required=True, min=0, max=130)
    assert found.fields["features.plan"].allowed == ("free", 1, 2.5, True)
    assert found.compare == ("prediction_lower <= prediction",)
    assert (found.max_age, found.duplicates, found.remember) == (604800.0, True, 5000)


def test_features_are_those_that_rules_are_about():
    """Each once; a field without a rule is none."""
    text = "fields: {features.a.b: {min: 0}, features.c: {}}\ncompare: [features.d < features.a.b]"
    assert rules(text).models[0].rules.features == ("a.b", "d")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fields: {age: {min: 0}}", "'age' is nothing that a rule can be about; known: "),
        ("fields: {features.age: {mni: 0}}", "unknown key"),
        ("fields: {features.age: {type: whole}}", "expected 'number', 'integer', 'text' or"),
        ("fields: {features.age: {min: 3, max: 2}}", "min 3 is greater than max 2"),
        ("fields: {features.age: {min: .nan}}", "finite number"),
        ("fields: {features.age: {type: text, min: 0}}", "not for type: text"),
        ("fields: {features.age: {allowed: []}}", "at least 1 valid entries"),
        ("fields: {features.age: {allowed: [[1]]}}", "[1] is no text, number, true or false"),
        ("fields: {features.age: {pattern: '['}}", "is no regular expression of Python"),
        ("fields: {features.age: {unique: true}}", "there can be no rule `unique` for it"),
        ("fields: {confidence: {type: number}}", "there can be no rule `type` for it"),
        ("fields: {confidence: {allowed: [1]}}", "there can be no rule `allowed` for it"),
        ("fields: {currency: {min: 1}}", "there can be no rule `min` for it"),
        ("fields: {cost: {pattern: a}}", "there can be no rule `pattern` for it"),
        ("compare: [a < b]", "'a' is nothing that a rule can be about"),
        ("compare: [features.a]", "is no comparison"),
        ("max_age: 7", "a duration needs a unit"),
        ("remember: 10", "greater than or equal to 1000"),
    ],
)
def test_mistakes_are_told_with_their_line(text, message):
    """Each in one line that names the key."""
    with pytest.raises(UsageError) as refused:
        rules(text)
    assert str(refused.value).startswith("c.yml:5: models.0.rules.")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("path", ["email", "feature.email"])
def test_what_is_redacted_must_be_a_field(path):
    """A typo would show what nobody may see."""
    text = "privacy: {redact: [%s]}\nmodels: [{name: m, paths: [log]}]\n"
    with pytest.raises(UsageError, match="nothing that a rule can be about"):
        config.parse(text % path, "c.yml")
    privacy = config.parse(text % "features, request_id", "c.yml").privacy
    assert privacy.redact == ("features", "request_id")
    assert not privacy.show_values


@pytest.mark.parametrize(
    ("privacy", "message"),
    [
        ("drop: [email]", "drop: 'email' can't be"),
        ("drop: [prediction]", "drop: 'prediction' can't be"),
        ("hash: [cost], hash_key_file: k", "hash: 'cost' can't be"),
        ("hash: [features.email]", "hash_key_file is missing"),
    ],
)
def test_what_is_withheld_must_be_a_field(privacy, message):
    """A typo would let through what nobody may see, and hashes without a key can be guessed."""
    text = f"models: [{{name: m, paths: [log]}}]\nprivacy: {{{privacy}}}\n"
    with pytest.raises(UsageError, match=message) as refused:
        config.parse(text, "c.yml")
    assert str(refused.value).startswith("c.yml:2: privacy")


def test_exemplars_name_requests_unless_they_must_not():
    """Whether by their own switch, or since ids are not to be shown."""
    text = "privacy: {%s}\nmodels: [{name: m, paths: [log]}]\n"
    each = ("", "exemplars: false", "redact: [request_id]", "redact: [cost]")
    shown = [config.parse(text % one, "c.yml").privacy.names_requests for one in each]
    assert shown == [True, False, False, True]


@pytest.fixture
def included(tmp_path):
    """Return a function that loads a configuration which includes a file of rules."""

    def load(text, own="{}"):
        if text is not None:
            (tmp_path / "m.rules.yml").write_text(text)
        (tmp_path / "c.yml").write_text(
            "models:\n  - name: m\n    paths: [log]\n"
            f"    rules: {{include: m.rules.yml, fields: {own}, compare: [cost < 1, cost >= 0]}}\n"
        )
        return config.with_included(config.load(tmp_path / "c.yml").models[0].rules)

    return load


def test_the_configuration_takes_the_place_of_what_it_includes(included):
    """Field by field; an empty one takes its rules away. Comparisons are added."""
    found = included(
        "fields: {features.a: {min: 0, max: 9}, features.b: {min: 0}, cost: {max: 1}}\n"
        "compare: [cost < 2, cost < 1]\n",
        own="{features.a: {max: 5}, cost: {}}",
    )
    assert found.fields == {
        "features.a": FieldRules(max=5),
        "features.b": FieldRules(min=0),
        "cost": FieldRules(),
    }
    assert found.compare == ("cost < 2", "cost < 1", "cost >= 0")
    assert found.features == ("a", "b")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "m.rules.yml: can't read the rules: No such file"),
        ("fields:\n  features.a: {mni: 0}\n", "m.rules.yml:2: fields.features.a.mni: unknown key"),
        ("include: more.yml\n", "m.rules.yml:1: include: unknown key"),
        ("fields: {a: {}}\n", "m.rules.yml:1: fields: 'a' is nothing"),
        ("", "m.rules.yml:1: the configuration is empty"),
    ],
)
def test_mistakes_in_the_included_file_are_told_with_its_lines(included, text, message):
    """As those of the configuration itself."""
    with pytest.raises(UsageError) as refused:
        included(text)
    assert message in str(refused.value)
