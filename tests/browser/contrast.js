// Contrast (WCAG 2.2, 1.4.3) of the text that matters against what lies behind it.
(() => {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = {};
  for (const name of [".letter .text", ".letter .added", ".letter mark", ".drafts .account", ".badge",
                      ".proof .shown", ".reader-head .sub", "button.primary", "button.danger", ".who",
                      ".queue-facts", ".actions .grow", ".brief .about", ".brief .doubtful .about",
                      ".brief .doubtful q", ".brief .opener", ".brief .so-far li", ".brief .hint", ".warn-text",
                      ".badge.good", ".badge.bad", ".badge.warn", "td.act button", ".problem", "#decide-hint",
                      "#decide .field", ".questions .clipped"]) {
    const node = document.querySelector(name);
    if (!node) continue;
    const [a, b] = [luminance(channels(getComputedStyle(node).color)), luminance(behind(node))];
    found[name] = Math.round((100 * (Math.max(a, b) + 0.05)) / (Math.min(a, b) + 0.05)) / 100;
  }
  return found;
})()
