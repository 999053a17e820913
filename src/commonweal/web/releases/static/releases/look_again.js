// Looks again, politely: while the page is seen, and only at the part that says how far the work is.
const place = document.getElementById("progress");
const seconds = Number(place?.dataset.lookAgain ?? 0);

async function look() {
  if (document.hidden) return;
  const answer = await fetch(window.location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("progress");
  if (fresh === null) {
    window.location.reload();
  } else if (fresh.textContent !== place.textContent) {
    place.replaceChildren(...fresh.childNodes);
  }
}

if (place !== null && seconds > 0) {
  window.setInterval(() => look().catch(() => undefined), seconds * 1000);
}
