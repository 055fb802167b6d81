"""Layouts of our own devising that vary one form each: labels, numbers, titles, notes, ways to set a page."""

# ruff: noqa: E501 - lines of the documents themselves are kept whole

from __future__ import annotations

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH

from tests.unit.bulletins.layouts import A1, A2, B1, B2, LISTS, TWO, P, articles, layout
from tests.unit.bulletins.rendering import saved

FOOT = "报送：市委办、市府办。\n发送：各县（市、区）人民政府。\n抄送：市直有关单位。\n"
HEAD = "梅县区农村工作简报\n第8期\n梅县区农业农村局　2023年4月5日\n"


def ind(b: list[str]) -> str:
    return "\n".join("　　" + p for p in b)


layout(
    "txt-flat-no-gaps",
    "段落既无缩进也无空行；印发行在名单之后；附件１：附件２：列在版记之后",
    "工作简报\n第2期\n大埔县广播电视站　二00八年三月五日\n"
    + A1
    + "\n"
    + "\n".join(B1)
    + "\n"
    + A2
    + "\n"
    + "\n".join(B2)
    + "\n抄报：市广电局，县委宣传部。\n大埔县广播电视站办公室　　二00八年三月五日印发\n附件１：先进集体名单\n附件２：先进个人名单\n",
    masthead="工作简报",
    issue={"year": 2008, "number": 2, "total": None},
    articles=TWO,
    attachments=["先进集体名单", "先进个人名单"],
    lists={"report": ["市广电局", "县委宣传部"], "send": [], "copy": []},
)
layout(
    "txt-bracketed-name",
    "名称加【】且字间有空；总期号在期号之上，全角数字",
    "【　督　查　通　报　】\n总第３６期\n（第６期）\n中共梅县区委督查室　　　　　　２０２３年６月１日\n"
    + articles()
    + FOOT,
    masthead="督查通报",
    issue={"year": 2023, "number": 6, "total": 36},
    issuer=["中共梅县区委督查室"],
    articles=TWO,
    date="2023-06-01",
)
layout(
    "txt-joint-editors",
    "两个单位以顿号相连，“联合编印”不是名称的一部分",
    "禁毒工作简报\n2023年第6期\n梅县区禁毒委员会办公室、梅县区公安局联合编印\n2023年6月26日\n" + articles() + FOOT,
    issuer=["梅县区禁毒委员会办公室", "梅县区公安局"],
    articles=TWO,
)
layout(
    "txt-host-and-organiser",
    "主办、承办各带冒号，都是编发单位",
    "政协信息\n2023年第6期\n主办：政协梅县区委员会办公室　　承办：区政协信息科\n2023年6月26日\n" + articles() + FOOT,
    issuer=["政协梅县区委员会办公室", "区政协信息科"],
    articles=TWO,
)
layout(
    "txt-first-heading-missing",
    "编号要目；第一篇正文之上没有标题，由要目补出",
    HEAD
    + "本期要目\n1."
    + A1
    + "\n2."
    + A2
    + "\n\n"
    + ind(B1)
    + "\n\n　　　　"
    + A2
    + "\n\n"
    + ind(B2)
    + "\n\n"
    + FOOT,
    articles=TWO,
)
layout(
    "txt-starred-titles",
    "每篇标题前有★",
    HEAD + "\n★" + A1 + "\n\n" + ind(B1) + "\n\n★" + A2 + "\n\n" + ind(B2) + "\n\n" + FOOT,
    articles=TWO,
)
layout(
    "txt-arabic-titles-chinese-subheads",
    "标题用1.2.编号，文内小标题用一、",
    HEAD
    + "\n1."
    + A1
    + "\n\n　　一、做法\n\n"
    + ind(B1)
    + "\n\n2."
    + A2
    + "\n\n　　一、成效\n\n"
    + ind(B2)
    + "\n\n"
    + FOOT,
    articles=[{"title": A1, "body": ["一、做法", *B1]}, {"title": A2, "body": ["一、成效", *B2]}],
)
layout(
    "txt-photo-lines",
    "“图为…”和（某某供图）独立成行，不计入正文",
    HEAD
    + "\n　　　　　　"
    + A1
    + "\n\n　　"
    + B1[0]
    + "\n\n　　图为护路员在清扫路面。\n\n　　"
    + B1[1]
    + "\n\n（平远县供图）\n\n"
    + FOOT,
    articles=[{"title": A1, "body": B1[:2]}],
)
layout(
    "txt-source-lines",
    "（来源：…）和（单位名）独立成行，不计入正文",
    HEAD
    + "\n　　　　　　"
    + A1
    + "\n\n"
    + ind(B1)
    + "\n　　　　　　　（来源：平远县交通运输局）\n\n　　　　　　"
    + A2
    + "\n\n"
    + ind(B2)
    + "\n　　　　　　　　　（蕉岭县长潭镇人民政府）\n\n"
    + FOOT,
    articles=TWO,
)
layout(
    "txt-lists-on-one-line",
    "报、送、发写在同一行，以分号隔开",
    HEAD + articles() + "报：市委办；送：市府办、市财政局；发：各镇人民政府。\n",
    lists={"report": ["市委办"], "send": ["市府办", "市财政局", "各镇人民政府"], "copy": []},
    articles=TWO,
)
layout(
    "txt-labels-without-colon",
    "标签后没有冒号，只有空格",
    HEAD + articles() + "报　　市委办，市府办。\n送　　区直各单位。\n",
    articles=TWO,
)
layout(
    "txt-chengbao-fensong",
    "呈报、分送、抄发，半角冒号",
    HEAD + articles() + "呈报:市委、市政府\n分送:各镇（街道）\n抄发:区直各单位\n　　（共印30份）\n",
    lists={"report": ["市委", "市政府"], "send": ["各镇（街道）"], "copy": ["区直各单位"]},
    print_count=30,
    articles=TWO,
)
layout(
    "txt-spaced-numbers",
    "期号与日期的数字两边有空格",
    "环卫简报\n(2022年第 7 期)\n梅江区环卫局        2022 年 7 月 9 日\n" + articles() + FOOT,
    issue={"year": 2022, "number": 7, "total": None},
    date="2022-07-09",
    issuer=["梅江区环卫局"],
    articles=TWO,
)
layout(
    "txt-middle-dots",
    "期号各部分以间隔号相连",
    "环卫简报\n2022·第7期·总第88期\n梅江区环卫局　2022年7月9日\n" + articles() + FOOT,
    issue={"year": 2022, "number": 7, "total": 88},
    articles=TWO,
)
layout(
    "txt-drawn-rules",
    "报头上下用等号、横线画线",
    "======================\n      梅江区环卫简报\n        第七期\n======================\n梅江区环卫局　　2022年7月9日\n----------------------\n"
    + articles()
    + "----------------------\n"
    + FOOT,
    masthead="梅江区环卫简报",
    issue={"year": 2022, "number": 7, "total": None},
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-note-in-two-paragraphs",
    "编者按独立成行，按语两段",
    HEAD + "\n编者按\n　　" + P[0] + "\n　　" + P[1] + "\n\n　　　　　　" + A2 + "\n\n" + ind(B2) + "\n\n" + FOOT,
    articles=[{"title": A2, "body": B2}],
)
layout(
    "txt-exclusions-joined-by-and",
    "例外以“和”相连；除…以外的…",
    HEAD
    + articles()
    + "发送：各县（市、区）人民政府（梅江区、梅县区除外），市直各单位（不发送市档案馆和市方志办）。\n抄送：除市财政局以外的市政府各部门。\n",
    lists={"report": [], "send": ["各县（市、区）人民政府", "市直各单位"], "copy": ["市政府各部门"]},
    exclusions=["梅江区", "梅县区", "市档案馆", "市方志办", "市财政局"],
    articles=TWO,
)
layout(
    "txt-title-on-two-lines",
    "标题分两行，居中",
    HEAD + "\n　　　　　　　　以路为媒\n　　　　平远县山区公路养护的实践与思考\n\n" + ind(B1) + "\n\n" + FOOT,
    articles=[{"title": "以路为媒平远县山区公路养护的实践与思考", "body": B1}],
)


