"""Every key of a directory file, as data: the checker, the spreadsheet's headers and docs/directory.md follow it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.card import Style


@dataclass(frozen=True, slots=True)
class Key:
    """One key: its word in YAML, its column header in a spreadsheet, and the sentence explaining it there."""

    name: str
    chinese: str
    note: str
    required: bool = False


RECIPIENT = (
    Key("id", "编号", "单位在本系统内的固定编号，用字母、数字、汉字和 - _ .；定下后不要改。", required=True),
    Key("name", "全称", "单位的规范全称，全表不能重复。", required=True),
    Key("kind", "类别", "县级政府、市直部门、功能区、领导机关、其他单位，五选一；空白为其他单位。"),
    Key("aliases", "别名", "发送名单上会用到的其他写法；一行一个，单元格内按 Alt+回车 换行。"),
    Key("enabled", "启用", "是或否；否表示暂不向该单位发送。空白为是。"),
    Key("targets", "群机器人", "见“群机器人”工作表，一行一个机器人。"),
)

TARGET = (
    Key("channel", "平台", "所属的平台，如 wecom（企业微信）、dingtalk（钉钉）、feishu（飞书）。", required=True),
    Key("label", "群名称", "便于辨认的群名称，可空白。"),
    Key("url", "地址", "机器人的 Webhook 地址，从平台完整复制，不能带空格或换行。等同凭证，请勿外传。", required=True),
    Key("secret", "签名密钥", "平台启用“加签”时的密钥；没有就空白。请勿外传。"),
    Key("style", "样式", "卡片、Markdown、纯文本，哪个平台都可以；其余的只有个别平台有。空白为卡片。"),
    Key("enabled", "启用", "是或否；否表示该群暂停发送。空白为是。"),
    Key("mention", "提醒", "要@的人：写“所有人”，或成员编号、手机号，一行一个；空白为不@任何人。"),
    Key("ca_file", "证书文件", "内网自建平台用的 CA 证书文件名（由管理员放在证书目录），或绝对路径；公网平台空白。"),
    Key("attach_original", "附原文", "是或否；是表示卡片之后再发简报原文件，平台支持才行。空白为否。"),
)

GROUP = (
    Key("id", "编号", "分组在本系统内的固定编号。编号与上面某行相同且名称空白的行，是那一行的续行。", required=True),
    Key("name", "名称", "分组名称，全表不能重复；名单上印的若正是这个名称，也按本组发送。", required=True),
    Key("phrases", "名单用语", "名单上代表本组的统称，一行一个，单元格内按 Alt+回车 换行；括号和标点全角半角均可。"),
    Key("members", "成员", "成员单位的编号，一行一个，单元格内按 Alt+回车 换行；至少一个。", required=True),
)

FILE = (
    Key("recipients", "单位", "所有单位。", required=True),
    Key("groups", "分组", "统称代表哪些单位。"),
)

STYLES = {style: style.chinese for style in Style}
"""The styles' words in a spreadsheet."""

MAX_BYTES = 5_000_000
"""A directory file may not be larger: a prefecture of 5,000 units takes about 2 MB."""

MAX_TEXT = 200
"""Characters of a name, alias, phrase or label."""

MAX_WORDS = 100
"""Aliases of one unit, or phrases of one group. With MAX_TEXT it keeps a spreadsheet cell below Excel's 32,767."""

MAX_CREDENTIAL = 2_000
"""Characters of a URL or a secret."""
