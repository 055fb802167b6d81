"""The pages' fixed words: what an act is called, what a state looks like besides its colour, what to do about it."""

from __future__ import annotations

from bot.domain.card import Style
from bot.domain.delivery import DeliveryState, OutcomeClass, Reason
from bot.domain.directory import RecipientKind
from bot.domain.people import Role
from bot.domain.release import IssueState
from bot.domain.resolver import Via

MARKS = {
    DeliveryState.PENDING: "·",
    DeliveryState.SENDING: "…",
    DeliveryState.RETRYING: "↻",
    DeliveryState.ACCEPTED: "✓",
    DeliveryState.REFUSED: "✕",
    DeliveryState.EXHAUSTED: "✕",
    DeliveryState.IN_DOUBT: "？",
    DeliveryState.CANCELLED: "－",
}
"""A sign for each state: colour alone tells nothing to one reader in twelve."""

ISSUE_MARKS = {
    IssueState.HELD: "！",
    IssueState.SCHEDULED: "◷",
    IssueState.RELEASED: "✓",
    IssueState.CANCELLED: "－",
}

OUTCOMES = {
    OutcomeClass.OK: "平台确认接收",
    OutcomeClass.RETRY_LATER: "没有送到，会自动再试",
    OutcomeClass.PERMANENT_CONFIG: "群机器人有问题，需要修复",
    OutcomeClass.PERMANENT_CONTENT: "内容被拒，需要修改",
    OutcomeClass.UNKNOWN: "没有得到确认，请到群里核实",
}

VIAS = {Via.NAME: "全称", Via.ALIAS: "别名", Via.GROUP: "分组", Via.NONE: "认不出"}

STYLES = {style.value: style.chinese for style in Style} | {"markdown": "带格式文字", "text": "纯文字"}

ROLES = {
    "unread": "未识别",
    "masthead": "报头",
    "number": "期号",
    "issuer": "编发单位与日期",
    "classification": "密级",
    "copy_number": "份号",
    "contents": "目录",
    "headline": "要目",
    "editor_note": "编者按",
    "section": "栏目",
    "title": "文章标题",
    "body": "正文",
    "table": "表格",
    "caption": "图注",
    "byline": "署名",
    "staff": "编审人员",
    "list": "名单",
    "imprint": "印发信息",
    "attachment": "附件",
    "page_number": "页码",
    "running_head": "页眉页脚",
    "furniture": "网页杂项",
    "layout": "版面",
    "after_foot": "报尾之后",
}
"""What a block of the document was taken for (docs/reading.md)."""

SOURCES = {"upload": "网页上传", "api": "接口上传", "cli": "命令行"}
"""How a document came in, as it stands before its name in the history."""

FIELDS = {
    "name": "名称",
    "kind": "类别",
    "aliases": "别名",
    "enabled": "启用",
    "phrases": "名单用语",
    "members": "成员",
    "label": "群名称",
    "style": "样式",
    "channel": "平台",
    "url": "地址",
    "mention": "提醒",
    "ca_file": "证书文件",
    "attach_original": "附原文",
    "recipient": "单位",
    "removed": "已移除",
    "secret": "密钥",
    "state": "状态",
    "release_at": "发布时间",
    "holds": "等待事项",
    "role": "角色",
    "disabled": "停用",
    "office": "科室或职务",
    "shown": "姓名",
    "scopes": "权限",
    "deliveries": "投递数",
    "suspended_reason": "停用原因",
    "revision": "版本",
    "outcome": "结果",
    "masked": "打码",
    "token": "令牌编号",
    "rows": "条数",
    "delivery": "投递",
    "reason": "说明",
    "effective_on": "生效日期",
    "changes": "内容",
}

_REASONS = {reason.value: reason.chinese for reason in Reason}
VALUES: dict[str, dict[str, str]] = {
    "state": {s.value: s.chinese for s in (*DeliveryState, *IssueState)},
    "kind": {k.value: k.chinese for k in RecipientKind} | {"issue": "发布", "correction": "更正", "reminder": "催办"},
    "role": {role.value: role.chinese for role in Role},
    "style": STYLES,
    "reason": _REASONS,
    "suspended_reason": _REASONS,
    "outcome": {outcome.value: words for outcome, words in OUTCOMES.items()},
}
"""History's values in a clerk's words, by field."""
