// Keys for who checks many outputs. They move between findings and parts and choose a verdict;
// nothing is ever sent by a key. They can be switched off (WCAG 2.1.4), and rest while somebody types.
const panel = document.getElementById("review-keys");
const button = document.getElementById("review-keys-switch");
const findings = Array.from(document.querySelectorAll("[data-finding]"));
const NAME = "commonweal-review-keys";
const VERDICTS = { a: "approve", s: "return", r: "reject" };
const KEYS = ["f", "b", "o", "j"];
const choices = Array.from(document.querySelectorAll("input[type=radio][name=verdict]"));
let place = -1;

function remembered() {
  try {
    return window.localStorage.getItem(NAME) !== "off";
  } catch {
    return true;
  }
}

let on = remembered();

function show() {
  button.textContent = on ? "Keys are on" : "Keys are off";
  button.setAttribute("aria-pressed", String(on));
}

function isTyping(target) {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.matches("textarea, select")) return true;
  return target.matches("input") && !target.matches("[type=radio], [type=checkbox]");
}

function open(finding) {
  const around = finding.closest("details");
  if (around !== null) around.open = true;
}

function followed() {
  const there = document.getElementById(window.location.hash.slice(1));
  if (there === null || !there.matches("[data-finding]")) return;
  open(there);
  there.focus();
}

function goTo(step) {
  if (findings.length === 0) return;
  const here = findings.indexOf(document.activeElement);
  place = Math.min(Math.max((here === -1 ? place : here) + step, 0), findings.length - 1);
  open(findings[place]);
  findings[place].focus();
}

function follow(key) {
  const link = document.querySelector(`a[data-key="${key}"]`);
  if (link !== null) link.click();
  return link !== null;
}

// What belongs to the answer that was chosen is opened; nothing is closed that somebody opened.
function unfold(verdict) {
  const part = document.getElementById(verdict === "approve" ? "for-approve" : "for-return");
  if (part !== null && verdict !== "conflicted") part.open = true;
}

function choose(verdict) {
  const radio = document.querySelector(`input[type=radio][name=verdict][value=${verdict}]`);
  if (radio === null) return;
  radio.checked = true;
  unfold(verdict);
  radio.focus();
}

function pressed(event) {
  const plain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.isComposing;
  if (!on || !plain || event.defaultPrevented || isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "n") goTo(1);
  else if (key === "p") goTo(-1);
  else if (key in VERDICTS && choices.length > 0) choose(VERDICTS[key]);
  else if (!(KEYS.includes(key) && follow(key))) return;
  event.preventDefault();
}

if (panel !== null && button !== null) {
  panel.hidden = false;
  button.hidden = false;
  show();
  button.addEventListener("click", () => {
    on = !on;
    try {
      window.localStorage.setItem(NAME, on ? "on" : "off");
    } catch {
      // Without a store the choice lasts as long as the page.
    }
    show();
  });
  document.addEventListener("keydown", pressed);
}

for (const radio of choices) {
  radio.addEventListener("change", () => unfold(radio.value));
}
window.addEventListener("hashchange", followed);
followed();
