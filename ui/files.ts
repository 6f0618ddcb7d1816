/* <tg-files>: names the chosen files with their sizes, lets them be dropped, and one be taken back. */

const UNITS = ["B", "kB", "MB", "GB"];

function readable(size: number): string {
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit += 1;
  }
  return `${size.toLocaleString(document.documentElement.lang, { maximumFractionDigits: unit ? 1 : 0 })} ${UNITS[unit]}`;
}

export class ChosenFiles extends HTMLElement {
  private chosen: File[] = [];

  connectedCallback(): void {
    const input = this.querySelector("input");
    const zone = this.querySelector<HTMLElement>(".drop");
    if (!input || !zone) return;
    input.addEventListener("change", () => this.take([...(input.files ?? [])]));
    for (const kind of ["dragenter", "dragover"]) {
      zone.addEventListener(kind, (event) => {
        event.preventDefault();
        zone.classList.add("over");
      });
    }
    zone.addEventListener("dragleave", () => zone.classList.remove("over"));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      zone.classList.remove("over");
      this.take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  /* Add to what was chosen before: a file input alone would forget it. */
  private take(files: File[]): void {
    const same = (a: File, b: File) => a.name === b.name && a.size === b.size && a.lastModified === b.lastModified;
    this.keep([...this.chosen, ...files.filter((file) => !this.chosen.some((known) => same(known, file)))]);
  }

  private keep(files: File[]): void {
    const input = this.querySelector("input");
    const list = this.querySelector("ul");
    if (!input || !list) return;
    this.chosen = files;
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
    list.hidden = files.length === 0;
    this.complain(input, files);
    list.replaceChildren(...files.map((file) => this.line(file)));
  }

  private complain(input: HTMLInputElement, files: File[]): void {
    const size = files.reduce((sum, file) => sum + file.size, 0);
    const fault = size > Number(this.dataset.mostBytes) ? (this.dataset.tooMuch ?? "") : "";
    input.setCustomValidity(fault);
    const line = this.querySelector<HTMLElement>(".fault");
    if (!line) return;
    line.hidden = !fault;
    line.textContent = fault;
  }

  private line(file: File): HTMLLIElement {
    const line = document.createElement("li");
    const name = document.createElement("span");
    name.className = "name";
    name.textContent = file.name;
    const size = document.createElement("span");
    size.className = "quiet";
    size.textContent = readable(file.size);
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "link";
    remove.textContent = this.dataset.remove ?? "";
    remove.setAttribute("aria-label", `${this.dataset.remove}: ${file.name}`);
    remove.addEventListener("click", () => {
      this.keep(this.chosen.filter((known) => known !== file));
      this.querySelector("input")?.focus();
    });
    line.append(name, size, remove);
    return line;
  }
}
