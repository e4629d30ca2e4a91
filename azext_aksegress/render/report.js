"use strict";

const said = document.querySelector(".said");

/* Shows the rows whose outcome is ticked, and says how many these are. */
function filter(fieldset) {
  const part = fieldset.closest(".rows");
  const wanted = new Set([...fieldset.querySelectorAll("input:checked")].map((box) => box.value));
  const rows = [...part.querySelectorAll("[data-outcome]")];
  rows.forEach((row) => { row.hidden = !wanted.has(row.dataset.outcome); });
  part.querySelectorAll(".group").forEach((group) => {
    group.hidden = !group.querySelector("[data-outcome]:not([hidden])");
  });
  said.textContent = `${rows.filter((row) => !row.hidden).length} of ${rows.length} shown`;
}

/* Copies a command; where the clipboard is closed to pages, marks it for the reader to copy. */
async function copy(button) {
  const code = button.parentElement.querySelector("code");
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = said.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(code);
    button.textContent = said.textContent = document.execCommand("copy") ? "Copied" : "Marked: press Ctrl+C";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

document.querySelectorAll(".filter").forEach((fieldset) => {
  fieldset.hidden = false;
  fieldset.addEventListener("change", () => filter(fieldset));
});
document.querySelectorAll(".copy").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => copy(button));
});
