// The table.

import { el, nameOf, select, shownName } from "./dom.js";
import { csv, save } from "./download.js";
import * as choose from "./filters.js";
import { arrow, columnTitle, ends, metricTitle, number, range, step } from "./format.js";
import { cellSummary, compareText, standings } from "./standings.js";
import { loadColumns, openColumns } from "./store.js";
import { WindowedTable } from "./table.js";

const SYSTEM_FACTS = [
  ["size", "Size (B)"], ["effort", "Effort"], ["tokens", "Tokens"], ["price", "Price"], ["seconds", "Seconds"], ["date", "Date"],
];

export class BoardView {
  constructor(context) {
    this.context = context;
    this.element = el("div", { class: "view" });
    this.sentence = el("p", { class: "sentence", "aria-live": "polite" });
    this.note = el("p", { class: "note" });
    this.table = new WindowedTable("Leaderboard", (column) => this.#sort(column));
    this.filters = el("form", { class: "filters", "aria-label": "Filters", onsubmit: (event) => event.preventDefault() });
    this.downloads = el("p", { class: "downloads" },
      el("button", { type: "button", onclick: () => this.#csv() }, "Download CSV"), " ",
      el("button", { type: "button", onclick: () => this.#json() }, "Download JSON"));
    this.element.append(this.filters, this.sentence, this.table.element, this.note, this.downloads);
    this.cache = new Map();
    this.#fill();
  }

  #fill() {
    const { board, state } = this.context;
    const change = (key) => (value) => this.context.change({ [key]: value });
    const options = (values, all = "all") => [["", all], ...values.map((value) => [value, value])];
    const headline = board.columns.filter((column) => column.headline).length;
    const tasks = [["", headline > 1 ? "average of all tasks" : "headline"], ...board.columns.map((column) => [column.key, columnTitle(column)])];
    const search = el("input", { type: "search", value: state.q, placeholder: "name, organisation", oninput: (event) => change("q")(event.target.value) });
    const extra = choose.FACETS.map((facet) => [facet, choose.facetValues(board, facet)]).filter(([, values]) => values.length > 1)
      .map(([facet, values]) => select(facet, options(values), state[facet], change(facet)));
    const provenances = choose.provenances(board);
    if (provenances.length > 1) extra.push(select("provenance of items", options(provenances), state.provenance, change("provenance")));
    if (board.systems.some(({ open }) => open !== null)) {
      extra.push(select("weights", [["", "all"], ["open", "open"], ["closed", "closed"]], state.open, change("open")));
    }
    const input = (key, label, type) => el("label", { class: "field" }, el("span", {}, label),
      el("input", { type, value: state[key], min: type === "number" ? 0 : null, step: "any", onchange: (event) => change(key)(event.target.value) }));
    if (board.systems.some(({ size }) => size !== null)) extra.push(input("min", "size from (B)", "number"), input("max", "size to (B)", "number"));
    if (board.systems.some(({ date }) => date)) extra.push(input("from", "released from", "date"));
    if (board.languages.length > 1) extra.push(this.#languages());
    const reset = el("button", { type: "button", onclick: () => this.#reset() }, "Reset");
    this.filters.replaceChildren(
      select("score", tasks, state.task, change("task")),
      select("columns", [["tasks", "tasks"], ["languages", "languages"]], state.by, change("by")),
      el("label", { class: "field" }, el("span", {}, "search systems"), search),
      extra.length > 0
        ? el("details", { class: "more", open: extra.length < 4 }, el("summary", {}, "Filters"), el("div", { class: "fields" }, extra, reset))
        : reset);
  }

  #languages() {
    const { board, state } = this.context;
    const boxes = board.languages.map((language) => el("label", { class: "choice" },
      el("input", { type: "checkbox", value: language.code, checked: !state.languages || state.languages.has(language.code), onchange: () => this.#choose(boxes) }),
      " ", shownName(language.name), language.autonym ? [" ", el("bdi", { lang: language.tag, dir: language.direction }, shownName(language.autonym))] : []));
    const all = (checked) => () => {
      for (const box of boxes) if (!box.hidden) box.firstChild.checked = checked;
      this.#choose(boxes);
    };
    const find = (event) => {
      for (const box of boxes) box.hidden = !box.textContent.toLowerCase().includes(event.target.value.toLowerCase());
    };
    return el("details", { class: "languages" }, el("summary", {}, "Languages"),
      el("input", { type: "search", placeholder: "find a language", "aria-label": "Find a language", oninput: find }), " ",
      el("button", { type: "button", onclick: all(true) }, "all"), " ", el("button", { type: "button", onclick: all(false) }, "none"),
      el("div", { class: "choices" }, boxes));
  }

  #choose(boxes) {
    const chosen = new Set(boxes.map((box) => box.firstChild).filter(({ checked }) => checked).map(({ value }) => value));
    this.context.change({ languages: chosen.size === boxes.length ? null : chosen });
  }

  #reset() {
    this.context.change({ q: "", family: "", script: "", tier: "", region: "", provenance: "", open: "", from: "", min: "", max: "", languages: null, task: "", sort: "" });
    this.#fill();
  }

  // Computes what the state asks for, then shows it; data that are not there yet are loaded first.
  async refresh() {
    const { board, state } = this.context;
    const languages = choose.chosenLanguages(board, state);
    const systems = choose.chosenSystems(board, state);
    const columns = choose.averagedColumns(board, state);
    const across = board.columns.filter((column) => column.headline || column.key === state.task);
    const filtered = languages || systems || state.provenance;
    const needed = [...new Set([...columns, ...(state.by === "tasks" && filtered ? across : [])])];
    let open = openColumns(needed);
    if ((filtered || state.by === "languages") && !open) {
      this.sentence.textContent = "Loading…";
      const turn = (this.turn = Symbol("turn"));
      try {
        await loadColumns(needed);
      } catch (error) {
        this.sentence.textContent = error.message;
        return;
      }
      if (turn !== this.turn) return;
      open = openColumns(needed);
    }
    const codes = (facts) => choose.columnLanguages(facts, state, languages);
    const byColumn = new Map(needed.map((facts) => [facts.key, codes(facts)]));
    const opened = new Map((open || []).map((column) => [column.facts.key, column]));
    const name = state.task || "";
    this.found = filtered
      ? standings(columns.map(({ key }) => opened.get(key)), board, byColumn, systems)
      : board.overview[name] || { averages: [], toldApart: 0, neighbours: 0, languages: {} };
    this.columns = columns;
    this.opened = opened;
    const cells = state.by === "languages" ? this.#languageCells(columns, codes) : this.#taskCells(across, opened, byColumn, systems, filtered);
    this.#show(cells);
  }

  #facts() {
    return this.columns.length === 1 ? this.columns[0] : null;
  }

  #show(cells) {
    const { board, state } = this.context;
    const facts = this.#facts();
    const scale = facts ? facts.scale : 100;
    const several = this.columns.length > 1;
    const title = facts ? `${facts.metric === "win_rate" ? "Win rate" : facts.metric} ${arrow(facts.direction)}` : "Average ↑";
    const values = this.found.averages.map(({ value }) => value).filter((value) => value !== null);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const narrow = innerWidth < 600;
    const fixed = [
      { key: "rank", title: "Rank", class: "sticky rank number", width: narrow ? 62 : 76, hint: "rank, with the ranks that the data allow",
        cell: ({ average }) => ({ content: average.rank === null ? "–" : [String(average.rank), el("small", {}, range(average.rankLow, average.rankHigh))], hint: average.note }) },
      { key: "system", title: "System", class: "sticky system", width: narrow ? 128 : 240,
        cell: ({ average, system }) => ({
          content: [el("a", { href: this.context.link({ view: "system", system: average.system }) }, nameOf(this.context.title(average.system))),
            system.verified === null ? null : el("small", {}, system.verified ? "verified" : "self-reported")],
          hint: shownName([average.system, system.organisation, system.licence].filter(Boolean).join(" · ")) }) },
      { key: "average", title, class: "number average", width: narrow ? 92 : 118, hint: facts ? metricTitle(facts) : "mean of the tasks, each on its own range",
        cell: ({ average }) => ({ content: [number(average.value, scale), el("small", {}, ends(average.low, average.high, scale))], hint: average.note || null, class: shade(average.value, least, most, facts) }) },
      { key: "tie", title: "Tie", class: "number", width: 48, hint: "systems of one number cannot be told from the best of them",
        cell: ({ average }) => ({ content: average.tieGroup === null ? "–" : String(average.tieGroup) }) },
      { key: "coverage", title: "Cells", class: "number", width: 76, hint: "languages and tasks that the system has, of all that are chosen",
        cell: ({ average }) => ({ content: `${average.coverage[0]}/${average.coverage[1]}`, class: average.coverage[0] < average.coverage[1] ? "partial" : "" }) },
      ...SYSTEM_FACTS.filter(([key]) => board.systems.some((system) => system[key] !== null && system[key] !== "")).map(([key, label]) => ({
        key, title: key === "price" && board.currency ? `Price (${board.currency})` : label, class: "number", width: 84,
        cell: ({ system }) => ({ content: system[key] === null || system[key] === "" ? "–" : typeof system[key] === "number" ? shortNumber(system[key]) : shownName(system[key]) }),
      })),
    ];
    const rows = this.found.averages
      .map((average) => ({ average, system: this.context.systems.get(average.system) || { name: average.system } }))
      .filter(({ system }) => choose.matches({ title: "", organisation: "", family: "", licence: "", ...system }, state.q));
    const [key, order] = state.sort ? state.sort.split(":") : ["rank", "up"];
    this.#order(rows, key, order, [...fixed, ...cells]);
    const previous = { group: null };
    for (const row of rows) {
      row.class = key === "rank" && previous.group !== null && row.average.tieGroup !== previous.group ? "next-group" : null;
      previous.group = row.average.tieGroup;
    }
    this.table.show({ fixed, cells, rows, sorted: [key, order], caption: facts ? columnTitle(facts) : `${board.title}: average of ${this.columns.length} tasks` });
    this.rows = rows;
    this.shownColumns = [...fixed, ...cells];
    this.cells = cells;
    this.#say(several);
  }

  #say(several) {
    const { board } = this.context;
    const { toldApart, neighbours, languages } = this.found;
    const many = new Set(Object.values(languages).flat()).size;
    this.sentence.textContent = neighbours > 0
      ? `${toldApart} of ${neighbours} neighbouring systems can be told apart (${100 * board.confidence}% confidence for all of them together; ${many} ${many === 1 ? "language" : "languages"}).`
      : this.found.averages.length ? "There are no two ranked systems to tell apart." : "No system has a score for this choice.";
    const left = several ? board.columns.filter((column) => column.headline && !column.averageable) : [];
    const baselines = new Set(this.columns.map(({ baseline }) => baseline).filter(Boolean));
    const without = this.found.averages.filter(({ rank }) => rank === null).map(({ system }) => system);
    const opponents = without.filter((system) => baselines.has(system)).map((system) => shownName(this.context.title(system)));
    const unranked = without.length - opponents.length;
    this.note.textContent = [
      board.method === "exact" ? "Method: exact, from the scores of items." : "Method: approximate, from means and standard errors of cells.",
      unranked ? `${unranked} ${unranked === 1 ? "system has" : "systems have"} fewer than ${100 * board.coverage}% of the chosen languages and ${unranked === 1 ? "is" : "are"} not ranked.` : "",
      opponents.length ? `${opponents.join(" and ")}: the baseline, which has no win rate against itself.` : "",
      left.length ? `Not in the average, without a common scale: ${left.map(columnTitle).join("; ")}.` : "",
    ].filter(Boolean).join(" ");
  }

  #order(rows, key, order, columns) {
    const sign = order === "up" ? 1 : -1;
    const column = columns.find((each) => each.key === key);
    const of = {
      rank: ({ average }) => average.rank, tie: ({ average }) => average.tieGroup, average: ({ average }) => average.value,
      coverage: ({ average }) => average.coverage[0], system: ({ average }) => this.context.title(average.system),
    }[key] || (column && column.value) || (({ system }) => system[key]);
    const keyed = rows.map((row) => [of(row), row]);
    const missing = (value) => value === null || value === undefined || value === "";
    keyed.sort(([a, one], [b, other]) => {
      if (missing(a) || missing(b)) return (missing(a) ? 1 : 0) - (missing(b) ? 1 : 0);
      const apart = typeof a === "number" ? a - b : compareText(String(a).toLowerCase(), String(b).toLowerCase());
      return sign * apart || compareText(one.average.system, other.average.system);
    });
    keyed.forEach(([, row], i) => (rows[i] = row));
  }

  #sort(column) {
    const [key, order] = this.context.state.sort ? this.context.state.sort.split(":") : ["rank", "up"];
    const up = ["rank", "system", "tie"].includes(column.key) || column.up ? "up" : "down";
    const next = column.key === key ? (order === "up" ? "down" : "up") : up;
    const sort = `${column.key}:${next}`;
    this.context.change({ sort: sort === "rank:up" ? "" : sort });
    this.table.element.scrollTop = 0;
  }

  #taskCells(across, opened, byColumn, systems, filtered) {
    const { board } = this.context;
    if (across.length < 2) return [];
    return across.map((facts) => {
      // Computed when the column comes into view, is sorted by or is downloaded: of 30 columns, 12 are in view.
      let known = null;
      const column = () => {
        if (!known) {
          const found = filtered ? standings([opened.get(facts.key)], board, byColumn, systems, false) : board.overview[facts.key];
          const values = found.averages.map(({ value }) => value).filter((value) => value !== null);
          known = { averages: new Map(found.averages.map((average) => [average.system, average])), least: Math.min(...values), most: Math.max(...values) };
        }
        return known;
      };
      return {
        key: `task ${facts.key}`, title: `${facts.title} ${arrow(facts.direction)}`, hint: columnTitle(facts), class: "number", up: facts.direction === "lower",
        value: ({ average }) => column().averages.get(average.system)?.value ?? null,
        cell: (row) => {
          const { averages, least, most } = column();
          const own = averages.get(row.average.system);
          if (!own || own.value === null) return { content: "–", hint: own ? own.note : "no value" };
          return { content: [number(own.value, facts.scale), el("small", {}, ends(own.low, own.high, facts.scale))], class: shade(own.value, least, most, facts) };
        },
      };
    });
  }

  #languageCells(columns, codes) {
    const { board } = this.context;
    const open = columns.map(({ key }) => this.opened.get(key));
    const facts = columns.length === 1 ? columns[0] : null;
    const all = board.languages.filter(({ code }) => columns.some((column) => column.languages.includes(code) && (!codes(column) || codes(column).has(code))));
    return all.map((language) => {
      const summary = ({ average }) => this.#cell(facts, open, average.system, language.code);
      return {
        key: `language ${language.code}`, title: language.name, class: "number", hint: [language.name, language.autonym, language.code].filter(Boolean).join(" · "),
        value: (row) => summary(row)?.value ?? null,
        cell: (row) => {
          const own = summary(row);
          if (!own) return { content: "–", hint: "not measured" };
          const scale = facts ? facts.scale : 100;
          const claimed = this.context.claims(row.average.system, language.code) !== false;
          const shaded = facts && facts.averageable ? shade(own.value, facts.low, facts.high, facts) : "";
          return { content: [number(own.value, scale), el("small", {}, ends(own.low, own.high, scale))],
            hint: [own.note || `n = ${own.n}`, claimed ? "" : "not a language that its makers claim"].filter(Boolean).join("; "), class: claimed ? shaded : `${shaded || ""} partial` };
        },
      };
    });
  }

