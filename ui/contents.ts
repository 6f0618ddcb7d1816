/* On a narrow screen the contents stand above the text: folded, so that the text comes first. */

export function foldContents(): void {
  const contents = document.querySelector<HTMLDetailsElement>(".contents details");
  if (contents && matchMedia("(max-width: 59.99rem)").matches) contents.open = false;
}
