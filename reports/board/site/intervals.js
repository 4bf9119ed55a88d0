// Intervals of clustered means: the formulas of polyarena.reports.stats.score_interval and .intervals.

import { normalQuantile, studentQuantile } from "./quantiles.js";

const CONTINUITY = 0.125;
const CAUTION = 1.5;
const SPARED = 2;
export const FEWEST_CLUSTERS = 8;

export function wilsonInterval(mean, n, confidence, continuity = 0) {
  const z = normalQuantile(0.5 + confidence / 2);
  const ends = [[-1, Math.max(0, mean - continuity)], [1, Math.min(1, mean + continuity)]].map(([side, moved]) => {
    const centre = (moved + (z * z) / (2 * n)) / (1 + (z * z) / n);
    const half = (z / (1 + (z * z) / n)) * Math.sqrt((moved * (1 - moved)) / n + (z * z) / (4 * n * n));
    return centre + side * half;
  });
  return [Math.max(0, Math.min(mean, ends[0])), Math.min(1, Math.max(mean, ends[1]))];
}

export function smoothedSpread(mean, n) {
  const smoothed = (n * mean + 0.5) / (n + 1);
  return smoothed * (1 - smoothed);
}

// The share of clusters that have the commonest value.
function modalShare(influence) {
  let scale = 0;
  for (const u of influence) scale = Math.max(scale, Math.abs(u));
  if (scale === 0) return 1;
  const rounded = new Float64Array(influence.length);
  for (let i = 0; i < rounded.length; i++) rounded[i] = Math.round((influence[i] / scale) * 1e9);
  rounded.sort();
  let most = 1;
  let run = 1;
  for (let i = 1; i < rounded.length; i++) {
    run = rounded[i] === rounded[i - 1] ? run + 1 : 1;
    if (run > most) most = run;
  }
  return most / rounded.length;
}

function degreesOfFreedom(mean, influence, labels) {
  let total = 0;
  const sums = new Map();
  for (let i = 0; i < influence.length; i++) {
    const square = influence[i] * influence[i];
    total += square;
    const own = sums.get(labels[i]) || [0, 0];
    own[0] += square;
    own[1] += 1;
    sums.set(labels[i], own);
  }
  if (total <= 0) return Infinity;
  let noise = 0;
  const lean = (1 - 2 * mean) / (mean * (1 - mean));
  for (let i = 0; i < influence.length; i++) {
    const [sum, n] = sums.get(labels[i]);
    const w = (influence[i] * influence[i] - sum / n) / total - lean * influence[i];
    noise += w * w;
  }
  return noise > 1e-12 ? Math.max(1, 2 / noise) : Infinity;
}

function effectiveN(mean, influence, labels, { variance, items, confidence, added, clusters }) {
  const spread = mean * (1 - mean);
  if (spread <= 0) return clusters;
  const size = Math.max(items / influence.length, 1);
  const extra = added === null ? smoothedSpread(mean, clusters) / Math.sqrt(size) : added;
  const common = modalShare(influence);
  const departing = (1 - common) * influence.length;
  const inverse = 1 / degreesOfFreedom(mean, influence, labels) + (CAUTION * (1 - 1 / size)) / (departing + SPARED);
  const freedom = inverse > 0 ? Math.max(1, 1 / inverse) : Infinity;
  let shrink = 1;
  if (Number.isFinite(freedom)) {
    shrink = (normalQuantile(0.5 + confidence / 2) / studentQuantile(0.5 + confidence / 2, freedom)) ** 2;
  }
  const noise = (1 - 1 / clusters) * variance + (common * extra) / clusters ** 2;
  return Math.max(clusters, (spread / noise) * shrink);
}

// `span` are the least and greatest possible values: [0, 1] of shares, [-1, 1] of their differences.
export function scoreInterval(mean, influence, labels, { variance, items, confidence, clusters, span = [0, 1], added = null }) {
  const [low, high] = span;
  const size = high - low;
  const share = Math.min(1, Math.max(0, (mean - low) / size));
  const scaled = size === 1 ? influence : influence.map((u) => u / size);
  const n = effectiveN(share, scaled, labels, {
    variance: variance / size ** 2,
    items,
    confidence,
    added: added === null ? null : added / size ** 2,
    clusters,
  });
  const ends = wilsonInterval(share, n, confidence, CONTINUITY / items / size);
  return [Math.min(mean, low + size * ends[0]), Math.max(mean, low + size * ends[1])];
}

// Sums of squares by stratum, each with its correction n / (n - 1).
function strataParts(influence, labels) {
  const strata = new Map();
  for (let i = 0; i < influence.length; i++) {
    const own = strata.get(labels[i]) || { n: 0, squares: 0 };
    own.n += 1;
    own.squares += influence[i] * influence[i];
    strata.set(labels[i], own);
  }
  return [...strata.values()].map(({ n, squares }) => ({ n, part: (n / (n - 1)) * squares }));
}

// Standard error and both ends of a mean; `note` says why there are none.
export function itemInterval(mean, influence, labels, { items, bounded, confidence, clusters, span, added }) {
  const parts = strataParts(influence, labels);
  const none = (note, error = null) => ({ error, low: null, high: null, note });
  if (!parts.length || parts.some(({ n }) => n < 2)) return none("one source item only: no interval");
  const variance = parts.reduce((sum, { part }) => sum + part, 0);
  const error = Math.sqrt(variance);
  if (bounded) {
    const [low, high] = scoreInterval(mean, influence, labels, { variance, items, confidence, clusters, span, added });
    return { error, low, high, note: "" };
  }
  if (influence.length < FEWEST_CLUSTERS || variance === 0) {
    return none(variance === 0 ? "no spread between items: no interval" : `${influence.length} ${influence.length === 1 ? "item is" : "items are"} too few: no interval`, error);
  }
  const spread = parts.reduce((sum, { n, part }) => sum + part ** 2 / (n - 1), 0);
  const half = studentQuantile(0.5 + confidence / 2, variance ** 2 / spread) * error;
  return { error, low: mean - half, high: mean + half, note: "" };
}

// The approximate method: an average of cells.
export function cellInterval(value, variance, bounded, confidence, { freedom, noise, clusters, items }) {
  if (!Number.isFinite(variance)) return { error: null, low: null, high: null, note: "no standard error" };
  const error = Math.sqrt(variance);
  if (!bounded) {
    const half = studentQuantile(0.5 + confidence / 2, freedom) * error;
    return { error, low: value - half, high: value + half, note: "" };
  }
  const share = Math.min(1, Math.max(0, value));
  const spent = Number.isFinite(noise) ? noise : variance;
  const n = spent > 0 ? Math.max((share * (1 - share)) / spent, clusters) : clusters;
  const [low, high] = wilsonInterval(share, n, confidence, CONTINUITY / Math.max(items, 1));
  return { error, low, high, note: "" };
}
