// Dot plots with intervals.

import { svg, shownName } from "./dom.js";
import { number } from "./format.js";

const ROW = 22;
const WIDTH = 640;
const MARGIN = 32;
const RIGHT = 70;

// Round numbers, at most five of them, between two ends.
function ticks(least, most) {
  const raw = (most - least) / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((each) => each * power).find((each) => each >= raw * (1 - 1e-9));
  const found = [];
  for (let i = Math.ceil(least / step - 1e-9); i * step <= most + 1e-9 * step; i++) found.push(i * step);
  return found;
}

// rows: [{ label, value, low, high }], all on one scale. As wide as the window allows, so that text keeps its size.
export function dotPlot(title, rows, scale) {
  const width = Math.max(280, Math.min(WIDTH, innerWidth - MARGIN));
  const left = Math.round(Math.min(190, width * 0.38));
  const letters = Math.floor(left / 6.6);
  const known = rows.filter(({ value }) => value !== null);
  const numbers = known.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const least = Math.min(...numbers);
  const spread = Math.max(...numbers) - least || Math.abs(least) / 5 || 1;
  const x = (value) => left + ((value - least) / spread) * (width - left - RIGHT);
  const height = rows.length * ROW + 34;
  const grid = known.length ? ticks(least * scale, (least + spread) * scale).flatMap((tick) => [
    svg("line", { x1: x(tick / scale), x2: x(tick / scale), y1: 6, y2: height - 22, class: "grid" }),
    svg("text", { x: x(tick / scale), y: height - 8, "text-anchor": "middle", class: "tick" }, String(Number(tick.toPrecision(6))).replace("-", "−")),
  ]) : [];
  const marks = rows.flatMap(({ label, value, low, high }, i) => {
    const y = i * ROW + 20;
    const whole = shownName(label);
    const text = whole.length > letters ? `${whole.slice(0, letters - 1)}…` : whole;
    const name = svg("text", { x: left - 10, y: y + 4, "text-anchor": "end" }, text);
    if (value === null) return [name, svg("text", { x: left, y: y + 4 }, "–")];
    const line = low === null ? [] : [svg("line", { x1: x(low), x2: x(high), y1: y, y2: y, class: "whisker" })];
    return [name, ...line, svg("circle", { cx: x(value), cy: y, r: 4 }), svg("text", { x: width - 4, y: y + 4, "text-anchor": "end" }, number(value, scale))];
  });
  return svg("svg", { viewBox: `0 0 ${width} ${height}`, width, height, class: "plot", role: "img", "aria-label": title }, ...grid, ...marks);
}
