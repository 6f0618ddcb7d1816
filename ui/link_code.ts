/* The code of a link stands behind `#`, where no server sees it. */

/* <tg-link-code>: takes the code into the field and out of the address; what is left to do is one button. */
export class LinkCode extends HTMLElement {
  connectedCallback(): void {
    const input = this.querySelector("input");
    const code = codeOfAddress();
    if (!input || !code) return;
    input.value = code;
    history.replaceState(null, "", location.pathname);
    this.hidden = true;
    input.form?.querySelector("button")?.focus();
  }
}

/* <tg-shown-code>: shows the code, for being typed where it was asked for. */
export class ShownCode extends HTMLElement {
  connectedCallback(): void {
    const output = this.querySelector("output");
    const code = codeOfAddress();
    if (!output || !code) return;
    output.textContent = code;
    this.hidden = false;
  }
}

function codeOfAddress(): string | null {
  const code = location.hash.slice(1);
  return /^[A-Za-z2-7-]{8,100}$/.test(code) ? code : null;
}
