"""Layouts of our own devising: each a bulletin, the convention it follows, and what it says.

Texts are invented. Every layout follows a form the conventions of 报头 / 报核 / 报尾 allow; none was made to fit the
parser. `expected` holds the fields the layout is about, in the shape of the labels.
"""

# ruff: noqa: E501 - lines of the documents themselves are kept whole

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Layout:
    """`source` gives the bytes of the file."""

    name: str
    convention: str
    source: Callable[[], bytes]
    expected: dict[str, Any]


P = (
    "今年以来，平远县把农村公路养护交给沿线村民，设立公益性护路岗位146个，每人负责两公里，路面清扫、水沟清淤、标志擦洗样样有人管。",
    "护路员小林说，以前下过雨路上都是泥，现在雨一停就有人去看，哪里塌方、哪里积水，拍张照片发到群里，镇里当天就派人处理。",
    "交通运输部门每月抽查一次，评分低于八十分的路段限期整改，连续两次不合格的调整护路员。",
    "下一步，平远县将把桥梁和隧道纳入护养范围。",
    "蕉岭县长潭镇的老茶农把自家茶园搬上了网，谁认养一垄茶，谁就能随时看到茶树长得怎么样。",
    "认养的城里人周末带着孩子来采茶，村里的民宿和饭馆也跟着热闹起来，今年已接待游客8200人次。",
    "镇里请来农技员上门指导，统一修剪、统一施肥、统一防虫，茶青价格比去年每斤高了三元。",
    "目前，全镇认养茶园620亩，带动农户185户。",
)
A1, A2 = "平远县：村民当上护路员 山路有了贴心人", "蕉岭县长潭镇“云上认茶”带火一方山水"
B1, B2 = list(P[:4]), list(P[4:])
TWO = [{"title": A1, "body": B1}, {"title": A2, "body": B2}]
NO_LISTS: dict[str, list[str]] = {"report": [], "send": [], "copy": []}
LISTS = {"report": ["市委办", "市府办"], "send": ["各县（市、区）人民政府"], "copy": ["市直有关单位"]}
FOOT = "报送：市委办、市府办。\n发送：各县（市、区）人民政府。\n抄送：市直有关单位。\n"


def text(source: str, encoding: str = "utf-8") -> Callable[[], bytes]:
    return lambda: source.encode(encoding)


def articles(*, indent: str = "　　", lead: str = "\n", between: str = "\n", titles: tuple[str, str] = (A1, A2)) -> str:
    """Both articles as plain text."""
    out = ""
    for title, body in zip(titles, (B1, B2), strict=True):
        out += f"{lead}{title}\n{between}" + between.join(f"{indent}{p}\n" for p in body)
    return out


LAYOUTS: list[Layout] = []


def layout(name: str, convention: str, source: str | Callable[[], bytes], **expected: Any) -> None:
    LAYOUTS.append(Layout(name, convention, text(source) if isinstance(source, str) else source, expected))


