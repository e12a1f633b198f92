/*
 * What the pages can do a little better with script. Nothing here is needed for a page to work, and nothing that a
 * person types is ever written to the browser's storage: computers in a clinic and at home are shared.
 *
 * Hooks in the markup:
 *   data-theme-switch           a button that goes round system, light, dark (remembered in the cookie "theme")
 *   form[data-warn-unsaved]     asks before a page with unsent words is left
 *   form[data-resendable]       may be sent twice (searches); every other POST form is locked while it is under way
 *   time[data-waiting]          "2 h 10 min", kept up to date
 *   [data-shortcuts]            a list for the keyboard; rows are [data-row], their link [data-open], claim [data-claim],
 *                               help the dialog [data-shortcuts-help]
 *   data-focus                  gets the focus when it arrives with an htmx fragment
 *   data-announce               is read out when it arrives with an htmx fragment
 *   [data-background]           htmx requests of this element are the page's own, not the person's, and do not
 *                               count as activity (header X-Background-Request: 1)
 */
"use strict";

(() => {
  const root = document.documentElement;
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const meta = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";

  /* Words to screen readers and to everybody ------------------------------------------------------------------- */

  function announce(text) {
    const announcer = document.getElementById("announcer");
    if (!announcer) return;
    announcer.textContent = "";
    setTimeout(() => { announcer.textContent = text; }, 50);
  }

  function toast(text, kind = "warning") {
    const place = document.getElementById("toasts");
    if (!place) return;
    const message = document.createElement("div");
    message.className = `message message--${kind}`;
    const words = document.createElement("span");
    words.textContent = text;
    const close = document.createElement("button");
    close.type = "button";
    close.className = "message__close";
    close.setAttribute("aria-label", "Close this message");
    close.textContent = "×";
    close.addEventListener("click", () => message.remove());
    const mark = document.createElement("span");
    mark.setAttribute("aria-hidden", "true");
    mark.textContent = kind === "warning" ? "!" : "i";
    message.append(mark, words, close);
    place.replaceChildren(message);
  }

  /* Light or dark ---------------------------------------------------------------------------------------------- */

  function setUpThemeSwitch() {
    const names = { "": "as the system", light: "light", dark: "dark" };
    for (const button of all("[data-theme-switch]")) {
      button.hidden = false;
      const tell = () => { button.title = `Colours: ${names[root.dataset.theme ?? ""]}`; };
      tell();
      button.addEventListener("click", () => {
        const next = { "": "light", light: "dark", dark: "" }[root.dataset.theme ?? ""];
        if (next) root.dataset.theme = next;
        else delete root.dataset.theme;
        const secure = location.protocol === "https:" ? "; Secure" : "";
        document.cookie = `theme=${next}; Path=/; Max-Age=${next ? 31536000 : 0}; SameSite=Lax${secure}`;
        tell();
        announce(`Colours: ${names[next]}`);
      });
    }
  }

  /* Menus close when one looks elsewhere ----------------------------------------------------------------------- */

  function setUpMenus() {
    document.addEventListener("click", (event) => {
      for (const menu of all("details[data-menu][open]")) if (!menu.contains(event.target)) menu.open = false;
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      for (const menu of all("details[data-menu][open]")) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    });
  }

  /* A form is sent once ---------------------------------------------------------------------------------------- */

  const busyForms = new Set();

  function lock(form, submitter) {
    busyForms.add(form);
    form.setAttribute("aria-busy", "true");
    submitter?.setAttribute("aria-busy", "true");
    // After the browser has collected the form's data: a disabled button would not be sent with it.
    setTimeout(() => {
      if (busyForms.has(form)) for (const button of all('button:not([type="button"]), input[type="submit"]', form)) {
        if (!button.disabled) { button.disabled = true; button.dataset.lockedHere = ""; }
      }
    });
  }

  function unlock(form) {
    busyForms.delete(form);
    form.removeAttribute("aria-busy");
    for (const button of all("[aria-busy]", form)) button.removeAttribute("aria-busy");
    for (const button of all("[data-locked-here]", form)) { button.disabled = false; delete button.dataset.lockedHere; }
  }

  function setUpSendingOnce() {
    document.addEventListener("submit", (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement) || "resendable" in form.dataset) return;
      const sentByHtmx = form.matches("[hx-post]") || event.submitter?.matches("[hx-post]");
      if (form.method !== "post" && !sentByHtmx) return;
      if (busyForms.has(form)) { event.preventDefault(); event.stopImmediatePropagation(); return; }
      // A form that another listener stops (htmx sends it itself) is unlocked when htmx is done.
      lock(form, event.submitter);
      if (!sentByHtmx) setTimeout(() => { if (event.defaultPrevented) unlock(form); });
    }, true);
    document.addEventListener("htmx:validation:halted", (event) => { const form = event.target.closest?.("form"); if (form) unlock(form); });
    document.addEventListener("htmx:afterRequest", (event) => {
      const form = event.target.closest?.("form") ?? event.detail.elt?.closest?.("form");
      if (form) unlock(form);
    });
    // Coming back with the back button finds the page as it was left: the words are there, the buttons work.
    addEventListener("pageshow", (event) => { if (event.persisted) for (const form of [...busyForms]) unlock(form); });
  }

  /* Unsent words ----------------------------------------------------------------------------------------------- */

  function isUnsent(form) {
    return all("textarea, input, select", form).some((field) => {
      if (field.type === "hidden" || field.type === "submit") return false;
      if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
      if (field.type === "file") return field.files.length > 0;
      if (field instanceof HTMLSelectElement) return [...field.options].some((o) => o.selected !== o.defaultSelected) && field.selectedIndex > 0;
      return field.value !== field.defaultValue;
    });
  }

  function setUpUnsentWarning() {
    addEventListener("beforeunload", (event) => {
      if (all("form[data-warn-unsaved]").some((form) => !busyForms.has(form) && isUnsent(form))) event.preventDefault();
    });
  }

  /* Time passes ------------------------------------------------------------------------------------------------ */

  /** The same words as the template filter `waiting`. */
  function waitingText(since) {
    const minutes = Math.floor((Date.now() - since) / 60000);
    if (minutes < 1) return "under 1 min";
    if (minutes < 60) return `${minutes} min`;
    if (minutes < 1440) return minutes % 60 ? `${Math.floor(minutes / 60)} h ${minutes % 60} min` : `${minutes / 60} h`;
    const hours = Math.floor(minutes / 60);
    return hours % 24 ? `${Math.floor(hours / 24)} d ${hours % 24} h` : `${hours / 24} d`;
  }

  function refreshTimes() {
    for (const time of all("time[data-waiting]")) {
      const since = Date.parse(time.dateTime);
      if (!Number.isNaN(since)) time.textContent = waitingText(since);
    }
  }

  /* htmx: focus, words, failures --------------------------------------------------------------------------------- */

  function setUpFragments() {
    document.addEventListener("htmx:configRequest", (event) => {
      if (event.target.closest?.("[data-background]")) event.detail.headers["X-Background-Request"] = "1";
    });
    document.addEventListener("htmx:beforeSwap", (event) => {
      const { xhr, requestConfig } = event.detail;
      const asked = new URL(requestConfig.path, location.href).pathname;
      const answered = xhr.responseURL ? new URL(xhr.responseURL) : null;
      // A redirect to a whole page (signing in, say) is followed as a page and not pressed into a fragment.
      if (answered && answered.pathname !== asked && /^\s*<!doctype html/i.test(xhr.responseText) && !requestConfig.elt?.closest("[hx-select], [hx-boost]")) {
        event.detail.shouldSwap = false;
        location.assign(answered);
      }
    });
    document.addEventListener("htmx:load", (event) => {
      const arrived = event.detail.elt;
      if (arrived === document.body) return;
      const within = (selector) => (arrived.matches?.(selector) ? arrived : arrived.querySelector?.(selector));
      const summary = within("[data-error-summary]");
      (summary ?? within("[data-focus]"))?.focus();
      const words = within("[data-announce]");
      if (words) announce(words.dataset.announce || words.textContent.trim());
      refreshTimes();
    });
    document.addEventListener("htmx:responseError", (event) => {
      const page = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
      const heading = page.querySelector("h1")?.textContent.trim() ?? "This did not work.";
      const detail = page.querySelector("[data-error-detail], .error-page p:not([class])")?.textContent.trim() ?? "";
      const reference = page.querySelector("[data-error-reference]")?.textContent.trim();
      toast(`${heading}. ${detail}${reference ? ` (Reference ${reference})` : ""}`);
    });
    for (const failure of ["htmx:sendError", "htmx:timeout"]) {
      document.addEventListener(failure, (event) => {
        if (!event.target.closest?.("[data-background]")) toast("The clinic cannot be reached just now. What you typed is still here: try again when you are connected.");
      });
    }
  }

  function setUpErrorSummary() {
    const summary = document.querySelector("[data-error-summary]");
    if (!summary) return;
    document.title = `Please check: ${document.title}`;
    summary.focus();
  }

  /* The keyboard in lists ---------------------------------------------------------------------------------------- */

  function setUpShortcuts() {
    const rows = () => all("[data-shortcuts] [data-row]").filter((row) => row.offsetParent !== null);
    const current = () => document.querySelector("[data-shortcuts] [data-row].is-current");
    function go(step) {
      const list = rows();
      if (!list.length) return;
      const now = list.indexOf(current());
      const next = list[now < 0 ? (step > 0 ? 0 : list.length - 1) : Math.max(0, Math.min(list.length - 1, now + step))];
      current()?.classList.remove("is-current");
      next.classList.add("is-current");
      (next.querySelector("[data-open]") ?? next).focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    }
    document.addEventListener("focusin", (event) => {
      const row = event.target.closest?.("[data-shortcuts] [data-row]");
      if (row && row !== current()) { current()?.classList.remove("is-current"); row.classList.add("is-current"); }
    });
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !document.querySelector("[data-shortcuts]")) return;
      if (event.target.closest?.("input, textarea, select, [contenteditable], dialog")) return;
      const help = document.querySelector("[data-shortcuts-help]");
      const search = document.querySelector("[data-shortcuts] input[type=search], input[type=search][data-shortcut-search]");
      const onControl = event.target.closest?.("a, button, summary");
      const does = {
        j: () => go(1),
        k: () => go(-1),
        c: () => current()?.querySelector("[data-claim]")?.click(),
        "/": () => search?.focus(),
        "?": () => help?.togglePopover(),
        Enter: () => { if (!onControl) current()?.querySelector("[data-open]")?.click(); },
      }[event.key];
      if (!does || (event.key === "Enter" && onControl)) return;
      event.preventDefault();
      does();
    });
  }

  /* The banner's height, so that what sticks below it and what one jumps to is not hidden ------------------------- */

  function setUpBanner() {
    const banner = document.querySelector("[data-banner]");
    if (!banner) return;
    const measure = () => {
      root.style.setProperty("--banner-height", `${banner.offsetHeight}px`);
      root.style.scrollPaddingTop = `${banner.offsetHeight + 16}px`;
    };
    measure();
    new ResizeObserver(measure).observe(banner);
  }

  /* The session ends ---------------------------------------------------------------------------------------------- */

  function setUpSession() {
    const minutes = Number(meta("session-timeout"));
    const person = meta("session-person");
    const warning = document.getElementById("session-warning");
    const over = document.getElementById("session-over");
    if (!minutes || !person || !warning || !over) return;
    const stayUrl = warning.dataset.stayUrl;
    const lead = Math.min(120000, minutes * 30000);
    const tabs = "BroadcastChannel" in window ? new BroadcastChannel("medichat-session") : null;
    let end = Date.now() + minutes * 60000;
    const title = document.title;

    function extend(until, tell = true) {
      end = Math.max(end, until);
      if (warning.open) warning.close();
      if (tell) tabs?.postMessage({ person, end });
    }
    tabs?.addEventListener("message", (event) => { if (event.data.person === person) extend(event.data.end, false); });
    tabs?.postMessage({ person, end });

    document.addEventListener("htmx:afterRequest", (event) => {
      const background = event.target.closest?.("[data-background]");
      if (!background && event.detail.xhr?.status > 0 && event.detail.xhr.status !== 401) extend(Date.now() + minutes * 60000);
    });

    /** Ask for a page of this person. Who is signed in now is in it, and a fresh form token. */
    async function stillSignedIn() {
      const response = await fetch(stayUrl, { credentials: "same-origin", cache: "no-store" });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (!response.ok || page.querySelector('meta[name="session-person"]')?.content !== person) return false;
      const headers = page.body.getAttribute("hx-headers");
      if (headers) {
        document.body.setAttribute("hx-headers", headers);
        const token = JSON.parse(headers)["X-CSRFToken"];
        for (const field of all('input[name="csrfmiddlewaretoken"]')) field.value = token;
      }
      return true;
    }

    function showOver(note = "") {
      if (warning.open) warning.close();
      root.classList.add("is-locked");
      document.title = "Signed out · MediChat";
      over.querySelector("[data-session-note]").textContent = note;
      if (!over.open) over.showModal();
    }
    over.addEventListener("cancel", (event) => event.preventDefault());
    // Some browsers close a dialog at the second Escape whatever the page says.
    over.addEventListener("close", () => { if (root.classList.contains("is-locked")) over.showModal(); });

    async function tryToGoOn() {
      try {
        if (await stillSignedIn()) {
          root.classList.remove("is-locked");
          document.title = title;
          if (over.open) over.close();
          extend(Date.now() + minutes * 60000);
        } else {
          showOver("You are not signed in yet, or as somebody else. Sign in again in a new tab first.");
        }
      } catch {
        const note = "The clinic cannot be reached just now. Try again in a moment.";
        if (over.open) over.querySelector("[data-session-note]").textContent = note;
        else toast(note);
      }
    }
    warning.querySelector("[data-session-stay]").addEventListener("click", tryToGoOn);
    over.querySelector("[data-session-continue]").addEventListener("click", tryToGoOn);

    const left = warning.querySelector("[data-session-left]");
    function tick() {
      const rest = end - Date.now();
      if (rest <= 0) { if (!root.classList.contains("is-locked")) showOver(); return; }
      if (rest > lead) return;
      const seconds = Math.ceil(rest / 1000);
      left.textContent = seconds > 90 ? `${Math.round(seconds / 60)} minutes` : `${seconds} seconds`;
      if (!warning.open) warning.showModal();
    }
    setInterval(tick, 1000);
    addEventListener("visibilitychange", tick);
    addEventListener("pageshow", tick);
  }

  setUpThemeSwitch();
  setUpMenus();
  setUpSendingOnce();
  setUpUnsentWarning();
  setUpFragments();
  setUpErrorSummary();
  setUpShortcuts();
  setUpBanner();
  setUpSession();
  refreshTimes();
  setInterval(refreshTimes, 30000);
})();
