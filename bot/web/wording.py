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

ACTIONS = {
    "issue.received": "收到期刊",
    "issue.revised": "内容有新版",
    "issue.approve": "批准",
    "issue.approved": "签字批准",
    "issue.hold": "暂停",
    "issue.reschedule": "改期",
    "issue.cancel": "取消",
    "issue.released": "发布",
    "issue.supplemented": "补充投递",
    "issue.reassess": "重新核对",
    "delivery.settled": "了结投递",
    "delivery.signed": "签收",
    "delivery.late_answer": "迟到的答复",
    "recipient.added": "新增单位",
    "recipient.changed": "修改单位",
    "group.added": "新增分组",
    "group.changed": "修改分组",
    "group.removed": "删除分组",
    "directory.dated": "预约变更",
    "directory.dated_applied": "预约变更生效",
    "directory.dated_held": "预约变更未能生效",
    "directory.dated_retried": "预约变更再试",
    "directory.dated_withdrawn": "撤回预约变更",
    "target.added": "添加群机器人",
    "target.changed": "修改群机器人",
    "target.removed": "移除群机器人",
    "target.suspended": "群机器人停用",
    "target.revived": "群机器人恢复",
    "target.tested": "测试群机器人",
    "account.added": "新增账号",
    "account.changed": "修改账号",
    "account.password": "设置密码",
    "account.invited": "发出设置链接",
    "account.signed_in": "登录",
    "account.totp_on": "启用动态口令",
    "account.totp_off": "停用动态口令",
    "token.added": "新建接口令牌",
    "token.revoked": "作废接口令牌",
    "key.rotated": "更换主密钥",
    "retention.cleared": "按保存期限清除",
    "history.cut": "审计记录按保存期限截断",
    "directory.exported": "导出名录",
    "history.exported": "导出审计记录",
}
"""History's action words; one that is not here is shown as it is."""

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
