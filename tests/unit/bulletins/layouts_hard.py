"""Layouts of our own devising that combine rarer forms: each form is allowed by the conventions."""

# ruff: noqa: E501 - lines of the documents themselves are kept whole

from __future__ import annotations

from tests.unit.bulletins.layouts import A1, A2, B1, B2, LISTS, NO_LISTS, TWO, articles, layout, text

FOOT = "报送：市委办、市府办。\n发送：各县（市、区）人民政府。\n抄送：市直有关单位。\n"
C1 = "深入开展“三个一”活动，全面推进农村人居环境整治提升取得新成效"
HEAD = "梅县区农村工作简报\n第8期\n梅县区农业农村局　2023年4月5日\n"

layout(
    "txt-title-with-comma-no-indent",
    "段落不缩进、以空行分段；标题带逗号，没有要目",
    f"{HEAD}\n{C1}\n\n" + "\n\n".join(B1) + f"\n\n{A2}\n\n" + "\n\n".join(B2) + f"\n\n{FOOT}",
    articles=[{"title": C1, "body": B1}, {"title": A2, "body": B2}],
    lists=LISTS,
)
layout(
    "txt-page-cuts-no-indent",
    "段落不缩进；页码把句子切断，断处很短",
    f"{HEAD}\n{A1}\n\n{B1[0][:4]}\n\n— 1 —\n\n{B1[0][4:]}\n\n{B1[1]}\n\n{B1[2][:13]}\n\n— 2 —\n\n{B1[2][13:]}\n\n{B1[3]}\n\n{FOOT}",
    articles=[{"title": A1, "body": B1}],
    lists=LISTS,
)
layout(
    "txt-circled-and-short-subheads",
    "单篇，小标题为①②或数字、短语，都是正文段落",
    f"{HEAD}\n{A1}\n\n{B1[0]}\n\n①加强巡查\n\n{B1[1]}\n\n②严格考核\n\n{B1[2]}\n\n（三）注重长效\n\n{B1[3]}\n\n{FOOT}",
    articles=[{"title": A1, "body": [B1[0], "①加强巡查", B1[1], "②严格考核", B1[2], "（三）注重长效", B1[3]]}],
)
layout(
    "txt-number-and-issuer-on-one-line",
    "编发单位、期号、日期同在一行",
    f"三农信息\n\n梅县区农业农村局编　　第8期（总第98期）　　2023年4月5日　星期三\n{articles()}\n{FOOT}",
    masthead="三农信息",
    issue={"year": 2023, "number": 8, "total": 98},
    issuer=["梅县区农业农村局"],
    date="2023-04-05",
    articles=TWO,
)
layout(
    "txt-note-beside-number",
    "内部资料与期号同一行；日期带星期；责任编辑一行不是单位",
    f"三农信息\n内部资料　注意保存　　第8期\n梅县区农业农村局　2023年4月5日（星期三）\n责任编辑：某某　电话：0753-0000000\n{articles()}\n{FOOT}",
    masthead="三农信息",
    classification="内部资料 注意保存",
    issue={"year": 2023, "number": 8, "total": None},
    issuer=["梅县区农业农村局"],
    date="2023-04-05",
    articles=TWO,
)
layout(
    "txt-monthly-with-running-number",
    "月刊：只印年月和总期号；不足一日的日期不算日期",
    f"经济运行月报\n2023年5月（总第41期）\n梅州市统计局\n{articles()}\n{FOOT}",
    masthead="经济运行月报",
    issue={"year": 2023, "number": None, "total": 41},
    date=None,
    articles=TWO,
)
layout(
    "txt-units-one-a-line",
    "标签单独一行，单位每行一个，没有标点",
    f"{HEAD}{articles()}\n主送单位：\n　　市委办公室\n　　市政府办公室\n抄送单位：\n　　市财政局\n　　市审计局\n",
    lists={"report": [], "send": ["市委办公室", "市政府办公室"], "copy": ["市财政局", "市审计局"]},
    articles=TWO,
)
layout(
    "txt-contents-on-one-line",
    "要目写在一行里，以分号隔开",
    f"{HEAD}本期要目：1.{A1}；2.{A2}\n{articles()}\n{FOOT}",
    articles=TWO,
)
layout(
    "txt-contents-without-marks",
    "要目无标记也无标签，只是正文标题的重复",
    f"{HEAD}\n{A1}\n{A2}\n\n{articles()}\n{FOOT}",
    articles=TWO,
)
layout(
    "txt-brief-items",
    "简讯：短短一句也是一篇；栏目名“简讯”不是标题",
    f"{HEAD}\n　　　　　{A1}\n\n"
    + "\n".join(f"　　{p}" for p in B1)
    + "\n\n　　　　　【简讯】\n\n　　　　　梅县区完成春耕备耕农机检修\n\n　　共检修农机1200台。\n\n　　　　　梅县区举办金柚管理培训班\n\n　　120名果农参加。\n\n"
    + FOOT,
    articles=[
        {"title": A1, "body": B1},
        {"title": "梅县区完成春耕备耕农机检修", "body": ["共检修农机1200台。"]},
        {"title": "梅县区举办金柚管理培训班", "body": ["120名果农参加。"]},
    ],
)
layout(
    "txt-attachment-contents-below-foot",
    "版记之后附附件全文：附件内容不是文章",
    f"{HEAD}{articles()}\n附件：春耕农机检修明细表\n\n{FOOT}\n附件\n春耕农机检修明细表\n本表由各镇填报，数据截至四月五日，由区农业农村局汇总。\n",
    articles=TWO,
    attachments=["春耕农机检修明细表"],
    lists=LISTS,
)
layout(
    "txt-chinese-everything",
    "期号、总期号、日期、印数都是中文数字",
    f"梅县区农村工作简报\n二〇二三年第二十八期　总第一百零八期\n梅县区农业农村局　二〇二三年十二月二十一日\n{articles()}\n{FOOT}共印一百五十份\n",
    issue={"year": 2023, "number": 28, "total": 108},
    date="2023-12-21",
    print_count=150,
    articles=TWO,
)
layout(
    "txt-exclusion-by-clause",
    "例外写成分句：…，湖寮镇不发；…，但不发三河镇",
    f"{HEAD}{articles()}\n发送：各镇人民政府，湖寮镇、三河镇不发。\n抄送：区直各单位（除区统计局）；各村民委员会。\n",
    lists={"report": [], "send": ["各镇人民政府"], "copy": ["区直各单位", "各村民委员会"]},
    exclusions=["湖寮镇", "三河镇", "区统计局"],
    articles=TWO,
)
layout(
    "txt-report-item-in-text",
    "正文里出现“报送”“第3期培训班”等字样，不是名单也不是期号",
    f"{HEAD}\n　　　　梅县区举办第3期金柚种植培训班\n\n　　{B1[0]}\n\n　　报送材料做到一次办结。{B1[1]}\n\n　　发送短信提醒8200条，抄送相关部门督办12件。\n\n{FOOT}",
    issue={"year": 2023, "number": 8, "total": None},
    articles=[
        {
            "title": "梅县区举办第3期金柚种植培训班",
            "body": [B1[0], f"报送材料做到一次办结。{B1[1]}", "发送短信提醒8200条，抄送相关部门督办12件。"],
        }
    ],
    lists=LISTS,
)
layout(
    "html-nested-divs-and-side-column",
    "左侧新闻列表带摘要；每篇文章各在一个 div；名单在正文容器之外的 div 里",
    "<html><body><div id=top>网站首页</div><div id=left><h4>最新动态</h4><ul><li><a href='/1'>市委召开会议研究部署有关工作</a></li></ul></div>"
    "<div id=main><div class=head><div class=t>梅县区农村工作简报</div><div>2023年第8期</div><div><span>梅县区农业农村局</span><span style='float:right'>2023年4月5日</span></div></div>"
    + "".join(
        f"<div class=art><div class=tt style='font-weight:bold;text-align:center'>{t}</div>"
        + "".join(f"<div>　　{p}</div>" for p in b)
        + "</div>"
        for t, b in ((A1, B1), (A2, B2))
    )
    + "<div class=bj>"
    + "".join(f"<div>{x}</div>" for x in FOOT.split("\n"))
    + "</div></div><div class=ft>版权所有 梅县区</div></body></html>",
    masthead="梅县区农村工作简报",
    issuer=["梅县区农业农村局"],
    date="2023-04-05",
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-masthead-is-a-picture",
    "红头是图片：名称取自网页标题，期号和日期在正文",
    "<html><head><title>梅县区农村工作简报（2023年第8期）_梅县区人民政府</title></head><body><div><a href=/>首页</a></div><div id=c><p align=center><img src=head.jpg></p>"
    "<p align=center>2023年第8期</p><p>梅县区农业农村局　　2023年4月5日</p>"
    + "".join(
        f"<p align=center><b>{t}</b></p>" + "".join(f"<p>　　{p}</p>" for p in b) for t, b in ((A1, B1), (A2, B2))
    )
    + "".join(f"<p>{x}</p>" for x in FOOT.split("\n"))
    + "</div></body></html>",
    masthead="梅县区农村工作简报",
    issue={"year": 2023, "number": 8, "total": None},
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-hard-wrapped-source",
    "源文件按七十余列硬回车；段内换行不是空格",
    text(
        "<html><body><p align=center>梅县区农村\n工作简报</p><p align=center>第8期</p><p>梅县区农业农村局　　2023年4月5日</p>"
        + "".join(
            f"<h2>{t}</h2>" + "".join(f"<p>　　{p[:30]}\n{p[30:]}</p>" for p in b) for t, b in ((A1, B1), (A2, B2))
        )
        + "".join(f"<p>{x}</p>" for x in FOOT.split("\n"))
        + "</body></html>"
    ),
    masthead="梅县区农村工作简报",
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-no-paragraph-marks-pre",
    "整篇在 pre 里：等于文本文件",
    f"<html><body><pre>{HEAD}{articles()}\n{FOOT}</pre></body></html>",
    masthead="梅县区农村工作简报",
    articles=TWO,
    lists=LISTS,
)
layout(
    "html-cms-time-is-not-the-date",
    "没有印日期的简报：发布时间不是简报日期，也没有名单",
    "<html><body><h1>梅县区农村工作简报第8期</h1><p>发布日期：2023-04-09　信息来源：梅县区农业农村局　点击数：8</p><div>"
    f"<p align=center><b>梅县区农村工作简报</b></p><p align=center>（第8期）</p><p align=center><b>{A1}</b></p>"
    + "".join(f"<p>　　{p}</p>" for p in B1)
    + "</div><p>【打印】【关闭】</p></body></html>",
    masthead="梅县区农村工作简报",
    issue={"year": None, "number": 8, "total": None},
    date=None,
    issuer=[],
    articles=[{"title": A1, "body": B1}],
    lists=NO_LISTS,
)
layout(
    "txt-kicker-and-unit-under-title",
    "标题下一行是供稿单位，独立成行不计入正文",
    f"{HEAD}\n　　　　　　{A1}\n　　　　　　　　平远县交通运输局\n\n"
    + "\n".join(f"　　{p}" for p in B1)
    + f"\n\n　　　　　　{A2}\n　　　　　　　　蕉岭县农业农村局\n\n"
    + "\n".join(f"　　{p}" for p in B2)
    + f"\n\n{FOOT}",
    articles=TWO,
)
layout(
    "txt-imprint-only",
    "没有名单，只有版记的印发行与印数；编号“N0.”样式的期号",
    f"内部情况通报\n第007期\n\n　　　　　{A1}\n\n"
    + "\n".join(f"　　{p}" for p in B1)
    + "\n\n中共梅县区委办公室　　　　2023年4月5日印发\n（共印30份）\n",
    masthead="内部情况通报",
    issue={"year": 2023, "number": 7, "total": None},
    issuer=["中共梅县区委办公室"],
    date="2023-04-05",
    print_count=30,
    articles=[{"title": A1, "body": B1}],
    lists=NO_LISTS,
)
