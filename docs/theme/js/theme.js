// The button for light and dark, and the search, which also works from the disk.
"use strict";

(() => {
  const root = document.documentElement;
  const button = document.querySelector("button.colors");
  const other = () => (root.dataset.theme === "dark" ? "light" : "dark");
  const label = () => {
    button.textContent = other() === "dark" ? "Dark" : "Light";
    button.setAttribute("aria-label", `Use ${other()} colours`);
  };
  button.hidden = false;
  label();
  button.addEventListener("click", () => {
    root.dataset.theme = other();
    label();
    try {
      localStorage.setItem("econnet-theme", root.dataset.theme);
    } catch {
      // Without storage the choice holds for this page.
    }
  });
})();

(() => {
  const MOST = 8;
  const form = document.querySelector("form.search");
  const input = form.querySelector("input");
  const panel = form.querySelector(".results");
  const status = form.querySelector("[role=status]");
  const list = form.querySelector("ol");
  const site = `${form.dataset.site}/`;
  let index = null;
  let loading = null;

  form.hidden = false;
  input.addEventListener("focus", load);
  input.addEventListener("input", () => load().then(show));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    load().then(() => {
      show();
      list.querySelector("a")?.focus();
    });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) close();
  });

  function close() {
    panel.hidden = true;
  }

  function addScript(path) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = site + path;
      script.addEventListener("load", resolve);
      script.addEventListener("error", reject);
      document.head.append(script);
    });
  }

  // The index is a script and not JSON, because a page on the disk may not fetch files.
  function load() {
    loading ??= Promise.all([addScript("search/lunr.js"), addScript("search/pages.js")]).then(
      () => {
        index = lunr(function () {
          this.ref("location");
          this.field("title", { boost: 10 });
          this.field("text");
          for (const page of SEARCH_PAGES) this.add(page);
        });
      },
    );
    return loading;
  }

  function matches(words) {
    return index.query((query) => {
      for (const word of lunr.tokenizer(words)) {
        query.term(word, { boost: 10 });
        query.term(word, { wildcard: lunr.Query.wildcard.TRAILING, usePipeline: false });
      }
    });
  }

  function show() {
    const words = input.value.trim();
    panel.hidden = words.length < 2;
    if (panel.hidden) return;
    const found = matches(words).slice(0, MOST);
    status.textContent = found.length === 0 ? "Nothing found" : "";
    const pages = new Map(SEARCH_PAGES.map((page) => [page.location, page]));
    list.replaceChildren(
      ...found.map(({ ref }) => {
        const { title, text } = pages.get(ref);
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = site + ref;
        link.textContent = title;
        const extract = document.createElement("p");
        extract.textContent = text.length > 110 ? `${text.slice(0, 110)}...` : text;
        item.append(link, extract);
        return item;
      }),
    );
  }
})();

// Code wider than the window scrolls, with the keyboard as well.
(() => {
  const mark = () => {
    for (const block of document.querySelectorAll("pre")) {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    }
  };
  mark();
  addEventListener("resize", mark);
  document.fonts.ready.then(mark);
})();
