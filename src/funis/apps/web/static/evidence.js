// The page Evidence: a file opened into its text field, and details of a study put away by Escape.

document.addEventListener("change", async (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || field.type !== "file" || !field.dataset.into) return;
  const [file] = field.files;
  const text = document.getElementById(field.dataset.into);
  if (!file || !text) return;
  const most = Number(text.getAttribute("maxlength"));
  text.value = (await file.slice(0, most + 1).text()).slice(0, most + 1);
  text.dispatchEvent(new Event("filled"));
  field.value = "";
});

// What a tooltip covers can be reached again: Escape hides it until the pointer or focus has left.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const row of document.querySelectorAll("tr.study:is(:hover, :focus-within)")) row.classList.add("quiet");
});
for (const name of ["mouseout", "focusout"]) {
  document.addEventListener(name, (event) => {
    const row = event.target instanceof Element ? event.target.closest("tr.quiet") : null;
    if (row && !row.contains(event.relatedTarget)) row.classList.remove("quiet");
  });
}
