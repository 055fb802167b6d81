"""A *delivery* (issue revision x target x part), its *attempts* and what settles it.

The states and classes are the outer surface; the promise behind them is in docs/guarantee.md.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from .retry import next_try


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    PENDING = "pending"
    SENDING = "sending"
    RETRYING = "retrying"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXHAUSTED = "exhausted"
    IN_DOUBT = "in_doubt"
    CANCELLED = "cancelled"

    @property
    def chinese(self) -> str:
        return _STATES[self][0]

    @property
    def promise(self) -> str:
        """One sentence for a clerk: what this state means."""
        return _STATES[self][1]

    @property
    def settled(self) -> bool:
        """No machine will touch it again; a person may."""
        return self not in (DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.RETRYING)


_STATES: dict[DeliveryState, tuple[str, str]] = {
    DeliveryState.PENDING: ("待发送", "已列入发送计划，尚未发出。"),
    DeliveryState.SENDING: ("发送中", "正在发送，尚无结果。"),
    DeliveryState.RETRYING: ("待重试", "对方确定没有收到，将按时自动重试。"),
    DeliveryState.ACCEPTED: ("已送达", "平台已在回复正文中确认接收。"),
    DeliveryState.REFUSED: ("被拒绝", "平台明确拒收，自动重试无用，需要人工处理。"),
    DeliveryState.EXHAUSTED: ("重试用尽", "多次重试均未成功，已停止，需要人工处理。"),
    DeliveryState.IN_DOUBT: ("存疑", "可能已到达但没有得到确认；不会自动重发，需人工核实。"),
    DeliveryState.CANCELLED: ("已取消", "由工作人员取消，不再发送。"),
}


class OutcomeClass(StrEnum):
    """What kind of answer an attempt got; the only five there are."""

    OK = "ok"
    RETRY_LATER = "retry_later"
    PERMANENT_CONFIG = "permanent_config"
    PERMANENT_CONTENT = "permanent_content"
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why. The set is fixed and documented in docs/reasons.md; `chinese` says what to do."""

    ACCEPTED = "accepted"
    # certainly not sent
    DNS_FAILED = "dns_failed"
    CONNECT_FAILED = "connect_failed"
    TLS_FAILED = "tls_failed"
    CA_UNUSABLE = "ca_unusable"
    POOL_TIMEOUT = "pool_timeout"
    UPLOAD_FAILED = "upload_failed"
    FORBIDDEN_ADDRESS = "forbidden_address"
    # may have arrived
    TIMEOUT_AFTER_SEND = "timeout_after_send"
    CONNECTION_LOST = "connection_lost"
    INTERRUPTED = "interrupted"
    GATEWAY_TIMEOUT = "gateway_timeout"
    # the answer could not be read as a verdict
    NOT_JSON = "not_json"
    NO_CODE = "no_code"
    UNKNOWN_CODE = "unknown_code"
    CODE_CONTRADICTS_STATUS = "code_contradicts_status"
    ACCEPTED_WITH_WARNING = "accepted_with_warning"
    # try later
    RATE_LIMITED = "rate_limited"
    BUSY = "busy"
    SERVER_ERROR = "server_error"
    # the target must be mended
    BAD_KEY = "bad_key"
    BAD_SIGNATURE = "bad_signature"
    KEYWORD_MISSING = "keyword_missing"
    IP_NOT_ALLOWED = "ip_not_allowed"
    ROBOT_DISABLED = "robot_disabled"
    ROBOT_REMOVED = "robot_removed"
    NOT_PERMITTED = "not_permitted"
    REDIRECTED = "redirected"
    BAD_REQUEST_SHAPE = "bad_request_shape"
    HTTP_REFUSED = "http_refused"
    TARGET_SUSPENDED = "target_suspended"
    # the message must be mended
    TOO_LONG = "too_long"
    BAD_CARD = "bad_card"
    EMPTY_CONTENT = "empty_content"
    BAD_PARAMETER = "bad_parameter"
    UNSUPPORTED_TYPE = "unsupported_type"
    BAD_MEDIA = "bad_media"
    UNSAFE_CONTENT = "unsafe_content"

    @property
    def chinese(self) -> str:
        """What it means and what to do, for a clerk."""
        return _REASONS[self]


