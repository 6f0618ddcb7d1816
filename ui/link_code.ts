/* <tg-link-code>: takes the code that stands behind `#` into the field, and out of the address. */

export class LinkCode extends HTMLElement {
  connectedCallback(): void {
    const input = this.querySelector("input");
    const code = decodeURIComponent(location.hash.slice(1));
    if (!input || !/^[A-Za-z2-7-]{8,100}$/.test(code)) return;
    input.value = code;
    history.replaceState(null, "", location.pathname);
    input.form?.querySelector("button")?.focus();
  }
}
