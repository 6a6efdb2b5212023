"""A saved view of MLflow's UI that compares the trials of a study by what was searched.

Opened by its link, or from the list "Views" of the experiment's page, it shows the trials of one study, best first,
with the searched parameters as columns and as parallel coordinates coloured by the objective. Without it a user has
to expand the study's run and to choose columns, charts and axes by hand, for every study.

MLflow keeps such a view as a tag of the experiment: JSON with the state of the page, deflated. The form of that state
belongs to MLflow's front end (3.17); one that does not understand it shows the runs as it would without the view.
"""

import base64
import hashlib
import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

TAG_PREFIX = "mlflow.sharedViewState."
SECTION = "Search"
_RUNS_IN_CHART = 100


@dataclass(frozen=True)
class ComparisonView:
    """What a study's view shows.

    Attributes:
        name: The view's name in the list of views.
        params: The searched parameters.
        metric: The objective.
        maximize: Whether a greater objective is better.
        beside: Metrics to show as columns beside the objective, such as the same of the starting weights.
    """

    name: str
    params: Sequence[str]
    metric: str
    maximize: bool
    beside: Sequence[str] = ()

    @property
    def key(self) -> str:
        """The view's name in links; the same for the same name, so that a resumed study keeps one view."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:16]

    def arguments(self) -> dict[str, Any]:
        """The view as the arguments of a call."""
        return asdict(self)

    def tag(self, parent_run_id: str, time_ms: int) -> dict[str, str]:
        """The experiment's tag that holds the view of the children of a run, made at a time in ms since 1970."""
        state = base64.b64encode(zlib.compress(json.dumps(self._state(parent_run_id)).encode())).decode()
        content = {"name": self.name, "createdAt": time_ms, "updatedAt": time_ms, "state": f"deflate;{state}"}
        return {TAG_PREFIX + self.key: json.dumps(content)}

    def url(self, base: str, experiment_id: str) -> str:
        """The link to the view on a server, as charts."""
        query = {"viewStateShareKey": self.key, "compareRunsMode": "CHART", "workflowType": "machine_learning"}
        return f"{base.rstrip('/')}/#/experiments/{experiment_id}/runs?{urlencode(query)}"

    def _state(self, parent_run_id: str) -> dict[str, Any]:
        return {
            "searchFilter": f'tags.`mlflow.parentRunId` = "{parent_run_id}"',
            "orderByKey": f"metrics.`{self.metric}`",
            "orderByAsc": not self.maximize,
            "startTime": "ALL",
            "lifecycleFilter": "Active",
            "datasetsFilter": [],
            "modelVersionFilter": "All Runs",
            "selectedColumns": [
                *(f"metrics.`{name}`" for name in (self.metric, *self.beside)),
                *(f"params.`{name}`" for name in self.params),
            ],
            "columnOrder": [],
            "columnWidths": {},
            "runsHiddenMode": "SHOWALL",
            "compareRunCharts": self._charts(),
            "compareRunSections": self._sections(),
            "viewMaximized": False,
            "runListHidden": False,
            "isAccordionReordered": True,  # keeps our section above those that the page makes from the metrics
            "useGroupedValuesInCharts": True,
            "hideEmptyCharts": True,
            "groupBy": None,
            "groupsExpanded": {},
            "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
        }

    def _sections(self) -> list[dict[str, Any]]:
        """Ours, and the one that the page makes of the metrics beside the objective; it appends the others."""
        group = self.metric.rpartition("/")[0]
        sections = [{**_section(SECTION), "columns": 2, "cardHeight": 420}]
        return [*sections, {**_section(group), "isGenerated": True}] if group else sections

    def _charts(self) -> list[dict[str, Any]]:
        parallel = {
            **_chart("PARALLEL", f"{self.metric} by what was searched"),
            "selectedParams": list(self.params),
            "selectedMetrics": [self.metric],
            "showAllRuns": False,
        }
        if len(self.params) < 2:
            return [parallel]
        x, y = self.params[:2]
        contour = {
            **_chart("CONTOUR", f"{self.metric} over {x} and {y}"),
            "xaxis": {"key": x, "type": "PARAM"},
            "yaxis": {"key": y, "type": "PARAM"},
            "zaxis": {"key": self.metric, "type": "METRIC"},
        }
        return [parallel, contour]


def _chart(kind: str, title: str) -> dict[str, Any]:
    return {
        "uuid": f"search-{kind.lower()}",
        "type": kind,
        "runsCountToCompare": _RUNS_IN_CHART,
        "metricSectionId": _section(SECTION)["uuid"],
        "deleted": False,
        "isGenerated": False,
        "displayName": title,
    }


def _section(name: str) -> dict[str, Any]:
    return {
        "uuid": f"section-{name.lower()}",
        "name": name,
        "display": True,
        "isReordered": False,
        "deleted": False,
        "isGenerated": False,
    }
