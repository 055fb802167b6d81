"""The journeys of a clerk and of a recipient, in a real browser, against the whole service; the manual's pictures.

The service runs as a process of its own beside the simulated platforms. JIANBAO_TEST_PICTURES names a folder to leave
the pictures in; in docs/pictures those that the manual shows are made anew. JIANBAO_TEST_AXE names an axe.min.js to
check every page with besides our own checks.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from . import browser
from .accessibility import check
from .browser import PATIENCE_S, leave_by, resize
from .conftest import ISSUE, Installation

PICTURES = os.environ.get("JIANBAO_TEST_PICTURES")
PASSWORD = "春风又绿江南岸 2026"
WIDTHS = (1280, 390)
LABEL, MASTHEAD = "2026年第5期 总第72期", "梅州市城镇老旧小区改造工作简报"
"""The first headings of the issue's pages, and of its reader page."""
MANUAL = Path(__file__).parents[2] / "docs" / "manual.zh-CN.md"
IN_MANUAL = MANUAL.parent / "pictures"

pytestmark = [pytest.mark.slow, *browser.needs_chromium]


@dataclass
class Service:
    """`jianbao serve` as a process; what it says on standard error is kept."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    said: threading.Event = field(default_factory=threading.Event)

    def listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if "/setup/" in line:
                self.said.set()
        # It has ended: nobody need wait any longer for what it did not say.
        self.said.set()

    @property
    def setup(self) -> str:
        """The one-time link it printed."""
        assert self.said.wait(PATIENCE_S), "".join(self.lines)
        found = re.search(r"http://\S+/setup/\S+", "".join(self.lines))
        assert found is not None, "".join(self.lines)
        return found[0]

    @property
    def url(self) -> str:
        return self.setup.partition("/setup/")[0]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture
def service(installation: Installation) -> Iterator[Service]:
    # The port is chosen first: the links on the cards name it.
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--port", str(port)],
        cwd=installation.home,
        env=installation.environment({"JIANBAO_PUBLIC_URL": f"http://127.0.0.1:{port}"}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    running = Service(process)
    reader = threading.Thread(target=running.listen)
    reader.start()
    yield running
    process.terminate()
    process.wait(PATIENCE_S)
    reader.join()
    assert process.stderr is not None
    process.stderr.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser.chromium() as running:
        yield running


@dataclass
class Tour:
    """One person's browser. `press` and `follow` are for what leads to another page, and return when that has loaded.
    `show` looks at the page with this first heading in both widths: it must fit, be accessible, and have its picture
    taken under `name`."""

    context: BrowserContext
    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("http") else self.base + path)

    def press(self, name: str, *, exact: bool = True) -> None:
        leave_by(self.page.get_by_role("button", name=name, exact=exact).first)

    def follow(self, name: str, *, exact: bool = True) -> None:
        leave_by(self.page.get_by_role("link", name=name, exact=exact).first)

    def fill(self, label: str, value: str) -> None:
        self.page.get_by_label(label, exact=False).first.fill(value)

    def show(self, name: str, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        for width in WIDTHS:
            resize(self.page, width, 844 if width < 500 else 800)
            beyond = self.page.evaluate("document.documentElement.scrollWidth") - width
            assert beyond <= 0, f"{name} at {width} px is {beyond} px too wide"
            assert check(self.page) == [], f"{name} at {width} px"
            picture = f"{name}-{width}.png"
            if PICTURES and (Path(PICTURES).resolve() != IN_MANUAL or picture in MANUAL.read_text(encoding="utf-8")):
                self.page.screenshot(path=Path(PICTURES) / picture, full_page=True)
        resize(self.page, 1280, 800)
        assert self.complaints == [], name


@contextmanager
def tour(chromium: Browser, base: str, **options: Any) -> Iterator[Tour]:
    context = chromium.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", **options)
    context.set_default_timeout(PATIENCE_S * 1000)
    page = context.new_page()
    made = Tour(context, page, base)
    page.on("console", lambda m: made.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: made.complaints.append(str(e)))
    page.on("dialog", lambda dialog: dialog.accept())
    try:
        yield made
    finally:
        context.close()


@pytest.fixture
def clerk(chromium: Browser, service: Service) -> Iterator[Tour]:
    with tour(chromium, service.url) as made:
        yield made


def set_up(clerk: Tour, service: Service) -> None:
    """The first administrator, by the link in the terminal."""
    clerk.go(service.setup)
    clerk.show("01-setup", "设置管理员")
    clerk.fill("姓名", "张三")
    clerk.page.get_by_label("账号").fill("zhangsan")
    clerk.page.get_by_label("密码", exact=True).fill(PASSWORD)
    clerk.fill("再输入一次", PASSWORD)
    clerk.press("完成并登录")
    expect(clerk.page.get_by_role("heading", name="总览")).to_be_visible()


def add_unit(clerk: Tour, name: str, url: str) -> None:
    clerk.go("/directory/new")
    clerk.fill("单位全称", name)
    clerk.press("保存，下一步")
    clerk.page.get_by_label("机器人地址").fill(url)
    clerk.page.locator("#label").fill("政务公开群")
    clerk.press("保存群机器人")


@pytest.fixture
def robots(installation: Installation) -> list[str]:
    """Addresses of three robots; the platform does not know the third."""
    keys = [f"0000000{n}-aaaa-bbbb-cccc-000000000000" for n in range(3)]
    installation.api("/_sandbox/robots", [{"channel": "wecom", "key": key, "name": f"群{key[7]}"} for key in keys[:2]])
    return [f"{installation.sandbox}/cgi-bin/webhook/send?key={key}" for key in keys]


def test_first_set_up_then_signing_in_by_keyboard_alone(clerk: Tour, service: Service) -> None:
    set_up(clerk, service)
    clerk.show("02-first-overview", "总览")
    clerk.press("退出")
    clerk.show("03-login", "登录")
    expect(clerk.page.get_by_label("账号")).to_be_focused()
    clerk.page.keyboard.type("zhangsan")
    clerk.page.keyboard.press("Tab")
    clerk.page.keyboard.type(PASSWORD)
    with clerk.page.expect_navigation():
        clerk.page.keyboard.press("Enter")
    expect(clerk.page.get_by_role("heading", name="总览")).to_be_visible()
    clerk.page.keyboard.press("Tab")
    expect(clerk.page.get_by_role("link", name="跳到正文")).to_be_focused()
    clerk.follow("账号")
    clerk.fill("姓名", "李四")
    clerk.page.locator("#name").fill("lisi")
    clerk.page.get_by_label("编辑", exact=False).check()
    clerk.press("添加，得到设置链接")
    clerk.show("04-people", "账号")
    assert "/setup/" in clerk.page.locator("#link").input_value()
    for path, name, heading in (
        ("/me", "05-me", "张三"),
        ("/audit", "06-audit", "审计"),
        ("/sources", "07-sources", "来源"),
    ):
        clerk.go(path)
        clerk.show(name, heading)


def test_adding_a_unit_with_its_robot_and_testing_it(clerk: Tour, service: Service, robots: list[str]) -> None:
    set_up(clerk, service)
    clerk.follow("添加第一个单位")
    clerk.show("11-new-unit", "添加单位")
    add_unit(clerk, "梅江区人民政府", robots[0])
    expect(clerk.page.get_by_text("已认出是企业微信")).to_be_visible()
    clerk.press("发送测试到 政务公开群")
    expect(clerk.page.get_by_text("测试成功")).to_be_visible()
    clerk.show("12-unit", "梅江区人民政府")
    clerk.go("/directory")
    clerk.show("13-directory", "名录")
    clerk.follow("分组")
    clerk.follow("添加分组")
    clerk.fill("名称", "各县（市、区）人民政府")
    clerk.page.get_by_label("梅江区人民政府").check()
    clerk.show("14-group", "添加分组")
    clerk.press("保存分组")
    clerk.show("15-groups", "名录")
    clerk.follow("变更记录")
    clerk.show("16-changes", "名录")
    clerk.go("/directory/import")
    clerk.show("17-import", "导入和导出")
    clerk.go("/directory")
    clerk.follow("梅江区人民政府")
    clerk.follow("预约变更")
    clerk.fill("生效日期", f"{dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)}")
    clerk.press("下一步")
    clerk.fill("单位全称", "梅江新区管理委员会")
    clerk.page.get_by_label("原因").first.fill("机构改革")
    leave_by(clerk.page.get_by_role("button", name="登记", exact=True).first)
    expect(clerk.page.get_by_text("零点自动生效；在此之前可以撤回")).to_be_visible()
    clerk.show("18-later", "名录")


def test_upload_correct_and_approve(clerk: Tour, service: Service, robots: list[str], tmp_path: Path) -> None:
    set_up(clerk, service)
    add_unit(clerk, "梅江区人民政府", robots[0])
    document = tmp_path / "第5期.txt"
    document.write_text(ISSUE.replace("发送：各测试单位", "发送：梅江区人民政府，梅县区政府办"), encoding="utf-8")
    clerk.go("/issues")
    clerk.show("21-issues", "期刊")
    clerk.page.set_input_files("#files", document)
    clerk.press("上传并识读")
    expect(clerk.page.get_by_role("heading", name="发给谁")).to_be_visible()
    expect(clerk.page.locator(".unknown").get_by_text("梅县区政府办")).to_be_visible()
    clerk.show("22-issue-held", MASTHEAD)
    clerk.page.get_by_label("这是名录里的哪个单位").select_option("unit-1")
    clerk.press("加为别名")
    expect(clerk.page.locator(".unknown")).to_have_count(0)
    clerk.follow("原文对照")
    clerk.show("23-reading", MASTHEAD)
    clerk.follow("卡片预览")
    clerk.show("24-cards", MASTHEAD)
    clerk.follow("内容与名单")
    clerk.follow("更正识读结果")
    clerk.page.get_by_label("编发单位").fill("梅州市住房和城乡建设局办公室")
    clerk.show("25-correct", "更正识读结果")
    clerk.press("保存更正")
    expect(clerk.page.get_by_text("更正已保存为第 2 版")).to_be_visible()
    clerk.follow("暂停")
    clerk.fill("原因", "等领导过目")
    clerk.press("确定暂停")
    clerk.follow("批准")
    expect(clerk.page.get_by_text("将发送至 1 个单位 1 个群")).to_be_visible()
    clerk.show("26-approve", "批准？")
    clerk.press("确定批准")
    expect(clerk.page.get_by_text("已批准")).to_be_visible()
    clerk.show("27-issue-approved", MASTHEAD)


def release(clerk: Tour, document: Path, units: str) -> None:
    document.write_text(ISSUE.replace("发送：各测试单位", f"发送：{units}"), encoding="utf-8")
    clerk.go("/issues")
    clerk.page.set_input_files("#files", document)
    clerk.press("上传并识读")
    clerk.follow("立即发布")
    clerk.show("31-release", "立即发布？")
    clerk.press("确定立即发布")


def test_watching_a_release_and_settling_what_failed(
    clerk: Tour, service: Service, robots: list[str], installation: Installation, tmp_path: Path
) -> None:
    set_up(clerk, service)
    for name, url in zip(("梅江区人民政府", "梅县区人民政府", "兴宁市人民政府"), robots, strict=True):
        add_unit(clerk, name, url)
    lost = {"channel": "wecom", "key": robots[1].rpartition("=")[2], "fault": "drop_after_accepting", "times": 1}
    installation.api("/_sandbox/faults", [lost])
    release(clerk, tmp_path / "a.txt", "梅江区人民政府，梅县区人民政府，兴宁市人民政府")
    for unit, state in (("unit-1", "accepted"), ("unit-2", "in_doubt"), ("unit-3", "refused")):
        expect(clerk.page.locator(f'[data-unit="{unit}"]')).to_have_class(f"tile {state}")
    expect(clerk.page.get_by_text("发送结束，2 条需要处理")).to_be_visible()
    clerk.show("32-wall", LABEL)
    clerk.go("/")
    clerk.show("33-overview", "总览")
    clerk.follow("去核实", exact=False)
    clerk.show("34-list", LABEL)
    clerk.follow("梅县区人民政府")
    clerk.show("35-delivery", "梅县区人民政府")
    clerk.press("群里有，确认已到达")
    expect(clerk.page.get_by_text("已处理：确认已到达")).to_be_visible()
    clerk.go("/")
    clerk.follow("去修复", exact=False)
    installation.api("/_sandbox/robots", [{"channel": "wecom", "key": robots[2].rpartition("=")[2]}])
    clerk.show("36-mend", "兴宁市人民政府")
    clerk.press("已修好，重新启用")
    clerk.go("/receipts/1")
    expect(clerk.page.locator('[data-unit="unit-3"]')).to_have_class("tile accepted")
    clerk.go("/")
    expect(clerk.page.get_by_text("没有需要处理的事")).to_be_visible()


def test_reading_and_signing_on_a_phone_then_exporting_the_sheet(
    clerk: Tour, service: Service, chromium: Browser, robots: list[str], installation: Installation, tmp_path: Path
) -> None:
    set_up(clerk, service)
    add_unit(clerk, "梅江区人民政府", robots[0])
    add_unit(clerk, "梅县区人民政府", robots[1])
    release(clerk, tmp_path / "a.txt", "梅江区人民政府，梅县区人民政府")
    for unit in ("unit-1", "unit-2"):
        expect(clerk.page.locator(f'[data-unit="{unit}"]')).to_have_class("tile accepted")
    messages = installation.api("/_sandbox/messages?verdict=accepted&limit=10")["messages"]
    (link, *_) = re.findall(rf"{service.url}/r/[\w-]+", json.dumps(messages))
    as_phone: dict[str, Any] = {"is_mobile": True, "has_touch": True, "viewport": {"width": 390, "height": 844}}
    with tour(chromium, service.url, **as_phone) as phone:
        phone.go(link)
        phone.show("41-reader", MASTHEAD)
        resize(phone.page, 390, 844)
        phone.page.mouse.wheel(0, 600)
        phone.fill("姓名", "王五")
        phone.fill("科室或职务", "办公室")
        phone.page.get_by_label("我已阅读本期内容").check()
        phone.press("确认签收")
        expect(phone.page.get_by_text("已签收", exact=False).first).to_be_visible()
        phone.show("42-signed", MASTHEAD)
        # The browser itself remarks on the status of a page that is not there.
        with phone.page.expect_console_message(lambda said: "404" in said.text):
            phone.go(link[:-4] + "AAAA")
        phone.complaints.clear()
        phone.show("43-gone", "链接无效或已过期")
    clerk.go("/receipts/1/signoffs")
    expect(clerk.page.get_by_text("已签收 1 个，未签收 1 个")).to_be_visible()
    clerk.show("44-signoffs", LABEL)
    with clerk.page.expect_download() as download:
        clerk.page.get_by_role("link", name="导出签收表").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    clerk.go("/receipts/1/print")
    clerk.show("45-sheet", "简报回执单")
    clerk.go("/receipts/1/signoffs")
    clerk.press("催办 1 个未签收单位")
    expect(clerk.page.get_by_text("已向 1 个未签收单位发出催办")).to_be_visible()
    clerk.go("/receipts")
    clerk.show("46-receipts", "回执")


def test_all_but_the_live_wall_works_without_script(
    chromium: Browser, service: Service, robots: list[str], tmp_path: Path
) -> None:
    with tour(chromium, service.url, java_script_enabled=False) as clerk:
        clerk.go(service.setup)
        clerk.page.get_by_label("姓名").fill("张三")
        clerk.page.get_by_label("账号").fill("zhangsan")
        clerk.page.get_by_label("密码", exact=True).fill(PASSWORD)
        clerk.page.get_by_label("再输入一次").fill(PASSWORD)
        clerk.press("完成并登录")
        add_unit(clerk, "梅江区人民政府", robots[0])
        clerk.press("发送测试到 政务公开群")
        expect(clerk.page.get_by_text("测试成功")).to_be_visible()
        document = tmp_path / "a.txt"
        document.write_text(ISSUE.replace("发送：各测试单位", "发送：梅江区人民政府"), encoding="utf-8")
        clerk.go("/issues")
        clerk.page.set_input_files("#files", document)
        clerk.press("上传并识读")
        clerk.follow("立即发布")
        clerk.press("确定立即发布")
        expect(clerk.page.get_by_text("已发布，1 条投递开始发送")).to_be_visible()
        expect(clerk.page.locator('[data-unit="unit-1"]')).to_be_visible()