def wr(b: list[str], n: int = 30) -> str:
    return "\n".join(p[i : i + n] for p in b for i in range(0, len(p), n))


layout(
    "txt-wrapped-no-indent",
    "硬回车、段间空行、段首不缩进",
    HEAD
    + "\n"
    + A1
    + "\n\n"
    + "\n\n".join(wr([p]) for p in B1)
    + "\n\n"
    + A2
    + "\n\n"
    + "\n\n".join(wr([p]) for p in B2)
    + "\n\n"
    + FOOT,
    articles=TWO,
)
layout(
    "txt-tab-indents",
    "段首用制表符缩进，标题用三个制表符居中",
    HEAD
    + "\n\t\t\t"
    + A1
    + "\n"
    + "\n".join("\t" + p for p in B1)
    + "\n\t\t\t"
    + A2
    + "\n"
    + "\n".join("\t" + p for p in B2)
    + "\n"
    + FOOT,
    articles=TWO,
)
layout(
    "txt-copy-number-beside-class",
    "份号、密级同行，紧急程度另行",
    "000012　　　　　　　　　　　机密★一年\n特急\n\n政务专报\n〔2024〕第15期\n梅州市人民政府办公室　2024年3月3日\n"
    + articles()
    + FOOT,
    masthead="政务专报",
    classification="机密★一年",
    articles=TWO,
)
layout(
    "html-all-in-one-cell",
    "整篇在一个单元格里，只用 br 分行",
    "<html><head><title>简报</title></head><body><table width=100%><tr><td class=nav><a href=/>首页</a></td></tr><tr><td><span style='font-size:32px;color:red'>梅县区农村工作简报</span><br>第8期<br>梅县区农业农村局&nbsp;&nbsp;&nbsp;2023年4月5日<br><br><b>"
    + A1
    + "</b><br>"
    + "<br>".join("&nbsp;&nbsp;&nbsp;&nbsp;" + p for p in B1)
    + "<br><br><b>"
    + A2
    + "</b><br>"
    + "<br>".join("&nbsp;&nbsp;&nbsp;&nbsp;" + p for p in B2)
    + "<br><br>"
    + FOOT.replace("\n", "<br>")
    + "</td></tr><tr><td>版权所有：梅县区农业农村局 粤ICP备1号</td></tr></table></body></html>",
    masthead="梅县区农村工作简报",
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-bold-subheads",
    "小标题加粗但与正文同样缩进，是正文段落",
    "<html><body><div><p align=center>梅县区农村工作简报</p><p align=center>第8期</p><p>梅县区农业农村局　　2023年4月5日</p><p align=center><strong>"
    + A1
    + "</strong></p><p style='text-indent:2em'>"
    + B1[0]
    + "</p><p style='text-indent:2em'><strong>建强队伍</strong></p><p style='text-indent:2em'>"
    + B1[1]
    + "</p><p style='text-indent:2em'><strong>严格考核。</strong>"
    + B1[2]
    + "</p>"
    + "".join(f"<p>{x}</p>" for x in FOOT.split("\n"))
    + "</div></body></html>",
    articles=[{"title": A1, "body": [B1[0], "建强队伍", B1[1], "严格考核。" + B1[2]]}],
)
layout(
    "html-bare-paragraph-masthead",
    "报头各项都是普通段落；网站时间没有“发布时间”字样",
    "<html><body><div class=a><div class=t>梅县区农村工作简报第8期</div><div class=i>2023-04-09 10:00　来源：区农业农村局</div><div class=c><p>梅县区农村工作简报</p><p>第8期</p><p>梅县区农业农村局</p><p>二〇二三年四月五日</p><p>&nbsp;</p><h2>"
    + A1
    + "</h2>"
    + "".join(f"<p>{p}</p>" for p in B1)
    + "<h2>"
    + A2
    + "</h2>"
    + "".join(f"<p>{p}</p>" for p in B2)
    + "".join(f"<p>{x}</p>" for x in FOOT.split("\n"))
    + "</div></div></body></html>",
    masthead="梅县区农村工作简报",
    date="2023-04-05",
    issuer=["梅县区农业农村局"],
    articles=TWO,
    lists=LISTS,
)
layout(
    "txt-tab-table",
    "以制表符分列的数据表，连同表题和资料来源不计入正文",
    HEAD
    + "\n　　　　　　"
    + A1
    + "\n\n　　"
    + B1[0]
    + "\n\n表1：岗位情况\n镇名\t岗位\t里程\n大柘镇\t12\t24\n石正镇\t9\t18\n资料来源：区交通局\n\n　　"
    + B1[1]
    + "\n\n"
    + FOOT,
    articles=[{"title": A1, "body": B1[:2]}],
)
layout(
    "txt-number-beside-name",
    "期号在名称同一行的括号里",
    "梅县区农村工作简报（第8期）\n\n梅县区农业农村局　　　　2023年4月5日\n" + articles() + FOOT,
    masthead="梅县区农村工作简报",
    issue={"year": 2023, "number": 8, "total": None},
    articles=TWO,
)


