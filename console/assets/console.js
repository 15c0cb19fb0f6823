"use strict";
// Every page works without this script. It adds relative times, keys, lists that grow, and live activity.
(() => {
  const root = document.body.dataset.root;
  document.documentElement.classList.add("with-script");

  // Times: how long ago, and the exact time in the reader's zone on hover.
  const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });
  const ago = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "long" });
  const units = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
  function tell(time) {
    const then = new Date(time.dateTime);
    if (isNaN(then)) return;
    const seconds = (then - Date.now()) / 1000;
    const [unit, length] = units.find(([, length]) => Math.abs(seconds) >= length) || ["second", 1];
    time.title = exact.format(then);
    time.textContent = ago.format(Math.trunc(seconds / length), unit);
  }
  const tellAll = (within) => within.querySelectorAll("time").forEach(tell);
  tellAll(document);
  setInterval(() => tellAll(document), 30000);

  // A choice that applies at once.
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submit]")) event.target.form.submit();
  });

  // One tick for all rows of a page.
  const all = document.querySelector("[data-tick-all]");
  all?.addEventListener("change", () => {
    document.querySelectorAll('[name="id"][form="bulk"]').forEach((tick) => { tick.checked = all.checked; });
  });

  // Nothing that was typed is lost by leaving the page.
  const changed = new Set();
  document.querySelectorAll("[data-dirty]").forEach((form) => changed.add(form));
  const mark = (event) => {
    const form = event.target.closest && event.target.closest("form[data-guard]");
    if (form) changed.add(form);
  };
  document.addEventListener("input", mark);
  document.addEventListener("submit", (event) => {
    changed.delete(event.target);
    if (event.target.method === "post") event.submitter?.setAttribute("aria-busy", "true");
  });
  window.addEventListener("beforeunload", (event) => {
    if (changed.size > 0) event.preventDefault();
  });

  // Lists of a form: the empty entry stays away until it is asked for.
  const reindex = (text, from, to) => (text === from || text.startsWith(from + "/") ? to + text.slice(from.length) : null);
  function rename(node, from, to) {
    for (const name of ["name", "id", "for", "data-list", "data-blank", "aria-describedby", "value"]) {
      const value = node.getAttribute(name);
      if (!value || (name === "value" && !["remove", "order", "move"].includes(node.name))) continue;
      node.setAttribute(name, value.split(" ").map((word) => {
        const at = word.indexOf("/");
        const renamed = at < 0 ? null : reindex(word.slice(at).replace(/:(hint|errors)$/, ""), from, to);
        return renamed === null ? word : word.slice(0, at) + renamed + (word.match(/:(hint|errors)$/) || [""])[0];
      }).join(" "));
    }
  }
  // Entries of a list move at once. Without this script the server moves them.
  const isEntry = (node) => node?.querySelector(':scope > [name="order"]');
  function number(list) {
    const entries = [...list.children].filter(isEntry);
    entries.forEach((entry, n) => {
      const [up, down] = entry.querySelectorAll(":scope > .move > button");
      up.disabled = n === 0;
      down.disabled = n === entries.length - 1;
      const label = entry.querySelector(":scope > label > .label-text, :scope > legend > .label-text");
      if (/^\d+$/.test(label?.textContent)) label.textContent = n + 1;
    });
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest('button[name="move"]');
    if (!button) return;
    event.preventDefault();
    const entry = button.closest(".move").parentElement;
    const up = button.value.startsWith("up ");
    const other = up ? entry.previousElementSibling : entry.nextElementSibling;
    if (!isEntry(other)) return;
    if (up) other.before(entry); else other.after(entry);
    changed.add(button.form);
    number(entry.parentElement);
    (button.disabled ? entry.querySelector(":scope > .move > button:enabled") : button)?.focus();
  });
  function prepare(list) {
    const blank = list.querySelector(":scope > .blank");
    if (!blank) return;
    const pointer = blank.dataset.blank;
    const base = pointer.slice(0, pointer.lastIndexOf("/"));
    let next = Number(pointer.slice(pointer.lastIndexOf("/") + 1));
    const template = blank.firstElementChild;
    const button = list.querySelector(":scope > .add-entry");
    blank.remove();
    button.addEventListener("click", () => {
      const entry = template.cloneNode(true);
      const to = base + "/" + next++;
      rename(entry, pointer, to);
      entry.querySelectorAll("*").forEach((node) => rename(node, pointer, to));
      button.before(entry);
      entry.querySelectorAll("[data-list]").forEach(prepare);
      number(list);
      entry.querySelector("input, select, textarea")?.focus();
    });
  }
  // From the outside in: the template of an entry keeps the templates inside it.
  document.querySelectorAll("[data-list]").forEach((list) => { if (list.isConnected) prepare(list); });

  // Keys.
  let at = -1;
  const rows = () => [...document.querySelectorAll("[data-rows] tbody tr")];
  function move(by) {
    const all = rows();
    if (all.length === 0) return;
    all[at]?.classList.remove("at");
    at = Math.min(Math.max(at + by, 0), all.length - 1);
    all[at].classList.add("at");
    const link = all[at].querySelector("a");
    (link || all[at]).focus({ preventScroll: true });
    all[at].scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) {
      if (event.key === "Escape" && event.target.id === "q") event.target.blur();
      return;
    }
    const acts = {
      "/": () => { const search = document.getElementById("q"); search?.focus(); search?.select(); },
      "j": () => move(1),
      "k": () => move(-1),
      "n": () => document.getElementById("new")?.click(),
      "?": () => document.getElementById("keys")?.togglePopover(),
    };
    if (acts[event.key]) {
      event.preventDefault();
      acts[event.key]();
    }
  });

  // Activity that is live: the server tells that there is something new, and the page fetches itself.
  const live = document.querySelector("[data-live]");
  if (live && window.EventSource) {
    let timer = 0;
    const source = new EventSource(root + "activity/stream?after=" + live.dataset.live);
    source.onopen = () => { live.hidden = false; };
    source.onerror = () => { live.hidden = true; };
    source.onmessage = () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const answer = await fetch(location.href, { credentials: "same-origin" });
        if (!answer.ok) return;
        const page = new DOMParser().parseFromString(await answer.text(), "text/html");
        const feed = page.getElementById("feed");
        tellAll(feed);
        document.getElementById("feed").replaceChildren(...feed.childNodes);
        at = -1;
      }, 300);
    };
    addEventListener("pagehide", () => source.close());
  }
})();
