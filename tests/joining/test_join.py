"""Whatever comes first, prediction or ground truth, waits for the other."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.event_time import EventTime
from exporter.joining.join import Join
from exporter.joining.monitors import JoinedMonitors
from exporter.monitors.accuracy import Accuracy
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.ground_truth import GroundTruth
from exporter.monitors.isolation import Isolation
from exporter.monitors.validation import Validation
from exporter.monitors.versions import ModelMonitors
from exporter.storage import encoding
from tests.monitors import builders

NOW = builders.NOW
DAY = 86_400.0


def model(*, wait=7 * DAY, pending=1000, replay=False):
    """Return the monitors of a model, with those that ground truth is told to."""
    isolation = Isolation()
    budget = SeriesBudget.unlimited()
    monitors = ModelMonitors(
        lambda: [Validation({"model": "bot"}, builders.WINDOWS)],
        lambda name, share: [
            Accuracy({"model": "bot", "version": name}, builders.WINDOWS, share),
        ],
        isolation,
        budget,
        DAY,
    )

    def build():
        return GroundTruth({"model": "bot"}, builders.WINDOWS, wait, pending, replay=replay)

    return JoinedMonitors(monitors, build, isolation)


def feed(group, *records, received=NOW, place=None):
    """Fold in records as one batch."""
    group.update(builders.batch(*records, received=received, place=place))


def shown(group, now=NOW):
    """Return the value of each series that is not 0."""
    found = {}
    for monitor, taken in group.snapshot():
        for family in monitor.families(taken, now):
            for sample in family.samples:
                labels = ",".join(
                    f"{key}={value}" for key, value in sample.labels.items() if key != "model"
                )
                if sample.value:
                    found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def prediction(name, answer="spam", version="1", at=NOW - 30, **more):
    """Return a prediction."""
    return {
        "request_id": name, "prediction": answer, "model_version": version, "timestamp": at, **more
    }  # fmt: skip


def label(name, truth="spam", at=NOW - 10):
    """Return ground truth."""
    return {"request_id": name, "true_label": truth, "timestamp": at}


def test_a_label_finds_its_prediction_and_credits_its_version():
    """The version is that of the prediction, the figures those of accuracy."""
    group = model()
    feed(group, prediction("a"), prediction("b", "ham", "2"), prediction("c"))
    feed(group, label("b", "spam"), label("a"))
    found = shown(group)
    assert found["model_labels_total{version=1}"] == 1
    assert found["model_labels_total{version=2}"] == 1
    assert found["model_labels_incorrect_total{version=2}"] == 1
    assert "model_labels_incorrect_total{version=1}" not in found
    assert found["model_labels_matched_total{}"] == 2
    assert found["model_labels_pending{}"] == 1
    assert found["model_label_delay_seconds_sum{}"] == 40
    assert found["model_labels_coverage_ratio{window=1m}"] == 2 / 3


def test_a_label_counts_in_the_window_of_its_own_time():
    """A prediction of half an hour ago whose label comes now is one of this minute."""
    group = model()
    feed(group, prediction("a", at=NOW - 1800))
    feed(group, label("a", at=NOW - 5))
    found = shown(group)
    assert found["model_window_labels{version=1,window=1m}"] == 1
    assert found["model_labels_coverage_ratio{window=1h}"] == 1
    assert "model_labels_coverage_ratio{window=1m}" not in found


def test_a_label_that_comes_first_waits():
    """The order of files does not matter."""
    group = model()
    feed(group, label("a", "ham"))
    feed(group, prediction("a"))
    assert shown(group)["model_labels_incorrect_total{version=1}"] == 1


def test_a_second_label_is_a_duplicate():
    """The first one counts, whether it came later or with the prediction."""
    group = model()
    feed(group, prediction("a"), prediction("b", true_label="spam"))
    feed(group, label("a"), label("a"), label("b"))
    feed(group, label("a"))
    found = shown(group)
    assert found["model_labels_total{version=1}"] == 2
    assert found["model_labels_matched_total{}"] == 1
    assert found["model_labels_duplicate_total{}"] == 3


def test_the_label_of_a_number_is_a_number():
    """What is no number breaks a rule."""
    group = model()
    feed(group, prediction("a", 2.5), prediction("b", 0.25))
    feed(group, label("a", 2.0), label("b", "much"))
    found = shown(group)
    assert found["model_labels_total{version=1}"] == 1
    assert found["model_labels_matched_total{}"] == 2
    violation = "model_field_violations_total{field=true_label,rule=type}"
    assert {name for name in found if "true_label" in name} == {violation}


def test_what_waits_for_too_long_is_given_up():
    """Predictions expire, labels are orphans."""
    group = model(wait=60)
    feed(group, prediction("a", at=NOW), label("x", at=NOW))
    group.expire(NOW + 59)
    assert shown(group)["model_labels_pending{}"] == 1
    group.changed = False
    group.expire(NOW + 61)
    assert group.changed
    found = shown(group)
    assert found["model_labels_expired_total{}"] == 1
    assert found["model_labels_orphan_total{}"] == 1
    assert "model_labels_pending{}" not in found


def test_the_oldest_are_given_up_where_too_many_wait():
    """What is remembered is bounded."""
    group = model(pending=3000)
    for start in range(0, 10_000, 1000):
        feed(group, *(prediction(f"r{number}") for number in range(start, start + 1000)))
    found = shown(group)
    assert found["model_labels_pending{}"] <= 3000
    assert found["model_labels_pending{}"] + found["model_labels_expired_total{}"] == 10_000


def test_ground_truth_without_an_id_is_an_orphan():
    """It can have no prediction."""
    group = model()
    feed(group, {"true_label": "spam"})
    assert shown(group)["model_labels_orphan_total{}"] == 1


def test_a_replay_gives_up_at_the_end():
    """Until all is read nobody knows what is still to come."""
    group = model(wait=60, replay=True)
    place = EventTime(builders.WINDOWS, replay=True)
    feed(group, label("b", at=NOW - 5000), label("x", at=NOW - 4000), place=place)
    feed(group, prediction("a", at=NOW - 5000), prediction("c", at=NOW), place=place)
    assert shown(group)["model_labels_orphan_total{}"] == 2
    feed(group, prediction("b", at=NOW - 5000), place=place)
    found = shown(group)
    assert found["model_labels_orphan_total{}"] == 1
    assert found["model_labels_expired_total{}"] == 1
    assert found["model_labels_pending{}"] == 1


EVENTS = [
    *(prediction(f"r{number}", "spam" if number % 3 else "ham") for number in range(12)),
    *(prediction(f"own{number}", true_label="ham") for number in range(3)),
    *(label(f"r{number}") for number in range(0, 12, 2)),
    *(label(f"r{number}") for number in range(0, 12, 4)),
    *(label(f"own{number}") for number in range(2)),
    *(label(f"gone{number}") for number in range(3)),
]
EXPECTED = {"matched": 6, "duplicate": 5, "orphan": 3, "expired": 0}


@settings(deadline=None, max_examples=60)
@given(st.permutations(EVENTS), st.integers(1, 9), st.booleans())
def test_any_order_gives_the_same_totals(events, size, through_storage):
    """In batches of any size, also when all is stored and restored after each of them."""
    group = model(replay=True)
    place = EventTime(builders.WINDOWS, replay=True)
    for start in range(0, len(events), size):
        feed(group, *events[start : start + size], place=place)
        if through_storage:
            stored = encoding.decode(encoding.encode(group.dump()))
            group = model(replay=True)
            group.load(stored)
    found = shown(group)
    for name, count in EXPECTED.items():
        assert found.get(f"model_labels_{name}_total{{}}", 0) == count, name
    assert found["model_labels_pending{}"] == 6
    assert found["model_labels_total{version=1}"] == 9
    assert found["model_labels_incorrect_total{version=1}"] == 5
    assert found["model_label_delay_seconds_count{}"] == 6


def test_the_slices_of_a_prediction_are_remembered():
    """Of those that are configured, whether they are logged as slices or as features."""
    join = Join(builders.WINDOWS, ["region", "age", "unknown"])
    prediction = {
        "request_id": "r",
        "prediction": "a",
        "slice": {"region": "north", "other": "x"},
        "features": {"age": 41, "income": 7},
    }
    join.update(builders.batch(prediction, features=["age", "income"]), builders.NOW)
    label = builders.batch({"request_id": "r", "true_label": "a"})
    joined = join.update(label, builders.NOW).joined
    assert joined is not None
    assert joined.sliced("region").categorical().decode() == ["north"]
    assert joined.sliced("age").categorical().decode() == ["41"]
    assert joined.maps["slice"].keys() == {"region", "age"}


def test_lists_are_remembered():
    """What somebody clicked on comes later than what was recommended, as a rule."""
    join = Join(builders.WINDOWS)
    listed = [
        {"request_id": "a", "prediction": ["x", "y", "z"]},
        {"request_id": "b", "prediction": ["y"]},
        {"request_id": "d", "prediction": []},
    ]
    for record in listed:
        join.update(builders.batch(record, task="ranking"), builders.NOW)
    restored = Join(builders.WINDOWS)
    restored.load(encoding.decode(encoding.encode(join.dump())))
    clicked = [
        {"request_id": "d", "true_label": ["z"]},
        {"request_id": "b", "true_label": ["w", "y"]},
        {"request_id": "a", "true_label": []},
    ]
    joined = restored.update(builders.batch(*clicked, task="ranking"), builders.NOW).joined
    assert joined is not None
    assert joined.prediction_lists is not None
    assert joined.label_lists is not None
    assert joined.prediction_lists.decode() == [[], ["y"], ["x", "y", "z"]]
    assert joined.label_lists.decode() == [["z"], ["w", "y"], []]
    assert joined.labelled.all()


def test_a_clock_that_is_set_gives_nothing_up():
    """Nothing has waited for longer; after as long as anything waits all is as before."""
    group = model(wait=60)
    feed(group, prediction("a", at=NOW), label("x", at=NOW))
    group.clock_set(1000.0)
    group.expire(NOW + 1059)
    assert shown(group)["model_labels_pending{}"] == 1
    feed(group, prediction("b", at=NOW + 1059), received=NOW + 1059)
    group.expire(NOW + 1061)
    assert shown(group, NOW + 1061)["model_labels_pending{}"] == 2
    group.expire(NOW + 1120)
    assert shown(group, NOW + 1120)["model_labels_expired_total{}"] == 2
