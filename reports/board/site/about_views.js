// History, methods, and values that others published.

import { simpleTable } from "./detail_views.js";
import { el, nameOf, safeLink, select, shownName } from "./dom.js";
import { columnTitle, ends, number } from "./format.js";

export function historyView(context) {
  const { history } = context.board;
  const page = el("div", { class: "view" }, el("h2", {}, "History"));
  if (!history.length) page.append(el("p", {}, "This is the first build of this board."));
  const builds = [...history, { date: "now", changed: [], overall: context.board.now }];
  builds.slice(1).forEach((build, i) => {
    const before = builds[i];
    const names = Object.keys(build.overall);
    const added = names.filter((name) => !Object.hasOwn(before.overall, name));
    const moved = names.filter((name) => Object.hasOwn(before.overall, name)).map((name) => [name, before.overall[name], build.overall[name]])
      .filter(([, old, now]) => Math.abs(old[0] - now[0]) > 1e-9);
    page.append(el("h3", {}, `${before.date} → ${build.date}`), el("ul", {}, (before.changed || []).map((text) => el("li", {}, shownName(text)))),
      added.length ? el("p", {}, "New: ", added.map((name, k) => [k ? ", " : "", nameOf(context.title(name))])) : null,
      moved.length ? simpleTable("Scores that changed", ["system", "before", "after", "is it noise?"], moved.map(([name, old, now]) => [nameOf(context.title(name)), shown(old), shown(now), noise(old, now)]))
        : el("p", {}, "No score of a system that was there before has changed."));
  });
  return page;
}

function shown([value, low, high]) {
  return `${number(value, 100)} (${ends(low, high, 100)})`;
}

function noise([a, lowA, highA], [b, lowB, highB]) {
  if (lowA === null || lowB === null) return "no interval";
  const half = Math.hypot(b > a ? highA - a : a - lowA, b > a ? b - lowB : highB - b);
  return Math.abs(b - a) > half ? "more than noise" : "within noise";
}

export function methodsView(context) {
  const { board } = context;
  const exact = board.method === "exact";
  const page = el("div", { class: "view prose" }, el("h2", {}, "Methods"),
    el("p", {}, exact ? "Exact: the page has the score of every item and computes averages, intervals and ranks again for each choice of languages and systems."
      : "Approximate: the page has the mean and the standard error of each cell (system, task, language) and, for each system and task, a correlation between languages, effective sample sizes, and how much its errors follow the difficulty of the items, by which systems are compared paired."),
    el("p", {}, "Average: the mean over tasks of the mean over languages. Several tasks are put on their ranges first, turned so that more is better. ",
      `A system is ranked if it has at least ${100 * board.coverage}% of the chosen languages; all ranked systems are averaged over the languages that all of them have. Nothing is imputed.`),
    el("p", {}, `Intervals (${100 * board.confidence}%): translations of one source item are one cluster. Shares have Wilson's score interval with an effective sample size. Other values have a t interval from the clustered standard error in place of a bootstrap interval.`),
    el("p", {}, "Ranks: a system's rank lies between the number of systems that are surely better and what is left without the surely worse ones, by Holm's procedure on paired differences. Neighbours are told apart by Holm's procedure over all pairs of neighbours."),
    board.notes.length ? el("ul", {}, board.notes.map((note) => el("li", {}, shownName(note)))) : null,
    el("h3", {}, "Measurements"));
  for (const column of board.columns) {
    page.append(el("section", { class: "measurement" }, el("h4", {}, shownName(columnTitle(column))), el("p", {}, el("code", {}, column.signature)),
      el("p", {}, `${column.systems.length} systems, ${column.languages.length} languages. Data: ${column.dataset || "unknown"}, licence ${column.licence || "unknown"}. ${column.texts ? "Texts of items are published." : `Texts of items are not published: ${column.textsReason}.`}`,
        column.difference ? ` Differs from another column: ${column.difference}.` : "")));
  }
  return page;
}

export function publishedView(context) {
  const { board, state } = context;
  const benchmarks = [...new Set(board.published.map(({ benchmark, metric }) => `${benchmark} · ${metric}`))].sort();
  const chosen = benchmarks.includes(state.task) ? state.task : benchmarks[0];
  const rows = board.published.filter(({ benchmark, metric }) => `${benchmark} · ${metric}` === chosen).sort((a, b) => (a.language < b.language ? -1 : a.language > b.language ? 1 : b.value - a.value));
  return el("div", { class: "view" }, el("h2", {}, "Published values"),
    el("p", {}, "Provenance: published. These numbers were printed by others. They have no interval and no rank, and they are in no average of this board."),
    select("benchmark", benchmarks.map((name) => [name, name]), chosen, (task) => context.change({ task })),
    simpleTable(shownName(chosen || ""), ["system", "language", "value", "source", "note"], rows.map((row) => {
      const link = safeLink(row.source);
      return [nameOf(row.system), shownName(row.language), String(Number(row.value.toPrecision(6))), link ? el("a", { href: link, rel: "noopener nofollow" }, shownName(link)) : shownName(row.source), shownName(row.note)];
    })));
}
