// The desk: the queue, the keys, and what a decision does. Drafts are shown by draft-view.js.

import { $, ask, el, isTyping, relative } from "./dom.js";
import { toast } from "./toast.js";
import { badge, draftView, findingsBox, tone } from "./draft-view.js";

const start = JSON.parse($("start").textContent);
const desk = {
  view: "waiting", drafts: start.drafts, next: start.next, counts: start.counts,
  current: null, detail: null, editing: false, busy: false,
  selected: new Set(), openedAt: 0, undoable: null,
};
// The server's clock counts, not the browser's: a sandbox may live in another week.
let ahead = new Date(start.counts.now).getTime() - Date.now();
const now = () => Date.now() + ahead;

// --- the queue -----------------------------------------------------------------------------------

function showQueue() {
  $("count-waiting").textContent = desk.counts.waiting;
  $("facts").textContent = desk.view === "waiting" ? facts(desk.counts) : "Newest decision first.";
  for (const name of ["waiting", "decided"]) {
    $(`tab-${name}`).setAttribute("aria-selected", String(desk.view === name));
  }
  $("drafts").replaceChildren(...desk.drafts.map(row));
  $("more").hidden = !desk.next;
  showBulk();
}

function facts(counts) {
  const parts = [];
  if (counts.best_fit) parts.push(`${counts.best_fit} best fit`);
  const followUps = counts.waiting - counts.first_touches;
  if (followUps) parts.push(followUps === 1 ? "1 follow-up" : `${followUps} follow-ups`);
  if (counts.expiring) parts.push(`${counts.expiring} expire within a day`);
  if (counts.waiting) parts.push(`oldest waits ${counts.oldest_hours} h`);
  return parts.join(" · ") || "Nothing waits.";
}

function row(draft) {
  const isCurrent = draft.id === desk.current;
  const box = el("input", {
    type: "checkbox", checked: desk.selected.has(draft.id), tabindex: "-1",
    "aria-label": `Select the draft to ${draft.contact_name}`,
    onchange: () => toggle(draft),
  });
  const verdict = draft.message_state ?? draft.verdict;
  return el("li", { class: isCurrent ? "current" : "", dataset: { id: draft.id } },
    el("label", { class: "pick" }, desk.view === "waiting" && start.may_decide ? box : null),
    el("button", { type: "button", class: "open", "aria-current": isCurrent ? "true" : null,
                   onclick: () => open(draft.id) },
      el("div", { class: "line" },
        el("span", { class: "name" }, draft.contact_name || draft.account_name),
        desk.view === "decided" ? badge(verdict, tone(verdict)) : null,
        desk.view === "waiting" && draft.findings ? badge("!", "warn") : null,
        desk.view === "waiting" ? badge(`Q${draft.icp_quartile}`, draft.icp_quartile === 1 ? "best" : "") : null),
      el("div", { class: "account" },
        `${draft.account_name} · ${draft.step === 1 ? "first touch" : "follow-up"}`
        + (desk.view === "decided" ? ` · ${draft.decided_by}, ${relative(draft.decided_at, now())}` : "")),
      el("div", { class: "subject" }, draft.subject)));
}

function showBulk() {
  $("bulk").hidden = desk.selected.size === 0;
  $("bulk-count").textContent = `${desk.selected.size} selected`;
}

function toggle(draft) {
  if (desk.view !== "waiting" || !start.may_decide || !draft) return;
  if (!desk.selected.delete(draft.id)) desk.selected.add(draft.id);
  showQueue();
}

async function load(view, after = null) {
  const query = new URLSearchParams({ view, ...(after ? { after } : {}) });
  const found = await ask(`review/drafts?${query}`);
  desk.drafts = after ? [...desk.drafts, ...found.drafts] : found.drafts;
  desk.next = found.next;
  desk.counts = found.counts;
  ahead = new Date(found.counts.now).getTime() - Date.now();
  if (view !== desk.view) desk.selected.clear();
  desk.view = view;
}

async function change(view) {
  if (desk.editing) return;
  await load(view);
  desk.current = null;
  await open(desk.drafts[0]?.id ?? null);
}

// --- one draft -----------------------------------------------------------------------------------

