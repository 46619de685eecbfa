"""Where signals come from, and what each type is worth: `include/playbook/signals/*.yml`.

`signal_types.yml` lists the types. Every other file is one source; its `kind` says how it is read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from baton.core.errors import PlaybookError
from baton.playbook.reader import Strict, nearest, read_text, read_yaml, time_zones

TYPES_FILE = "signal_types.yml"
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Weight = Annotated[float, Field(ge=0, le=100)]
DottedPath = Annotated[str, Field(min_length=1)]
Host = Annotated[str, Field(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")]
CrmEntity = Literal["account", "contact", "opportunity"]


class SignalType(Strict):
    """What one kind of signal is worth.

    `weight` is the points of intent (0 to 100) that a fresh one adds; after `half_life_days` half
    of them are left.
    """

    weight: Weight
    half_life_days: Annotated[float, Field(gt=0, le=3650)]
    description: Annotated[str, Field(min_length=10)]


class SignalTypes(Strict):
    """The file `signal_types.yml`."""

    types: Annotated[dict[Name, SignalType], Field(min_length=1)]


class Source(Strict):
    """What every source has.

    `trusted` says whether its signals count as evidence on their own; others still land.
    `link_hosts` are the hosts, beside the source's own, to which its signals may link: a brief shows
    any other link as text.
    """

    name: Name
    description: Annotated[str, Field(min_length=10)]
    trusted: bool
    enabled: bool = True
    link_hosts: tuple[Host, ...] = ()


class HttpSource(Source):
    """A source that is asked over HTTP.

    `enabled: sandbox` marks an example whose address only the sandbox answers: it is read where
    BATON_SIGNALS_URL names a sandbox, which then stands in for its host, and rests elsewhere.
    """

    enabled: bool | Literal["sandbox"] = True  # type: ignore[assignment]
    url: str
    max_bytes: Annotated[int, Field(ge=1_000, le=50_000_000)] = 5_000_000

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"'{url}' is not an http or https address")
        return url


class Match(Strict):
    """How a feed entry is tied to a company: by the names of the watchlist in these fields."""

    mentions_in: Annotated[tuple[Literal["title", "summary"], ...], Field(min_length=1)]


class FeedSource(HttpSource):
    """An RSS or Atom feed.

    `signal_type` maps an entry's category to a signal type; `default` serves all others, and
    without one they are quarantined. `identity` is what makes two entries the same: their link
    (without tracking parameters), or the id that the feed gives them. Take the id where several
    entries share one link.
    """

    kind: Literal["feed"]
    signal_type: Annotated[dict[str, Name], Field(min_length=1)]
    identity: Literal["link", "id"] = "link"
    match: Match


class BoardFields(Strict):
    """Where a jobs board keeps what we need: dotted paths in one row of its JSON."""

    key: DottedPath
    title: DottedPath
    company: DottedPath
    occurred_at: DottedPath
    domain: DottedPath | None = None
    url: DottedPath | None = None
    summary: DottedPath | None = None


class BoardSource(HttpSource):
    """A jobs board: JSON in pages, newest first.

    `items` and `next` are dotted paths to the rows and to the address of the next page. Reading
    stops at `max_pages`, or where a whole page is older than the newest row known, less
    `lookback_days`.
    """

    kind: Literal["jobs_board"]
    signal_type: Name
    items: DottedPath
    next: DottedPath | None = None  # a board of one page has none
    fields: BoardFields
    max_pages: Annotated[int, Field(ge=1, le=1000)] = 50
    lookback_days: Annotated[int, Field(ge=0, le=365)] = 7


class WebhookSource(Source):
    """Signed webhooks, landed by the receiver under /webhooks/signals/<name>.

    `signal_type` maps the sender's `type` to ours. Types that are not named here are quarantined.
    """

    kind: Literal["webhook"]
    signal_type: Annotated[dict[str, Name], Field(min_length=1)]


class CrmSource(Source):
    """How a CRM's words are read. The connection `baton_crm` says where it is.

    `outcomes` maps a deal stage to won or lost where the CRM itself says otherwise. `kinds` maps
    its deal types, `industries` its words for an industry to those of the playbook,
    `team_timezones` the time zone in which a team's people work (owners have none). `attributes`
    are further properties known before the outcome, `outcome_attributes` those known only after
    it: they must never reach a score.
    """

    kind: Literal["crm"]
    outcomes: dict[str, Literal["open", "won", "lost"]]
    kinds: dict[str, Literal["new_business", "expansion", "renewal"]]
    industries: dict[str, str]
    team_timezones: dict[str, str]
    default_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    protected_property: str | None = None
    attributes: dict[CrmEntity, tuple[str, ...]]
    outcome_attributes: dict[CrmEntity, tuple[str, ...]]

    @field_validator("team_timezones")
    @classmethod
    def _zones_exist(cls, teams: dict[str, str]) -> dict[str, str]:
        known = time_zones()
        for name in teams.values():
            if name not in known:
                meant = nearest(name, sorted(known))
                hint = f"did you mean '{meant}'?" if meant else "write it like 'Europe/Berlin'"
                raise ValueError(f"the time zone '{name}' is not known; {hint}")
        return teams


Polled = FeedSource | BoardSource | WebhookSource
_MODELS: dict[str, type[Source]] = {
    "feed": FeedSource,
    "jobs_board": BoardSource,
    "webhook": WebhookSource,
    "crm": CrmSource,
}


class _Kind(BaseModel):
    model_config = ConfigDict(extra="ignore")
    kind: Literal["feed", "jobs_board", "webhook", "crm"]


class Signals(BaseModel):
    """The whole folder: types by name, and sources by name."""

    model_config = ConfigDict(frozen=True)
    types: dict[str, SignalType]
    sources: dict[str, Source]

    def polled(self, environ: Mapping[str, str]) -> tuple[Polled, ...]:
        """Return the sources of intent signals that are read in this environment, by name."""
        on = (True, "sandbox") if environ.get("BATON_SIGNALS_URL") else (True,)
        found = (self.sources[name] for name in sorted(self.sources))
        return tuple(s for s in found if isinstance(s, Polled) and s.enabled in on)

    @property
    def webhooks(self) -> frozenset[str]:
        """The names under which the receiver takes signals."""
        return frozenset(s.name for s in self.polled({}) if isinstance(s, WebhookSource))

    @property
    def untrusted(self) -> frozenset[str]:
        """The names of the sources whose signals do not count on their own."""
        return frozenset(s.name for s in self.sources.values() if not s.trusted)

    @property
    def link_hosts(self) -> frozenset[str]:
        """The hosts to which a brief may link: those of the enabled sources, and what they name."""
        enabled = [s for s in self.sources.values() if isinstance(s, Polled) and s.enabled]
        own = {urlsplit(s.url).hostname for s in enabled if isinstance(s, HttpSource)}
        named = {host for s in enabled for host in s.link_hosts}
        return frozenset(host for host in own | named if host)

    @property
    def crm(self) -> CrmSource | None:
        """How the CRM is read, or None where no file says so."""
        return next((s for s in self.sources.values() if isinstance(s, CrmSource)), None)


def load(folder: Path) -> Signals:
    """Read `<folder>/signals/*.yml`. `folder` is the playbook's.

    Raises PlaybookError naming file, line and remedy.
    """
    here = folder / "signals"
    types = read_yaml(here / TYPES_FILE, SignalTypes).types
    sources: dict[str, Source] = {}
    for path in sorted(here.glob("*.yml")):
        if path.name == TYPES_FILE:
            continue
        source = read_yaml(path, _MODELS[read_yaml(path, _Kind).kind])
        _check(path, source, types, sources)
        sources[source.name] = source
    return Signals(types=types, sources=sources)


def _check(
    path: Path, source: Source, types: dict[str, SignalType], others: dict[str, Source]
) -> None:
    if source.name != path.stem:
        raise PlaybookError(
            f"{path}, line {_line(path, 'name:')}: the source is called '{source.name}'; "
            f"a file is named after its source, so call it '{path.stem}' or rename the file."
        )
    if isinstance(source, CrmSource) and any(isinstance(s, CrmSource) for s in others.values()):
        raise PlaybookError(f"{path}, line 1: there is a CRM source already; keep one of them.")
    used = getattr(source, "signal_type", {})
    for name in [used] if isinstance(used, str) else used.values():
        if name not in types:
            meant = nearest(name, list(types))
            hint = f"did you mean '{meant}'?" if meant else f"add it to {TYPES_FILE}."
            raise PlaybookError(
                f"{path}, line {_line(path, name)}: '{name}' is no signal type; {hint}"
            )


def _line(path: Path, word: str) -> int:
    """Return the number of the first line with `word`."""
    lines = read_text(path).splitlines()
    return next((n for n, line in enumerate(lines, start=1) if word in line), 1)
