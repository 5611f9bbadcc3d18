// The page of a study that still runs loads itself again, until its reader has chosen or opened something
// that would be lost; then a button does. The last page of a study has no such note, and stays.
function whileRunning() {
  const note = document.querySelector("[data-planned]");
  if (!note) return;
  const EVERY_MS = 30000;
  const timer = setInterval(() => location.reload(), EVERY_MS);
  function used() {
    clearInterval(timer);
    for (const event of EVENTS) document.removeEventListener(event, used, true);
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: "Load again" });
    button.addEventListener("click", () => location.reload());
    note.append(" ", button);
  }
  const EVENTS = ["pointerdown", "keydown", "toggle"];
  for (const event of EVENTS) document.addEventListener(event, used, true);
}
whileRunning();
