"use strict";
// Puts a new body into the page every few seconds. What is open stays open, and nothing moves while
// somebody selects text, or the page is out of sight.
const EVERY = 5000;
const content = document.getElementById("content");
const live = document.getElementById("live");

async function refresh() {
  const selecting = String(document.getSelection()) !== "";
  if (!document.hidden && !selecting) {
    try {
      const answer = await fetch("body", { cache: "no-store" });
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      const fresh = document.createElement("template");
      fresh.innerHTML = await answer.text();
      for (const open of content.querySelectorAll("details[open]")) {
        const same = fresh.content.getElementById(open.id);
        if (same) same.open = true;
      }
      const focused = document.activeElement && document.activeElement.closest("[id]");
      content.replaceChildren(fresh.content);
      if (focused && !document.contains(focused)) {
        const again = document.getElementById(focused.id);
        const target = again && (again.querySelector("summary") || again);
        if (target) target.focus({ preventScroll: true });
      }
      live.textContent = `As of ${new Date().toISOString().slice(0, 19).replace("T", " ")} UTC`;
      live.classList.remove("bad");
    } catch (error) {
      live.textContent = `The exporter does not answer (${error.message}); what is shown is old`;
      live.classList.add("bad");
    }
  }
  setTimeout(refresh, EVERY);
}

setTimeout(refresh, EVERY);
