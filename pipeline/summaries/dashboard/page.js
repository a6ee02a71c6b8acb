"use strict";
(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const say = (name, values) =>
    document.body.dataset[name + (root.lang === "en" ? "En" : "Zh")]
      .replace(/\{(\w+)\}/g, (_, key) => values[key]);

  // What a cell says in the language that is shown.
  const words = (cell) => (cell.querySelector("." + root.lang) || cell).textContent.trim();

  // "1,284" and "+1.2%" are numbers; "—" and "*" are none and stay last either way.
  const amount = (shown) => {
    const plain = shown.replace(/,/g, "");
    return /^[+-]?\d+(\.\d+)?( ?(%|个百分点|pp))?$/.test(plain) ? parseFloat(plain) : null;
  };

  // ------------------------------------------------------------------ languages and units

  const speak = (lang) => {
    root.lang = lang;
    const key = lang === "en" ? "en" : "zh";
    for (const each of all("[data-zh]")) {
      const text = each.dataset[key];
      if (each.hasAttribute("placeholder")) each.placeholder = text;
      else if (each.hasAttribute("aria-label")) each.setAttribute("aria-label", text);
      else each.textContent = text;
    }
    for (const button of all("[data-lang]"))
      button.setAttribute("aria-pressed", String(button.dataset.lang === lang));
    all(".tabled").forEach(refresh);
  };

  const sections = all("section.summary");
  const choice = document.getElementById("unit");

  const show = (focus) => {
    const asked = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const shown = sections.includes(asked) ? asked : sections[0];
    for (const section of sections) section.hidden = section !== shown;
    if (choice) choice.value = shown.dataset.unit;
    if (focus) {
      window.scrollTo(0, 0);
      shown.querySelector("h1").focus({ preventScroll: true });
    }
  };

  // ------------------------------------------------------------------------------- tables

  // Shows the rows that are looked for, the first ones of a long list, and says how many.
  const refresh = (tabled) => {
    const rows = all("tbody tr", tabled);
    const wanted = (tabled.querySelector("input")?.value ?? "").trim().toLowerCase();
    const mark = tabled.querySelector(".marks")?.value ?? "";
    const cut = tabled.dataset.open ? Infinity : Number(tabled.dataset.cut || Infinity);
    const found = rows.filter((row) =>
      row.classList.contains("total") ||
      ((!mark || row.dataset.mark === mark) && row.textContent.toLowerCase().includes(wanted)));
    const whole = found.filter((row) => !row.classList.contains("total"));
    const kept = new Set(found.filter((row) => row.classList.contains("total")));
    whole.slice(0, cut).forEach((row) => kept.add(row));
    for (const row of rows) row.hidden = !kept.has(row);
    const more = tabled.querySelector(".more");
    if (!more) return;
    more.hidden = whole.length <= cut;
    more.textContent = more.hidden ? "" : say("rest", { n: whole.length - cut });
    const n = rows.filter((row) => !row.classList.contains("total")).length;
    tabled.querySelector(".found").textContent =
      wanted || mark ? say("found", { n: whole.length, all: n }) : "";
  };

  // Shows one group of columns in a table of units.
  const choose = (tabled) => {
    const group = tabled.querySelector(".columns").value;
    const heads = all("thead th", tabled);
    const off = heads.map((head, at) =>
      at > 0 && (group === "key" ? head.dataset.key === undefined : head.dataset.group !== group));
    for (const row of all("tr", tabled))
      off.forEach((hidden, at) => { row.cells[at].hidden = hidden; });
  };

  const sort = (head) => {
    const table = head.closest("table");
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const each of all("[aria-sort]", table)) each.setAttribute("aria-sort", "none");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const body = table.tBodies[0];
    const keyed = [...body.rows].map((row) => {
      const shown = words(row.cells[head.cellIndex]);
      return { row, shown, number: amount(shown), total: row.classList.contains("total") };
    });
    const numeric = keyed.some((each) => each.number !== null);
    const order = new Intl.Collator(root.lang, { numeric: true });
    const empty = (each) => (numeric ? each.number === null : !each.shown || each.shown === "—");
    keyed.sort((a, b) => {
      if (a.total !== b.total) return a.total ? 1 : -1;
      if (empty(a) !== empty(b)) return empty(a) ? 1 : -1;
      const less = numeric ? (a.number ?? 0) - (b.number ?? 0) : order.compare(a.shown, b.shown);
      return up ? less : -less;
    });
    body.append(...keyed.map((each) => each.row));
    refresh(table.closest(".tabled"));
  };

  // --------------------------------------------------------------------------- at the start

  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.lang) speak(button.dataset.lang);
    else if (button.closest("thead [aria-sort]")) sort(button.closest("th"));
    else if (button.classList.contains("more")) {
      const tabled = button.closest(".tabled");
      tabled.dataset.open = "yes";
      refresh(tabled);
    }
  });
  document.addEventListener("input", (event) => {
    const tabled = event.target.closest(".tabled");
    if (!tabled) return;
    if (event.target.classList.contains("columns")) choose(tabled);
    else refresh(tabled);
  });
  choice?.addEventListener("change", () => { location.hash = "u-" + encodeURIComponent(choice.value); });
  window.addEventListener("hashchange", () => {
    if (location.hash !== "#main") show(true);
  });
  // On paper nothing can be opened.
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    for (const each of closed) each.open = true;
  });
  window.addEventListener("afterprint", () => { for (const each of closed) each.open = false; });

  root.classList.add("live");
  show(false);
  all(".tabled").forEach(refresh);
  all(".columns").forEach((select) => choose(select.closest(".tabled")));
})();