def document(*, bold: bool) -> bytes:
    out = docx.Document()
    for line in ("梅县区农村工作简报", "第8期", "梅县区农业农村局　2023年4月5日"):
        out.add_paragraph(line).alignment = WD_ALIGN_PARAGRAPH.CENTER if bold else WD_ALIGN_PARAGRAPH.LEFT
    for title, paragraphs in ((A1, B1), (A2, B2)):
        out.add_paragraph().add_run(title).bold = bold
        for p in paragraphs:
            out.add_paragraph(f"　　{p}" if bold else p)
    for line in FOOT.split("\n"):
        out.add_paragraph(line)
    return saved(out)


layout("docx-bold-titles", "标题只加粗，不居中，字号同正文", lambda: document(bold=True), articles=TWO, lists=LISTS)


layout("docx-no-formatting", "没有任何格式的段落", lambda: document(bold=False), articles=TWO, lists=LISTS)
layout(
    "txt-staff-lines-below",
    "版记之后有签发、审核、编辑、电话各行",
    "工作简报\n（第5期）\n梅县区住房和城乡建设局办公室编\n2021年5月6日\n\n"
    + "\n\n".join([A1, *B1])
    + "\n\n"
    + FOOT
    + "\n签发：张三　　　审核：李四　　　编辑：王五\n联系电话：0753-1234567　　传真：0753-1234568\n",
    masthead="工作简报",
    articles=[{"title": A1, "body": B1}],
    lists=LISTS,
)
layout(
    "txt-name-on-three-lines",
    "名称分三行，单位名是名称的一部分",
    "中共梅县区委\n乡村振兴办公室\n工 作 简 报\n第9期\n中共梅县区委乡村振兴办公室　2021年5月6日\n\n"
    + articles()
    + FOOT,
    masthead="中共梅县区委乡村振兴办公室工作简报",
    issuer=["中共梅县区委乡村振兴办公室"],
    articles=TWO,
)
layout(
    "txt-titles-with-marks-of-speech",
    "标题以感叹号、问号结尾，带书名号",
    HEAD
    + "\n　　　　《平远护路记》获全市征文一等奖！\n\n"
    + ind(B1)
    + "\n\n　　　　护路员：我的路我来管？\n\n"
    + ind(B2)
    + "\n\n"
    + FOOT,
    articles=[
        {"title": "《平远护路记》获全市征文一等奖！", "body": B1},
        {"title": "护路员：我的路我来管？", "body": B2},
    ],
)

