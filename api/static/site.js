// Copy buttons appear only where they work; without this file everything else is there.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button.copy")) {
    button.hidden = false;
    const label = button.textContent;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = "✓ " + label;
      setTimeout(() => { button.textContent = label; }, 1500);
    });
  }
}
