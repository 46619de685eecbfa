// One line about what was just done, with the way back where there is one.

import { $ } from "./dom.js";

let ticking = null;

/** Say something for a while; with `undoUntil` (milliseconds) an undo button counts down to it. */
export function toast(text, { undoUntil = null, bad = false } = {}) {
  clearInterval(ticking);
  $("toast-text").textContent = text;
  $("toast").classList.toggle("bad", bad);
  $("toast").hidden = false;
  $("toast-undo").hidden = undoUntil === null;
  const until = undoUntil ?? Date.now() + (bad ? 12_000 : 5_000);
  const tick = () => {
    const left = Math.ceil((until - Date.now()) / 1000);
    $("toast-seconds").textContent = left;
    if (left > 0) return;
    clearInterval(ticking);
    $("toast").hidden = true;
  };
  tick();
  ticking = setInterval(tick, 250);
}

$("toast-close").addEventListener("click", () => { $("toast").hidden = true; });
