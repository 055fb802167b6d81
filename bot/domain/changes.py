"""What changed between two revisions of an issue, in sentences for the people who got the first one."""

from __future__ import annotations

from .issue import Issue, ListKind


def describe_changes(old: Issue, new: Issue) -> tuple[str, ...]:
    """One Chinese sentence for each kind of change, in the order of the page; empty when a reader sees none."""
    found: list[str] = []
    if (old.masthead, old.issue) != (new.masthead, new.issue):
        found.append(f"报头由“{old.masthead} {old.label}”更正为“{new.masthead} {new.label}”。")
    if old.date != new.date:
        found.append(f"日期由{_day(old)}更正为{_day(new)}。")
    if old.issuer != new.issuer:
        found.append(f"编发单位更正为{'、'.join(new.issuer) or '（无）'}。")
    old_titles = {a.title: a for a in old.articles}
    new_titles = {a.title: a for a in new.articles}
    for index, article in enumerate(new.articles, 1):
        before = old_titles.get(article.title)
        if before is not None:
            if before.body != article.body:
                found.append(f"《{article.title}》正文有改动。")
        elif index <= len(old.articles) and old.articles[index - 1].title not in new_titles:
            found.append(f"第{index}篇标题由《{old.articles[index - 1].title}》更正为《{article.title}》。")
        else:
            found.append(f"增加《{article.title}》。")
    renamed = {
        a.title for i, a in enumerate(old.articles) if i < len(new.articles) and new.articles[i].title not in old_titles
    }
    found += [f"删去《{a.title}》。" for a in old.articles if a.title not in new_titles and a.title not in renamed]
    if [a.title for a in old.articles] != [a.title for a in new.articles] and set(old_titles) == set(new_titles):
        found.append("文章顺序有调整。")
    for kind in ListKind:
        gone = [x for x in old.lists.of(kind) if x not in new.lists.of(kind)]
        come = [x for x in new.lists.of(kind) if x not in old.lists.of(kind)]
        if come:
            found.append(f"{kind.chinese}增加{'、'.join(come)}。")
        if gone:
            found.append(f"{kind.chinese}删去{'、'.join(gone)}。")
    if old.exclusions != new.exclusions:
        found.append("不发单位有调整。")
    if old.attachments != new.attachments:
        found.append("附件有调整。")
    return tuple(found)


def _day(issue: Issue) -> str:
    return f"{issue.date:%Y年%-m月%-d日}" if issue.date else "（无）"
