// Airflow shows the page in a frame that may open no window; a link in Airflow's own document may.

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[target=_blank]");
  if (!link || window.parent === window) return;
  let shell;
  try {
    shell = window.parent.document;
  } catch {
    return;
  }
  const outer = shell.createElement("a");
  Object.assign(outer, { href: link.href, target: "_blank", rel: link.rel });
  event.preventDefault();
  outer.click();
});
