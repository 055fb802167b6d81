"""What can be done with a document and a directory file without opening the installation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Literal

from bot import bulletins, directory
from bot.cards import TemplateWording
from bot.channels import CHANNELS, objection_to_mention, objection_to_secret, objection_to_style
from bot.channels.files import objection_to_file
from bot.domain.card import Pictures
from bot.domain.cover import pictures
from bot.domain.directory import Directory, Target
from bot.domain.errors import ConfigError, DocumentRefused, os_reason
from bot.domain.issue import Issue, ListKind
from bot.domain.pacing import ALL_CHANNELS, Ceiling
from bot.domain.publication import Publication, publication_for
from bot.domain.resolver import Resolution, Resolver
from bot.flows.plan import Renderer
from bot.settings import Settings
from bot.sources.publications import load_publications
from bot.transport import AddressGuard, Authorities, register_secret

from .fonts import cover_font

PACKAGE = Path(__file__).parents[1]
CHANNEL_NAMES = {name: channel.CHINESE for name, channel in CHANNELS.items()}


def shipped(name: str) -> Path:
    """A folder that ships with Jianbao (`templates`, `samples`, `config`): in the checkout, or in the wheel."""
    checkout = PACKAGE.parent / name
    return checkout if checkout.is_dir() else PACKAGE / "share" / name


def read_document(data: bytes, name: str) -> Issue:
    """Read one document in a process of its own. Raises DocumentRefused."""
    return bulletins.parse_guarded(data, name)


def read_folder(files: Sequence[Path]) -> Iterator[tuple[Path, Issue | DocumentRefused]]:
    """Read many, a few at a time, in order; a refusal is a result, not an end. What cannot be opened comes last."""
    closed: list[tuple[Path, DocumentRefused]] = []

    def contents() -> Iterator[tuple[str, bytes]]:
        for path in files:
            try:
                data = path.read_bytes()
            except OSError as error:
                closed.append((path, DocumentRefused("config", f"文件打不开：{path}（{os_reason(error)}）")))
            else:
                yield str(path), data

    for name, result in bulletins.parse_many(contents()):
        yield Path(name), result
    yield from closed


def explain_document(data: bytes, name: str) -> list[bulletins.Explained]:
    """Every block with its place, the role it was given and the rule that gave it."""
    return bulletins.explain_guarded(data, name)


def ceilings(settings: Settings) -> dict[str, Ceiling]:
    """By channel; ConfigError for a channel that does not exist, since its ceiling would hold nothing back."""
    found = {ALL_CHANNELS: Ceiling(settings.max_sends_per_minute)} if settings.max_sends_per_minute else {}
    for item in settings.channel_sends_per_minute:
        channel, _, number = item.partition("=")
        if channel not in CHANNELS:
            raise ConfigError(f"设置 channel_sends_per_minute：没有平台 {channel}。可写 {'、'.join(CHANNELS)}。")
        found[channel] = Ceiling(int(number))
    return found


def address_guard(settings: Settings) -> AddressGuard:
    vendors = frozenset(host for channel in CHANNELS.values() for host in channel.HOSTS)
    return AddressGuard(vendors, settings.allowed_hosts)


def target_check(settings: Settings) -> Callable[[str, str], str | None]:
    """(channel, URL) to None, or to the sentence that says why the URL may not be used."""
    guards = {name: AddressGuard(channel.HOSTS, settings.allowed_hosts) for name, channel in CHANNELS.items()}

    def check(channel: str, url: str) -> str | None:
        if (trouble := guards[channel].check_url(url)) is not None:
            return trouble
        if not CHANNELS[channel].recognises(url):
            return f"不像{CHANNEL_NAMES[channel]}的群机器人地址，请核对平台是否选对，或从群机器人设置页重新复制。"
        return None

    return check


def option_check(settings: Settings, *, at_once: bool = False) -> directory.CheckOptions:
    """What speaks against a target's options. `at_once`: for many targets now; each CA file is then looked at once."""
    ca_objection = Authorities(settings.effective_ca_dir).objection
    if at_once:
        ca_objection = cache(ca_objection)

    def check(target: Target) -> Mapping[str, str]:
        found = {
            "style": objection_to_style(target.channel, target.style),
            "mention": objection_to_mention(target.channel, target.mention),
        }
        if target.ca_file is not None:
            plain = target.url.reveal().startswith("http:")
            found["ca_file"] = "http 地址用不到证书文件，请删去。" if plain else ca_objection(target.ca_file)
        if target.attach_original:
            found["attach_original"] = objection_to_file(target.channel)
        return {key: objection for key, objection in found.items() if objection is not None}

    return check


