/*
 * The session in the browser: what is being written is kept on the server, its end is announced, and then nothing of a
 * record is left on the page. The server enforces all limits by itself; this file spares people surprises.
 *
 * Hooks in the markup:
 *   meta session-person, session-timeout (minutes without activity), session-seconds-left (in its last hour: until it ends in any case)
 *   form[data-draft-url]        is kept there while it is typed; data-draft-kept: what it shows is kept already
 *   [data-draft-note]           within such a form: says so, in [data-draft-words]
 *   #session-warning, #session-over   the dialogs (components/session_dialogs.html)
 */
"use strict";

(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const meta = (name, within = document) => within.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const minutes = Number(meta("session-timeout"));
  const person = meta("session-person");
  const warning = document.getElementById("session-warning");
  const over = document.getElementById("session-over");
  if (!minutes || !person || !warning || !over) return;

  const LEAD = Math.min(120000, minutes * 30000);
  const PAUSE = 1500;
  const LONGEST_PAUSE = 10000;
  const ANNOUNCED_SECONDS = new Set([60, 30, 10]);

  /* Drafts ------------------------------------------------------------------------------------------------------- */

  const onServer = new WeakMap(); // form -> its content as the server has it
  const waiting = new Map(); // form -> { timer, since }
  const running = new WeakMap(); // form -> the save that is under way
  const sent = new WeakSet(); // forms that are being sent

  function contentOf(form) {
    const content = new URLSearchParams();
    for (const [name, value] of new FormData(form)) {
      if (typeof value === "string" && name !== "csrfmiddlewaretoken") content.append(name, value);
    }
    return content.toString();
  }

  function watch(within) {
    const forms = all("form[data-draft-url]", within);
    if (within.matches?.("form[data-draft-url]")) forms.push(within);
    for (const form of forms) {
      const begun = all("textarea", form).some((field) => field.value.trim());
      onServer.set(form, "draftKept" in form.dataset || !begun ? contentOf(form) : null);
    }
  }

  const isKept = (form) => contentOf(form) === onServer.get(form);

  function save(form, options = {}) {
    clearTimeout(waiting.get(form)?.timer);
    waiting.delete(form);
    const next = (running.get(form) ?? Promise.resolve()).then(() => send(form, options));
    running.set(form, next);
    return next;
  }

  async function send(form, { inBackground = false, keepalive = false }) {
    const content = contentOf(form);
    if (content === onServer.get(form) || sent.has(form)) return;
    const headers = {
      "Content-Type": "application/x-www-form-urlencoded",
      "X-CSRFToken": form.elements.csrfmiddlewaretoken?.value ?? "",
    };
    if (inBackground) headers["X-Background-Request"] = "1";
    try {
      const response = await fetch(form.dataset.draftUrl, { method: "POST", body: content, headers, credentials: "same-origin", keepalive });
      if (response.status === 401) { showOver(); return; }
      if (!response.ok) throw new Error(String(response.status));
      onServer.set(form, content);
      tell(form, `Kept at ${new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}. It is not sent yet.`);
      if (!inBackground) extend();
    } catch {
      // The words are still in the form; the next key, or the end of the session, tries again.
      tell(form, "Not kept just now: the clinic cannot be reached. What you typed is still here.");
    }
  }

  function tell(form, words) {
    const note = form.querySelector("[data-draft-note]");
    if (!note) return;
    note.hidden = false;
    note.querySelector("[data-draft-words]").textContent = words;
  }

  const saveAll = (options) => Promise.all(all("form[data-draft-url]").filter((form) => !isKept(form)).map((form) => save(form, options)));

  document.addEventListener("input", (event) => {
    const form = event.target.closest?.("form[data-draft-url]");
    if (!form) return;
    sent.delete(form);
    const since = waiting.get(form)?.since ?? Date.now();
    clearTimeout(waiting.get(form)?.timer);
    const pause = Math.max(0, Math.min(PAUSE, since + LONGEST_PAUSE - Date.now()));
    waiting.set(form, { since, timer: setTimeout(() => save(form), pause) });
  });
  function cancel(form) {
    clearTimeout(waiting.get(form)?.timer);
    waiting.delete(form);
    sent.add(form);
  }
  document.addEventListener("submit", (event) => {
    if (!event.target.matches?.("form[data-draft-url]")) return;
    // Where another listener stopped it, it was not sent.
    setTimeout(() => { if (!event.defaultPrevented) cancel(event.target); });
  }, true);
  const formOf = (event) => event.detail.elt?.closest?.("form[data-draft-url]");
  document.addEventListener("htmx:beforeRequest", (event) => {
    const form = formOf(event);
    if (form && event.detail.requestConfig.verb === "post" && event.detail.elt.matches("form, button")) cancel(form);
  });
  document.addEventListener("htmx:afterRequest", (event) => { const form = formOf(event); if (form) sent.delete(form); });
  document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
  watch(document);

  /* How long it lasts ------------------------------------------------------------------------------------------------ */

  const tabs = "BroadcastChannel" in window ? new BroadcastChannel("medichat-session") : null;
  const secondsLeft = (within) => { const said = meta("session-seconds-left", within); return said === "" ? Infinity : Number(said) * 1000; };
  let idleEnd = Date.now() + minutes * 60000;
  let hardEnd = Date.now() + secondsLeft(document);
  let isOver = false;
  let isDismissed = false;
  let page = null; // what stood on the page, where words of it are kept nowhere else
  const title = document.title;
  const endsAnyway = () => hardEnd <= idleEnd;

  function extend(until = Date.now() + minutes * 60000, announce = true) {
    if (isOver) return;
    idleEnd = Math.max(idleEnd, until);
    if (warning.open && Math.min(idleEnd, hardEnd) - Date.now() > LEAD) warning.close();
    if (announce) tabs?.postMessage({ person, end: idleEnd });
  }
  tabs?.addEventListener("message", (event) => {
    if (event.data.person !== person) return;
    if (event.data.isOver) showOver();
    else if (isOver) goOn();
    else extend(event.data.end, false);
  });
  tabs?.postMessage({ person, end: idleEnd });

  document.addEventListener("htmx:afterRequest", (event) => {
    const byItself = event.target.closest?.("[data-background]");
    if (!byItself && event.detail.xhr?.status > 0 && event.detail.xhr.status !== 401) extend();
  });

  /** Ask for a page of this person. Who is signed in now is in it, and a fresh form token. */
  async function stillSignedIn() {
    const response = await fetch(warning.dataset.stayUrl, { credentials: "same-origin", cache: "no-store" });
    const answer = new DOMParser().parseFromString(await response.text(), "text/html");
    if (!response.ok || meta("session-person", answer) !== person) return false;
    hardEnd = Date.now() + secondsLeft(answer);
    const headers = answer.body.getAttribute("hx-headers");
    if (headers) {
      document.body.setAttribute("hx-headers", headers);
      const token = JSON.parse(headers)["X-CSRFToken"];
      for (const field of all('input[name="csrfmiddlewaretoken"]', page ?? document)) field.value = token;
    }
    return true;
  }

  /* Its end ------------------------------------------------------------------------------------------------------------ */

  /** Nothing of a record stays in the page, except in memory where unsent words would be lost otherwise. */
  function showOver(note = "") {
    over.querySelector("[data-session-note]").textContent = note;
    if (!isOver) {
      isOver = true;
      const loses = all("form[data-warn-unsaved]").some((form) => form.matches("[data-draft-url]") ? !isKept(form) : window.MediChat.isUnsent(form));
      if (warning.open) warning.close();
      const rest = document.createDocumentFragment();
      rest.append(...[...document.body.childNodes].filter((node) => node !== over));
      page = loses ? rest : null;
      root.classList.add("is-locked");
      document.title = "Signed out · MediChat";
      const link = over.querySelector("[data-session-sign-in]");
      link.search = new URLSearchParams({ next: location.pathname }).toString();
      if (loses) { link.target = "_blank"; link.rel = "noopener"; }
      for (const part of all("[data-session-if]", over)) part.hidden = (part.dataset.sessionIf === "loses") !== loses;
    }
    if (!over.open) over.showModal();
  }
  over.addEventListener("cancel", (event) => event.preventDefault());
  // Some browsers close a dialog at the second Escape whatever the page says.
  over.addEventListener("close", () => { if (isOver) over.showModal(); });

  async function goOn() {
    const dialog = isOver ? over : warning;
    try {
      if (!await stillSignedIn()) {
        showOver(isOver ? "You are not signed in yet, or as somebody else. Sign in again first." : "");
        return;
      }
    } catch {
      dialog.querySelector("[data-session-note]").textContent = "The clinic cannot be reached just now. Try again in a moment.";
      return;
    }
    if (isOver && !page) { location.reload(); return; }
    if (isOver) {
      isOver = false;
      over.close();
      document.body.prepend(page);
      page = null;
      root.classList.remove("is-locked");
      document.title = title;
      saveAll();
    }
    extend();
  }
  warning.querySelector("[data-session-stay]").addEventListener("click", goOn);
  over.querySelector("[data-session-continue]").addEventListener("click", goOn);
  function dismiss() { isDismissed = true; warning.close(); }
  warning.querySelector("[data-session-understood]").addEventListener("click", dismiss);
  warning.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (endsAnyway()) dismiss();
    else goOn();
  });

  function warn(rest) {
    const seconds = Math.ceil(rest / 1000);
    const words = seconds > 90 ? `${Math.round(seconds / 60)} minutes` : seconds === 1 ? "1 second" : `${seconds} seconds`;
    for (const place of all("[data-session-left]", warning)) place.textContent = words;
    for (const part of all("[data-session-ends]", warning)) part.hidden = (part.dataset.sessionEnds === "anyway") !== endsAnyway();
    if (!warning.open && !isDismissed) {
      saveAll({ inBackground: true });
      warning.querySelector("[data-session-note]").textContent = "";
      warning.showModal();
      warning.querySelector("button:not([hidden])").focus();
    } else if (ANNOUNCED_SECONDS.has(seconds)) {
      warning.querySelector("[data-session-note]").textContent = `${words} left.`;
    }
  }

  function tick() {
    if (isOver) return;
    const rest = Math.min(idleEnd, hardEnd) - Date.now();
    if (rest <= 0) showOver();
    else if (rest <= LEAD) warn(rest);
  }
  setInterval(tick, 1000);
  addEventListener("visibilitychange", tick);

  // Who signs out here is signed out in every window.
  document.addEventListener("submit", (event) => {
    if (event.target.matches?.("form[data-sign-out]")) tabs?.postMessage({ person, isOver: true });
  });

  // What the browser keeps for its back button is not shown again before the server has been asked.
  addEventListener("pagehide", (event) => {
    for (const form of all("form[data-draft-url]")) if (!isKept(form)) save(form, { keepalive: true });
    if (event.persisted) root.classList.add("is-locked");
  });
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
