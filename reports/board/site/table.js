// A real table of which only the rows and columns in view are in the document.

import { el } from "./dom.js";

const ROW = 36;
const CELL = 84;
const SPARE = 4;

// fixed: columns at the left that are always there, [{ key, title, sort, width, cell(row) }]
// cells: the others, [{ key, title, hint, sort, cell(row, column) }]
export class WindowedTable {
  constructor(caption, onsort) {
    this.onsort = onsort;
    this.columns = el("colgroup");
    this.head = el("thead");
    this.body = el("tbody");
    this.caption = el("caption", {}, caption);
    this.table = el("table", { class: "board" }, this.caption, this.columns, this.head, this.body);
    this.element = el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption, onscroll: () => this.#measured() }, this.table);
    this.whole = false;
    this.shown = "";
    this.#measure();
    addEventListener("resize", () => this.#measured());
    addEventListener("beforeprint", () => this.#all(true));
    addEventListener("afterprint", () => this.#all(false));
  }

  show({ fixed, cells, rows, sorted, caption }) {
    Object.assign(this, { fixed, cells, rows, sorted });
    this.caption.textContent = caption;
    this.shown = "";
    this.render();
  }

  #later() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.render();
    });
  }

  #all(whole) {
    this.whole = whole;
    this.shown = "";
    if (this.rows) this.render();
  }

  // Read in the events that change them: read while a filter is applied, they would make the browser lay the page out twice.
  #measure() {
    const { clientWidth, clientHeight, scrollLeft, scrollTop } = this.element;
    this.place = { scrollLeft, scrollTop, width: Math.max(clientWidth, innerWidth), height: Math.max(clientHeight, 0.75 * innerHeight) };
  }

  #measured() {
    this.#measure();
    this.#later();
  }

  #view() {
    const { scrollLeft, scrollTop, width, height } = this.place;
    if (this.whole) return [0, this.rows.length, 0, this.cells.length];
    const top = Math.max(0, Math.floor(scrollTop / ROW) - SPARE);
    const bottom = Math.min(this.rows.length, Math.ceil((scrollTop + height) / ROW) + SPARE);
    const left = Math.max(0, Math.floor(scrollLeft / CELL) - SPARE);
    const right = Math.min(this.cells.length, Math.ceil((scrollLeft + width) / CELL) + SPARE);
    return [top, bottom, left, right];
  }

  render() {
    if (!this.rows) return;
    const view = this.#view();
    if (this.shown === view.join()) return;
    this.shown = view.join();
    const [top, bottom, left, right] = view;
    const visible = this.cells.slice(left, right);
    const before = left * CELL;
    const after = (this.cells.length - right) * CELL;
    const widths = [...this.fixed.map(({ width }) => width), ...(before ? [before] : []), ...visible.map(() => CELL), ...(after ? [after] : [])];
    this.columns.replaceChildren(...widths.map((width) => el("col", { width: `${width}px` })));
    this.table.style.width = `${widths.reduce((sum, width) => sum + width, 0)}px`;
    this.table.setAttribute("aria-rowcount", this.rows.length + 1);
    this.table.setAttribute("aria-colcount", this.fixed.length + this.cells.length);
    const gap = (width) => (width ? [el("td", { class: "gap", "aria-hidden": "true" })] : []);
    const first = this.fixed.length + left + 1;
    this.head.replaceChildren(el("tr", { "aria-rowindex": 1 },
      this.fixed.map((column, i) => this.#header(column, i + 1, column.key === "system" || column.key === "rank")),
      gap(before), visible.map((column, i) => this.#header(column, first + i)), gap(after)));
    const height = (rows) => {
      if (!rows) return [];
      const cell = el("td", { class: "gap", colspan: widths.length });
      cell.style.height = `${rows * ROW}px`;
      return [el("tr", { "aria-hidden": "true" }, cell)];
    };
    const body = this.rows.slice(top, bottom).map((row, i) => el("tr", { "aria-rowindex": top + i + 2, class: row.class },
      this.fixed.map((column, k) => this.#cell(column, row, k + 1)),
      gap(before), visible.map((column, k) => this.#cell(column, row, first + k)), gap(after)));
    this.body.replaceChildren(...height(top), ...body, ...height(this.rows.length - bottom));
  }

  #header(column, index) {
    const [key, order] = this.sorted;
    const isSorted = key === column.key;
    const mark = isSorted ? el("span", { "aria-hidden": "true" }, order === "up" ? " ▲" : " ▼") : null;
    return el("th", {
      scope: "col", "aria-colindex": index, abbr: column.title, title: column.hint || column.title,
      "aria-sort": isSorted ? (order === "up" ? "ascending" : "descending") : null,
      class: `${column.class || ""} head`,
    }, el("button", { type: "button", onclick: () => this.onsort(column), lang: column.tag }, column.title, mark));
  }

  #cell(column, row, index) {
    const { content, hint, class: kind } = column.cell(row);
    return el(column.key === "system" ? "th" : "td", {
      scope: column.key === "system" ? "row" : null, "aria-colindex": index, title: hint, class: `${column.class || ""} ${kind || ""}`.trim() || null,
    }, content);
  }
}
