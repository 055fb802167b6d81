"""The licences of what a release carries: read off the installed packages, held to a list of those we may pass on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import metadata

from .checkout import pins

ALLOWED = frozenset(
    {
        *("Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "MIT-CMU", "PSF-2.0"),
        # Weak copyleft, used unchanged and as a package of its own: allowed for these two.
        *("LGPL-3.0-only", "MPL-2.0"),
    }
)

_WORDS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
_SAID = {
    # Their metadata hold the text of the licence, or a sentence; the licence was read in the file they ship.
    "httpx-aiohttp": "BSD-3-Clause",
    "pypdfium2": "BSD-3-Clause AND Apache-2.0",
}


@dataclass(frozen=True, slots=True)
class Licence:
    """A distribution and its licence as an SPDX expression; `texts` are the licence files it ships."""

    name: str
    version: str
    expression: str
    texts: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        """Every licence joined by AND is on the list, or at least one of those joined by OR."""
        choices = (re.split(r"\s+AND\s+", choice) for choice in re.split(r"\s+OR\s+", self.expression))
        return any(all(term.strip("() ") in ALLOWED for term in choice) for choice in choices)


def expression(name: str, about: metadata.PackageMetadata) -> str:
    """The SPDX expression of a distribution; what cannot be told is given as it was found, and is not allowed."""
    if name in _SAID:
        return _SAID[name]
    if "License-Expression" in about:
        return about["License-Expression"]
    found = [about["License"]] if "License" in about else []
    found += [c.rpartition("::")[2] for c in about.get_all("Classifier") or () if c.startswith("License ::")]
    words = [word.strip() for word in found if word.strip()]
    for word in words:
        if word in ALLOWED:
            return word
        if known := _WORDS.get(word.lower()):
            return known
    return " / ".join(words) or "unknown"


def texts(distribution: metadata.Distribution) -> tuple[str, ...]:
    """The licence and notice files in a distribution's metadata, whole."""
    wanted = re.compile(r"(?i)\.dist-info/(.*/)?(licen[cs]es?/|.*(licen[cs]e|notice|copying|copyright))")
    files = [path for path in distribution.files or () if wanted.search(path.as_posix())]
    return tuple(path.read_binary().decode("utf-8", "replace") for path in sorted(files, key=str))


def licences(names: Iterable[str] | None = None) -> list[Licence]:
    """One line a pinned distribution that is installed here (`names`: these instead), by name."""
    found = []
    for name in sorted(pins() if names is None else names):
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue  # pinned for another system or Python
        found.append(Licence(name, distribution.version, expression(name, distribution.metadata), texts(distribution)))
    return found


def notices(found: Iterable[Licence]) -> str:
    """The file that goes with a release: who wrote what we carry, under which terms."""
    parts = []
    for one in found:
        parts.append(f"{'=' * 100}\n{one.name} {one.version}: {one.expression}\n{'=' * 100}")
        parts += one.texts or ("(this package ships no licence file)",)
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"
