"""Make the fonts that an HTML page carries: small subsets of STIX Two, as woff2.

    npm pack @fontsource/stix-two-math @fontsource/stix-two-text
    for archive in fontsource-*.tgz; do mkdir -p fonts && tar xzf "$archive" -C fonts --strip-components 1; done
    pip install fonttools brotli
    python tools/make_fonts.py fonts

Run it when a format writes a character that the page's fonts lack. The packages are 5.3.0 (mathematics) and 5.3.0
of npm; both fonts are under the SIL Open Font License, whose text is copied beside the subsets.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

ASSETS = Path(__file__).resolve().parent.parent / "src" / "gradwork" / "formats" / "assets"


def letters(first: int, last: int) -> list[int]:
    """The code points from the first to the last."""
    return list(range(first, last + 1))


ASCII = letters(0x20, 0x7E)
GREEK = letters(0x391, 0x3A9) + letters(0x3B1, 0x3C9) + [0x3D5, 0x3F5]
SIGNS = [ord(sign) for sign in "  ­·×÷±¬°′″‖†…⋮⋯⋱−∓∕∗∘√∛∜∝∞∂∇∈∉∏∑∫∣∥∧∨∩∪≈≠≡≤≥≪≫⊂⊆⊕⊖⊗⊙⊤⊥→←↑↓↔↦⇒⇔⟨⟩⟹⌊⌋⌈⌉ℝℓ⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃ᵀ"]
BRACKETS = [*letters(9115, 9139), 9168]
INVISIBLE = [0x2061, 0x2062, 0x2063]
# The browser turns a lone x into 𝑥: the mathematical italics, ℎ (whose place in that block is empty), ı and ȷ.
ITALIC = [*letters(119860, 119911), 8462, 305, 567, *letters(120546, 120603)]
TEXT = ASCII + letters(0xA0, 0xFF) + [ord(sign) for sign in "–—‘’“”„…•→≈≤≥±×−·∂ηαβθλσΔÐıłŁőŐűŰčČšŠžŽ"]

FONTS = {
    "stix-two-math-subset": ("stix-two-math-latin-400-normal", ASCII + GREEK + SIGNS + BRACKETS + INVISIBLE + ITALIC),
    "stix-two-text-subset": ("stix-two-text-latin-400-normal", TEXT),
    "stix-two-text-italic-subset": ("stix-two-text-latin-400-italic", TEXT),
    "stix-two-text-bold-subset": ("stix-two-text-latin-700-normal", TEXT),
}


def make(source: Path, target: Path, characters: list[int]) -> None:
    """Write the subset with just these characters, and what its formulas and its kerning need."""
    options = Options(flavor="woff2", desubroutinize=True, hinting=False)
    options.layout_features = ["ssty", "dtls", "flac", "kern", "liga", "ccmp", "mark", "tnum", "lnum"]
    font = TTFont(source)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)
    font.flavor = "woff2"
    font["head"].modified = font["head"].created  # the same bytes each time
    font.save(target, reorderTables=False)
    print(f"{target.name}: {target.stat().st_size:,} bytes")


def main(folder: Path) -> None:
    """Make every subset, and copy the licence."""
    for name, (file, characters) in FONTS.items():
        make(folder / "files" / f"{file}.woff2", ASSETS / f"{name}.woff2", characters)
    shutil.copyfile(folder / "LICENSE", ASSETS / "STIX-OFL.txt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
