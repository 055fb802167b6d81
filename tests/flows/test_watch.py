"""What operators see: metrics, and the dashboard and alerts that are made of them; traces; the log."""

from __future__ import annotations

import asyncio
import http.server
import json
import logging
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from prometheus_client.parser import text_string_to_metric_families

from .conftest import Desk, issue_text
from .test_service import running, settled, until

pytestmark = pytest.mark.slow

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "jianbao.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
DOCS = Path(__file__).parents[2] / "docs" / "operations"
Labels = dict[str, set[str]]


LINES = """[[publication.source]]
id = "inbox"
kind = "inbox"
path = "{home}"
"""


@pytest.fixture
def publication_lines() -> str:
    """With a source, so that its metric is there."""
    return LINES


async def metrics_of_a_release(desk: Desk) -> str:
    """What /metrics has after an issue was released while the service runs."""
    async with running(desk) as (service, client):
        issue_id = desk.take_in(issue_text("2026年2月12日")).stored.id
        await service.beat("release")
        await settled(desk, issue_id, 3)
        return (await client.get("/metrics")).text


async def released(desk: Desk) -> Labels:
    """The samples of `metrics_of_a_release`: names to their labels."""
    text = await metrics_of_a_release(desk)
    found: Labels = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


# --- metrics ----------------------------------------------------------------------------------------------------------


async def test_a_release_shows_in_the_metrics(desk: Desk) -> None:
    lines = (await metrics_of_a_release(desk)).splitlines()
    for line in (
        'jianbao_attempts_total{channel="wecom",outcome="ok",reason="accepted"} 1.0',
        'jianbao_attempts_total{channel="slack",outcome="ok",reason="accepted"} 0.0',
        'jianbao_release_lag_seconds_count{channel="dingtalk"} 1.0',
        'jianbao_deliveries{state="accepted"} 3.0',
        'jianbao_issues{state="released"} 1.0',
        "jianbao_queue_age_seconds 0.0",
        "jianbao_workers 1.0",
        "jianbao_read_only 0.0",
    ):
        assert line in lines


async def test_a_robot_that_is_too_fast_shows_as_a_pacing_wait(desk: Desk) -> None:
    async with running(desk) as (service, client):
        for number in range(5, 35):
            desk.take_in(issue_text("2026年2月12日", number=number))
        await service.beat("release")

        async def waits() -> float:
            text = (await client.get("/metrics")).text
            return sum(float(n) for n in re.findall(r"jianbao_pacing_wait_seconds_count\{.*\} (.*)", text))

        desk.leave_busy_instant()

        async def waited() -> bool:
            return await waits() > 0

        await until(waited)


# --- dashboard and alerts ---------------------------------------------------------------------------------------------

FUNCTIONS = {"sum", "max", "rate", "increase", "histogram_quantile", "time", "absent"}
WORDS = FUNCTIONS | {"by", "and", "or", "unless", "on"}


def check(expression: str, known: Labels) -> None:
    """Raises AssertionError where Prometheus would refuse it, or find nothing: as far as that can be told from here."""
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', expression)
    closing = {")": "(", "}": "{", "]": "["}
    opened: list[str] = []
    for character in bare:
        if character in closing.values():
            opened.append(character)
        elif character in closing:
            assert opened, expression
            assert opened.pop() == closing[character], expression
    assert not opened, expression
    assert '"' not in bare.replace('""', ""), expression
    for window in re.findall(r"\[([^]]*)\]", bare):
        assert re.fullmatch(r"\d+[smhd]|\$__rate_interval", window), expression
    names = set(re.findall(r"\bjianbao_\w+", bare))
    assert names, expression
    assert names <= set(known), f"{names - set(known)} is in no /metrics"
    labels = set().union(*(known[name] for name in names)) | {"job"}
    for inside in re.findall(r"\{([^}]*)\}", bare):
        for matcher in inside.split(","):
            found = re.fullmatch(r'\s*(\w+)(=|!=|=~|!~)""\s*', matcher)
            assert found, expression
            assert found[1] in labels, f"{found[1]} is no label in {expression}"
    for grouped in re.findall(r"\bby \(([^)]*)\)", bare):
        assert {word.strip() for word in grouped.split(",")} <= labels, expression
    rest = re.sub(r"\{[^}]*\}|\[[^]]*\]|\b(?:by|on) \([^)]*\)|\boffset \d+[smhd]|jianbao_\w+", "", bare)
    assert set(re.findall(r"[a-z_]+", rest)) <= WORDS, expression
    for called in re.findall(r"(\w+)\(", rest):
        assert called in FUNCTIONS, expression


