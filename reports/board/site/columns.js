// Data of one column, unpacked: item values (exact) or cells (approximate).

import { smoothedSpread } from "./intervals.js";

const ARRAYS = { 8: Uint8Array, 16: Uint16Array, 32: Uint32Array };
const MISSING = 65535;

export function unpack(text, width) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new ARRAYS[width](bytes.buffer);
}

export function openColumn(facts, packed) {
  return packed.method === "exact" ? new ItemColumn(facts, packed) : new CellColumn(facts, packed);
}

export class ItemColumn {
  constructor(facts, packed) {
    this.facts = facts;
    this.packed = packed;
    this.method = "exact";
    this.bounded = packed.bounded;
    this.systems = packed.systems;
    this.languages = Object.keys(packed.languages);
    this.places = new Map(packed.systems.map((name, i) => [name, i]));
    this.nClusters = packed.clusters.length;
    this.opened = new Map();
  }

  // One language: its rows (cluster numbers) and, by system, value, number of items, influences and counts.
  language(code) {
    if (!this.opened.has(code)) this.opened.set(code, this.#open(code));
    return this.opened.get(code);
  }

  #open(code) {
    const { sums, counts, influence, width, systems } = this.packed;
    const own = this.packed.languages[code];
    const rows = unpack(own.rows, 32);
    const codes = unpack(own.codes, width);
    const n = rows.length;
    const cells = systems.map((_, s) => {
      const count = new Float64Array(n);
      const pull = new Float64Array(n);
      let items = 0;
      let total = 0;
      let clusters = 0;
      for (let i = 0; i < n; i++) {
        const at = codes[s * n + i];
        count[i] = counts[at];
        pull[i] = sums[at];
        items += counts[at];
        total += sums[at];
        if (counts[at] > 0) clusters += 1;
      }
      if (items === 0) return null;
      const value = influence ? own.values[s] : total / items;
      if (!influence) for (let i = 0; i < n; i++) pull[i] = (pull[i] - value * count[i]) / items;
      return { value, items, clusters, pull, count };
    });
    return { rows, cells };
  }

  has(system, code) {
    const place = this.places.get(system);
    return place !== undefined && Object.hasOwn(this.packed.languages, code) && this.language(code).cells[place] !== null;
  }

  presence(names, codes) {
    const found = new Uint8Array(names.length * codes.length);
    const rows = names.map((name) => this.places.get(name));
    codes.forEach((code, i) => {
      const { cells } = this.language(code);
      rows.forEach((row, n) => {
        if (row !== undefined && cells[row] !== null) found[n * codes.length + i] = 1;
      });
    });
    return found;
  }

  value(system, code) {
    const place = this.places.get(system);
    const cell = place === undefined || !(Object.hasOwn(this.packed.languages, code)) ? null : this.language(code).cells[place];
    return cell && cell.value;
  }

  // Labels of the strata of some languages: languages that share a cluster belong together. -1: no language has it.
  strata(codes) {
    const parent = codes.map((_, i) => i);
    const root = (i) => {
      while (parent[i] !== i) i = parent[i];
      return i;
    };
    const first = new Int32Array(this.nClusters).fill(-1);
    codes.forEach((code, i) => {
      for (const row of this.language(code).rows) {
        if (first[row] === -1) first[row] = i;
        else parent[root(i)] = root(first[row]);
      }
    });
    const names = new Map();
    const labels = new Int32Array(this.nClusters);
    for (let row = 0; row < this.nClusters; row++) {
      if (first[row] === -1) labels[row] = -1;
      else {
        const own = root(first[row]);
        if (!names.has(own)) names.set(own, names.size);
        labels[row] = names.get(own);
      }
    }
    return { labels, many: names.size };
  }

