"""What ships under deploy/ fits what it is for: Kubernetes' schemas, systemd, our settings, the metrics exported."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import promql_parser
import pytest
import yaml

from app.settings import Settings
from app.telemetry import Metrics

DEPLOY = Path(__file__).parents[2] / "deploy"
MANIFESTS = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
KUBERNETES = ("1.33", "1.37")
SETTINGS = {f"AKIN_{name.upper()}" for name in Settings.model_fields}
FROM_PROMETHEUS = {"instance", "job"}
"""Labels the scrape adds."""


def documents(path: Path) -> list[dict[str, Any]]:
    """All documents of a YAML file."""
    return [document for document in yaml.safe_load_all(path.read_text(encoding="utf-8")) if document]


def kept_under(value: object, key: str) -> Iterator[Any]:
    """Every value under that key, at any depth."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name == key:
                yield part
            yield from kept_under(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from kept_under(part, key)


@pytest.mark.parametrize("version", KUBERNETES)
@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_kubernetes_takes_the_manifests(path: Path, version: str) -> None:
    kinds = set()
    for document in documents(path):
        kubernetes_validate.validate(document, version, strict=True)
        kinds.add(document["kind"])
    assert {"Service", "ConfigMap", "NetworkPolicy"} <= kinds
    if path.stem == "many":
        assert {"Deployment", "PodDisruptionBudget", "HorizontalPodAutoscaler"} <= kinds


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
def test_pods_are_probed_bounded_and_without_rights(path: Path) -> None:
    (pod,) = (
        one["spec"]["template"]["spec"] for one in documents(path) if one["kind"] in {"Deployment", "StatefulSet"}
    )
    (config,) = (one["data"] for one in documents(path) if one["kind"] == "ConfigMap")
    (akin,) = pod["containers"]
    assert akin["livenessProbe"]["httpGet"]["path"] == "/live"
    assert akin["readinessProbe"]["httpGet"]["path"] == "/ready"
    assert (
        pod["terminationGracePeriodSeconds"] > float(config["AKIN_DRAIN_DELAY_S"]) + float(config["AKIN_DRAIN_S"]) + 5
    )
    notices_s = akin["readinessProbe"]["periodSeconds"] * akin["readinessProbe"]["failureThreshold"]
    assert float(config["AKIN_DRAIN_DELAY_S"]) >= notices_s, "requests come until the probe has failed often enough"
    assert pod["securityContext"]["runAsNonRoot"]
    for container in [akin, *pod.get("initContainers", [])]:
        assert container["resources"]["limits"]["memory"]
        rights = container["securityContext"]
        assert rights["readOnlyRootFilesystem"]
        assert not rights["allowPrivilegeEscalation"]
        assert rights["capabilities"]["drop"] == ["ALL"]


@pytest.mark.parametrize("path", [*MANIFESTS, DEPLOY / "cloud-run" / "service.yaml"], ids=lambda path: path.stem)
def test_only_settings_that_exist_are_set(path: Path) -> None:
    named = {name for document in documents(path) for data in kept_under(document, "data") for name in data}
    named |= {one["name"] for document in documents(path) for env in kept_under(document, "env") for one in env}
    assert named
    assert named <= SETTINGS


def test_cloud_run_stops_within_its_ten_seconds() -> None:
    (service,) = documents(DEPLOY / "cloud-run" / "service.yaml")
    (container,) = service["spec"]["template"]["spec"]["containers"]
    values = {one["name"]: one.get("value") for one in container["env"]}
    assert float(values["AKIN_DRAIN_DELAY_S"]) + float(values["AKIN_DRAIN_S"]) < 10


def test_the_unit_is_one_systemd_takes(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd" / "akin.service").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(AKIN_[A-Z_]+)=", unit))
    assert named <= SETTINGS
    assert "KillMode=mixed" in unit, "decoding processes must not be told to stop before the requests that use them"
    (stops_s,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit, re.MULTILINE)
    assert int(stops_s) > Settings.model_fields["drain_s"].default + 5
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed: apt-get install systemd")
    program = tmp_path / "akin"
    program.write_text("#!/bin/sh\n", encoding="utf-8")
    program.chmod(0o755)
    tried = tmp_path / "akin.service"  # systemd looks whether the program is there
    tried.write_text(unit.replace("/opt/akin/bin/akin", str(program)), encoding="utf-8")
    done = subprocess.run([analyze, "verify", "--man=no", str(tried)], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def exported() -> dict[str, set[str]]:
    """sample name -> label names of everything Akin exports."""
    names: dict[str, set[str]] = {}
    for metric in Metrics().registry._collector_to_names:  # every metric, also those without a series yet
        labels = set(getattr(metric, "_labelnames", ()))
        base, kind = str(metric._name), str(metric._type)  # type: ignore[attr-defined]
        match kind:
            case "counter":
                names[f"{base}_total"] = labels
            case "histogram":
                names |= {f"{base}_sum": labels, f"{base}_count": labels, f"{base}_bucket": labels | {"le"}}
            case _:
                names[base] = labels
    return names


def queries() -> list[tuple[str, str]]:
    """(where, PromQL) of every alert and panel."""
    rules = documents(DEPLOY / "prometheus" / "akin.rules.yaml")[0]["groups"][0]["rules"]
    found = [(rule["alert"], rule["expr"]) for rule in rules]
    board = json.loads((DEPLOY / "grafana" / "akin.json").read_text(encoding="utf-8"))
    for panel in board["panels"]:
        found += [(f"panel {panel['title']}", target["expr"]) for target in panel.get("targets", ())]
    return found


def parts(query: str) -> tuple[set[str], set[str]]:
    """Metric names of a query, and the labels it selects or groups by."""
    metrics: set[str] = set()
    labels: set[str] = set()

    def visit(node: object) -> None:
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            assert selector.name
            metrics.add(selector.name)
            labels.update(matcher.name for matcher in selector.matchers.matchers)
        if isinstance(node, promql_parser.AggregateExpr) and node.modifier is not None:
            labels.update(node.modifier.labels)

    promql_parser.walk(promql_parser.parse(query), visit)
    return metrics, labels


@pytest.mark.parametrize(("where", "query"), queries(), ids=[f"{where}" for where, _ in queries()])
def test_queries_ask_for_what_is_exported(where: str, query: str) -> None:
    known = exported()
    metrics, labels = parts(query)
    assert metrics - {"up"} <= set(known), f"{where} asks for what nobody exports"
    theirs = set().union(*(known.get(name, set()) for name in metrics))
    assert labels - FROM_PROMETHEUS <= theirs, f"{where} selects by labels these metrics do not have"


def test_every_alert_says_what_to_do_and_how_grave_it_is() -> None:
    for rule in documents(DEPLOY / "prometheus" / "akin.rules.yaml")[0]["groups"][0]["rules"]:
        assert rule["labels"]["severity"] in {"page", "ticket"}
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["fix"]


def test_the_dashboard_has_no_two_panels_in_one_place() -> None:
    board = json.loads((DEPLOY / "grafana" / "akin.json").read_text(encoding="utf-8"))
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_autoscaling_goes_by_a_metric_that_is_exported() -> None:
    names = [name for path in MANIFESTS for one in documents(path) for pods in kept_under(one, "pods")
             for metric in kept_under(pods, "metric") for name in kept_under(metric, "name")]  # fmt: skip
    assert names
    assert set(names) <= set(exported())


def test_every_metric_is_documented() -> None:
    page = (DEPLOY.parent / "docs" / "observability.md").read_text(encoding="utf-8")
    for name in exported():
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        assert f"`{base}`" in page, name
