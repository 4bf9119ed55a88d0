// Starts the page once the board's data are there.

import { historyView, methodsView, publishedView } from "./about_views.js";
import { BoardView } from "./board_view.js";
import { Context } from "./context.js";
import { compareView, languageView, systemView } from "./detail_views.js";
import { el } from "./dom.js";
import { readState } from "./state.js";
import { receive, registry } from "./store.js";

const VIEWS = [["board", "Table"], ["system", "Systems"], ["language", "Languages"], ["compare", "Compare"], ["history", "History"], ["published", "Published"], ["methods", "Methods"]];
const DETAILS = { system: systemView, language: languageView, compare: compareView, history: historyView, methods: methodsView, published: publishedView };

export function openBoard(board) {
  const main = document.querySelector("main");
  const nav = document.querySelector("nav");
  let table = null;
  let turn = 0;
  const codes = board.languages.map(({ code }) => code);
  // A board of published values alone has no table of its own.
  const shown = VIEWS.filter(([key]) => (key === "published" ? board.published.length : board.columns.length || !board.published.length || key === "methods"))
    .sort(([one], [other]) => (board.columns.length ? 0 : (other === "published") - (one === "published")));
  const context = new Context(board, readState(location.search, location.hash, codes), refresh);

  async function refresh() {
    const { state } = context;
    turn += 1;
    const own = turn;
    if (!board.columns.length && board.published.length && state.view === "board") state.view = "published";
    document.documentElement.dataset.theme = state.theme;
    document.documentElement.classList.toggle("embed", state.embed);
    const dark = state.theme ? state.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    nav.replaceChildren(...shown.map(([key, title]) => el("a", { href: context.link({ view: key }), "aria-current": key === state.view ? "page" : null }, title)),
      el("button", { type: "button", onclick: () => context.change({ theme: dark ? "light" : "dark" }) }, dark ? "Light" : "Dark"));
    const detail = Object.hasOwn(DETAILS, state.view) ? DETAILS[state.view] : null;
    if (!detail) {
      if (!table) table = new BoardView(context);
      if (main.firstChild !== table.element) main.replaceChildren(table.element);
      await table.refresh();
    } else {
      let content;
      try {
        content = await detail(context);
      } catch (error) {
        content = el("p", { role: "alert" }, error.message);
      }
      if (own === turn) main.replaceChildren(content);
    }
    document.documentElement.dataset.ready = String(own);
  }

  document.title = board.title;
  document.querySelector("h1").textContent = board.title;
  document.querySelector("header p").textContent = board.description;
  addEventListener("hashchange", () => {
    Object.assign(context.state, readState(location.search, location.hash, codes));
    table = null;
    refresh();
  });
  refresh();
}

globalThis.polyarenaBoard = receive;
registry.ready = () => openBoard(registry.board);
