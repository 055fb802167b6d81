"""A small PDF writer for tests: text at a place, rules, tables; every character maps to itself (Identity-H)."""

# ruff: noqa: E501 - lines of the documents themselves are kept whole

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

WIDTH, HEIGHT = 595.0, 842.0


@dataclass
class Page:
    """Content of one page. `y` is measured from the top edge, in points."""

    content: list[str] = field(default_factory=list)
    used: set[str] = field(default_factory=set)

    def text(self, x: float, y: float, size: float, text: str, *, bold: bool = False) -> None:
        codes = "".join(f"{ord(c) & 0xFFFF:04X}" for c in text)
        face = "F2" if bold else "F1"
        self.used |= set(text)
        self.content.append(f"BT /{face} {size} Tf 1 0 0 1 {x:.2f} {HEIGHT - y:.2f} Tm <{codes}> Tj ET")

    def rule(self, y: float, x0: float = 79.0, x1: float = 516.0) -> None:
        self.content.append(f"1 w {x0} {HEIGHT - y:.2f} m {x1} {HEIGHT - y:.2f} l S")

    def box(self, x0: float, y0: float, x1: float, y1: float) -> None:
        self.content.append(f"{x0} {HEIGHT - y1:.2f} {x1 - x0} {y1 - y0:.2f} re S")

    def picture(self, x: float, y: float, width: float, height: float) -> None:
        self.content.append(f"q {width} 0 0 {height} {x} {HEIGHT - y - height:.2f} cm /I1 Do Q")


def width_of(text: str, size: float) -> float:
    """Points `text` takes: full-width characters one em, ASCII half."""
    return sum(size / 2 if ord(c) < 0x250 else size for c in text)


def write(pages: list[Page]) -> bytes:
    """The file; two faces (plain, and one whose name says bold), one grey picture."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    def stream(data: bytes, extra: str = "") -> bytes:
        packed = zlib.compress(data)
        head = f"<< /Length {len(packed)} /Filter /FlateDecode {extra}>>\nstream\n"
        return head.encode() + packed + b"\nendstream"

    catalog = add(b"<< /Type /Catalog /Pages 2 0 R >>")
    tree = add(b"")
    used = sorted({ord(c) & 0xFFFF for page in pages for c in page.used})
    cmap = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /T def /CMapType 2 def\n"
        "1 begincodespacerange <0000> <FFFF> endcodespacerange\n"
        + "".join(f"1 beginbfchar <{c:04X}> <{c:04X}> endbfchar\n" for c in used if not 0xD800 <= c <= 0xDFFF)
        + "endcmap end end"
    )
    unicode = add(stream(cmap.encode()))
    faces = []
    for name in ("FangSong", "SimHei-Bold"):
        cid = add(
            f"<< /Type /Font /Subtype /CIDFontType2 /BaseFont /{name} /CIDSystemInfo << /Registry (Adobe) /Ordering "
            f"(Identity) /Supplement 0 >> /DW 1000 /W [0 591 500] /FontDescriptor << /Type /FontDescriptor /FontName /{name} "
            "/Flags 4 /FontBBox [0 -200 1000 900] /ItalicAngle 0 /Ascent 880 /Descent -120 /CapHeight 700 /StemV 80 >> >>".encode()
        )
        faces.append(
            add(
                f"<< /Type /Font /Subtype /Type0 /BaseFont /{name} /Encoding /Identity-H /DescendantFonts [{cid} 0 R] "
                f"/ToUnicode {unicode} 0 R >>".encode()
            )
        )
    image = add(
        stream(
            b"\x80" * 64,
            "/Type /XObject /Subtype /Image /Width 8 /Height 8 /ColorSpace /DeviceGray /BitsPerComponent 8 ",
        )
    )
    kids = []
    for page in pages:
        content = add(stream("\n".join(page.content).encode()))
        kids.append(
            add(
                f"<< /Type /Page /Parent {tree} 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {content} 0 R /Resources "
                f"<< /Font << /F1 {faces[0]} 0 R /F2 {faces[1]} 0 R >> /XObject << /I1 {image} 0 R >> >> >>".encode()
            )
        )
    listed = " ".join(f"{k} 0 R" for k in kids)
    objects[tree - 1] = f"<< /Type /Pages /Kids [{listed}] /Count {len(kids)} >>".encode()
    out = bytearray(b"%PDF-1.5\n")
    places = []
    for n, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{n} 0 obj\n".encode() + body + b"\nendobj\n"
    start = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{p:010d} 00000 n \n".encode() for p in places)
    out += f"trailer << /Size {len(objects) + 1} /Root {catalog} 0 R >>\nstartxref\n{start}\n%%EOF\n".encode()
    return bytes(out)
