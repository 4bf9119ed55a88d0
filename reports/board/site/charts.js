// Dot plots with intervals.

import { svg, shownName } from "./dom.js";
import { number } from "./format.js";

const ROW = 22;
const LEFT = 170;
const WIDTH = 640;

// rows: [{ label, value, low, high }], all on one scale.
export function dotPlot(title, rows, scale) {
  const known = rows.filter(({ value }) => value !== null);
  const numbers = known.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]);
  const least = Math.min(...numbers);
  const most = Math.max(...numbers);
  const spread = most - least || 1;
  const x = (value) => LEFT + ((value - least) / spread) * (WIDTH - LEFT - 70);
  const height = rows.length * ROW + 30;
  const marks = rows.flatMap(({ label, value, low, high }, i) => {
    const y = i * ROW + 20;
    const name = svg("text", { x: LEFT - 10, y: y + 4, "text-anchor": "end" }, shownName(label).slice(0, 28));
    if (value === null) return [name, svg("text", { x: LEFT, y: y + 4 }, "–")];
    const line = low === null ? [] : [svg("line", { x1: x(low), x2: x(high), y1: y, y2: y, class: "whisker" })];
    return [name, ...line, svg("circle", { cx: x(value), cy: y, r: 4 }), svg("text", { x: WIDTH - 50, y: y + 4 }, number(value, scale))];
  });
  return svg("svg", { viewBox: `0 0 ${WIDTH} ${height}`, class: "plot", role: "img", "aria-label": title }, ...marks);
}