def read_directory(settings: Settings, data: bytes, name: str) -> directory.Loaded:
    """A directory file's content. Raises DirectoryError with every problem. Its credentials are kept out of logs."""
    loaded = directory.load(
        data,
        name,
        channels=CHANNEL_NAMES,
        check_target=target_check(settings),
        check_secret=objection_to_secret,
        check_options=option_check(settings, at_once=True),
    )
    for recipient in loaded.directory.recipients:
        for target in recipient.targets:
            register_secret(target.url)
            if target.secret is not None:
                register_secret(target.secret)
    return loaded


def check_directory(settings: Settings, path: Path) -> tuple[Directory, tuple[str, ...]]:
    """A directory file and its notes for a person. Raises DirectoryError with every problem, ConfigError when it
    cannot be opened."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"名录文件打不开：{path}（{os_reason(error)}）") from error
    loaded = read_directory(settings, data, str(path))
    return loaded.directory, tuple(map(str, loaded.warnings))


def dump_directory(roster: Directory, form: Literal["yaml", "xlsx"], *, mask: bool) -> bytes:
    if form == "xlsx":
        return directory.dump_xlsx(roster, channels=CHANNEL_NAMES, mask=mask)
    return directory.dump_yaml(roster, mask=mask)


def resolve_document(
    settings: Settings, data: bytes, name: str, path: Path | None
) -> tuple[Resolution, dict[str, str]]:
    """Who would get it, and the names (by id) of every unit and group involved. Nothing is stored."""
    issue = read_document(data, name)
    if path is not None:
        roster, _ = check_directory(settings, path)
    else:
        from .app import open_app  # noqa: PLC0415 - app builds on this module

        app = open_app(settings)
        try:
            roster = app.store.directory()
        finally:
            app.close()
    deliver = publication_for(issue.masthead, publications(settings)).deliver
    resolution = Resolver(roster).resolve(issue, deliver=deliver)
    return resolution, {r.id: r.name for r in roster.recipients} | {g.id: g.name for g in roster.groups}


def publications(settings: Settings) -> tuple[Publication, ...]:
    """Those of the publications file. Raises ConfigError with every problem."""
    found = load_publications(settings.publications_file)
    if not settings.deliver_report:
        return found
    return tuple(replace(p, deliver=tuple(dict.fromkeys((ListKind.REPORT, *p.deliver)))) for p in found)


def renderer(settings: Settings, picture_key: Callable[[], bytes] = bytes) -> Renderer:
    """Templates are looked for in the publication's folder, then the installation's, then the shipped ones.

    `picture_key` signs the addresses of pictures; without one they are as long, and lead nowhere.
    """
    known = publications(settings)

    @cache
    def wording_in(own: Path | None) -> TemplateWording:
        return TemplateWording([folder for folder in (own, settings.templates_dir) if folder] + [shipped("templates")])

    def wording(masthead: str) -> TemplateWording:
        return wording_in(publication_for(masthead, known).templates_dir)

    drawable = settings.public_url is not None and cover_font(settings) is not None

    def addresses(revision_id: int) -> Pictures | None:
        return pictures(settings.public_url, picture_key(), revision_id) if settings.public_url and drawable else None

    return Renderer(CHANNELS, wording, settings.public_url, addresses)
