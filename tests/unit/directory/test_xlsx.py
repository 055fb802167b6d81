"""Workbooks: what office staff see, what they may do to it, and how a problem names its cell."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from bot.directory import dump_xlsx
from bot.domain.directory import Directory, Recipient

from .build import CHANNELS, GOOD, KEY, SIGNING, URL, read, refused

pytestmark = pytest.mark.slow

Edit = Callable[[Workbook], object]
DIRECTORY = read(GOOD).directory


def edited(edit: Edit) -> bytes:
    """The good directory's workbook after someone has worked on it."""
    book = load_workbook(io.BytesIO(dump_xlsx(DIRECTORY, channels=CHANNELS)))
    edit(book)
    return saved(book)


def saved(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def put(sheet: str, cell: str, value: str | int | dt.date | None) -> Edit:
    def edit(book: Workbook) -> None:
        book[sheet][cell] = value

    return edit


def test_staff_see_chinese_headers_words_and_an_explanation() -> None:
    book = load_workbook(io.BytesIO(dump_xlsx(DIRECTORY, channels=CHANNELS)))
    assert book.sheetnames == ["单位", "群机器人", "分组", "说明"]
    assert [c.value for c in book["单位"][1]] == ["编号", "全称", "类别", "别名", "启用"]
    robot = ["meijiang", "企业微信", "政务公开群", URL, SIGNING, "卡片", "是", None, None, "否"]
    assert [c.value for c in book["群机器人"][2]] == robot
    assert book["单位"]["D2"].value == "梅江区\n梅江区政府"
    assert all(book[name].freeze_panes == "A2" for name in book.sheetnames)
    assert book["单位"]["A2"].number_format == "@"
    assert book["单位"]["A150"].number_format == "@", "a new row is text as well, or 001 would become 1"


def test_a_value_like_a_formula_stays_text() -> None:
    data = dump_xlsx(Directory((Recipient("a", '=HYPERLINK("x")', aliases=("+1", "@b", "-c")),)))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert read(data).directory.recipients[0].name == '=HYPERLINK("x")'


def test_columns_in_another_order_blank_rows_and_full_width_blanks_are_read() -> None:
    def edit(book: Workbook) -> None:
        sheet = book["单位"]
        sheet.move_range("B1:B10", cols=8)
        sheet.insert_rows(1, 2)
        sheet.insert_rows(5, 3)
        sheet["J4"] = f"\u3000{sheet['J4'].value} "

    assert read(edited(edit)).directory == DIRECTORY


def test_yaml_words_and_missing_optional_columns_are_read() -> None:
    def edit(book: Workbook) -> None:
        book["群机器人"]["B2"] = "wecom"
        book["群机器人"]["F2"] = "card"
        book["群机器人"].delete_cols(7)
        book["单位"]["C2"] = "county_government"

    assert read(edited(edit)).directory == DIRECTORY


def test_a_group_goes_on_in_the_row_below() -> None:
    def edit(book: Workbook) -> None:
        book["分组"]["D2"] = "meijiang"
        book["分组"]["A3"] = "counties"
        book["分组"]["D3"] = "meixian"

    assert read(edited(edit)).directory == DIRECTORY


PLACED = [
    (put("单位", "A4", "meijiang"), 4, "单位!A4（编号）", "编号重复，与第 2 行的相同"),
    (put("单位", "A4", 1), 4, "单位!A4（编号）", "被当成了数字"),
    (put("单位", "B4", dt.date(2022, 1, 5)), 4, "单位!B4（全称）", "被当成了日期"),
    (put("单位", "B4", "=A1"), 4, "单位!B4（全称）", "不能是公式"),
    (put("单位", "B4", None), 4, "单位!B4（全称）", "不能为空"),
    (put("单位", "C4", "县级政俯"), 4, "单位!C4（类别）", "county_government（县级政府）"),
    (put("单位", "E4", "启用"), 4, "单位!E4（启用）", "是 或 否"),
    (put("单位", "D4", 12), 4, "单位!D4（别名）", "被当成了数字"),
    (put("群机器人", "A2", "nobody"), 2, "群机器人!A2（单位编号）", "没有这个编号"),
    (put("群机器人", "A2", None), 2, "群机器人!A2（单位编号）", "没有这个编号"),
    (put("群机器人", "B2", "微信"), 2, "群机器人!B2（平台）", "wecom（企业微信）"),
    (put("群机器人", "D2", f"{URL} "), 2, "群机器人!D2（地址）", "开头或末尾"),
    (put("群机器人", "D2", f"{URL}\n"), 2, "群机器人!D2（地址）", "有换行"),
    (put("群机器人", "D2", f"{URL}&evil"), 2, "群机器人!D2（地址）", "不在允许范围"),
    (put("群机器人", "C2", URL), 2, "群机器人!C2（群名称）", "不能写网址"),
    (put("分组", "D2", "meijiang\nmeixan"), 2, "分组!D2（成员）第 2 个", "是不是“meixian”"),
    (put("分组", "D2", None), 2, "分组!D2（成员）", "至少要有一个成员"),
    (put("群机器人", "E1", "签名秘钥"), 1, "群机器人!E1", "没有这一列，请删去或改表头；是不是“签名密钥”？"),
    (put("单位", "F1", "编号"), 1, "单位!F1", "重复"),
]


@pytest.mark.parametrize(("edit", "row", "key", "message"), PLACED)
def test_a_problem_names_sheet_row_and_column(edit: Edit, row: int, key: str, message: str) -> None:
    (problem,) = refused(edited(edit))
    assert (problem.line, problem.key) == (row, key)
    assert message in problem.message


def test_a_missing_sheet_or_column_is_named() -> None:
    assert [p.message for p in refused(edited(lambda book: book.remove(book["分组"])))] == ["缺少这张工作表"]
    assert [p.message for p in refused(edited(put("群机器人", "D1", None)))] == ["缺少“地址”这一列"]
    assert [p.message for p in refused(saved(Workbook()))] == ["缺少这张工作表"] * 3


def test_a_strange_sheet_is_refused_unless_it_is_empty() -> None:
    assert read(edited(lambda book: book.create_sheet("Sheet1"))).directory == DIRECTORY

    def strange(book: Workbook) -> None:
        book.create_sheet("群机器人2")["A1"] = "x"

    (problem,) = refused(edited(strange))
    assert "是不是“群机器人”" in problem.message


def test_a_masked_copy_shows_no_credential_and_is_refused() -> None:
    copy = dump_xlsx(DIRECTORY, mask=True)
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert KEY.encode() not in text
    assert SIGNING.encode() not in text
    assert [p.key for p in refused(copy)] == ["群机器人!D2（地址）", "群机器人!E2（签名密钥）"]


@pytest.mark.parametrize("keep", [4, 300, 2000])
def test_a_damaged_workbook_is_refused(keep: int) -> None:
    (problem,) = refused(dump_xlsx(DIRECTORY)[:keep])
    assert problem.key == "文件"


def test_a_zip_that_is_no_workbook_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("readme.txt", "hello")
    (problem,) = refused(out.getvalue())
    assert "不是完好的 xlsx" in problem.message


def test_an_old_or_encrypted_workbook_is_refused_with_what_to_do() -> None:
    (problem,) = refused(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512)
    assert "另存为" in problem.message


def test_a_workbook_that_unpacks_to_a_flood_is_refused_unread() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"\0" * 100_000_001)
    (problem,) = refused(out.getvalue())
    assert "太大" in problem.message


def test_too_many_rows_are_refused() -> None:
    def far(book: Workbook) -> None:
        sheet: Worksheet = book["单位"]
        sheet["A1000000"] = "x"

    (problem,) = refused(edited(far))
    assert "太大" in problem.message


def test_a_sheet_that_is_listed_without_a_place_is_told_of_as_missing() -> None:
    """openpyxl leaves it out with a warning, which is no answer to whoever sent the file."""
    good = io.BytesIO(dump_xlsx(DIRECTORY, channels=CHANNELS))
    bad = io.BytesIO()
    with zipfile.ZipFile(good) as source, zipfile.ZipFile(bad, "w") as out:
        for name in source.namelist():
            data = source.read(name)
            out.writestr(name, data.replace(b'r:id="rId2"', b'r:id=""') if name == "xl/workbook.xml" else data)
    assert [(p.key, p.message) for p in refused(bad.getvalue())] == [("群机器人", "缺少这张工作表")]