async function open(id) {
  if (desk.editing && id !== desk.current) return;
  desk.current = id;
  desk.editing = false;
  if (id === null) {
    desk.detail = null;
  } else {
    const detail = await ask(`review/drafts/${id}`);
    if (desk.current !== id) return; // The reader went on while this was under way.
    desk.detail = detail;
    desk.openedAt = performance.now();
  }
  showQueue();
  showDraft();
  document.querySelector("#drafts .current")?.scrollIntoView({ block: "nearest" });
}

function showDraft() {
  const reader = $("reader");
  if (!desk.detail) {
    reader.replaceChildren(el("div", { class: "empty" },
      el("div", { class: "ring", "aria-hidden": "true" }, "✓"),
      el("h2", {}, desk.view === "waiting" ? "Nothing waits for you" : "Nothing was decided yet"),
      el("p", {}, desk.view === "waiting"
        ? "New drafts come every hour at twenty past, after their checks. Nothing is sent without a decision here."
        : "Decisions and what became of their messages are listed here.")));
    return;
  }
  reader.replaceChildren(...draftView(desk.detail, {
    now: now(), editing: desk.editing, mayDecide: start.may_decide,
    undoable: desk.undoable?.ids.includes(desk.detail.id),
    approve, edit, kill: askWhy, undo, save, leave,
  }));
  if (desk.editing) $("edit-body").focus();
}

const read = () => ({
  revision: desk.detail.revision,
  content_hash: desk.detail.content_hash,
  seconds_spent: Math.round((performance.now() - desk.openedAt) / 100) / 10,
});

// Not while another draft is on its way: a decision is about the text that stands there.
const canDecide = () => start.may_decide && !desk.editing
  && desk.detail?.id === desk.current && desk.detail?.state === "pending";

let underWay = Promise.resolve();

/**
 * Do one thing at a time; whatever the server refuses is said, and the draft is read again. A key that
 * comes too early is dropped, because the next draft was not read yet; only an undo waits its turn.
 */
function carefully(work, { wait = false } = {}) {
  if (desk.busy && !wait) return;
  underWay = underWay.then(() => alone(work));
}

async function alone(work) {
  desk.busy = true;
  try {
    await work();
  } catch (problem) {
    toast(problem.message, { bad: true });
    if (problem.status === 409 || problem.status === 404) await load(desk.view).then(() => go(0)).catch(() => {});
  } finally {
    desk.busy = false;
  }
}

/** After a decision: the draft leaves the queue, and the next one is shown. */
async function done(ids, word) {
  const place = Math.max(0, desk.drafts.findIndex((draft) => ids.includes(draft.id)));
  for (const draft of desk.drafts.filter((one) => ids.includes(one.id))) {
    desk.selected.delete(draft.id);
    desk.counts.waiting -= 1;
    desk.counts.best_fit -= draft.icp_quartile === 1;
    desk.counts.first_touches -= draft.step === 1;
    desk.counts.expiring -= new Date(draft.expires_at) - now() < 86_400_000;
  }
  desk.drafts = desk.drafts.filter((draft) => !ids.includes(draft.id));
  desk.undoable = { ids, until: Date.now() + 1000 * start.undo_seconds };
  toast(word, { undoUntil: desk.undoable.until });
  if (!desk.drafts.length) await load("waiting");
  await open(desk.drafts[Math.min(place, desk.drafts.length - 1)]?.id ?? null);
}

function approve() {
  if (!canDecide()) return;
  carefully(async () => {
    const { id, contact_name: name } = desk.detail;
    await ask(`review/drafts/${id}/approve`, read());
    await done([id], `Approved: ${name}.`);
  });
}

function approveSelected() {
  const chosen = desk.drafts.filter((draft) => desk.selected.has(draft.id));
  if (!chosen.length || desk.editing) return;
  carefully(async () => {
    const choices = chosen.map((d) => ({ draft_id: d.id, revision: d.revision, content_hash: d.content_hash }));
    const { results } = await ask("review/bulk", { choices });
    const failed = results.filter((result) => result.error);
    const ids = results.filter((result) => !result.error).map((result) => result.draft_id);
    if (ids.length) await done(ids, `Approved ${ids.length} drafts.`);
    if (failed.length) toast(`${ids.length} approved, ${failed.length} not: ${failed[0].error}`, { bad: true, undoUntil: ids.length ? desk.undoable.until : null });
  });
}

function undo() {
  if (!desk.undoable || Date.now() > desk.undoable.until) return;
  const { ids } = desk.undoable;
  carefully(async () => {
    for (const id of ids) await ask(`review/drafts/${id}/undo`, {});
    desk.undoable = null;
    toast(ids.length === 1 ? "Taken back; it waits again." : `${ids.length} taken back; they wait again.`);
    await load("waiting");
    await open(ids[0]);
  }, { wait: true });
}