_REASONS: dict[Reason, str] = {
    Reason.ACCEPTED: "平台已确认接收",
    Reason.DNS_FAILED: "域名解析失败，请检查网络",
    Reason.CONNECT_FAILED: "连接不上平台，请检查网络",
    Reason.TLS_FAILED: "安全连接失败，请检查证书和系统时间",
    Reason.CA_UNUSABLE: "自有证书文件不可用，请管理员检查",
    Reason.POOL_TIMEOUT: "本机连接繁忙，稍后自动重试",
    Reason.UPLOAD_FAILED: "原文上传失败，稍后自动重试",
    Reason.FORBIDDEN_ADDRESS: "地址不在允许范围，请核对机器人地址",
    Reason.TIMEOUT_AFTER_SEND: "发出后未等到回复，请到群里核实",
    Reason.CONNECTION_LOST: "发出后连接中断，请到群里核实",
    Reason.INTERRUPTED: "发送途中程序中断，请到群里核实",
    Reason.GATEWAY_TIMEOUT: "平台网关超时，请到群里核实",
    Reason.NOT_JSON: "回复不是平台格式，请到群里核实",
    Reason.NO_CODE: "回复缺少结果代码，请到群里核实",
    Reason.UNKNOWN_CODE: "平台回复了未知代码，请到群里核实",
    Reason.CODE_CONTRADICTS_STATUS: "回复自相矛盾，请到群里核实",
    Reason.ACCEPTED_WITH_WARNING: "平台接收但有警告，请到群里核实",
    Reason.RATE_LIMITED: "发送太频繁，稍后自动重试",
    Reason.BUSY: "平台繁忙，稍后自动重试",
    Reason.SERVER_ERROR: "平台故障，稍后自动重试",
    Reason.BAD_KEY: "机器人地址无效，请重新复制",
    Reason.BAD_SIGNATURE: "签名不符，请核对密钥和系统时间",
    Reason.KEYWORD_MISSING: "缺少机器人要求的关键词",
    Reason.IP_NOT_ALLOWED: "本机地址不在机器人白名单",
    Reason.ROBOT_DISABLED: "机器人已停用，请联系群管理员",
    Reason.ROBOT_REMOVED: "机器人已移出群或群已解散",
    Reason.NOT_PERMITTED: "机器人没有权限",
    Reason.REDIRECTED: "被转到其他网址，请检查网络代理",
    Reason.BAD_REQUEST_SHAPE: "请求方式不被接受，请报告开发者",
    Reason.HTTP_REFUSED: "地址不存在或不允许访问",
    Reason.TARGET_SUSPENDED: "该群机器人已停用，修复后补发",
    Reason.TOO_LONG: "内容超出平台长度限制",
    Reason.BAD_CARD: "卡片格式不被平台接受",
    Reason.EMPTY_CONTENT: "平台认为内容为空",
    Reason.BAD_PARAMETER: "平台认为参数有误",
    Reason.UNSUPPORTED_TYPE: "平台不支持该消息类型",
    Reason.BAD_MEDIA: "附件无效或已过期",
    Reason.UNSAFE_CONTENT: "平台判定内容不合规",
}


OF_THE_ROBOT = frozenset(
    {Reason.BAD_KEY, Reason.IP_NOT_ALLOWED, Reason.NOT_PERMITTED, Reason.ROBOT_DISABLED, Reason.ROBOT_REMOVED}
)
"""Reasons that hold for whoever sends to that address; a wrong signature, say, may be of one target's own secret."""


@dataclass(frozen=True, slots=True)
class Replied:
    """A whole answer came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class NotSent:
    """It certainly did not arrive: no byte of the request left on a working connection."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class MaybeArrived:
    """The request may have arrived and no answer is known."""

    reason: Reason
    detail: str = ""


Exchange = Replied | NotSent | MaybeArrived
"""What one HTTP try comes to."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An attempt's outcome as a channel reads it; kept as the *receipt*.

    `wait_s`: seconds the target must be left alone (vendor cool-down or Retry-After), 0 when none is asked.
    `vendor_message` is the vendor's text, already rid of addresses and keys.
    """

    outcome: OutcomeClass
    reason: Reason
    http_status: int | None = None
    vendor_code: str | None = None
    vendor_message: str | None = None
    wait_s: float = 0.0

    @property
    def suspends(self) -> bool:
        """Must the target be stopped until a person has mended it?"""
        return self.outcome is OutcomeClass.PERMANENT_CONFIG


@dataclass(frozen=True, slots=True)
class Settlement:
    """The state an attempt leaves its delivery in, and when the next try is due (None: none)."""

    state: DeliveryState
    next_try_at: dt.datetime | None


def settle(
    verdict: Verdict, *, delivery_id: int, number: int, now: dt.datetime, resend_in_doubt: bool = False
) -> Settlement:
    """The one rule from verdict to state. `number` is the attempt's, from 1; `now` is aware."""
    match verdict.outcome:
        case OutcomeClass.OK:
            return Settlement(DeliveryState.ACCEPTED, None)
        case OutcomeClass.PERMANENT_CONFIG | OutcomeClass.PERMANENT_CONTENT:
            return Settlement(DeliveryState.REFUSED, None)
        case OutcomeClass.UNKNOWN if not resend_in_doubt:
            return Settlement(DeliveryState.IN_DOUBT, None)
    due = next_try(number, now, seed=f"{delivery_id}/{number}", wait_s=verdict.wait_s)
    if due is None:
        end = DeliveryState.IN_DOUBT if verdict.outcome is OutcomeClass.UNKNOWN else DeliveryState.EXHAUSTED
        return Settlement(end, None)
    return Settlement(DeliveryState.RETRYING, due)
