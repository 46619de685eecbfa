// Shows one draft: exactly what would be sent, and beside each claim the evidence it rests on.

import { day, el, relative } from "./dom.js";

/** Return the nodes of the reader for a draft (the detail object of the server). */
export function draftView(draft, context) {
  return [head(draft, context.now), body(draft, context), actions(draft, context)];
}

function head(draft, now) {
  const facts = [draft.industry, draft.employees && `${draft.employees} people`, draft.country];
  const state = draft.state === "pending" ? null : badge(draft.state, tone(draft.state));
  return el("div", { class: "reader-head" },
    el("div", {},
      el("h2", {}, draft.contact_name || draft.email || "A contact without a name"),
      el("p", { class: "sub" },
        [draft.contact_title, draft.account_name, ...facts].filter(Boolean).join(" · "))),
    el("div", { class: "marks" },
      state,
      badge(`ICP quartile ${draft.icp_quartile}`, draft.icp_quartile === 1 ? "best" : ""),
      badge(draft.step === 1 ? "First touch" : `Follow-up ${draft.step - 1}`),
      draft.revision > 1 ? badge(`Revision ${draft.revision}`) : null,
      draft.state === "pending"
        ? badge(`Expires ${relative(draft.expires_at, now)}`, soon(draft.expires_at, now) ? "warn" : "")
        : null));
}

const soon = (text, now) => new Date(text).getTime() - now < 86_400_000;
export const badge = (text, kind = "") => el("span", { class: `badge ${kind}` }, text);
export const tone = (state) =>
  ({ approved: "good", delivered: "good", accepted: "good", killed: "bad", bounced: "bad",
     failed: "bad", complained: "bad", unknown: "warn", held: "warn", expired: "warn" })[state] ?? "";

function body(draft, context) {
  return el("div", { class: "reader-body" },
    context.editing ? editor(draft, context) : letter(draft),
    side(draft),
    draft.thread.length ? thread(draft.thread) : null);
}

function letterHead(draft, subject) {
  return el("header", {},
    subject ? el("span", { class: "subject-line" }, subject) : null,
    el("div", {}, "From ", el("b", {}, draft.message.from), " to ", el("b", {}, draft.message.to)));
}

function letter(draft) {
  const { text } = draft.message;
  const end = text.startsWith(draft.body) ? draft.body.length : 0;
  return el("article", { class: "letter card" },
    letterHead(draft, draft.message.subject),
    findingsBox(draft.findings),
    el("div", { class: "text" }, marked(text.slice(0, end), draft.claims)),
    el("div", { class: "added", title: "Added by code: nobody's text chooses these" },
      text.slice(end).trim()));
}

/** Return the body as text nodes and marks, one mark for each claim that stands in it. */
function marked(text, claims) {
  const places = claims
    .map((claim, index) => ({ claim, index, at: text.indexOf(claim.text) }))
    .filter((place) => place.at >= 0)
    .sort((a, b) => a.at - b.at);
  const nodes = [];
  let done = 0;
  for (const { claim, index, at } of places) {
    if (at < done) continue;
    nodes.push(text.slice(done, at), el("mark", {
      class: claim.grounded ? "" : "loose",
      dataset: { claim: index },
      title: claim.grounded ? claim.evidence_text : claim.reason,
      onmouseenter: () => light(index, true),
      onmouseleave: () => light(index, false),
    }, claim.text, el("sup", {}, String(index + 1))));
    done = at + claim.text.length;
  }
  nodes.push(text.slice(done));
  return nodes;
}

function light(index, on) {
  for (const node of document.querySelectorAll(`[data-claim="${index}"]`)) {
    node.classList.toggle("lit", on);
  }
}

export function findingsBox(findings, isError = false) {
  if (!findings.length) return null;
  const bad = isError || findings.some((finding) => finding.severity === "error");
  return el("ul", { class: `findings ${bad ? "errors" : ""}`, role: "alert" },
    findings.map((finding) => el("li", {}, `${finding.detail} (${finding.rule})`)));
}

function editor(draft, context) {
  const added = draft.message.text.slice(draft.body.length).trim();
  return el("article", { class: "letter card" },
    letterHead(draft, null),
    el("form", { class: "editing", id: "edit-form", novalidate: true,
                 onsubmit: (event) => { event.preventDefault(); context.save(); } },
      el("div", { id: "edit-findings" }),
      el("label", { class: "field" }, "Subject",
        el("input", { type: "text", id: "edit-subject", maxlength: "300", autocomplete: "off",
                      value: draft.subject })),
      el("label", { class: "field" }, "Text, from the greeting to the last sentence",
        el("textarea", { id: "edit-body", maxlength: "20000", spellcheck: "true" }, draft.body))),
    el("div", { class: "added below" }, added));
}