async def test_the_dashboard_asks_only_for_what_there_is(desk: Desk) -> None:
    known = await released(desk)
    panels = DASHBOARD["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    for panel in panels:
        place = panel["gridPos"]
        assert 0 <= place["x"] < place["x"] + place["w"] <= 24
        assert panel["targets"]
        assert panel["type"] in ("stat", "timeseries", "table")
        for target in panel["targets"]:
            check(target["expr"], known)
            used = re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])
            assert all(re.search(rf"by \([^)]*\b{label}\b", target["expr"]) for label in used)
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"source", "job"}


async def test_the_alerts_ask_only_for_what_there_is_and_say_what_to_do(desk: Desk) -> None:
    known = await released(desk)
    assert len({rule["alert"] for rule in RULES}) == len(RULES)
    for rule in RULES:
        check(rule["expr"], known)
        assert re.fullmatch(r"\d+[smh]", rule.get("for", "0s"))
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert set(rule["annotations"]) == {"summary", "description"}
        used = re.findall(r"\$labels\.(\w+)", " ".join(rule["annotations"].values()))
        assert all(re.search(rf"by \([^)]*\b{label}\b", rule["expr"]) for label in used)


@pytest.mark.parametrize(
    "wrong",
    [
        "sum(jianbao_absent_total)",
        "sum(jianbao_attempts_total",
        'sum(jianbao_attempts_total{colour="red"})',
        "sum by (colour) (jianbao_attempts_total)",
        "total(jianbao_attempts_total)",
        "rate(jianbao_attempts_total[5 minutes])",
        'jianbao_attempts_total{channel="wecom}',
    ],
)
def test_a_wrong_expression_is_found(wrong: str) -> None:
    with pytest.raises(AssertionError):
        check(wrong, {"jianbao_attempts_total": {"channel"}})


# What Prometheus itself says.

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(PROMTOOL is None, reason="promtool, of Prometheus, is not installed")
RULE_TESTS = "alerts.test.yml"


