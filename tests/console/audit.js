// Rules of accessibility that a page keeps, checked in the browser. Returns what breaks them, one text each.
() => {
  const broken = [];
  const seen = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  const told = (element) => `${element.tagName.toLowerCase()}.${element.className} "${element.textContent.trim().slice(0, 30)}"`;
  const all = (selector) => [...document.querySelectorAll(selector)].filter(seen);

  const nameOf = (element) => {
    const labelled = element.getAttribute("aria-labelledby");
    if (labelled) return labelled.split(/\s+/).map((id) => document.getElementById(id)?.textContent ?? "").join(" ").trim();
    const labels = [...(element.labels ?? [])].map((label) => label.textContent).join(" ");
    return (element.getAttribute("aria-label") ?? "").trim() || labels.trim() || element.textContent.trim();
  };

  if (!document.documentElement.lang) broken.push("the page has no language");
  if (!document.title) broken.push("the page has no title");
  if (all("main").length !== 1) broken.push(`${all("main").length} main landmarks`);
  if (all("h1").length !== 1) broken.push(`${all("h1").length} first headings`);
  for (const element of all("button, a[href], select, input, textarea, dialog, [role=img], [role=region]")) {
    if (element.tagName !== "SELECT" && !nameOf(element)) broken.push(`without a name: ${told(element)}`);
    if (element.tagName === "SELECT" && !element.labels.length) broken.push(`without a label: ${told(element)}`);
  }
  for (const element of all("button, select, input, textarea")) {
    const { width, height } = element.getBoundingClientRect();
    if (Math.min(width, height) < 24) broken.push(`smaller than 24 pixels: ${told(element)}`);
  }
  let level = 0;
  for (const heading of all("h1, h2, h3, h4, h5, h6")) {
    const next = Number(heading.tagName[1]);
    if (next > level + 1 && level > 0) broken.push(`heading jumps from ${level} to ${next}: ${told(heading)}`);
    level = next;
  }
  const ids = [...document.querySelectorAll("[id]")].map((element) => element.id);
  for (const id of new Set(ids.filter((id, index) => ids.indexOf(id) !== index))) broken.push(`id twice: ${id}`);
  for (const table of all("table")) {
    if (!table.querySelector("th")) broken.push(`a table without headings: ${told(table)}`);
  }

  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = rgba(getComputedStyle(each).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const checked = new Set();
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || checked.has(element) || !seen(element)) continue;
    if (element.closest("script, style, option")) continue;
    checked.add(element);
    const style = getComputedStyle(element);
    const [one, other] = [light(rgba(style.color)), light(ground(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (other + 0.05);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (isLarge ? 3 : 4.5)) broken.push(`contrast ${ratio.toFixed(2)}: ${told(element)}`);
  }
  if (checked.size < 3) broken.push(`only ${checked.size} texts on the page: nothing was checked`);
  return broken;
};