layout(
    "txt-number-above-name",
    "期号在名称之上，密级与份号分列左上角；份号不是密级的一部分",
    f"份号：000128\n秘密★1年\n\n2023年第7期\n\n农村公路养护工作简报\n\n平远县交通运输局编　　　2023年5月6日\n{articles()}\n{FOOT}",
    masthead="农村公路养护工作简报",
    issue={"year": 2023, "number": 7, "total": None},
    issuer=["平远县交通运输局"],
    date="2023-05-06",
    classification="秘密★1年",
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-full-width-digits",
    "期号用全角数字：第１２期（总第５７７期）",
    f"乡村振兴简报\n第１２期（总第５７７期）\n梅州市农业农村局　　　２０２３年１０月９日\n{articles()}\n{FOOT}",
    masthead="乡村振兴简报",
    issue={"year": 2023, "number": 12, "total": 577},
    issuer=["梅州市农业农村局"],
    date="2023-10-09",
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-bracketed-year-number",
    "〔2022〕3号 的写法；主办单位用冒号；日期用连字符",
    f"督查专报\n〔2022〕3号\n主办单位：梅州市人民政府督查室\n2022-03-15\n{articles()}\n{FOOT}",
    masthead="督查专报",
    issue={"year": 2022, "number": 3, "total": None},
    issuer=["梅州市人民政府督查室"],
    date="2022-03-15",
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-combined-issue",
    "合刊：第5、6期合刊，期号取所印的第一个",
    f"招商引资动态\n2021年第5、6期（合刊）\n梅州市投资促进局 2021年6月30日\n{articles()}\n{FOOT}",
    masthead="招商引资动态",
    issue={"year": 2021, "number": 5, "total": None},
    issuer=["梅州市投资促进局"],
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-special-issue",
    "增刊第2期，期号即所印数字；日期在印发行，印发机关不重复报头",
    f"信访工作简报\n增刊（第2期）\n梅州市信访局\n{articles()}\n{FOOT}\n梅州市信访局办公室　　　　2020年11月3日印发\n共印80份\n",
    masthead="信访工作简报",
    issue={"year": 2020, "number": 2, "total": None},
    issuer=["梅州市信访局"],
    date="2020-11-03",
    print_count=80,
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-old-zero-year",
    "二00八年 的混写年份；中文期号；下发二级标签 报：/发：",
    f"广电工作简讯\n第二十三期\n蕉岭县广播电视台　二00八年十二月一日\n{articles()}\n报：市广电局，县委宣传部。\n发：各镇广播站。\n",
    masthead="广电工作简讯",
    issue={"year": 2008, "number": 23, "total": None},
    date="2008-12-01",
    articles=TWO,
    lists={"report": ["市广电局", "县委宣传部"], "send": ["各镇广播站"], "copy": []},
)
layout(
    "txt-no-headlines-hard-wrapped",
    "打印件转文本：每行二十余字硬回车，段首缩进，无空行，文中有页码",
    "机关党建简报\n第4期\n梅州市直属机关工作委员会　2022年4月2日\n"
    + "".join(
        f"　　　　　{t}\n"
        + "".join(("　　" + p)[i : i + 26] + "\n" for p in b for i in range(0, len(p) + 2, 26)).replace(
            "镇里当天就", "镇里当天就", 1
        )
        for t, b in ((A1, B1), (A2, B2))
    )
    + FOOT,
    masthead="机关党建简报",
    issue={"year": 2022, "number": 4, "total": None},
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-section-labels-and-numbered-titles",
    "栏目名【…】不是标题；每篇标题前的序号不是标题的一部分",
    f"政务信息\n2022年第9期\n大埔县人民政府办公室　2022年3月1日\n\n【工作动态】\n\n一、{A1}\n\n"
    + "\n".join(f"　　{p}\n" for p in B1)
    + f"\n【基层实践】\n\n二、{A2}\n\n"
    + "\n".join(f"　　{p}\n" for p in B2)
    + f"\n{FOOT}",
    masthead="政务信息",
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-grouped-contents",
    "目录按栏目分组，带页码和点线；正文标题不带序号",
    f"营商环境简报\n第3期（总第31期）\n五华县政务服务数据管理局　2023年2月28日\n\n目　录\n【工作动态】\n1. {A1}……………（1）\n【典型案例】\n2. {A2}……（3）\n\n【工作动态】\n{articles()}\n{FOOT}",
    masthead="营商环境简报",
    issue={"year": 2023, "number": 3, "total": 31},
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-headline-differs",
    "要目与正文标题用词不同，以正文标题为准",
    f"水利简报\n第5期\n兴宁市水务局　2023年2月8日\n本期要目\n○ 平远县：村民当上护路员\n○ 长潭镇“云上认茶”带火山水\n{articles()}\n{FOOT}",
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-title-with-subtitle-on-own-line",
    "主标题与破折号副标题合为一个标题；文后括号内供稿单位独立成行不计入正文",
    "调研参考\n第2期\n梅州市委政策研究室　2021年7月5日\n\n　　　　　　小茶园里的大文章\n　　　　　　——蕉岭县长潭镇认养茶园的调查\n\n"
    + "".join(f"　　{p}\n" for p in B2)
    + f"　　　　　　　　　　　　（蕉岭县农业农村局供稿）\n\n{FOOT}",
    masthead="调研参考",
    articles=[{"title": "小茶园里的大文章——蕉岭县长潭镇认养茶园的调查", "body": B2}],
    lists=LISTS,
)
layout(
    "txt-editor-note-after-title",
    "编者按可在标题之后、正文之前，不属于文章",
    f"经验交流\n第6期\n梅州市教育局　2022年9月1日\n\n　　　　{A1}\n\n　　【编者按】护路虽小，连着民心。现刊发平远县的做法，供各地参考。\n\n"
    + "\n".join(f"　　{p}\n" for p in B1)
    + f"\n{FOOT}",
    articles=[{"title": A1, "body": B1}],
    lists=LISTS,
)
layout(
    "txt-lists-first",
    "主送与抄送印在报头之下、正文之前",
    f"防汛快报\n第18期\n梅州市三防办　2022年6月13日\n主送：市委办、市府办。\n抄送：各县（市、区）三防办。\n\n　　　　{A1}\n"
    + "".join(f"　　{p}\n" for p in B1),
    articles=[{"title": A1, "body": B1}],
    lists={"report": [], "send": ["市委办", "市府办"], "copy": ["各县（市、区）三防办"]},
)
layout(
    "txt-lists-wrapped-hanging",
    "名单转行，续行悬挂缩进；标签字间有空格；一行两个标签",
    f"工会简报\n第1期\n梅州市总工会　2024年1月5日\n{articles()}\n报　送：省总工会，市委、市人大常委会、\n　　　　市政府、市政协领导。\n分　送：各县（市、区）总工会，市直\n　　　　各基层工会。　　抄送：市妇联、团市委。\n（共印一百二十份）\n",
    lists={
        "report": ["省总工会", "市委", "市人大常委会", "市政府", "市政协领导"],
        "send": ["各县（市、区）总工会", "市直各基层工会"],
        "copy": ["市妇联", "团市委"],
    },
    print_count=120,
    articles=TWO,
)
layout(
    "txt-exclusions",
    "除…外、（…除外）、（不发…）三种写法都是例外；名单项去掉例外的话",
    f"统计信息\n第10期\n梅州市统计局　2023年10月20日\n{articles()}\n报送：市委、市政府领导同志（不含出差同志）。\n发送：除梅江区、梅县区外的各县（市、区）人民政府，市直各单位（市统计局除外）。\n抄送：各镇人民政府（除湖寮镇、三河镇外）。\n",
    lists={
        "report": ["市委", "市政府领导同志"],
        "send": ["各县（市、区）人民政府", "市直各单位"],
        "copy": ["各镇人民政府"],
    },
    exclusions=["出差同志", "梅江区", "梅县区", "市统计局", "湖寮镇", "三河镇"],
    articles=TWO,
)
layout(
    "txt-prose-like-lists",
    "名单写成一句话：本期报送…，发送…，抄送…",
    f"工作情况反映\n第8期\n梅州市审计局　2023年8月8日\n{articles()}\n本期报送市委办公室，发送各县（市、区）审计局，抄送市财政局。\n",
    lists={"report": ["市委办公室"], "send": ["各县（市、区）审计局"], "copy": ["市财政局"]},
    articles=TWO,
)
layout(
    "txt-correction-notice",
    "更正启事有自己的标题，算一篇",
    f"环保简报\n第11期\n梅州市生态环境局　2023年11月1日\n{articles()}\n更　　正\n\n　　本刊第10期第二篇文章第三段“46处”应为“64处”，特此更正。\n\n{FOOT}",
    articles=[*TWO, {"title": "更正", "body": ["本刊第10期第二篇文章第三段“46处”应为“64处”，特此更正。"]}],
    lists=LISTS,
)
layout(
    "txt-attachments-after-foot",
    "附件列在版记之后；附件名去掉序号、扩展名和句号",
    f"安全生产简报\n第2期\n梅江区安委办　2022年2月11日\n{articles()}\n{FOOT}\n附件：1．隐患排查清单.xlsx\n　　　2．整改情况表.docx\n",
    attachments=["隐患排查清单", "整改情况表"],
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-box-drawn-table",
    "正文里用制表符画的表格，连同表题、单位、注都不计入正文",
    "交通简报\n第6期\n梅州市交通运输局　2023年6月6日\n\n　　　　"
    f"{A1}\n\n　　{B1[0]}\n\n　　　　表1　养护完成情况\n　　　　　　　　　单位：公里\n┌────┬────┐\n│镇名　　│里程　　│\n├────┼────┤\n│大柘镇　│42　　　│\n└────┴────┘\n注：数据截至5月底。\n\n　　{B1[1]}\n\n{FOOT}",
    articles=[{"title": A1, "body": B1[:2]}],
    lists=LISTS,
)
layout(
    "txt-weekly-range",
    "报头印的是起止日期，不是一个整日：日期取版记的印发日期",
    f"舆情周报\n2023年第21期（总第180期）\n2023年5月22日—28日\n中共梅州市委宣传部编\n{articles()}\n{FOOT}\n中共梅州市委宣传部　　2023年5月29日印发\n",
    masthead="舆情周报",
    issue={"year": 2023, "number": 21, "total": 180},
    issuer=["中共梅州市委宣传部"],
    date="2023-05-29",
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-form-feeds-and-running-heads",
    "换页符前后有书眉和页码；段落跨页仍是一段",
    "司法行政简报\n第7期\n梅州市司法局　2023年7月7日\n\n　　　　"
    f"{A1}\n\n　　{B1[0]}\n　　{B1[1][:20]}\n　　　　　　- 1 -\n\f司法行政简报　第7期\n{B1[1][20:]}\n　　{B1[2]}\n　　　　　　- 2 -\n\f司法行政简报　第7期\n　　{B1[3]}\n\n{FOOT}　　　　　　- 3 -\n",
    masthead="司法行政简报",
    articles=[{"title": A1, "body": B1}],
    lists=LISTS,
)
layout(
    "txt-joint-issuers-on-lines",
    "联合编发，一行一个单位",
    f"双拥工作简报\n（第三期）\n梅州市退役军人事务局\n梅州军分区政治工作处\n二〇二二年八月一日\n{articles()}\n{FOOT}",
    masthead="双拥工作简报",
    issue={"year": 2022, "number": 3, "total": None},
    issuer=["梅州市退役军人事务局", "梅州军分区政治工作处"],
    date="2022-08-01",
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-single-article-subheads",
    "只有一篇：一、（一）1. 各级小标题都是正文段落",
    f"工作动态\n第15期\n梅州市林业局编印　2022年12月12日\n\n　　　　　　{A2}\n\n　　{B2[0]}\n\n　　一、认养有人管\n\n　　{B2[1]}\n\n　　（一）统一标准\n\n　　{B2[2]}\n\n　　1.统一修剪\n\n　　{B2[3]}\n\n{FOOT}",
    masthead="工作动态",
    issuer=["梅州市林业局"],
    articles=[{"title": A2, "body": [B2[0], "一、认养有人管", B2[1], "（一）统一标准", B2[2], "1.统一修剪", B2[3]]}],
    lists=LISTS,
)
layout(
    "txt-utf16",
    "记事本“Unicode”另存：UTF-16 带 BOM、CRLF",
    text(f"信息专报\n第1期\n平远县教育局　2022年1月4日\n{articles()}\n{FOOT}".replace("\n", "\r\n"), "utf-16"),
    masthead="信息专报",
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-form-page-and-br-lines",
    "整页包在 form 里的网站；正文一段内用 br 换行、全角空格缩进；没有字符集声明的 GBK",
    text(
        "<html><head><title>卫生健康简报-梅州市卫生健康局</title></head><body><form id=f><div class=h><a href='/'>首页</a></div>"
        "<div id=c><div align=center><font size=6 color=red>卫生健康简报</font><br>第9期<br>梅州市卫生健康局　　2022年9月9日</div>"
        + "".join(
            f"<div align=center><b>{t}</b></div><p>" + "<br>".join(f"　　{p}" for p in b) + "</p>"
            for t, b in ((A1, B1), (A2, B2))
        )
        + FOOT.replace("\n", "<br>")
        + "</div><div class=f>版权所有：某单位 粤ICP备123号</div></form></body></html>",
        "gb18030",
    ),
    masthead="卫生健康简报",
    issue={"year": 2022, "number": 9, "total": None},
    issuer=["梅州市卫生健康局"],
    date="2022-09-09",
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-word-saved-split-spans",
    "由文字处理软件另存：span 把词切开，零宽字符，隐藏段落，修订删除的字",
    "<html xmlns:o='urn:schemas-microsoft-com:office:office'><head><meta charset=utf-8><style>.x{display:none}</style></head><body>"
    "<p class=MsoNormal align=center><span style='font-size:36.0pt'>人才</span><span style='font-size:36.0pt'>工\u200b作简报</span></p>"
    "<p class=MsoNormal align=center>第<span lang=EN-US>3</span>期<o:p></o:p></p>"
    "<p class=MsoNormal>中共梅州市委组织部<span style='mso-tab-count:3'>\u3000\u3000\u3000\u3000</span>2023年3月3日</p>"
    f"<p class=MsoNormal align=center style='text-align:center'><b><span style='font-size:22.0pt'>{A1[:8]}</span></b><b><span style='font-size:22.0pt'>{A1[8:]}</span></b></p>"
    + "".join(
        f"<p class=MsoNormal style='text-indent:32.0pt'>{p[:9]}<del>删去的字</del><span>{p[9:]}</span></p>" for p in B1
    )
    + "<p class=x>隐藏的段落，读者看不到。</p><p style='mso-hide:all'>隐藏。</p><template><p>发送：模板。</p></template>"
    + "".join(f"<p class=MsoNormal>{x}</p>" for x in FOOT.split("\n"))
    + "</body></html>",
    masthead="人才工作简报",
    issue={"year": 2023, "number": 3, "total": None},
    articles=[{"title": A1, "body": B1}],
    lists=LISTS,
)
layout(
    "html-lists-in-two-column-table",
    "版记是表格：左格为标签，右格为单位；编号列表作要目",
    "<html><body><div class=wrap><div class=main><h2 style='text-align:center'>财政简报</h2><p align=center>2023年第4期</p>"
    "<table><tr><td>梅州市财政局</td><td>2023年4月28日</td></tr></table>"
    f"<ol><li>{A1}</li><li>{A2}</li></ol>"
    + "".join(f"<h3>{t}</h3>" + "".join(f"<p>{p}</p>" for p in b) for t, b in ((A1, B1), (A2, B2)))
    + "<table border=1><tr><td>报送</td><td>市委办、市府办</td></tr><tr><td>发送</td><td>各县（市、区）人民政府</td></tr>"
    "<tr><td>抄送</td><td>市直有关单位</td></tr></table></div></div></body></html>",
    masthead="财政简报",
    issue={"year": 2023, "number": 4, "total": None},
    issuer=["梅州市财政局"],
    date="2023-04-28",
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-title-only-in-page-head",
    "正文里没有报头，名称和期号只在网页标题里；发布时间不是简报日期",
    "<html><body><div class=nav><a href=/>首页</a></div><div class=art><h1>统战工作简报（2022年第6期）</h1>"
    "<div class=meta>发布时间：2022-06-30 来源：市委统战部 浏览次数：10</div><div class=body>"
    + "".join(
        f"<p style='text-align:center'><strong>{t}</strong></p>" + "".join(f"<p>　　{p}</p>" for p in b)
        for t, b in ((A1, B1), (A2, B2))
    )
    + "".join(f"<p>{x}</p>" for x in FOOT.split("\n") if x)
    + "</div></div><div class=foot><p>网站地图 | 联系我们</p></div></body></html>",
    masthead="统战工作简报",
    issue={"year": 2022, "number": 6, "total": None},
    date=None,
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-photos-and-bylines",
    "图片说明、摄影署名、供稿单位独立成行，均不计入正文",
    "<html><body><div><p align=center>残联工作简报</p><p align=center>第2期</p><p align=center>梅州市残疾人联合会　2023年2月2日</p>"
    f"<p align=center><b>{A1}</b></p><p>　　{B1[0]}</p><p align=center><img src=a.jpg></p><p align=center>护路员在清理水沟</p>"
    f"<p>　　{B1[1]}</p><p align=center><img src=b.jpg><br>▲新修的山路（李某 摄）</p><p>　　{B1[2]}</p><p align=right>（平远县残联）</p>"
    f"<p align=center><b>{A2}</b></p>"
    + "".join(f"<p>　　{p}</p>" for p in B2)
    + "<p align=right>供稿：蕉岭县残联</p><hr>"
    + "".join(f"<p>{x}</p>" for x in FOOT.split("\n"))
    + "<p>责任编辑：某某　校对：某某</p></div></body></html>",
    articles=[{"title": A1, "body": B1[:3]}, {"title": A2, "body": B2}],
    lists=LISTS,
)
