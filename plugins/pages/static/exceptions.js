// Decisions on the Exceptions page: a dialog asks what and why, the row then says what became of it.

import { $, ask, el } from "./dom.js";

const KINDS = {
  settle: {
    hint: "Look it up at the vendor. Whatever you answer, it is never sent again by itself.",
    reason: "How do you know?",
  },
  owner: { hint: "The rep gets the meeting and its brief.", reason: "Why them?" },
  done: { hint: "It leaves this list; your words stay with it.", reason: "What was decided?" },
  resume: {
    hint: "Its mail goes on with the next run, and its rates start afresh.",
    reason: "What was done about the cause?",
  },
  lift: {
    hint: "Only this one reason is lifted. The next run looks at the messages again.",
    reason: "Why may they be written to?",
  },
};

const dialog = $("decide");
let button = null;

document.addEventListener("click", (event) => {
  const pressed = event.target.closest?.("button[data-act]");
  if (pressed) open(pressed);
});

function open(pressed) {
  button = pressed;
  const kind = KINDS[button.dataset.act];
  $("decide-form").reset();
  $("decide-title").textContent = button.dataset.title;
  $("decide-hint").textContent = kind.hint;
  $("reason-label").textContent = kind.reason;
  $("field-sent").hidden = button.dataset.act !== "settle";
  $("field-rep").hidden = button.dataset.act !== "owner";
  complain("");
  dialog.showModal();
  if (button.dataset.act === "settle") dialog.querySelector("input[type=radio]").focus();
  else if (button.dataset.act === "owner") $("rep").focus();
  else $("reason").focus();
}

function complain(sentence) {
  $("problem").textContent = sentence;
  $("problem").hidden = sentence === "";
}

/** What is to be sent, or null after saying what is missing. */
function answer() {
  const { act, hold, scope, subject } = button.dataset;
  const body = { reason: $("reason").value.trim() };
  if (act === "settle") {
    const choice = dialog.querySelector("input[name=was_sent]:checked");
    if (!choice) return complain("Choose whether it was sent.");
    body.was_sent = choice.value === "yes";
  }
  if (act === "owner") {
    if (!$("rep").value) return complain("Choose who takes the meeting.");
    body.rep = $("rep").value;
  }
  if (act === "lift") Object.assign(body, hold ? { hold_id: hold } : { scope, subject_id: subject });
  if (!body.reason) return complain("Say why; your words are kept with the decision.");
  return body;
}

$("decide-form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const body = answer();
  if (!body || $("decide-save").disabled) return;
  $("decide-save").disabled = true;
  try {
    const { said } = await ask(`exceptions/${button.dataset.path}`, body);
    dialog.close();
    show(said);
  } catch (problem) {
    complain(problem.message);
  } finally {
    $("decide-save").disabled = false;
  }
});

/** The row stays where it is and says what became of it; the next question gets the focus. */
function show(said) {
  const row = button.closest("tr");
  row.classList.add("decided");
  button.replaceWith(el("span", { class: "badge good" }, "decided"));
  $("said").textContent = `${dialogTitle()} ${said}`;
  $("said").hidden = false;
  let next = row.nextElementSibling;
  while (next && !next.querySelector("button[data-act]")) next = next.nextElementSibling;
  (next?.querySelector("button[data-act]") ?? $("said")).focus();
}

const dialogTitle = () => {
  const title = $("decide-title").textContent;
  return /[.?!]$/.test(title) ? title : `${title}:`;
};

// What was missing is being mended.
$("decide-form").addEventListener("input", () => complain(""));
$("decide-cancel").addEventListener("click", () => dialog.close());
dialog.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) $("decide-form").requestSubmit();
});
dialog.addEventListener("close", () => button?.isConnected && button.focus());
