"""A brief for the eye: plain text (calendar, terminal) and a page.

The page is read in half a minute: who and when, what to say first, what they last said, why now. The
full thread is folded away below.
"""

import html as markup
from collections.abc import Collection, Mapping
from typing import Any

from baton.core.outside import host_of
from baton.ledger.brief_text import (
    TOP_SIGNALS,
    Brief,
    facts,
    kind_of,
    load,
    shortened,
    text,
    thread_line,
    words_of,
)

__all__ = ["Brief", "html", "load", "text"]


def html(brief: Brief, link_hosts: Collection[str] = ()) -> str:
    """Return the brief as one <article>.

    Whatever came from outside is escaped, and stands in <q> or <blockquote>. A signal's link is live
    only if its host is one of `link_hosts` (see playbook.signals); any other is named by its host. The
    address of the meeting itself is live.
    """
    out = [
        f'<article class="brief" data-meeting="{_e(brief.meeting_id)}">',
        f"<header><h1>{_e(brief.who)}</h1><p>{_e(brief.when)}</p>",
    ]
    if brief.location:
        out.append(f"<p>{_place(brief.location)}</p>")
    known = " · ".join(said for said in (brief.guest_email, brief.company) if said)
    out.append(f"<p>{_e(known)}</p></header>")
    if brief.missing:
        out.append(
            f'<p class="missing" role="alert">Not complete: {_e(", ".join(brief.missing))}</p>'
        )
    out.append("<section><h2>Say first</h2>")
    out.append(f'<p class="opener">{_e(brief.opener or "Nothing yet.")}</p></section>')
    if brief.last_word:
        out.append(
            f"<section><h2>They last wrote</h2><blockquote>{_e(brief.last_word)}</blockquote></section>"
        )
    out.append("<section><h2>Why now</h2>")
    if brief.signals:
        out.append('<p class="hint">Strongest first, quoted from their sources, word for word.</p>')
    out.append('<ul class="signals">')
    out += [_signal(brief, signal, link_hosts) for signal in brief.signals[:TOP_SIGNALS]]
    if not brief.signals:
        out.append("<li>No signal lifted them: they came by themselves.</li>")
    out.append("</ul></section>")
    if brief.further:
        out.append(
            f"<details><summary>Further signals ({len(brief.further)}), newest first</summary>"
        )
        out.append('<ul class="signals">')
        out += [_signal(brief, signal, link_hosts) for signal in brief.further]
        out.append("</ul></details>")
    out.append(f'<details><summary>So far ({len(brief.thread)})</summary><ol class="so-far">')
    for item in brief.thread:
        said = ""
        if item.get("text"):
            said = f"<blockquote><pre>{_e(shortened(item['text']))}</pre></blockquote>"
        out.append(f'<li class="{_e(item["by"])}">{_e(thread_line(brief, item)[2:])}{said}</li>')
    out.append("</ol></details></article>")
    return "\n".join(out)


def _place(location: str) -> str:
    if host_of(location) is None:
        return f"Where: {_e(location)}"
    link = f'<a href="{_e(location)}" rel="noopener noreferrer" target="_blank">'
    return f"Where: {link}{_e(location)}</a>"


def _signal(brief: Brief, signal: Mapping[str, Any], link_hosts: Collection[str]) -> str:
    at = brief.local(signal["at"])
    said = f"<q>{_e(words_of(signal))}</q>" if signal["text"] else _e(kind_of(signal))
    host = host_of(signal.get("url"))
    *about, source = facts(signal, host)
    where = _e(source)
    if host is not None and host in link_hosts:
        link = f'<a href="{_e(signal["url"])}" rel="noreferrer noopener nofollow" target="_blank">'
        where = f"source: {link}{_e(host)}</a>"
    mark = "doubtful" if signal.get("doubt") else "remarked" if signal.get("remark") else ""
    marked = f' class="{mark}"' if mark else ""
    day = f"{at.day} {at:%b}"
    return f'<li{marked}>{day}: {said} <span class="about">({_e(", ".join(about))}, {where})</span></li>'


def _e(value: object) -> str:
    return markup.escape(str(value))
