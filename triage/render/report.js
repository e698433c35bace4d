"use strict";
const said = document.getElementById("said");
for (const button of document.querySelectorAll("button[data-of]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.of);
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    said.textContent = button.dataset.done;
  });
}
const shut = new Set();
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    shut.add(part);
    part.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const part of shut) part.open = false;
  shut.clear();
});