  // The weighted sum of cells: [[system, language, weight], ...].
  contrast(terms) {
    const influence = new Float64Array(this.nClusters);
    const absolute = new Float64Array(this.nClusters);
    const shares = new Float64Array(this.nClusters);
    const present = new Uint8Array(this.nClusters);
    let value = 0;
    let items = 0;
    let plus = 0;
    let minus = 0;
    let fewest = Infinity;
    const sides = [[0, 0], [0, 0]];
    let low = 0;
    let high = 0;
    for (const [system, code, weight] of terms) {
      const { rows, cells } = this.language(code);
      const cell = cells[this.places.get(system)];
      value += weight * cell.value;
      items += cell.items;
      if (weight > 0) plus += cell.items;
      else minus += cell.items;
      fewest = Math.min(fewest, cell.clusters);
      for (let i = 0; i < rows.length; i++) {
        if (!cell.count[i]) continue;
        const pull = weight * cell.pull[i];
        influence[rows[i]] += pull;
        absolute[rows[i]] += Math.abs(pull);
        shares[rows[i]] += (Math.abs(weight) * cell.count[i]) / cell.items;
        present[rows[i]] = 1;
      }
      const side = sides[weight > 0 ? 0 : 1];
      side[0] += weight * weight;
      side[1] += Math.abs(weight) * smoothedSpread(cell.value, cell.clusters);
      if (weight > 0) high += weight;
      else low += weight;
    }
    for (let i = 0; i < influence.length; i++) {
      if (Math.abs(influence[i]) <= 1e-12 * absolute[i]) influence[i] = 0;
    }
    return {
      value, items, side: Math.max(plus, minus), fewest, influence, present, span: [low, high],
      added: sides.reduce((sum, [squares, spread]) => sum + Math.sqrt(squares) * spread, 0),
      clusters: equalClusters(shares),
    };
  }
}

// How many clusters of equal share would tell as much as these.
function equalClusters(shares) {
  let sum = 0;
  let squares = 0;
  for (const share of shares) {
    sum += share;
    squares += share * share;
  }
  return Math.round((sum ** 2 / squares) * 1e9) / 1e9;
}

export class CellColumn {
  constructor(facts, packed) {
    this.facts = facts;
    this.method = "approximate";
    this.bounded = packed.bounded;
    this.systems = packed.systems;
    this.languages = packed.languages;
    this.places = new Map(packed.systems.map((name, i) => [name, i]));
    this.columns = new Map(packed.languages.map((code, i) => [code, i]));
    const width = packed.languages.length;
    const stretch = (text, [low, high]) => Float64Array.from(unpack(text, 16), (code) => (
      code === MISSING ? NaN : low + (code / (MISSING - 1)) * (high - low)));
    this.values = stretch(packed.values, packed.values_range);
    this.errors = stretch(packed.errors, packed.errors_range);
    this.noise = stretch(packed.noise, packed.noise_range);
    this.n = typeof packed.n === "number" ? new Float64Array(this.values.length).fill(packed.n) : unpack(packed.n, 32);
    this.clusters = packed.clusters;
    this.correlation = packed.correlation;
    this.adjustment = packed.adjustment;
    this.loading = packed.loading;
    this.width = width;
    this.every = packed.systems.map((_, row) => {
      let known = 0;
      for (let i = 0; i < width; i++) if (!Number.isNaN(this.values[row * width + i])) known += 1;
      return known;
    });
  }

  // Of the square noise of the average over a number of languages, as polyarena.reports.board.cells says.
  factor(row, languages) {
    const share = this.every[row] > 1 ? Math.min((1 - 1 / languages) / (1 - 1 / this.every[row]), 1) : 1;
    return 1 + share * (this.adjustment[row] - 1);
  }

  at(system, code) {
    const row = this.places.get(system);
    const column = this.columns.get(code);
    return row === undefined || column === undefined ? -1 : row * this.width + column;
  }

  has(system, code) {
    const at = this.at(system, code);
    return at >= 0 && !Number.isNaN(this.values[at]);
  }

  presence(names, codes) {
    const found = new Uint8Array(names.length * codes.length);
    const places = codes.map((code) => this.columns.get(code));
    names.forEach((name, n) => {
      const row = this.places.get(name);
      if (row === undefined) return;
      for (let i = 0; i < places.length; i++) {
        if (!Number.isNaN(this.values[row * this.width + places[i]])) found[n * places.length + i] = 1;
      }
    });
    return found;
  }

  value(system, code) {
    return this.has(system, code) ? this.values[this.at(system, code)] : null;
  }
}
