// Keeps the page as fresh as a reload would: when something arrived, fetch this page again and take over its live part.
"use strict";

let shown = document.getElementById("live").dataset.version;
let wanted = shown;
let busy = false;

async function refresh() {
  if (busy) return;
  busy = true;
  while (shown !== wanted) {
    const reply = await fetch(location.href, { cache: "no-store" });
    if (!reply.ok) break;
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const fresh = page.getElementById("live");
    keep(fresh);
    shown = fresh.dataset.version;
    // A quick sender must not keep the page busy.
    await new Promise((done) => setTimeout(done, 700));
  }
  busy = false;
}

// What the reader has opened, typed or scrolled to stays.
function keep(fresh) {
  const old = document.getElementById("live");
  const open = [...old.querySelectorAll("details[open]")].map((one) => one.closest("[id]").id);
  const typed = old.querySelector("input[type=search]");
  const places = [".messages", ".side"].map((name) => [name, old.querySelector(name)?.scrollTop ?? 0]);
  for (const id of open) fresh.querySelector(`#${id} details`)?.setAttribute("open", "");
  const focused = typed !== null && document.activeElement === typed;
  old.replaceWith(fresh);
  for (const [name, top] of places) {
    const part = fresh.querySelector(name);
    if (part !== null) part.scrollTop = top;
  }
  if (focused) {
    fresh.querySelector("input[type=search]").replaceWith(typed);
    typed.focus();
  }
}

new EventSource("/_sandbox/events").addEventListener("message", (event) => {
  wanted = event.data;
  refresh();
});
