"""What a page must keep to for people who see, hear or point differently: our own checks, and axe-core where given."""

from __future__ import annotations

import os
from pathlib import Path

from playwright.sync_api import Page

AXE = os.environ.get("JIANBAO_TEST_AXE")

_OURS = """() => {
  const found = [];
  const seen = (e) => e.getClientRects().length > 0;
  const say = (what, e) => found.push(`${what}: ${e.outerHTML.slice(0, 120)}`);
  if (document.documentElement.lang !== "zh-CN") found.push("no language");
  if (!document.title) found.push("no title");
  if (document.querySelectorAll("h1").length !== 1) found.push("not one h1");
  if (!document.querySelector("main")) found.push("no main");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  for (const id of new Set(ids.filter((id, i) => ids.indexOf(id) !== i))) found.push(`id twice: ${id}`);
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (seen(e) && !(e.labels.length || e.getAttribute("aria-label"))) say("no label", e);
  for (const e of document.querySelectorAll("a, button"))
    if (seen(e) && !(e.textContent.trim() || e.getAttribute("aria-label"))) say("no name", e);
  for (const e of document.querySelectorAll("[tabindex]")) if (e.tabIndex > 0) say("focus out of order", e);
  const boxes = "[type=hidden], [type=checkbox], [type=radio]";  // these are pressed by their labels
  for (const e of document.querySelectorAll(`button, .button, select, input:not(${boxes})`))
    if (seen(e) && e.getBoundingClientRect().height < 43.5) say("too small to touch", e);
  const linear = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4);
  const light = (c) => { const p = c.map(linear);
    return 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2]; };
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const ground = (e) => { for (let x = e; x; x = x.parentElement) { const c = rgb(getComputedStyle(x).backgroundColor);
    if (c.length < 4 || c[3] > 0.99) return c.slice(0, 3); } return [255, 255, 255]; };
  const words = document.createTreeWalker(document.querySelector("body"), NodeFilter.SHOW_TEXT);
  for (let n = words.nextNode(); n; n = words.nextNode()) {
    const e = n.parentElement;
    if (!n.data.trim() || !seen(e) || e.closest(".phone, script, option, :disabled")) continue;
    const [a, b] = [light(rgb(getComputedStyle(e).color).slice(0, 3)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) say(`contrast ${ratio.toFixed(2)}`, e);
  }
  return found;
}"""


def check(page: Page) -> list[str]:
    """Everything wrong with the page as it is shown now; empty when all is well."""
    found: list[str] = page.evaluate(_OURS)
    if AXE:
        page.evaluate(Path(AXE).read_text(encoding="utf-8"))
        # The picture of another program's card is not ours to mend.
        result = page.evaluate("axe.run({exclude: [['.phone']]}, {resultTypes: ['violations']})")
        found += [
            f"axe {violation['id']} ({violation['help']}): {node['html'][:160]}"
            for violation in result["violations"]
            for node in violation["nodes"]
        ]
    return found
