// Choose light or dark before the page is drawn: as the reader chose, else as the system.
"use strict";

document.documentElement.dataset.theme = (() => {
  try {
    const chosen = localStorage.getItem("econnet-theme");
    if (chosen === "light" || chosen === "dark") return chosen;
  } catch {
    // A browser may forbid storage; the system's setting remains.
  }
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
})();