  #cell(facts, open, system, code) {
    const key = `${facts ? facts.key : ""} ${code} ${system}`;
    if (!this.cache.has(key)) {
      const found = facts ? cellSummary(open[0], system, code, this.context.board.confidence)
        : standings(open, { ...this.context.board, coverage: 1 }, new Set([code]), new Set([system]), false).averages[0] || null;
      this.cache.set(key, found && found.value !== null ? found : null);
    }
    return this.cache.get(key);
  }

  #data() {
    const facts = this.#facts();
    const shown = this.cells.map((column) => [column.title, column.value]);
    return this.rows.map((row) => ({
      rank: row.average.rank, rank_low: row.average.rankLow, rank_high: row.average.rankHigh, tie_group: row.average.tieGroup, system: row.average.system,
      title: this.context.title(row.average.system), value: row.average.value, standard_error: row.average.error, low: row.average.low, high: row.average.high, n: row.average.n,
      covered: row.average.coverage[0], of: row.average.coverage[1], signature: facts ? facts.signature : "", cells: shown.map(([title, value]) => [title, value(row)]),
    }));
  }

  #csv() {
    const rows = this.#data();
    const names = rows.length ? Object.keys(rows[0]).filter((key) => key !== "cells") : [];
    const header = [...names, ...this.cells.map(({ title }) => title)];
    save("board.csv", "text/csv", csv(header, rows.map((row) => [...names.map((key) => row[key]), ...row.cells.map(([, value]) => value)])));
  }

  #json() {
    const { board } = this.context;
    save("board.json", "application/json", JSON.stringify({
      board: board.title, method: board.method, confidence: board.confidence, state: this.context.link({}), told_apart: this.found.toldApart, neighbours: this.found.neighbours,
      languages: this.found.languages, rows: this.#data(),
    }, null, 1));
  }
}

function shade(value, least, most, facts) {
  const place = step(value, least, most);
  if (place === null) return null;
  return `shade${facts && facts.direction === "lower" ? 8 - place : place}`;
}

function shortNumber(value) {
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}
