// Averages, ranks and tie groups: the formulas of polyarena.reports.board.standings.

import { cellInterval, itemInterval } from "./intervals.js";
import { studentQuantile } from "./quantiles.js";

export const EXACT = 1e-9;

function shareOf(facts, value, several) {
  if (!several) return value;
  const share = (value - facts.low) / (facts.high - facts.low);
  return facts.direction === "higher" ? share : 1 - share;
}

function factorOf(facts, several) {
  return several ? (facts.direction === "higher" ? 1 : -1) / (facts.high - facts.low) : 1;
}

// `columns` are open columns, `settings` has confidence and coverage; `languages` is a set, a map of sets by column, or
// null for all; `systems` is a set or null. Without `ranks` there are averages alone.
export function standings(columns, settings, languages = null, systems = null, ranks = true) {
  const chosen = (column) => (languages instanceof Map ? languages.get(column.facts.key) : languages);
  const wanted = columns
    .map((column) => ({ column, codes: column.languages.filter((code) => !chosen(column) || chosen(column).has(code)) }))
    .filter(({ codes }) => codes.length);
  const names = [...new Set(wanted.flatMap(({ column }) => column.systems))]
    .filter((name) => !systems || systems.has(name))
    .sort(compareText);
  const empty = { averages: [], toldApart: 0, neighbours: 0, languages: {} };
  if (!wanted.length || !names.length) return empty;
  // Which of the languages each system has: one byte for each, a row a system.
  for (const part of wanted) part.present = part.column.presence(names, part.codes);
  const counts = new Map(names.map((name, row) => [name, wanted.map(({ codes, present }) => {
    let n = 0;
    for (let i = row * codes.length; i < (row + 1) * codes.length; i++) n += present[i];
    return n;
  })]));
  const ranked = names.filter((name) => counts.get(name).every((n, i) => n > 0 && n >= settings.coverage * wanted[i].codes.length));
  const rankedNames = new Set(ranked);
  const several = wanted.length > 1;
  const rankedRows = names.flatMap((name, row) => (rankedNames.has(name) ? [row] : []));
  const parts = wanted.map(({ column, codes, present }) => ({
    column, several, codes: codes.filter((_, i) => rankedRows.every((row) => present[row * codes.length + i])),
  }));
  const total = wanted.reduce((sum, { codes }) => sum + codes.length, 0);
  const covered = (name) => [counts.get(name).reduce((sum, n) => sum + n, 0), total];
  const unranked = (name, note) => ({
    system: name, value: null, error: null, low: null, high: null, n: 0, coverage: covered(name),
    rank: null, rankLow: null, rankHigh: null, tieGroup: null, note,
  });
  if (!ranked.length || parts.some(({ codes }) => !codes.length)) {
    const note = ranked.length ? "no language is common to all systems" : "too few languages";
    return { ...empty, averages: names.map((name) => unranked(name, note)) };
  }
  const exact = parts.every(({ column }) => column.method === "exact");
  const { averages, variances, freedom } = (exact ? exactAverages : cellAverages)(parts, ranked, settings, ranks);
  if (!ranks) return { ...empty, averages: averages.map((average) => ({ ...average, coverage: covered(average.system) })) };
  const direction = several ? "higher" : parts[0].column.facts.direction;
  const good = averages.map(({ value }) => (direction === "zero" ? -Math.abs(value) : direction === "lower" ? -value : value));
  const alpha = 1 - settings.confidence;
  const told = toldApart(good, variances, freedom, alpha);
  const groups = tieGroups(good, told);
  const placed = averages.map((average, i) => ({
    ...average,
    coverage: covered(average.system),
    rank: 1 + good.filter((value) => value > good[i] + EXACT).length,
    rankLow: 1 + told[i].filter((sign) => sign < 0).length,
    rankHigh: good.length - told[i].filter((sign) => sign > 0).length,
    tieGroup: groups[i],
    place: i,
  }));
  placed.sort((a, b) => a.rank - b.rank || compareText(a.system, b.system));
  const order = placed.map(({ place }) => place);
  const left = names.filter((name) => !rankedNames.has(name)).map((name) => unranked(name, "too few languages"));
  return {
    averages: [...placed, ...left],
    toldApart: neighboursToldApart(order.map((i) => good[i]), order.slice(1).map((i, k) => variances[order[k]][i]), freedom, alpha),
    neighbours: ranked.length - 1,
    languages: Object.fromEntries(parts.map(({ column, codes }) => [column.facts.key, codes])),
  };
}

