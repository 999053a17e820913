// Looks again, politely: while the page is seen, and only if nobody is in the middle of anything on
// it. The service's policy lets no script fetch, so the page is loaded again as a whole.
const seconds = Number(document.getElementById("progress")?.dataset.lookAgain ?? 0);

function isIdle() {
  const here = document.activeElement;
  const selected = String(window.getSelection() ?? "") !== "";
  return !document.hidden && !selected && (here === null || here === document.body);
}

if (seconds > 0) {
  window.setInterval(() => {
    if (isIdle()) window.location.reload();
  }, seconds * 1000);
}
