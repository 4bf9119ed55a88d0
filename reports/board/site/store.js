// Data that arrive as scripts, for a page opened from a disk may read no other files.

import { openColumn } from "./columns.js";

const waiting = new Map();
const columns = new Map();
const items = new Map();
export const registry = { board: null };

// Each data file calls one of these with JSON as text: parsed as JSON, a key such as __proto__ is a key and no more.
export const receive = {
  start(text) {
    registry.board = JSON.parse(text);
    if (registry.ready) registry.ready();
  },
  add(key, text) {
    const facts = registry.board.columns.find((column) => column.key === key);
    if (facts) columns.set(key, openColumn(facts, JSON.parse(text)));
  },
  items(name, text) {
    items.set(name, JSON.parse(text));
  },
};

function load(file) {
  if (!waiting.has(file)) {
    waiting.set(file, new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = file;
      script.onload = () => resolve();
      script.onerror = () => {
        waiting.delete(file);
        reject(new Error(`The data file ${file} could not be loaded.`));
      };
      document.head.append(script);
    }));
  }
  return waiting.get(file);
}

export function openColumns(facts) {
  return facts.every(({ key }) => columns.has(key)) ? facts.map(({ key }) => columns.get(key)) : null;
}

export async function loadColumns(facts) {
  await Promise.all(facts.filter(({ key }) => !columns.has(key)).map(({ file }) => load(file)));
  return facts.map(({ key }) => columns.get(key));
}

export async function loadItems(file, name) {
  if (!items.has(name)) await load(file);
  return items.get(name);
}
