"""Lay out `body.typ` of the present folder: run as a file in a confined child, never imported.

Arguments: the folder of the fonts, and the seconds since 1970 that the PDF is dated with, or `-` when only
the layout is asked for. Leaves `layout.json`, and `thesis.pdf` when a time is given. Imports nothing of ours,
so that it starts at once.
"""

import sys
from pathlib import Path

import typst

if __name__ == "__main__":
    fonts, dated = sys.argv[1:3]
    here = Path.cwd()
    nowhere = str(here / "no-packages")
    compiler = typst.Compiler(
        str(here / "body.typ"),
        root=str(here),
        font_paths=[fonts],
        ignore_system_fonts=True,
        package_path=nowhere,
        package_cache_path=nowhere,
    )
    if dated != "-":
        compiler.compile(output="thesis.pdf", format="pdf", timestamp=int(dated))
    Path("layout.json").write_text(compiler.query("<layout>", field="value", one=True), "utf-8")
