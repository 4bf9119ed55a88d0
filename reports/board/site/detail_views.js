// One system, one language, up to four systems side by side.

import { dotPlot } from "./charts.js";
import { el, nameOf, safeLink, select, shownName, shownText } from "./dom.js";
import { columnTitle, ends, number, range } from "./format.js";
import { cellSummary, pairedDifference, standings } from "./standings.js";
import { loadColumns, loadItems } from "./store.js";

const MOST_COMPARED = 4;
const MOST_ITEMS = 50;
const MOST_NAMED = 12;

function simpleTable(caption, header, rows) {
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption }, el("table", { class: "plain" }, el("caption", {}, caption),
    el("thead", {}, el("tr", {}, header.map((title) => el("th", { scope: "col" }, title)))),
    el("tbody", {}, rows.map(([first, ...others]) => el("tr", {}, el("th", { scope: "row" }, first), others.map((cell) => el("td", {}, cell)))))));
}

function columnChoice(context, systems) {
  const { board, state } = context;
  const own = board.columns.filter((column) => !systems || systems.some((name) => column.systems.includes(name)));
  const facts = own.find(({ key }) => key === state.task) || own.find(({ headline }) => headline) || own[0];
  const box = select("score", own.map((column) => [column.key, columnTitle(column)]), facts ? facts.key : "", (task) => context.change({ task }));
  return { facts, box };
}

function difference(column, one, other, codes, confidence, scale) {
  if (column.method !== "exact") return null;
  const found = pairedDifference(column, one, other, codes, confidence);
  if (!found) return null;
  const { direction } = column.facts;
  const sign = direction === "lower" ? -1 : 1;
  const sure = found.low === null || direction === "zero" ? "" : found.low * sign > 0 && found.high * sign > 0 ? "better" : found.low * sign < 0 && found.high * sign < 0 ? "worse" : "inconclusive";
  return { ...found, sure, text: `${number(found.value, scale)} (${ends(found.low, found.high, scale) || found.note})` };
}

export async function systemView(context) {
  const { board, state } = context;
  const system = context.systems.get(state.system) || board.systems[0];
  if (!system) return el("p", {}, "The board has no systems.");
  const { facts, box } = columnChoice(context, [system.name]);
  const link = safeLink(system.link);
  const known = [["Name", nameOf(system.name)], ["Organisation", shownName(system.organisation)], ["Size", system.size === null ? "" : `${system.size} B`], ["Licence", shownName(system.licence)],
    ["Weights", system.open === null ? "" : system.open ? "open" : "closed"], ["Released", shownName(system.date)], ["Reasoning effort", shownName(system.effort)],
    ["Tokens per answer", system.tokens === null ? "" : system.tokens.toFixed(0)], ["Seconds per answer", system.seconds === null ? "" : system.seconds.toFixed(2)],
    ["Price per answer", system.price === null ? "" : `${system.price.toPrecision(3)} ${shownName(board.currency)}`], ["Runs", shownName(system.runs.join(", "))],
    ["Languages claimed", system.languages.length ? `${system.languages.length}: ${system.languages.slice(0, MOST_NAMED).map((code) => context.languageTitle(code)).join(", ")}${system.languages.length > MOST_NAMED ? " and more" : ""}` : ""],
    ["Checked", system.verified === null ? "" : system.verified ? "verified" : "self-reported"], ["Page", link ? el("a", { href: link, rel: "noopener nofollow" }, shownName(link)) : ""]];
  const page = el("div", { class: "view" },
    select("system", board.systems.map(({ name }) => [name, context.title(name)]), system.name, (name) => context.change({ system: name })), " ", box,
    el("h2", {}, nameOf(context.title(system.name))),
    el("dl", { class: "facts" }, known.filter(([, value]) => value).flatMap(([label, value]) => [el("dt", {}, label), el("dd", {}, value)])));
  if (!facts) return page;
  const [column] = await loadColumns([facts]);
  const rows = facts.languages.filter((code) => column.has(system.name, code))
    .map((code) => ({ code, label: `${context.languageTitle(code)}${context.claims(system.name, code) === false ? " (not claimed)" : ""}`, ...cellSummary(column, system.name, code, board.confidence) }))
    .sort((a, b) => (facts.direction === "lower" ? a.value - b.value : b.value - a.value));
  if (rows.length) {
    page.append(el("h3", {}, "By language"), dotPlot(`${columnTitle(facts)} of ${system.name} by language`, rows, facts.scale),
      el("details", {}, el("summary", {}, "The same as a table"), simpleTable("Scores by language", ["language", "score", `${100 * board.confidence}% interval`, "items"],
        rows.map(({ label, value, low, high, n, code }) => [el("a", { href: context.link({ view: "language", language: code }) }, label), number(value, facts.scale), ends(low, high, facts.scale), String(n)]))));
  }
  page.append(await headToHead(context, facts, column, system));
  const stages = board.systems.filter(({ family }) => family && family === system.family).sort((a, b) => (a.stage < b.stage ? -1 : 1));
  if (stages.length > 1) page.append(stageHistory(context, facts, column, stages));
  if (facts.items.length) page.append(itemsOf(context, facts, system));
  return page;
}

