// Elements made from text that nobody has checked: nothing here ever parses HTML.

const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g;
const LONGEST = 200;

// A name as one line that can be shown: without controls, also of direction; cut if it is very long.
export function shownName(text) {
  const plain = String(text).slice(0, LONGEST * 4).replace(CONTROLS, "").replace(/\s+/g, " ").trim();
  return plain.length > LONGEST ? `${plain.slice(0, LONGEST)}…` : plain;
}

export function shownText(text) {
  return String(text).replace(CONTROLS, "");
}

// An address that may become a link, or null: http and https only.
export function safeLink(text) {
  if (typeof text !== "string" || !/^https?:\/\//i.test(text.trim())) return null;
  try {
    const address = new URL(text.trim());
    return address.protocol === "https:" || address.protocol === "http:" ? address.href : null;
  } catch {
    return null;
  }
}

// el("td", { class: "number", onclick: f }, "text", child, ...)
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (key === "width" && name !== "svg") element.style.width = value;
    else element.setAttribute(key, value === true ? "" : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ""));
  return element;
}

export function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

// A name whose direction the browser finds from its own letters.
export function nameOf(text, tag = null) {
  return el("bdi", { dir: "auto", lang: tag }, shownName(text));
}

export function select(label, options, value, onchange) {
  const box = el("select", { onchange: (event) => onchange(event.target.value) },
    options.map(([key, text]) => el("option", { value: key, selected: key === value }, shownName(text))));
  return el("label", { class: "field" }, el("span", {}, label), box);
}
