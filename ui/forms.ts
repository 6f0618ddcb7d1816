/* Forms with `data-busy` show that they are being sent, and are not sent twice. */

export function showBusyForms(): void {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !("busy" in form.dataset)) return;
    if (form.dataset.busy === "now") return event.preventDefault();
    form.dataset.busy = "now";
    form.querySelector("button:not([type=button])")?.setAttribute("aria-busy", "true");
  });
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll<HTMLFormElement>("form[data-busy=now]")) {
      form.dataset.busy = "";
      form.querySelector("[aria-busy]")?.removeAttribute("aria-busy");
    }
  });
}
