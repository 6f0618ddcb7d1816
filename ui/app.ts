/* What pages can do beyond plain HTML. Every page works without any of this. */
import htmx from "htmx.org/dist/htmx.esm.js";
import { foldContents } from "./contents.ts";
import { ChosenFiles } from "./files.ts";
import { showBusyForms } from "./forms.ts";
import { LinkCode, ShownCode } from "./link_code.ts";
import { LiveProgress } from "./progress.ts";

Object.assign(window, { htmx });
customElements.define("tg-files", ChosenFiles);
customElements.define("tg-link-code", LinkCode);
customElements.define("tg-progress", LiveProgress);
customElements.define("tg-shown-code", ShownCode);
foldContents();
showBusyForms();
