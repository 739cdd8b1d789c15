"""Helm charts in a folder: their templates are YAML only after they are rendered, so a chart is one gap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from finops_guard.model import Gap

_CHART = "Chart.yaml"
_RENDERED = ("templates", "charts")


def unrendered(root: Path, files: Sequence[Path]) -> tuple[list[Path], list[Gap]]:
    """The files that are of no chart, and a gap for each chart that the others are of."""

    @cache
    def chart_of(folder: Path) -> Path | None:
        """The outermost chart that a folder's files are templates of."""
        if folder == root or root not in folder.parents:
            return None
        above = chart_of(folder.parent)
        of = folder.parent if folder.name in _RENDERED and (folder.parent / _CHART).is_file() else None
        return above or of

    charts = {file: chart_of(file.parent) for file in files}
    return [file for file, chart in charts.items() if chart is None], list(_gaps(root, charts.values()))


def _gaps(root: Path, charts: Iterable[Path | None]) -> Iterator[Gap]:
    for chart in dict.fromkeys(charts):
        if chart is not None:
            named = chart.relative_to(root).as_posix()
            why = f"{chart}: a Helm chart that is not rendered: helm template {chart} | finops-guard scan -"
            yield Gap("kubernetes", "*", "*", named, why)
