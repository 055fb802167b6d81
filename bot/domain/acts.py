"""What was done, in the words of the history: `thing.done`, one word for one act."""

from __future__ import annotations

ACTS = {
    "issue.received": "收到期刊",
    "issue.revised": "内容有新版",
    "issue.approved": "批准",
    "issue.approval_counted": "批准计入",
    "issue.held": "暂停",
    "issue.rescheduled": "改期",
    "issue.cancelled": "取消",
    "issue.released": "发布",
    "issue.supplemented": "补充投递",
    "issue.reminded": "催办",
    "issue.reassessed": "重新核对",
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
    "batch.set_aside": "批次搁置",
    "batch.again": "批次重新派发",
    "worker.recovered": "工作进程中断，已接管",
    "source.failing": "来源连续失败",
}
"""Every act that goes on record, and what people read."""

_EARLIER = {
    "issue.approve": "issue.approval_counted",
    "issue.hold": "issue.held",
    "issue.reschedule": "issue.rescheduled",
    "issue.cancel": "issue.cancelled",
    "issue.reassess": "issue.reassessed",
}
"""Words in rows of earlier versions; a row on record is never written anew."""


def known(action: str) -> str:
    """The word an act has now, whatever it had when it went on record."""
    return _EARLIER.get(action, action)


def chinese(action: str) -> str:
    """What people read; the word itself where this version does not know it."""
    return ACTS.get(known(action), action)
