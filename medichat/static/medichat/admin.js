/* Names for screen readers that the stock admin leaves out: parts of date-and-time fields, search boxes of related
   objects, and the marks beside two-column choices. */
"use strict";

(() => {
  const labelOf = (element) => {
    const row = element.closest(".form-row, .fieldBox, td, .flex-container");
    const label = row?.querySelector("label, legend");
    return label ? label.textContent.trim().replace(/:$/, "") : "";
  };

  function nameParts() {
    for (const part of document.querySelectorAll(".vDateField, .vTimeField")) {
      if (part.labels.length || part.hasAttribute("aria-label")) continue;
      part.setAttribute("aria-label", `${labelOf(part)} ${part.classList.contains("vDateField") ? "date" : "time"}`.trim());
    }
    for (const box of document.querySelectorAll(".select2-container")) {
      const select = box.previousElementSibling;
      const name = select?.labels?.[0]?.textContent.trim().replace(/:$/, "") || labelOf(box);
      for (const part of box.querySelectorAll(".select2-selection, [role=textbox], [role=searchbox]")) part.setAttribute("aria-label", name);
      for (const part of box.querySelectorAll(".select2-selection")) part.removeAttribute("aria-labelledby");
    }
    for (const mark of document.querySelectorAll(".help-tooltip[aria-label]:not([role])")) mark.setAttribute("role", "img");
  }

  addEventListener("load", () => setTimeout(nameParts));
  document.addEventListener("formset:added", () => setTimeout(nameParts));
})();
