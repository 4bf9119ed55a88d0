// Numbers and labels as people read them.

export function scaleOf(facts) {
  return facts ? facts.scale : 100;
}

export function number(value, scale = 1, digits = 1) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  return (value * scale).toFixed(digits).replace("-", "−");
}

export function ends(low, high, scale = 1) {
  return low === null || low === undefined ? "" : `${number(low, scale)}–${number(high, scale)}`;
}

export function range(low, high) {
  if (low === null || low === undefined) return "";
  return low === high ? String(low) : `${low}–${high}`;
}

export function metricTitle(facts) {
  if (facts.metric === "win_rate") return `win rate against ${facts.baseline}, judge ${facts.judge}`;
  return facts.metric;
}

export function columnTitle(facts) {
  return `${facts.title} · ${metricTitle(facts)}${facts.difference ? ` · ${facts.difference}` : ""}`;
}

export function arrow(direction) {
  return { higher: "↑", lower: "↓", zero: "→0" }[direction];
}

// One of nine steps of colour for a place in a range; null without one.
export function step(value, low, high) {
  if (value === null || !(high > low)) return null;
  return Math.max(0, Math.min(8, Math.floor(((value - low) / (high - low)) * 9)));
}
