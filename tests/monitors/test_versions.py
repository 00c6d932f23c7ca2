from __future__ import annotations

from exporter.exposition.collector import merged
from exporter.monitors.accuracy import Accuracy
from exporter.monitors.budget import SeriesBudget
from exporter.monitors.confidence import Confidence
from exporter.monitors.facts import Facts
from exporter.monitors.group import families
from exporter.monitors.isolation import Isolation
from exporter.monitors.latency import Latency
from exporter.monitors.throughput import Throughput
from exporter.monitors.validation import Validation
from exporter.monitors.versions import MAX_VERSIONS, ModelMonitors
from exporter.storage import encoding
from tests.monitors.builders import NOW, WINDOWS, batch, unlimited

MODEL = {"model": "bot"}
COST = 60


def monitors(budget=None, isolation=None, idle_seconds=100.0, build=None):
    """Return all monitors of a model."""
    budget = budget or unlimited()

    def version(name, share):
        labels = {**MODEL, "version": name}
        return [
            Throughput(labels, WINDOWS, share),
            Confidence(labels, WINDOWS),
            Latency(labels, WINDOWS),
            Accuracy(labels, WINDOWS, share),
        ]

    return ModelMonitors(
        lambda: [Facts(MODEL, {}, {}), Validation(MODEL, WINDOWS)],
        build or version,
        isolation or Isolation(),
        budget,
        idle_seconds,
        COST,
    )


def exposed(model, now=NOW):
    """Return the value of each series by name and all labels but the model."""
    isolation = Isolation()
    found = {}
    for family in merged(families(model.snapshot(), now, isolation)):
        for sample in family.samples:
            labels = tuple(value for name, value in sample.labels.items() if name != "model")
            assert (sample.name, labels) not in found
            found[sample.name, labels] = sample.value
    assert not isolation.errors
    return found


def predictions(model):
    """Return the count of class a by version."""
    return {
        labels[0]: value
        for (name, labels), value in exposed(model).items()
        if name == "model_predictions_total" and labels[1] == "a"
    }


def records(*versions, received=NOW):
    """Return a batch with a prediction of class a of each version; None leaves it out."""
    return batch(
        *[
            {"prediction": "a"} | ({} if version is None else {"model_version": version})
            for version in versions
        ],
        received=received,
    )


def test_records_are_split_by_version():
    """An absent version and an empty one have the empty label; numbers are named like text."""
    model = monitors()
    model.update(records("1.0", None, "1.0", "", 2, 2.0, "2"))
    assert predictions(model) == {"1.0": 2, "": 2, "2": 3}


def test_the_sixth_version_is_other():
    """For as long as five others live, also in later batches."""
    model = monitors()
    model.update(records(*"123456"))
    model.update(records("6", "7", "1"))
    assert predictions(model) == {"1": 2, "2": 1, "3": 1, "4": 1, "5": 1, "other": 3}
    assert MAX_VERSIONS == 5


def test_an_idle_version_frees_its_place():
    """Other takes none; a version that comes back starts at 0."""
    budget = SeriesBudget(10_000)
    model = monitors(budget)
    model.update(records(*"123456"))
    model.update(records(*"2345", received=NOW + 90))
    model.expire(NOW + 101)
    assert predictions(model) == {"2": 2, "3": 2, "4": 2, "5": 2}
    model.update(records("7", "8", received=NOW + 102))
    assert predictions(model) == {"2": 2, "3": 2, "4": 2, "5": 2, "7": 1, "other": 1}
    model.expire(NOW + 150)
    assert len(predictions(model)) == 6


def test_the_budget_is_charged_for_what_lives():
    """Versions that expire give back what they took, other takes nothing."""
    budget = SeriesBudget(10_000)
    model = monitors(budget, build=lambda *_: [])
    model.update(records(*"123456"))
    assert budget.used == 5 * COST
    model.expire(NOW + 101)
    assert budget.used == 0
    model.update(records("9"))
    restored = monitors(other := SeriesBudget(10_000), build=lambda *_: [])
    restored.load(encoding.decode(encoding.encode(model.dump())))
    assert other.used == budget.used == COST


def test_a_spent_budget_makes_versions_other():
    """Its classes as well; each refusal is counted."""
    budget = SeriesBudget(COST + 3)
    model = monitors(budget)
    model.update(records("1", "2", "1"))
    assert predictions(model)["1"] == 2
    counted = exposed(model)
    assert counted["model_predictions_total", ("other", "other")] == 1
    assert budget.refused["model_predictions_total"] == 2


def test_ground_truth_alone_makes_no_version():
    """It says nothing of any."""
    model = monitors()
    model.update(batch({"request_id": "1", "true_label": "a"}))
    found = exposed(model)
    assert not any(name == "model_predictions_total" for name, _ in found)


def test_counts_of_the_model_are_there_before_the_first_record():
    """Known series start at 0."""
    found = exposed(monitors())
    assert found["model_records_invalid_total", ("prediction",)] == 0
    assert found["model_records_late_total", ("1h",)] == 0


def test_state_survives_storage():
    """Versions, their figures and their last sign of life."""
    model = monitors()
    model.update(records(*"1234567", None))
    restored = monitors()
    restored.load(encoding.decode(encoding.encode(model.dump())))
    assert exposed(restored) == exposed(model)
    for each in (model, restored):
        each.update(records("1", "8", received=NOW + 90))
        each.expire(NOW + 101)
    assert exposed(restored) == exposed(model)
    assert predictions(restored) == {"1": 2, "other": 4}


def test_a_monitor_that_fails_costs_its_own_part_of_its_own_version():
    """The other monitors of the version are exposed."""

    class Broken(Confidence):
        def update(self, batch):
            raise RuntimeError("broken")

    isolation = Isolation()

    def build(name, _):
        labels = {**MODEL, "version": name}
        return [Broken(labels, WINDOWS), Throughput(labels, WINDOWS, unlimited())]

    model = monitors(isolation=isolation, build=build)
    model.update(records("1", "2"))
    assert predictions(model) == {"1": 1, "2": 1}
    assert isolation.errors == {"confidence": 2}


def test_a_version_that_expires_gives_back_what_its_classes_took():
    """Else a model that is deployed anew each day would use up the budget of all."""
    budget = SeriesBudget(10_000)
    model = monitors(budget)
    for day in range(20):
        labelled = [
            {"prediction": name, "true_label": name, "model_version": f"v{day}"} for name in "abc"
        ]
        model.update(batch(*labelled, {"error_type": "E"}, received=NOW + 200 * day))
        assert budget.used > COST
        model.expire(NOW + 200 * day + 101)
        assert budget.used == 0
    assert not budget.refused
