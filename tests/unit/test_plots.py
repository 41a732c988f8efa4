"""Plots are written as the same bytes each time, and in no format that nobody asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from ops.plots import BLUE, figure, save


@pytest.mark.parametrize("ending", [".svg", ".png"])
def test_a_plot_is_the_same_bytes_each_time(ending: str, tmp_path: Path) -> None:
    for name in ("one", "two"):
        made, (upper, lower) = figure(2)
        upper.plot([0, 1, 2], [1, 3, 2], color=BLUE, label="requests/s")
        lower.set_title("instances")
        upper.legend()
        save(made, tmp_path / f"{name}{ending}")
    assert (tmp_path / f"one{ending}").read_bytes() == (tmp_path / f"two{ending}").read_bytes()


def test_text_in_a_drawing_stays_text(tmp_path: Path) -> None:
    made, (only,) = figure()
    only.set_title("instances in use")
    save(made, tmp_path / "plot.svg")
    assert ">instances in use</text>" in (tmp_path / "plot.svg").read_text()


def test_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"plot\.pdf: a plot is written as \.png or \.svg"):
        save(figure()[0], tmp_path / "plot.pdf")
