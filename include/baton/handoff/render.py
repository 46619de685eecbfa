"""A brief for the eye: plain text (calendar, terminal) and a page.

The page is read in half a minute: who and when, what to say first, what they last said, why now. The
full thread is folded away below.
"""

import html as markup

from baton.ledger.brief_text import (
    TOP_SIGNALS,
    Brief,
    load,
    shortened,
    signal_line,
    text,
    thread_line,
)

__all__ = ["Brief", "html", "load", "text"]


def html(brief: Brief) -> str:
    """Return the brief as one <article>; everything from outside is escaped, links are http(s) only."""
    out = [
        f'<article class="brief" data-meeting="{_e(brief.meeting_id)}">',
        f"<header><h1>{_e(brief.who)}</h1><p>{_e(brief.when)}</p></header>",
    ]
    if brief.missing:
        out.append(
            f'<p class="missing" role="alert">Not complete: {_e(", ".join(brief.missing))}</p>'
        )
    out += ["<section><h2>Say first</h2>", f"<p>{_e(brief.opener or 'Nothing yet.')}</p></section>"]
    if brief.last_word:
        out.append(
            f"<section><h2>They last wrote</h2><blockquote>{_e(brief.last_word)}</blockquote></section>"
        )
    out.append("<section><h2>Why now</h2><ul>")
    for signal in brief.signals[:TOP_SIGNALS]:
        line = _e(signal_line(brief, {**signal, "url": None})[2:])
        if url := signal.get("url"):
            line += f' <a href="{_e(url)}" rel="noreferrer noopener">source</a>'
        out.append(f"<li>{line}</li>")
    if not brief.signals:
        out.append("<li>No signal lifted them: they came by themselves.</li>")
    out.append("</ul></section>")
    out.append(f"<details><summary>So far ({len(brief.thread)})</summary><ol>")
    for item in brief.thread:
        body = f"<pre>{_e(shortened(item['text']))}</pre>" if item.get("text") else ""
        out.append(f"<li>{_e(thread_line(brief, item)[2:])}{body}</li>")
    out.append("</ol></details></article>")
    return "\n".join(out)


def _e(value: object) -> str:
    return markup.escape(str(value))
