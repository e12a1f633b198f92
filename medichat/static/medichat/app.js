/*
 * What the pages can do a little better with script. Nothing here is needed for a page to work, and nothing that a
 * person types is ever written to the browser's storage: computers in a clinic and at home are shared.
 *
 * Hooks in the markup:
 *   data-theme-switch           a button that goes round system, light, dark (remembered in the cookie "theme")
 *   form[data-warn-unsaved]     asks before a page with unsent words is left
 *   form[data-resendable]       may be sent twice (searches); every other POST form is locked while it is under way
 *   time[data-waiting]          "2 h 10 min", kept up to date
 *   [data-minutes-left]         "12 min left" until the moment it names, kept up to date
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
        const overTls = location.protocol === "https:";
        const [name, secure] = overTls ? ["__Host-theme", "; Secure"] : ["theme", ""];
        document.cookie = `${name}=${next}; Path=/; Max-Age=${next ? 31536000 : 0}; SameSite=Lax${secure}`;
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

  // What happens at the end of a session depends on it as well (session.js).
  window.MediChat = { isUnsent };

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
    for (const left of all("[data-minutes-left]")) {
      const minutes = Math.ceil((Date.parse(left.dataset.minutesLeft) - Date.now()) / 60000);
      left.textContent = minutes > 0 ? `${minutes} min left` : "over";
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

  setUpThemeSwitch();
  setUpMenus();
  setUpSendingOnce();
  setUpUnsentWarning();
  setUpFragments();
  setUpErrorSummary();
  setUpShortcuts();
  setUpBanner();
  refreshTimes();
  setInterval(refreshTimes, 30000);
})();