layout(
    "txt-two-issues-named",
    "合刊写作第5期、第6期；编发单位没有通常的单位字尾，日期隔开在行末",
    "口岸动态\n2021年第5期、第6期（合刊）\n梅州海关　　　2021年6月30日\n" + articles() + FOOT,
    issue={"year": 2021, "number": 5, "total": None},
    issuer=["梅州海关"],
    date="2021-06-30",
    articles=TWO,
)
layout(
    "txt-supplement-in-brackets",
    "第3期（增刊）；主办单位整行加括号",
    "口岸动态\n第3期（增刊）\n（梅州市口岸局主办）\n2021.6.30\n" + articles() + FOOT,
    issue={"year": 2021, "number": 3, "total": None},
    issuer=["梅州市口岸局"],
    articles=TWO,
)
layout(
    "txt-continued-on-page",
    "（下转第2页）（上接第1页）把段落断开",
    HEAD
    + "\n　　　　　"
    + A1
    + "\n\n　　"
    + B1[0][:30]
    + "\n　　　　　　（下转第2页）\n\f（上接第1页）\n"
    + B1[0][30:]
    + "\n"
    + ind(B1[1:])
    + "\n\n"
    + FOOT,
    articles=[{"title": A1, "body": B1}],
)
layout(
    "txt-numbered-clauses",
    "“会议强调：”之后的分条各是一段",
    HEAD
    + "\n　　　　　"
    + A1
    + "\n\n　　会议强调：\n　　1.压实责任；\n　　2.加强巡查；\n　　3.严格考核。\n"
    + ind(B1)
    + "\n\n"
    + FOOT,
    articles=[{"title": A1, "body": ["会议强调：", "1.压实责任；", "2.加强巡查；", "3.严格考核。", *B1]}],
)
layout(
    "txt-numbered-clauses-no-indent",
    "同上，段落不缩进，以空行分段",
    HEAD + "\n" + A1 + "\n\n会议强调：\n\n1.压实责任；\n\n2.加强巡查；\n\n" + "\n\n".join(B1) + "\n\n" + FOOT,
    articles=[{"title": A1, "body": ["会议强调：", "1.压实责任；", "2.加强巡查；", *B1]}],
)
layout(
    "html-linked-headlines",
    "要目是页内链接；名单是项目列表；标题只加粗",
    "<html><body><div class=c><p style='text-align:center'><span style='font-size:36px'>梅县区农村工作简报</span></p><p style='text-align:center'>第8期</p><p>梅县区农业农村局&nbsp; &nbsp; &nbsp;2023年4月5日</p><p><strong>【本期导读】</strong></p><p>1.<a href='#a1'>"
    + A1
    + "</a></p><p>2.<a href='#a2'>"
    + A2
    + "</a></p>"
    + "".join(
        f"<p><strong>{t}</strong></p>" + "".join(f"<p>&emsp;&emsp;{p}</p>" for p in b) for t, b in ((A1, B1), (A2, B2))
    )
    + "<ul><li>报送：市委办、市府办</li><li>发送：各县（市、区）人民政府</li><li>抄送：市直有关单位</li></ul></div></body></html>",
    articles=TWO,
    lists=LISTS,
    masthead="梅县区农村工作简报",
)
layout(
    "html-issue-in-bordered-table",
    "整期在带边框的表格里，版记的标签与单位分格",
    "<html><body><div class=c><table border=1><tr><td colspan=2>梅县区农村工作简报</td></tr><tr><td>第8期</td><td>梅县区农业农村局　2023年4月5日</td></tr><tr><td colspan=2>"
    + "".join(
        f"<p align=center>{t}</p>" + "".join(f"<p>&emsp;&emsp;{p}</p>" for p in b) for t, b in ((A1, B1), (A2, B2))
    )
    + "</td></tr><tr><td>报送</td><td>市委办、市府办</td></tr><tr><td>发送</td><td>各县（市、区）人民政府</td></tr><tr><td>抄送</td><td>市直有关单位</td></tr></table></div></body></html>",
    articles=TWO,
    lists=LISTS,
    masthead="梅县区农村工作简报",
    date="2023-04-05",
)
layout(
    "txt-page-of-headline-below",
    "要目的版次另起一行加括号",
    HEAD + "\n本期导读\n● " + A1 + "\n　 （第1版）\n● " + A2 + "\n\n" + articles() + FOOT,
    articles=TWO,
)
layout(
    "txt-lists-without-stops",
    "名单没有句号，续行另起一个单位",
    HEAD
    + articles()
    + "\n\n报：市委办\n送：市府办、区委各部委\n　　区直各单位\n发：各镇\n\n编辑：张三　　　审核：李四　　　（共印五十份）\n",
    lists={"report": ["市委办"], "send": ["市府办", "区委各部委", "区直各单位", "各镇"], "copy": []},
    print_count=50,
    articles=TWO,
)
layout(
    "txt-chinese-numbered-titles",
    "标题带“一、二、”，没有要目",
    "梅县区农村工作简报\n第8期\n梅县区农业农村局　2023年4月5日\n" + articles(titles=("一、" + A1, "二、" + A2)) + FOOT,
    articles=TWO,
)
layout(
    "txt-chinese-numbered-contents",
    "目录与标题都带“一、二、”",
    HEAD
    + "\n目　录\n\n一、"
    + A1
    + "……………1\n二、"
    + A2
    + "……………3\n\n"
    + articles(titles=("一、" + A1, "二、" + A2))
    + FOOT,
    articles=TWO,
)
layout(
    "txt-signed-below-article",
    "文末有落款单位和日期，不是简报日期，也不是正文",
    HEAD
    + "\n　　　　"
    + A1
    + "\n"
    + ind(B1)
    + "\n　　　　　　　　　　　　　　　　平远县交通运输局\n　　　　　　　　　　　　　　　　2023年4月3日\n\n"
    + FOOT,
    articles=[{"title": A1, "body": B1}],
    date="2023-04-05",
)
layout(
    "txt-note-no-indent",
    "“按：”开头的按语；段落不缩进",
    "内部刊物\n\n梅县区农村工作简报\n\n第8期\n\n梅县区农业农村局　2023年4月5日\n\n"
    + "\n\n".join(["按：近期各地做法可学。", A1, *B1, A2, *B2])
    + "\n\n"
    + FOOT,
    classification="内部刊物",
    articles=TWO,
)
layout(
    "txt-lines-are-paragraphs",
    "每行一段，只在文章之间空行",
    "梅县区农村工作简报\n第8期\n梅县区农业农村局　2023年4月5日\n\n"
    + A1
    + "\n"
    + "\n".join(B1)
    + "\n\n"
    + A2
    + "\n"
    + "\n".join(B2)
    + "\n\n"
    + FOOT,
    articles=TWO,
)