def promtool(*words: str, given: str = "") -> str:
    """What it found wrong."""
    assert PROMTOOL is not None
    done = subprocess.run([PROMTOOL, *words], cwd=DEPLOY / "prometheus", input=given, capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


@needs_promtool
def test_prometheus_takes_the_scrape_configuration_and_its_rules() -> None:
    assert promtool("check", "config", "prometheus.yml") == ""


@needs_promtool
def test_each_alert_comes_when_it_should_and_not_otherwise() -> None:
    assert promtool("test", "rules", RULE_TESTS) == ""


@needs_promtool
def test_prometheus_can_read_what_the_dashboard_asks(tmp_path: Path) -> None:
    asked = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    rules = [{"record": f"asked:{n}", "expr": e.replace("$__rate_interval", "5m")} for n, e in enumerate(asked)]
    file = tmp_path / "asked.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), encoding="utf-8")
    assert promtool("check", "rules", str(file)) == ""


def test_every_alert_is_tried_both_ways() -> None:
    tests = yaml.safe_load((DEPLOY / "prometheus" / RULE_TESTS).read_text(encoding="utf-8"))["tests"]
    tried = {(one["alertname"], bool(one["exp_alerts"])) for test in tests for one in test["alert_rule_test"]}
    assert tried == {(rule["alert"], comes) for rule in RULES for comes in (True, False)}


@needs_promtool
async def test_prometheus_takes_the_metrics_of_a_release_without_a_remark(desk: Desk) -> None:
    text = await metrics_of_a_release(desk)
    assert promtool("check", "metrics", given=text) == ""
    assert promtool("check", "metrics", given=text.replace("jianbao_attempts_total", "jianbao_attempts")) != ""


@pytest.mark.parametrize("page", ["watch.md", "watch.zh-CN.md"])
async def test_the_page_names_every_metric_with_its_labels(desk: Desk, page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    described = {name: set(filter(None, labels.strip().split(", "))) for name, labels in ROW.findall(text)}
    real = {
        name.removesuffix("_bucket"): labels - {"le"}
        for name, labels in (await released(desk)).items()
        if not name.endswith(("_created", "_sum", "_count"))
    }
    assert described == real


ROW = re.compile(r"^\| `(jianbao_\w+)` \|(.*?)\|", re.MULTILINE)


# --- traces -----------------------------------------------------------------------------------------------------------


@dataclass
class Collector:
    """Takes OTLP over HTTP."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def spans(self) -> list[Any]:
        found = []
        for body in self.bodies:
            request = ExportTraceServiceRequest.FromString(body)
            found += [s for r in request.resource_spans for scope in r.scope_spans for s in scope.spans]
        return found


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    collector = Collector()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/traces"
            collector.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    collector.port = server.server_port
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{collector.port}")
    yield collector
    server.shutdown()
    thread.join()
    server.server_close()


def attributes(span: Any) -> dict[str, Any]:
    return {a.key: getattr(a.value, a.value.WhichOneof("value")) for a in span.attributes}


async def test_an_issue_is_one_trace_from_take_in_to_the_last_attempt(desk: Desk, collector: Collector) -> None:
    async with running(desk) as (service, client):
        issue_id = service.publisher.take_in(
            issue_text("2026年2月12日").encode(), "a.txt", source="t", who="t"
        ).stored.id
        await service.beat("release")
        await settled(desk, issue_id, 3)
        await client.get("/r/a-token-that-is-nobodys-business")
    spans = collector.spans()
    of_issue = [s for s in spans if attributes(s).get("jianbao.issue") == issue_id]
    assert sorted({s.name for s in of_issue}) == ["attempt", "plan", "release", "take in"]
    assert len({s.trace_id for s in of_issue}) == 1
    attempts = [attributes(s) for s in of_issue if s.name == "attempt"]
    assert sorted(a["jianbao.delivery"] for a in attempts) == [1, 2, 3]
    assert {(a["jianbao.attempt"], a["jianbao.state"]) for a in attempts} == {(1, "accepted")}
    turns = [attributes(s) for s in spans if s.name == "turn"]
    assert sum(t["jianbao.claimed"] for t in turns) == sum(t["jianbao.receipts"] for t in turns) == 3
    assert "GET /r/{token}" in {s.name for s in spans}


async def test_no_address_key_token_or_text_is_in_a_trace(desk: Desk, collector: Collector) -> None:
    async with running(desk) as (service, client):
        issue_id = service.publisher.take_in(
            issue_text("2026年2月12日").encode(), "a.txt", source="t", who="t"
        ).stored.id
        await service.beat("release")
        await settled(desk, issue_id, 3)
        await client.get("/r/a-token-that-is-nobodys-business?key=value-in-a-query")
    sent = b"".join(collector.bodies)
    assert b"attempt" in sent
    for secret in ("key-0000", "webhook", "nobodys", "value-in-a-query", "老旧小区", "127.0.0.1"):
        assert secret.encode() not in sent


@pytest.mark.parametrize("fault", ["nobody listens", "it takes and never answers"])
async def test_a_collector_that_is_down_harms_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        if fault == "nobody listens":
            silent.close()
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://127.0.0.1:{port}")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        async with running(desk) as (service, _):
            issue_id = desk.take_in(issue_text("2026年2月12日")).stored.id
            await service.beat("release")
            await settled(desk, issue_id, 3)
    assert not [r for r in caplog.records if r.levelno >= logging.ERROR]

    async def nothing_is_tried_any_more() -> bool:
        return not any(thread.name.startswith("OtelBatch") for thread in threading.enumerate())

    async with asyncio.timeout(5):
        await until(nothing_is_tried_any_more)


def test_neither_sdk_nor_exporter_is_imported_when_no_collector_is_named() -> None:
    code = (
        "import sys; from bot.bootstrap import service; from bot.bootstrap.tracing import NoTracer, make_tracer;"
        "assert isinstance(make_tracer('x'), NoTracer);"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.sdk', 'opentelemetry.exporter'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={}, check=True)
    assert done.stdout.strip() == "[]"
