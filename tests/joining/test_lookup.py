"""Ground truth that was logged apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from exporter.joining.lookup import LabelTable
from tests.monitors.builders import parse


def table_of(*batches):
    """Return a table that knows the labels of batches."""
    table = LabelTable()
    for batch in batches:
        table.add(parse(*batch))
    return table


def test_predictions_get_the_labels_that_they_lack():
    """What has one keeps it; what has no id, or one that nobody knows, gets none."""
    table = table_of(
        [{"request_id": "1", "true_label": "a"}, {"request_id": "2", "true_label": "c"}],
        [{"request_id": "3", "true_label": "b"}, {"true_label": "d"}],
    )
    batch, found = table.fill(
        parse(
            {"request_id": "3", "prediction": "a"},
            {"request_id": "2", "prediction": "a", "true_label": "a"},
            {"request_id": "9", "prediction": "a"},
            {"prediction": "a"},
            {"request_id": "1", "prediction": "a"},
        )
    )
    assert (len(table), found) == (3, 2)
    assert batch.label.decode() == ["b", "a", None, None, "a"]
    assert batch.right.tolist() == [False, True, False, False, True]


def test_numbers_are_labels_too():
    """Of a regression."""
    table = LabelTable()
    table.add(parse({"request_id": "1", "true_label": 2.5}, task="regression"))
    batch, found = table.fill(parse({"request_id": "1", "prediction": 3.0}, task="regression"))
    assert (found, batch.label_value.tolist()) == (1, [2.5])


def test_the_first_label_of_a_request_counts():
    """However often others follow, and also if some were looked up in between."""
    table = table_of(
        [{"request_id": "1", "true_label": "a"}, {"request_id": "1", "true_label": "b"}]
    )
    prediction = parse({"request_id": "1", "prediction": "a"})
    assert table.fill(prediction)[0].label.decode() == ["a"]
    table.add(parse({"request_id": "1", "true_label": "c"}))
    assert table.fill(prediction)[0].label.decode() == ["a"]


def test_an_empty_table_changes_nothing():
    """The batch comes back as it is."""
    batch = parse({"request_id": "1", "prediction": "a"})
    assert LabelTable().fill(batch) == (batch, 0)


@given(st.dictionaries(st.integers(0, 50).map(str), st.sampled_from("abc"), max_size=30))
def test_each_request_gets_its_own(truth):
    """As a dict would have it."""
    table = table_of(*([{"request_id": name, "true_label": it}] for name, it in truth.items()))
    names = [str(number) for number in range(51)]
    batch, found = table.fill(parse(*({"request_id": n, "prediction": "a"} for n in names)))
    assert batch.label.decode() == [truth.get(name) for name in names]
    assert found == len(truth)
