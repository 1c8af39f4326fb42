// Typeset the formulas of a page with KaTeX, which is loaded only where there are any.
"use strict";

(() => {
  const formulas = document.querySelectorAll(".arithmatex");
  if (formulas.length === 0) return;
  const folder = new URL("../vendor/katex/", document.currentScript.src);

  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = new URL("katex.min.css", folder).href;
  document.head.append(sheet);

  const script = document.createElement("script");
  script.src = new URL("katex.min.js", folder).href;
  script.addEventListener("load", () => {
    for (const formula of formulas) {
      // The text is \(...\) within a line and \[...\] on a line of its own.
      const tex = formula.textContent.trim();
      katex.render(tex.slice(2, -2), formula, { displayMode: tex.startsWith("\\[") });
      keepWithPunctuation(formula);
    }
    makeWideFormulasScrollable();
    addEventListener("resize", makeWideFormulasScrollable);
    sheet.addEventListener("load", makeWideFormulasScrollable);
    document.fonts.ready.then(makeWideFormulasScrollable);
  });
  document.head.append(script);

  // A comma or full stop after a formula does not start the next line.
  function keepWithPunctuation(formula) {
    const after = formula.nextSibling;
    const mark = after?.data?.match(/^[.,:;)]+/)?.[0];
    if (!mark) return;
    formula.querySelector(".katex-html").lastElementChild.append(mark);
    formula.querySelector(".katex-mathml").append(mark); // for screen readers
    after.data = after.data.slice(mark.length);
  }

  // A formula wider than a phone scrolls, with the keyboard as well.
  function makeWideFormulasScrollable() {
    for (const display of document.querySelectorAll("div.arithmatex")) {
      if (display.scrollWidth > display.clientWidth) display.tabIndex = 0;
      else display.removeAttribute("tabindex");
    }
  }
})();
