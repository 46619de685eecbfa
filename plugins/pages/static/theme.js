// The pages follow Airflow's theme: its shell is the parent of the frame they are shown in, and keeps
// the choice in localStorage; on their own they follow the system.
(() => {
  const root = document.documentElement;
  const shell = () => {
    try {
      return window.parent !== window ? window.parent.document.documentElement : null;
    } catch {
      return null;
    }
  };
  const choose = () => {
    const outer = shell();
    let theme = null;
    if (outer?.classList.contains("dark")) theme = "dark";
    else if (outer?.classList.contains("light")) theme = "light";
    if (!theme) {
      try {
        const kept = localStorage.getItem("theme");
        if (kept === "dark" || kept === "light") theme = kept;
      } catch {
        // No storage here: the system decides.
      }
    }
    if (!theme) theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = theme;
    if (outer) root.classList.add("framed");
  };
  choose();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", choose);
  window.addEventListener("storage", choose);
  const outer = shell();
  if (outer) new MutationObserver(choose).observe(outer, { attributeFilter: ["class"] });
})();