function side(draft) {
  return el("aside", { class: "side" },
    el("section", {}, el("h3", {}, "Evidence for each claim"),
      draft.claims.length
        ? draft.claims.map(proof)
        : el("p", { class: "muted" }, "A person wrote this; no claim is tied to evidence.")),
    otherSignals(draft),
    history(draft));
}

function proof(claim, index) {
  return el("div", { class: `proof card ${claim.grounded ? "" : "loose"}`,
                     dataset: { claim: index },
                     onmouseenter: () => light(index, true),
                     onmouseleave: () => light(index, false) },
    el("p", { class: "shown" }, el("span", { class: "no" }, String(index + 1)),
      claim.evidence_text ?? "No evidence"),
    claim.grounded ? null : el("p", { class: "source" }, claim.reason),
    claim.evidence_at ? el("p", { class: "source" }, day(claim.evidence_at)) : null,
    claim.evidence_url ? el("p", { class: "source" }, link(claim.evidence_url)) : null);
}

function link(url) {
  return el("a", { href: url, target: "_blank", rel: "noopener noreferrer nofollow" }, url);
}

function otherSignals(draft) {
  const used = new Set(draft.claims.map((claim) => claim.evidence_id));
  const others = draft.signals.filter((signal) => !used.has(signal.id)).slice(0, 6);
  if (!others.length) return null;
  return el("section", {}, el("h3", {}, "Also known"),
    el("ul", { class: "plain-list" }, others.map((signal) =>
      el("li", {}, signal.title || signal.kind.replaceAll("_", " "),
        el("div", { class: "when" }, `${signal.kind.replaceAll("_", " ")} · ${day(signal.at)}`)))));
}

function history(draft) {
  const lines = draft.revisions.map((revision) =>
    `Revision ${revision.revision} by ${revision.author.replace(/^(model|person):/, "")}, ${day(revision.created_at)}`);
  const { decision, sending } = draft;
  if (decision) {
    const why = decision.reason ? `: ${decision.reason.replaceAll("_", " ")}` : "";
    lines.push(`${capital(decision.verdict)} by ${decision.decided_by}, ${day(decision.decided_at)}${why}`);
  }
  if (sending) lines.push(`Message ${sending.state}${sending.state_reason ? ` (${sending.state_reason.replaceAll("_", " ")})` : ""}`);
  lines.push(`Owner ${draft.owner_name ?? "nobody"} · lead score ${(100 * draft.lead_score).toFixed(1)} %`);
  return el("section", {}, el("h3", {}, "History"),
    el("ul", { class: "plain-list" }, lines.map((line) => el("li", {}, line))));
}

const capital = (word) => word[0].toUpperCase() + word.slice(1);

function thread(items) {
  return el("section", { class: "thread" }, el("h3", {}, "The thread so far"),
    items.map((item) => el("article", { class: `card ${item.by}` },
      el("div", { class: "muted" },
        `${item.by === "us" ? "We wrote" : "They answered"} ${item.at ? day(item.at) : ""} · ${item.subject} · ${(item.state ?? "").replaceAll("_", " ")}`),
      el("p", { class: "text" }, item.text))));
}

function actions(draft, context) {
  const button = (label, key, kind, onclick, id) =>
    el("button", { type: "button", class: kind, onclick, id }, label, " ", el("kbd", {}, key));
  if (context.editing) {
    return el("div", { class: "actions" },
      el("span", { class: "grow" }, "An edit is a new revision and needs its own approval."),
      button("Discard", "Esc", "quiet", context.leave, "edit-cancel"),
      button("Save", "Ctrl ↵", "primary", context.save, "edit-save"));
  }
  if (draft.state !== "pending") {
    return el("div", { class: "actions" },
      el("span", { class: "grow" }, context.undoable ? "Your decision can still be taken back." : "Decided."),
      context.undoable ? button("Undo", "U", "", context.undo, "undo") : null);
  }
  if (!context.mayDecide) {
    return el("div", { class: "actions" },
      el("span", { class: "grow" }, "You may read; deciding needs the role rep or reviewer."));
  }
  return el("div", { class: "actions" },
    button("Approve", "A", "primary", context.approve, "approve"),
    button("Edit", "E", "", context.edit, "edit"),
    button("Kill", "X", "danger", context.kill, "kill"),
    el("span", { class: "grow" }, "Sent only after its own approval, and a minute to undo."));
}