// By code point, as Python sorts.
export function compareText(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

function exactAverages(parts, ranked, settings, ranks) {
  const many = parts.length;
  const found = parts.map(({ column, codes }) => ranked.map((name) => column.contrast(codes.map((code) => [name, code, 1 / codes.length]))));
  const bounded = parts.every(({ column }) => column.bounded);
  let first = 0;
  const strata = parts.map(({ column, codes }) => {
    const { labels, many: own } = column.strata(codes);
    const moved = labels.map((label) => (label < 0 ? -1 : label + first));
    first += own;
    return moved;
  });
  const factors = parts.map(({ column, several }) => factorOf(column.facts, several) / many);
  const averages = ranked.map((name, i) => {
    const own = found.map((each) => each[i]);
    const value = own.reduce((sum, { value: part }, p) => sum + shareOf(parts[p].column.facts, part, parts[p].several), 0) / many;
    const n = own.reduce((sum, { items }) => sum + items, 0);
    const clusters = Math.round((many ** 2 / own.reduce((sum, each) => sum + 1 / each.clusters, 0)) * 1e9) / 1e9;
    let around = { error: null, low: null, high: null, note: "one source item only in a language: no interval" };
    if (own.every(({ fewest }) => fewest >= 2)) {
      const pulls = [];
      const labels = [];
      own.forEach(({ influence, present }, p) => {
        for (let row = 0; row < influence.length; row++) {
          if (present[row]) {
            pulls.push(influence[row] * factors[p]);
            labels.push(strata[p][row]);
          }
        }
      });
      around = itemInterval(value, Float64Array.from(pulls), labels, { items: n, bounded, confidence: settings.confidence, clusters });
    }
    return { system: name, value, n, ...around };
  });
  if (!ranks) return { averages };
  const { variances, freedom } = pairVariances(found, strata, factors, ranked.length);
  if (bounded) {
    const floor = found.reduce((sum, own, p) => sum + (factors[p] ** 2 * own[0].added * 2) / Math.max(own[0].clusters, 1) ** 2, 0);
    for (let i = 0; i < ranked.length; i++) {
      for (let j = 0; j < ranked.length; j++) {
        if (variances[i][j] <= 0 && Math.abs(averages[i].value - averages[j].value) > EXACT) variances[i][j] = floor;
      }
    }
  }
  return { averages, variances, freedom };
}

function pairVariances(found, strata, factors, many) {
  const variances = Array.from({ length: many }, () => new Float64Array(many));
  let freedom = Infinity;
  let noise = 0;
  found.forEach((own, p) => {
    const strataRows = new Map();
    for (let row = 0; row < strata[p].length; row++) {
      if (strata[p][row] >= 0 && own.some(({ present }) => present[row])) {
        if (!strataRows.has(strata[p][row])) strataRows.set(strata[p][row], []);
        strataRows.get(strata[p][row]).push(row);
      }
    }
    for (const rows of strataRows.values()) {
      const n = rows.length;
      freedom = Math.min(freedom, n - 1);
      const scale = n / Math.max(n - 1, 1);
      const pulls = own.map(({ influence }) => Float64Array.from(rows, (row) => influence[row] * factors[p]));
      const squares = pulls.map((u) => dot(u, u));
      noise += squares.reduce((sum, square) => sum + square, 0);
      for (let i = 0; i < many; i++) {
        for (let j = 0; j < i; j++) {
          const added = (squares[i] + squares[j] - 2 * dot(pulls[i], pulls[j])) * scale;
          variances[i][j] += added;
          variances[j][i] += added;
        }
      }
    }
  });
  // What rounding leaves of a difference without any spread is no spread.
  for (const row of variances) {
    for (let j = 0; j < many; j++) if (row[j] <= 1e-12 * noise) row[j] = 0;
  }
  return { variances, freedom: Math.max(1, freedom) };
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

function cellAverages(parts, ranked, settings, ranks) {
  const many = parts.length;
  const bounded = parts.every(({ column }) => column.bounded);
  const averages = [];
  const squares = new Float64Array(ranked.length);
  const pulls = new Float64Array(ranked.length * parts.length);
  let least = Infinity;
  const places = parts.map(({ column, codes }) => codes.map((code) => column.columns.get(code)));
  ranked.forEach((name, i) => {
    let value = 0;
    let n = 0;
    let freedom = Infinity;
    let noise = 0;
    let pieces = 0;
    for (let p = 0; p < parts.length; p++) {
      const { column, codes, several } = parts[p];
      const row = column.places.get(name);
      let total = 0;
      let errors = 0;
      let squared = 0;
      let roots = 0;
      let rooted = 0;
      let items = 0;
      for (const place of places[p]) {
        const at = row * column.width + place;
        total += column.values[at];
        const error = column.errors[at];
        errors += error;
        squared += error * error;
        const root = column.noise[at];
        roots += root;
        rooted += root * root;
        items += column.n[at];
      }
      n += items;
      const rho = column.correlation[row];
      value += shareOf(column.facts, total / codes.length, several) / many;
      const factor = (factorOf(column.facts, several) / many / codes.length) ** 2;
      const variance = ((1 - rho) * squared + rho * errors ** 2) * factor;
      squares[i] += variance;
      noise += ((1 - rho) * rooted + rho * roots ** 2) * factor * column.factor(row, codes.length);
      const clusters = Math.max(Math.min(column.clusters[row], items), 1);
      pieces += 1 / clusters;
      freedom = Math.min(freedom, Math.max(clusters - 1, 1));
      pulls[i * parts.length + p] = Number.isFinite(variance) ? Math.sqrt(variance) * column.loading[row] : 0;
    }
    least = Math.min(least, freedom);
    averages.push({ system: name, value, n, ...cellInterval(value, squares[i], bounded, settings.confidence, {
      freedom, noise, clusters: many ** 2 / pieces, items: n }) });
  });
  if (!ranks) return { averages };
  const variances = ranked.map((_, i) => {
    const row = new Float64Array(ranked.length);
    for (let j = 0; j < row.length; j++) {
      if (i === j || !Number.isFinite(squares[i] + squares[j])) continue;
      let shared = 0;
      for (let p = 0; p < parts.length; p++) shared += pulls[i * parts.length + p] * pulls[j * parts.length + p];
      row[j] = squares[i] + squares[j] - 2 * shared;
    }
    return row;
  });
  return { averages, variances, freedom: least };
}

// 1 where the row's system is surely better than the column's, -1 where it is surely worse, else 0 (Holm by row).
export function toldApart(good, variances, freedom, alpha) {
  const many = good.length;
  const critical = Array.from({ length: Math.max(0, many - 1) }, (_, k) => studentQuantile(1 - alpha / (2 * (many - 1 - k)), freedom));
  const statistic = new Float64Array(many);
  return good.map((own, i) => {
    const told = new Array(many).fill(0);
    const row = variances[i];
    for (let j = 0; j < many; j++) statistic[j] = row[j] > 0 ? Math.abs(own - good[j]) / Math.sqrt(row[j]) : 0;
    const sorted = statistic.slice().sort();
    // Holm's procedure ends at the first that is not above its critical value; all larger ones are told apart.
    let k = 0;
    while (k < many - 1 && sorted[many - 1 - k] > critical[k]) k += 1;
    if (k > 0) {
      const least = sorted[many - k];
      for (let j = 0; j < many; j++) if (statistic[j] >= least) told[j] = Math.sign(own - good[j]);
    }
    return told;
  });
}

export function neighboursToldApart(good, squares, freedom, alpha) {
  const many = good.length - 1;
  if (many < 1) return 0;
  const statistic = Array.from({ length: many }, (_, k) => (squares[k] > 0 ? Math.abs(good[k + 1] - good[k]) / Math.sqrt(squares[k]) : 0));
  statistic.sort((a, b) => b - a);
  for (let k = 0; k < many; k++) {
    if (!(statistic[k] > studentQuantile(1 - alpha / (2 * (many - k)), freedom))) return k;
  }
  return many;
}

function tieGroups(good, told) {
  const group = new Int32Array(good.length);
  let last = 0;
  for (const head of Array.from(good.keys()).sort((a, b) => good[b] - good[a])) {
    if (group[head]) continue;
    last += 1;
    for (let i = 0; i < group.length; i++) if (!group[i] && told[head][i] <= 0) group[i] = last;
  }
  return group;
}

// The paired difference of two systems over languages of one exact column.
export function pairedDifference(column, one, other, codes, confidence) {
  const shared = codes.filter((code) => column.has(one, code) && column.has(other, code));
  if (!shared.length) return null;
  const weight = 1 / shared.length;
  const found = column.contrast([...shared.map((code) => [one, code, weight]), ...shared.map((code) => [other, code, -weight])]);
  const { labels } = column.strata(shared);
  const rows = [...found.influence.keys()].filter((row) => found.present[row]);
  const around = found.fewest < 2 ? { error: null, low: null, high: null, note: "one source item only: no interval" } : itemInterval(
    found.value, Float64Array.from(rows, (row) => found.influence[row]), rows.map((row) => labels[row]),
    { items: found.side, bounded: column.bounded, confidence, clusters: found.clusters, span: found.span, added: found.added });
  return { value: found.value, languages: shared.length, ...around };
}

// One cell: a system in one language of a column.
export function cellSummary(column, system, code, confidence) {
  if (!column.has(system, code)) return null;
  if (column.method === "approximate") {
    const at = column.at(system, code);
    const row = column.places.get(system);
    const clusters = Math.max(1, Math.min(column.n[at], column.clusters[row]));
    return { value: column.values[at], n: column.n[at], ...cellInterval(column.values[at], column.errors[at] ** 2, column.bounded, confidence, {
      freedom: Math.max(1, clusters - 1), noise: column.noise[at] ** 2, clusters, items: column.n[at] }) };
  }
  const found = column.contrast([[system, code, 1]]);
  const rows = [...found.influence.keys()].filter((row) => found.present[row]);
  const around = itemInterval(found.value, Float64Array.from(rows, (row) => found.influence[row]), rows.map(() => 0),
    { items: found.items, bounded: column.bounded, confidence, clusters: found.clusters });
  return { value: found.value, n: found.items, ...around };
}
