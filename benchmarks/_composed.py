"""What docker-compose.yml says of the services of profile `scale`, to be started without containers."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ._hosts import EVERYWHERE

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Service:
    """One service of ours: `command` and `health` as the words after `jianbao`, `environment` as written."""

    name: str
    command: tuple[str, ...]
    health: tuple[str, ...]
    environment: tuple[str, ...]
    secrets: tuple[str, ...]
    """Where each secret is put; a bare name means below /run/secrets."""
    grace_s: int

    def words(self, listens_at: str) -> list[str]:
        """The command as a process of this Python, listening there instead of everywhere."""
        return _process(listens_at if word == EVERYWHERE else word for word in self.command)

    def health_words(self, listens_at: str) -> list[str]:
        """The health check as a process; it asks at 127.0.0.1 unless the service listens at one address only."""
        words = _process(self.health)
        return words if listens_at == EVERYWHERE else [*words, "--host", listens_at]

    def variables(self, dotenv: Mapping[str, str], data: Path, secrets: Path) -> dict[str, str]:
        """The container's environment, with `dotenv` as the file `.env`, and other folders for /data and
        /run/secrets. ValueError for a line of `dotenv` that the file does not hand on."""
        found: dict[str, str] = {}
        for entry in self.environment:
            name, given, text = entry.partition("=")
            if not given:
                if name in dotenv:
                    found[name] = dotenv[name]
                continue
            found[name] = re.sub(r"\$\{(\w+):-([^}]*)\}", lambda m: dotenv.get(m[1]) or m[2], text)
        if strange := sorted(set(dotenv) - {entry.partition("=")[0] for entry in self.environment}):
            raise ValueError(f"docker-compose.yml does not hand on {', '.join(strange)}")
        places = {"/data": str(data), "/run/secrets": str(secrets)}
        return {name: re.sub(r"/data\b|/run/secrets\b", lambda m: places[m[0]], text) for name, text in found.items()}


def services() -> dict[str, Service]:
    """Those of profile `scale` that run our image, by name."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return {
        name: _service(name, entry)
        for name, entry in document["services"].items()
        if "profiles" in entry and entry["image"] == "jianbao"
    }


def _service(name: str, entry: Mapping[str, Any]) -> Service:
    kind, program, *health = entry["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "jianbao"), f"the health check of {name} is not the program's own"
    return Service(
        name,
        tuple(entry["command"]),
        tuple(health),
        tuple(entry["environment"]),
        tuple(secret.get("target", f"/run/secrets/{secret['source']}") for secret in entry["secrets"]),
        int(entry["stop_grace_period"].removesuffix("s")),
    )


def _process(words: Any) -> list[str]:
    return [sys.executable, "-m", "bot", *words]
