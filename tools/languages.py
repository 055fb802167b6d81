"""Two languages in one site: what mkdocs.yml asks of each page. `NAME.zh-CN.md` is the Chinese of `NAME.md`."""

from __future__ import annotations

from mkdocs.structure.pages import Page

CHINESE = ".zh-CN.md"


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Name the page's own language: screen readers and browsers go by it, and the theme knows one for all pages."""
    language = "zh-CN" if page.file.src_uri.endswith(CHINESE) else "en"
    return output.replace('<html lang="zh"', f'<html lang="{language}"', 1)
