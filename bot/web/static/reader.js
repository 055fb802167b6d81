// Says once that a person has the page before their eyes: it is visible, and they touched, scrolled, typed, or stayed
// for some seconds. Clients that fetch a link only to preview it do none of this in a visible page.
(() => {
  const place = document.body.dataset.opened;
  if (!place) return;
  let said = false;
  let timer = 0;
  const say = () => {
    if (said || document.visibilityState !== "visible") return;
    said = true;
    fetch(place, { method: "POST", keepalive: true, credentials: "omit" }).catch(() => { said = false; });
  };
  for (const sign of ["pointerdown", "keydown", "touchstart", "scroll"]) addEventListener(sign, say, { passive: true });
  const wait = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") timer = setTimeout(say, 5000);
  };
  document.addEventListener("visibilitychange", wait);
  wait();
})();