async function headToHead(context, facts, column, system) {
  const { board, state } = context;
  const others = column.systems.filter((name) => name !== system.name);
  const pinned = others.includes(state.pin) ? state.pin : "";
  const part = el("section", {}, el("h3", {}, "Head to head"),
    select("against", [["", "choose a system"], ...others.map((name) => [name, context.title(name)])], pinned, (pin) => context.change({ pin })));
  if (!pinned) return part;
  const found = difference(column, system.name, pinned, facts.languages, board.confidence, facts.scale);
  if (!found) {
    part.append(el("p", {}, "This board ships no scores of items, so that systems cannot be paired item by item."));
    return part;
  }
  part.append(el("p", {}, `Difference over ${found.languages} common ${found.languages === 1 ? "language" : "languages"}: ${found.text}. ${found.sure ? `${shownName(context.title(system.name))} is ${found.sure === "inconclusive" ? "not told apart from" : `${found.sure} than`} ${shownName(context.title(pinned))}.` : ""}`),
    el("details", {}, el("summary", {}, "By language"), simpleTable("Paired differences by language", ["language", "difference", "outcome"],
      facts.languages.map((code) => [code, difference(column, system.name, pinned, [code], board.confidence, facts.scale)]).filter(([, own]) => own)
        .map(([code, own]) => [context.languageTitle(code), own.text, own.sure]))));
  return part;
}

function stageHistory(context, facts, column, stages) {
  const { board } = context;
  const found = standings([column], board, null, new Set(stages.map(({ name }) => name)), false);
  const averages = new Map(found.averages.map((average) => [average.system, average]));
  return el("section", {}, el("h3", {}, "Stages"), simpleTable("Stages of this family of systems", ["system", "stage", "score", "interval", "against the stage before"], stages.map((system, i) => {
    const own = averages.get(system.name);
    const before = i > 0 ? difference(column, system.name, stages[i - 1].name, facts.languages, board.confidence, facts.scale) : null;
    return [nameOf(context.title(system.name)), shownName(system.stage), own ? number(own.value, facts.scale) : "–", own ? ends(own.low, own.high, facts.scale) : "", before ? `${before.text}: ${before.sure}` : ""];
  })));
}

function itemsOf(context, facts, system) {
  const place = el("div", {});
  const show = async (code) => {
    place.replaceChildren(el("p", {}, "Loading…"));
    const name = `${facts.key}/${system.slug}.${code}`;
    try {
      const rows = (await loadItems(`items/${name}.js`, name)) || [];
      place.replaceChildren(el("p", { class: "note" }, facts.texts ? `${Math.min(rows.length, MOST_ITEMS)} of ${rows.length} items` : `Texts are not published: ${facts.textsReason}.`),
        ...rows.slice(0, MOST_ITEMS).map((row) => el("article", { class: "item" }, el("h4", {}, `${shownName(row.id)}: ${number(row.value, facts.scale)}`),
          row.prompt ? el("pre", { dir: "auto", lang: context.languages.get(code)?.tag }, shownText(row.prompt)) : null,
          row.text ? el("pre", { dir: "auto", class: "answer" }, shownText(row.text)) : null)));
    } catch (error) {
      place.replaceChildren(el("p", {}, error.message));
    }
  };
  const own = facts.languages.filter((code) => facts.items.includes(code));
  return el("section", {}, el("h3", {}, "Items"), select("language", [["", "choose a language"], ...own.map((code) => [code, context.languageTitle(code)])], "", (code) => code && show(code)), place);
}

