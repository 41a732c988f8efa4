"""An estimate's sums and budget, and what a change of the bill says, on rows written by hand."""

from __future__ import annotations

import pytest

from ops.cost.estimate import CostRow, Estimate, Unpriced
from ops.cost.move import Bill
from ops.cost.prices import Confidence, Price
from ops.cost.span import CostSpan, exactly


def _row(
    low: float, high: float, *, component: str = "App", region: str = "us-east-1", confidence: Confidence = "list"
) -> CostRow:
    price = Price("item", region, 1.0, "hour", source="a list", date="2026-01-02", confidence=confidence)
    return CostRow("urn", "t", region, component, "item", "in words", exactly(2), price, CostSpan(low, high))


def _estimate(*rows: CostRow, unpriced: int = 0) -> Estimate:
    return Estimate("test", 3, rows, tuple(Unpriced(f"urn{one}", "t", "no rule") for one in range(unpriced)))


def test_a_normal_month_is_the_least_and_a_tenth_of_the_way_to_the_most() -> None:
    found = _estimate(_row(100, 200), _row(10, 1010))
    assert (found.low, found.high, found.expected) == (110, 1210, 220)


@pytest.mark.parametrize(
    ("cost", "budget"),
    [(0.0, 0), (0.2, 1), (7.0, 7), (7.1, 8), (10.0, 10), (99.2, 100), (100.0, 100), (101.0, 110), (12_010.0, 13_000)],
)
def test_a_budget_is_rounded_up_to_two_digits(cost: float, budget: int) -> None:
    assert _estimate(_row(cost, cost)).budget == budget


def test_sums_are_by_part_and_the_dearest_at_its_most_comes_first() -> None:
    found = _estimate(
        _row(9, 10, component="App", region="eu-west-1"),
        _row(1, 30, component="Data", confidence="estimate"),
        _row(2, 5, component="App"),
    )
    assert list(found.by_component.items()) == [("Data", CostSpan(1, 30)), ("App", CostSpan(11, 15))]
    assert list(found.by_region.items()) == [("us-east-1", CostSpan(3, 35)), ("eu-west-1", CostSpan(9, 10))]
    assert found.estimated == CostSpan(1, 30)


def test_a_region_is_its_rows_alone_with_everything_that_has_no_price() -> None:
    found = _estimate(_row(1, 2), _row(3, 4, region="eu-west-1"), unpriced=2)
    part = found.of_region("eu-west-1")
    assert (part.region, part.cost, part.stage, found.of_region(None)) == ("eu-west-1", CostSpan(3, 4), 3, found)
    assert part.unpriced_types() == found.unpriced_types() == {"t": 2}


def test_a_row_as_a_document_has_all_that_it_was_made_of() -> None:
    assert _row(1.006, 2).as_dict() == {
        "urn": "urn",
        "type": "t",
        "region": "us-east-1",
        "component": "App",
        "item": "item",
        "what": "in words",
        "unit": "hour",
        "quantity": {"low": 2, "high": 2},
        "price": {"usd": 1.0, "source": "a list", "date": "2026-01-02", "confidence": "list"},
        "low": 1.01,
        "high": 2,
    }


@pytest.mark.parametrize(
    ("before", "after", "rise", "exceeds"),
    [
        (None, 100, 100, False),
        (None, 101, 101, True),
        (100.5, 101, 0.5, False),  # half a dollar is no change
        (100.4, 101, 0.6, True),
        (200, 150, -50, False),  # above the budget still, but cheaper
    ],
)
def test_a_bill_exceeds_its_budget_only_where_it_rises(
    before: float | None, after: float, rise: float, *, exceeds: bool
) -> None:
    bill = Bill(
        before=None if before is None else _estimate(_row(before, before)),
        after=_estimate(_row(after, after)),
        budget=100,
    )
    assert (round(bill.rise, 3), bill.exceeds) == (rise, exceeds)


def test_a_bill_says_month_range_budget_and_what_has_no_price() -> None:
    dearer = Bill(before=_estimate(_row(1000, 2000)), after=_estimate(_row(2000, 3000), unpriced=1), budget=1500)
    assert (
        str(dearer)
        == "$1,100 → $2,100 in a normal month (+$1,000); $1,000..$2,000 → $2,000..$3,000 from least to most; "
        "$600 over the budget of $1,500; 1 resource without a price"
    )
    assert dearer.excess == "a normal month would cost $2,100, and the budget is $1,500"
    assert dearer.as_dict() == {
        "before": {"low": 1000, "high": 2000, "expected": 1100},
        "after": {"low": 2000, "high": 3000, "expected": 2100},
        "budget": 1500,
        "unpriced": ["urn0"],
    }
    new = Bill(before=None, after=_estimate(_row(20, 20), unpriced=2), budget=20)
    assert (
        str(new) == "$0 → $20 in a normal month (+$20); nothing → $20..$20 from least to most; "
        "within the budget of $20; 2 resources without a price"
    )
    assert new.as_dict()["before"] is None
    same = Bill(before=_estimate(_row(21.004, 21.004)), after=_estimate(_row(21.004, 21.004)), budget=20)
    assert "(+$0)" in str(same)
    assert "$1 over the budget" in str(same)
    assert same.as_dict()["after"] == {"low": 21.0, "high": 21.0, "expected": 21.0}
    cheaper = Bill(before=_estimate(_row(30, 30)), after=_estimate(_row(20, 20)), budget=20)
    assert "(-$10)" in str(cheaper)
    assert "without a price" not in str(cheaper)
