// What `looking.py` asks a page, in the page itself. Nothing here changes what the page says.
window.__looking ??= (() => {
  const told = (one) => {
    const mark = one.dataset.test ?? one.closest("[data-test]")?.dataset.test ?? one.className;
    return `${one.tagName.toLowerCase()}[${mark}] ${(one.innerText || one.name || "").trim().slice(0, 20)}`;
  };
  const there = (one) => one.checkVisibility({ visibilityProperty: true }) && one.getClientRects().length > 0;
  const ownWords = (one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
  const all = () => [...document.querySelectorAll("body *")];
  const size = (one) => parseFloat(getComputedStyle(one).fontSize);
  const label = (one) => one.closest("label") ?? one.labels?.[0] ?? null;

  /** What stands beside the page, so that one would have to scroll sideways. */
  function sideways() {
    const wide = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= wide) return [];
    const scrolls = (one) => one && (getComputedStyle(one).overflowX !== "visible" || scrolls(one.parentElement));
    return all()
      .filter((one) => one.offsetParent && !scrolls(one.parentElement))
      .filter((one) => one.getBoundingClientRect().right > wide + 1)
      .map((one) => `sideways: ${told(one)}`);
  }

  /** Words outside of their own box, or in a box that hides what does not fit and cannot be scrolled. */
  function cut() {
    const hides = (how) => how === "hidden" || how === "clip";
    return all().flatMap((one) => {
      const style = getComputedStyle(one);
      if (!there(one) || one.closest("svg, [aria-hidden=true]") || one.matches("input, textarea, select")) return [];
      if (style.clipPath !== "none" || style.display === "inline") return [];
      const wide = one.scrollWidth > one.clientWidth + 1;
      const high = one.scrollHeight > one.clientHeight + 2;
      if ((hides(style.overflowX) && wide) || (hides(style.overflowY) && high)) return [`cut off: ${told(one)}`];
      return style.overflowX === "visible" && wide && ownWords(one) ? [`out of its box: ${told(one)}`] : [];
    });
  }

  /** Letters, and things to press, that are smaller than this. A link inside a sentence is as high as the sentence. */
  function small(least, target) {
    const words = all().filter((one) => ownWords(one) && there(one) && !one.closest("svg, .unseen"));
    const tiny = words.filter((one) => size(one) < least).map((one) => `letters of ${size(one)} px: ${told(one)}`);
    const presses = all().filter((one) => one.matches("button, summary, a[href], input[type=checkbox], input[type=radio]") && there(one));
    const narrow = presses.filter((one) => {
      if (one.closest(".unseen, .skip") || (one.matches("a") && getComputedStyle(one).display === "inline")) return false;
      const boxes = [one, label(one)].filter(Boolean).map((part) => part.getBoundingClientRect());
      return Math.max(...boxes.map((box) => Math.min(box.width, box.height))) < target - 0.5;
    });
    return [...tiny, ...narrow.map((one) => `hard to hit: ${told(one)}`)];
  }

  /** What goes on moving. */
  function moves() {
    return document
      .getAnimations()
      .filter((one) => one.playState === "running" && one.effect.getTiming().iterations === Infinity)
      .map((one) => `moves: ${told(one.effect.target)}`);
  }

  let letters = [];
  function enlarge() {
    letters = all()
      .filter((one) => ownWords(one) && there(one) && !one.closest("svg"))
      .map((one) => [one, size(one)]);
    document.documentElement.style.fontSize = `${2 * size(document.documentElement)}px`;
  }
  /** Letters that stayed as they were when all should have doubled. */
  function stayedSmall() {
    return letters.filter(([one, was]) => one.isConnected && size(one) < 1.9 * was).map(([one]) => `letters do not grow: ${told(one)}`);
  }

  /** The walk with the tabulator: what there is to reach (radio buttons of one name are one thing), and how each looks
   * without the focus. */
  let walk = null;
  const key = (one) => (one.type === "radio" ? `radio ${one.name}` : one);
  function look(one) {
    const about = [one, one.parentElement, label(one), one.nextElementSibling, one.previousElementSibling];
    const drawn = (style) => [style.outlineStyle === "none" ? "" : style.outlineWidth, style.boxShadow, style.borderColor, style.backgroundColor];
    return about
      .filter(Boolean)
      .flatMap((part) => [null, "::before", "::after"].map((which) => drawn(getComputedStyle(part, which)).join()))
      .join("|");
  }
  function begins() {
    const within = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document;
    const can = [...within.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex]")]
      .filter((one) => one.tabIndex >= 0 && !one.matches(":disabled, [type=hidden]") && !one.closest("[inert]"))
      .filter(there);
    document.activeElement?.blur?.();
    walk = { can, met: new Set(), wrong: new Set(), before: new Map(can.map((one) => [one, look(one)])) };
    return new Set(can.map(key)).size;
  }
  /** Whether any part of it that is in sight is really on top. */
  function inSight(one) {
    const drawn = one.getBoundingClientRect().width < 8 && label(one) ? label(one) : one;
    const box = drawn.getBoundingClientRect();
    const left = Math.max(box.left, 0), right = Math.min(box.right, innerWidth);
    const top = Math.max(box.top, 0), bottom = Math.min(box.bottom, innerHeight);
    if (right <= left || bottom <= top) return false;
    const own = (hit) => hit && (one.contains(hit) || hit.contains(one) || label(one)?.contains(hit));
    const parts = [0.1, 0.5, 0.9];
    return parts.some((x) => parts.some((y) => own(document.elementFromPoint(left + x * (right - left), top + y * (bottom - top)))));
  }
  /** After each press: how many things have had the focus, and what was wrong with the one that has it now. */
  function steps() {
    const one = document.activeElement;
    if (!one || one === document.body || one === document.documentElement || walk.met.has(key(one))) return walk.met.size;
    walk.met.add(key(one));
    if (walk.before.has(one) && look(one) === walk.before.get(one)) walk.wrong.add(`the focus is not seen: ${told(one)}`);
    if (!inSight(one)) walk.wrong.add(`the focus is out of sight: ${told(one)}`);
    return walk.met.size;
  }
  function ends() {
    const left = new Map(walk.can.filter((one) => there(one) && !walk.met.has(key(one))).map((one) => [key(one), told(one)]));
    return [...walk.wrong, ...[...left.values()].map((one) => `not reached with the tabulator: ${one}`)];
  }

  return { sideways, cut, small, moves, enlarge, stayedSmall, begins, steps, ends };
})();
