"""What one issue costs to render for many recipients, and what each further recipient costs.

The issue is rendered once for each channel, style and list; what differs for a recipient is the reader token in the
body and what the channel signs. Printed for each: the one rendering, and the microseconds of one recipient, in time of
the processor: nothing here waits, and what else runs does not count. A webhook signs the whole body, so there the
figure is for hashing its bytes.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from time import process_time

from bot.cards import TemplateWording, make_card
from bot.channels import CHANNELS
from bot.domain.card import LINK_TOKEN, CardKind, Style
from bot.domain.channel import Channel
from bot.domain.issue import Article, Issue, IssueNumber, ListKind
from bot.domain.secret import Secret

AT = dt.datetime(2026, 7, 29, 9, tzinfo=dt.UTC)
MOST_US = 20.0
SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
"""Every channel that signs can do so with it."""
MARK = LINK_TOKEN.encode()
LINK = f"https://jianbao.example.gov.cn/r/{LINK_TOKEN}"
ISSUE = Issue(
    masthead="云岭市乡村振兴工作简报",
    issue=IssueNumber(2026, 18, 96, "2026年第18期 总第96期"),
    issuer=("云岭市乡村振兴局",),
    date=dt.date(2026, 7, 29),
    articles=tuple(
        Article(
            f"青溪县：扎实推进第{n}批示范村建设，惠及群众{n * 37}户",
            ("青溪县坚持规划先行，把群众满意作为标准。示范村已全部开工，计划年底前完成。" * 20,),
        )
        for n in range(1, 9)
    ),
)


@dataclass(frozen=True, slots=True)
class Figure:
    """`once_ms`: rendering the issue; `each_us`: one recipient, of all its `parts`, the median of the rounds."""

    channel: str
    style: Style
    parts: int
    size: int
    once_ms: float
    each_us: float


def rendered(channel: Channel, style: Style, list_kind: ListKind, wording: TemplateWording) -> tuple[bytes, ...]:
    card = make_card(ISSUE, kind=CardKind.ISSUE, list_kind=list_kind, link=LINK, sign_link=f"{LINK}/sign")
    return tuple(message.body for message in channel.messages(card, style, wording))


def for_recipients(channel: Channel, bodies: Sequence[bytes], tokens: Sequence[bytes], url: str) -> int:
    """Everything that is made for each recipient before the bytes go out; their number of bytes."""
    total = 0
    for number, token in enumerate(tokens):
        for body in bodies:
            own = body.replace(MARK, token)
            signature = channel.sign(SECRET, AT, message_id=f"jb-{number}", body=own)
            total += len(signature.signed_body(own)) + len(signature.signed_url(url))
    return total


def measure(channel: Channel, style: Style, wording: TemplateWording, recipients: int, rounds: int) -> Figure:
    rendered(channel, style, ListKind.SEND, wording)  # compiles the templates, once in the life of a process
    began = process_time()
    lists = [rendered(channel, style, kind, wording) for kind in ListKind]
    once_s = (process_time() - began) / len(lists)
    tokens = [f"{number:0{len(LINK_TOKEN)}d}".encode() for number in range(recipients)]
    bodies, times = lists[0], []
    for _ in range(rounds):
        began = process_time()
        total = for_recipients(channel, bodies, tokens, "https://example.gov.cn/hook?key=0")
        times.append((process_time() - began) / recipients / len(bodies))
        assert total >= recipients * sum(map(len, bodies))
    size = sum(map(len, bodies))
    return Figure(channel.NAME, style, len(bodies), size, once_s * 1e3, sorted(times)[len(times) // 2] * 1e6)


def main(args: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks render", description=__doc__)
    parser.add_argument("--recipients", type=int, default=10_000, help="recipients of one issue (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="repetitions, of which the median counts")
    options = parser.parse_args(args)
    wording = TemplateWording([Path(__file__).parents[1] / "templates"])
    print(f"\n{len(ISSUE.articles)} articles, {options.recipients:,} recipients, {len(ListKind)} lists")
    print(f"{'channel':10}{'style':10}{'parts':>6}{'bytes':>8}{'once ms':>9}{'each us':>9}{'all ms':>9}")
    slow = []
    for channel, style in product(CHANNELS.values(), Style):
        if style not in channel.STYLES:
            continue
        found = measure(channel, style, wording, options.recipients, options.rounds)
        all_ms = found.once_ms * len(ListKind) + found.each_us * found.parts * options.recipients / 1e3
        print(
            f"{found.channel:10}{found.style:10}{found.parts:>6}{found.size:>8,}{found.once_ms:>9.2f}"
            f"{found.each_us:>9.2f}{all_ms:>9.1f}"
        )
        if found.each_us >= MOST_US:
            slow.append(f"{found.channel} {found.style}")
    if slow:
        sys.exit(f"over {MOST_US:g} us for a recipient: {', '.join(slow)}")