function edit() {
  if (!canDecide()) return;
  desk.editing = true;
  showDraft();
}

function leave() {
  desk.editing = false;
  showDraft();
}

function save() {
  carefully(async () => {
    const { id } = desk.detail;
    const body = { ...read(), subject: $("edit-subject").value, body: $("edit-body").value };
    try {
      desk.detail = await ask(`review/drafts/${id}/edit`, body);
    } catch (problem) {
      if (problem.findings?.length) {
        $("edit-findings").replaceChildren(findingsBox(problem.findings, true));
        return;
      }
      throw problem;
    }
    desk.editing = false;
    const shown = desk.drafts.find((draft) => draft.id === id);
    if (shown) for (const name of ["revision", "content_hash", "subject"]) shown[name] = desk.detail[name];
    toast("Saved as a new revision. Approve it when it is right.");
    showQueue();
    showDraft();
  });
}

// --- kill, keys ----------------------------------------------------------------------------------

$("kill-reasons").replaceChildren(...Object.entries(start.kill_reasons).map(([value, words], index) =>
  el("label", {}, el("input", { type: "radio", name: "reason", value }), words, el("kbd", {}, String(index + 1)))));

function askWhy() {
  if (!canDecide()) return;
  $("kill-words").value = "";
  document.querySelectorAll("#kill-reasons input").forEach((box, index) => { box.checked = index === 0; });
  $("kill-dialog").showModal();
}

function kill() {
  const reason = document.querySelector("#kill-reasons input:checked").value;
  const words = $("kill-words").value.trim();
  $("kill-dialog").close();
  carefully(async () => {
    const { id, contact_name: name } = desk.detail;
    await ask(`review/drafts/${id}/kill`, { ...read(), reason: words ? `${reason}: ${words}` : reason });
    await done([id], `Killed: ${name}.`);
  });
}

$("kill-dialog").addEventListener("keydown", (event) => {
  const boxes = document.querySelectorAll("#kill-reasons input");
  if (event.key === "Enter") { event.preventDefault(); kill(); }
  else if (!isTyping(event.target) || event.target.type === "radio") boxes[Number(event.key) - 1]?.click();
});

async function go(by) {
  const place = desk.drafts.findIndex((draft) => draft.id === desk.current);
  if (by > 0 && place === desk.drafts.length - 1 && desk.next) await load(desk.view, desk.next);
  const next = desk.drafts[Math.min(Math.max(place + by, 0), desk.drafts.length - 1)];
  await open(next?.id ?? null);
}

const KEYS = {
  j: () => go(1), ArrowDown: () => go(1), k: () => go(-1), ArrowUp: () => go(-1),
  a: approve, e: edit, x: askWhy, u: undo, A: approveSelected,
  " ": () => toggle(desk.drafts.find((draft) => draft.id === desk.current)),
  g: () => change(desk.view === "waiting" ? "decided" : "waiting"),
  "?": () => $("help-dialog").showModal(),
};

document.addEventListener("keydown", (event) => {
  if (document.querySelector("dialog[open]")) return;
  if (desk.editing) {
    if (event.key === "Escape") leave();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); save(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat && !"jk".includes(event.key)) return;
  if (isTyping(event.target)) return;
  const onButton = event.target instanceof HTMLButtonElement && !event.target.matches(".open");
  if (onButton && event.key === " ") return;
  const act = KEYS[event.key];
  if (!act) return;
  event.preventDefault();
  Promise.resolve(act()).catch((problem) => toast(problem.message, { bad: true }));
});

const on = (id, work) => $(id).addEventListener("click", () =>
  Promise.resolve(work()).catch((problem) => toast(problem.message, { bad: true })));
on("tab-waiting", () => change("waiting"));
on("tab-decided", () => change("decided"));
on("more", async () => { await load(desk.view, desk.next); showQueue(); });
on("bulk-approve", approveSelected);
on("bulk-clear", () => { desk.selected.clear(); showQueue(); });
on("help-button", () => $("help-dialog").showModal());
on("help-close", () => $("help-dialog").close());
on("kill-cancel", () => $("kill-dialog").close());
on("kill-confirm", kill);
on("toast-undo", undo);

open(desk.drafts[0]?.id ?? null);
