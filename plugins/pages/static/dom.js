// Small helpers. Text from outside is only ever set as text, never as markup.

export const $ = (id) => document.getElementById(id);

/** Make an element: el("p", { class: "muted", onclick: f }, "text", child, null). */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name in node && typeof value === "boolean") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return node;
}

const ROOT = document.body.dataset.root;

/** Ask the server; an answer that is not ok throws an Error with `findings`, where there are any. */
export async function ask(path, body) {
  let answer;
  try {
    answer = await fetch(`${ROOT}/${path}`, {
      method: body === undefined ? "GET" : "POST",
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error("Airflow does not answer; is the api-server running?");
  }
  const said = await answer.json().catch(() => ({}));
  if (answer.ok) return said;
  const detail = said.detail ?? `The server answered ${answer.status}.`;
  const problem = new Error(sentence(detail));
  problem.status = answer.status;
  problem.findings = detail.findings ?? [];
  throw problem;
}

function sentence(detail) {
  if (typeof detail === "string") return detail;
  if (Array.isArray(detail)) return detail.map((part) => part.msg).join("; ");
  return detail.message ?? "The server refused this.";
}

const DAY = 86_400_000;

/** "in 3 h", "2 days ago". */
export function relative(text, now) {
  const span = new Date(text).getTime() - now;
  const size = Math.abs(span);
  const words =
    size < 3_600_000 ? `${Math.max(1, Math.round(size / 60_000))} min`
    : size < 2 * DAY ? `${Math.round(size / 3_600_000)} h`
    : `${Math.round(size / DAY)} days`;
  return span < 0 ? `${words} ago` : `in ${words}`;
}

/** "12 Mar 2026". */
export const day = (text) =>
  new Date(text).toLocaleDateString("en-GB", { day: "numeric", month: "short", year: "numeric" });

export const isTyping = (target) =>
  target instanceof HTMLElement && target.matches("textarea, select, input:not([type=checkbox])");
