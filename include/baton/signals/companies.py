"""Finds the watched account that a text, a name or a domain belongs to."""

import re
from collections.abc import Iterable

from baton.playbook.watchlist import WatchedAccount
from baton.signals.text import company_key, words


class Companies:
    """The watchlist, indexed by name and domain. Two accounts of one name are never guessed at."""

    def __init__(self, watched: Iterable[WatchedAccount]) -> None:
        self._by_domain = {account.domain: account for account in watched}
        by_key: dict[str, list[WatchedAccount]] = {}
        for account in self._by_domain.values():
            if name := company_key(account.name):
                by_key.setdefault(name, []).append(account)
        self._by_key = {name: found[0] for name, found in by_key.items() if len(found) == 1}
        self._longest = max((name.count(" ") + 1 for name in self._by_key), default=0)

    def named(self, company: str) -> WatchedAccount | None:
        """Return the account with exactly this name, legal form, case and accents aside."""
        return self._by_key.get(company_key(company))

    def at(self, host: str | None) -> WatchedAccount | None:
        """Return the account whose domain is this host or a parent of it."""
        while host:
            if account := self._by_domain.get(host):
                return account
            host = host.partition(".")[2]
        return None

    def mentioned(self, texts: Iterable[str]) -> WatchedAccount | None:
        """Return the account that the texts name; None where they name none or several."""
        found: dict[str, WatchedAccount] = {}
        for text in texts:
            found |= {account.domain: account for account in self._in(text)}
        return next(iter(found.values())) if len(found) == 1 else None

    def _in(self, text: str) -> Iterable[WatchedAccount]:
        said = words(text)
        start = 0
        while start < len(said):
            for length in range(min(self._longest, len(said) - start), 0, -1):
                account = self._by_key.get(" ".join(said[start : start + length]))
                if account and (length > 1 or _as_written(account.name, text)):
                    yield account
                    start += length - 1
                    break
            start += 1


def _as_written(name: str, text: str) -> bool:
    """Tell whether a name of one word stands in the text as a name, and not as a common word."""
    return re.search(rf"(?<!\w){re.escape(name.split(maxsplit=1)[0])}(?!\w)", text) is not None