export async function languageView(context) {
  const { board, state } = context;
  const language = context.languages.get(state.language) || board.languages[0];
  if (!language) return el("p", {}, "The board has no languages.");
  const own = board.columns.filter((column) => column.languages.includes(language.code));
  const facts = own.find(({ key }) => key === state.task) || own.find(({ headline }) => headline) || own[0];
  const page = el("div", { class: "view" },
    select("language", board.languages.map(({ code, name }) => [code, name]), language.code, (code) => context.change({ language: code })), " ",
    select("score", own.map((column) => [column.key, columnTitle(column)]), facts.key, (task) => context.change({ task })),
    el("h2", {}, shownName(language.name), " ", language.autonym ? el("bdi", { lang: language.tag, dir: language.direction }, shownName(language.autonym)) : ""),
    el("p", {}, [language.code, language.family, language.script, language.tier && `${language.tier}-resource`, ...language.regions].filter(Boolean).join(" · ")));
  const [column] = await loadColumns([facts]);
  const found = standings([column], board, new Set([language.code]));
  const ranked = found.averages.filter(({ rank }) => rank !== null);
  const best = ranked.filter(({ tieGroup }) => tieGroup === 1);
  page.append(el("p", { class: "sentence" }, whoIsBest(context, facts, ranked, best), firstTwo(context, facts, column, ranked, language.code),
    found.neighbours > 0 ? ` ${found.toldApart} of ${found.neighbours} neighbouring systems can be told apart.` : "",
    ` Items: ${facts.provenance[language.code] || "unknown provenance"}.`),
  dotPlot(`${columnTitle(facts)} in ${language.name}`, ranked.map((average) => ({ label: context.title(average.system), ...average })), facts.scale),
  simpleTable(`${columnTitle(facts)} in ${language.name}`, ["system", "rank", "ranks that the data allow", "score", "interval", "tie"], ranked.map((average) => [
    el("a", { href: context.link({ view: "system", system: average.system }) }, nameOf(context.title(average.system))), String(average.rank), range(average.rankLow, average.rankHigh),
    number(average.value, facts.scale), ends(average.low, average.high, facts.scale), String(average.tieGroup)])));
  return page;
}

// Who is best in a language, and whether the data can tell.
function whoIsBest(context, facts, ranked, best) {
  const name = (average) => shownName(context.title(average.system));
  const [first] = ranked;
  if (!first) return "No system has a score.";
  if (ranked.length === 1) return `${name(first)} is the only system with a score.`;
  if (best.length === 1) return `${name(first)} is best, and the data can tell.`;
  return `The data cannot tell who is best: ${name(first)} has ${number(first.value, facts.scale)}, and ${best.length - 1} of ${ranked.length - 1} other systems cannot be told from it.`;
}

function firstTwo(context, facts, column, ranked, code) {
  if (ranked.length < 2) return "";
  const found = difference(column, ranked[0].system, ranked[1].system, [code], context.board.confidence, facts.scale);
  return found ? ` Next is ${shownName(context.title(ranked[1].system))}; on the same items, the difference is ${found.text}.` : "";
}

export async function compareView(context) {
  const { board, state } = context;
  const chosen = state.compare.filter((name) => context.systems.has(name));
  const { facts, box } = columnChoice(context, chosen.length ? chosen : null);
  const set = (i) => (name) => {
    const next = [...chosen];
    if (name) next[i] = name;
    else next.splice(i, 1);
    context.change({ compare: [...new Set(next)].slice(0, MOST_COMPARED) });
  };
  const slots = Math.min(MOST_COMPARED, chosen.length + 1);
  const page = el("div", { class: "view" }, box, Array.from({ length: slots }, (_, i) => select(`system ${i + 1}`, [["", "–"], ...board.systems.map(({ name }) => [name, context.title(name)])], chosen[i] || "", set(i))));
  if (!chosen.length || !facts) {
    page.append(el("p", {}, "Choose up to four systems."));
    return page;
  }
  const [column] = await loadColumns([facts]);
  const [first, ...others] = chosen;
  if (others.length && column.method === "exact") {
    page.append(el("ul", {}, others.filter((name) => column.systems.includes(name) && column.systems.includes(first)).map((name) => {
      const own = difference(column, first, name, facts.languages, board.confidence, facts.scale);
      return el("li", {}, nameOf(context.title(first)), " − ", nameOf(context.title(name)), own ? `: ${own.text}, ${own.sure || "difference"}` : ": no common language");
    })));
  }
  const rows = facts.languages.filter((code) => chosen.some((name) => column.has(name, code))).map((code) => [context.languageTitle(code), ...chosen.map((name) => {
    const own = cellSummary(column, name, code, board.confidence);
    return own ? [number(own.value, facts.scale), " ", el("small", {}, ends(own.low, own.high, facts.scale))] : "–";
  })]);
  page.append(simpleTable(columnTitle(facts), ["language", ...chosen.map((name) => nameOf(context.title(name)))], rows));
  return page;
}

export { simpleTable };
