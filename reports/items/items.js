"use strict";
(function () {
  const PAGE = 50;
  const CONTROLS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g;
  const MOST_CONTROLS = 500;
  const data = JSON.parse(document.getElementById("data").textContent);
  const { names, languages, rows } = data.index;
  const chunks = new Map(data.chunks.map((chunk, i) => [i, chunk]));
  const waiting = new Map();
  const by = (id) => document.getElementById(id);
  const filters = ["task", "language", "pair", "outcome", "flag", "search"];
  let shown = [];
  let page = 0;
  let current = -1;

  window.polyarenaItems = (number, chunk) => {
    chunks.set(number, chunk);
    (waiting.get(number) || []).forEach((done) => done());
    waiting.delete(number);
  };

  function load(number, done) {
    if (chunks.has(number)) return done();
    if (waiting.has(number)) return waiting.get(number).push(done);
    waiting.set(number, [done]);
    const script = document.createElement("script");
    script.src = "items/data-" + String(number).padStart(4, "0") + ".js";
    script.onerror = () => {
      waiting.delete(number);
      by("item").replaceChildren(make("p", "The file " + script.src + " is missing: keep the folder items/ beside this page."));
    };
    document.head.append(script);
  }

  function make(tag, text, attributes) {
    const element = document.createElement(tag);
    if (text !== undefined && text !== "") element.textContent = text;
    for (const [name, value] of Object.entries(attributes || {})) element.setAttribute(name, value);
    return element;
  }

  function block(text, language, label) {
    const box = make("div", "", { class: "text", dir: "auto", tabindex: "0", role: "region", "aria-label": label });
    if (language) box.setAttribute("lang", language);
    let from = 0;
    let count = 0;
    for (const match of text.matchAll(CONTROLS)) {
      if (++count > MOST_CONTROLS) break;
      box.append(text.slice(from, match.index));
      const code = "U+" + match[0].codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
      box.append(make("code", code, { title: "a control character, shown by its number" }));
      from = match.index + match[0].length;
    }
    box.append(text.slice(from).replace(CONTROLS, "\ufffd"));
    if (!text) box.append(make("em", "empty"));
    return box;
  }

  const pairOf = (row) => names[row[3]] + (row[4] < 0 ? "" : " against " + names[row[4]]);
  const keyOf = (row) => [names[row[0]], names[row[1]], row[2], names[row[3]], row[4] < 0 ? "" : names[row[4]]].map(encodeURIComponent).join("/");
  const pairs = new Set(rows.map(pairOf)).size;
  const tasks = new Set(rows.map((row) => row[0])).size;
  const found = new Map(rows.map((row, i) => [keyOf(row), i]));

  function choices(id, values, label) {
    const select = by(id);
    select.append(make("option", "all", { value: "" }));
    for (const value of values) select.append(make("option", label(value), { value }));
    select.closest("label").hidden = values.length < 2;
  }

  function distinct(read) {
    return [...new Set(rows.map(read))];
  }

  function permalink() {
    const state = new URLSearchParams();
    for (const id of filters) if (by(id).value && by(id).value !== "0") state.set(id, by(id).value);
    if (current >= 0) state.set("item", keyOf(rows[current]));
    return "#" + state.toString();
  }

  function filter() {
    const [task, language, pair, outcome, flag, search] = filters.map((id) => by(id).value);
    const bits = Number(flag);
    const wanted = search.trim().toLowerCase();
    shown = [];
    rows.forEach((row, i) => {
      if (task && names[row[0]] !== task) return;
      if (language && names[row[1]] !== language) return;
      if (pair && pairOf(row) !== pair) return;
      if (outcome && names[row[5]] !== outcome) return;
      if (bits && !(row[6] & bits)) return;
      if (wanted && !row[2].toLowerCase().includes(wanted)) return;
      shown.push(i);
    });
  }

  function list() {
    const last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
    page = Math.min(Math.max(page, 0), last);
    by("count").textContent = shown.length.toLocaleString("en") + " of " + rows.length.toLocaleString("en") + " items, page " + (page + 1) + " of " + (last + 1);
    const entries = shown.slice(page * PAGE, (page + 1) * PAGE).map((i) => {
      const row = rows[i];
      const entry = make("li");
      const link = make("a", "", { href: "#item=" + encodeURIComponent(keyOf(row)) });
      link.append(make("bdi", row[2]));
      const outcome = names[row[5]];
      const said = [pairs > 1 ? pairOf(row) : "", languages[names[row[1]]][0], tasks > 1 ? names[row[0]] : "", outcome, row[6] & 2 ? "orders disagree" : "", row[6] & 4 ? "judges disagree" : "", row[6] & 1 ? "cut off" : ""];
      link.append(make("small", said.filter(Boolean).join(" · ")));
      if (i === current) link.setAttribute("aria-current", "true");
      link.addEventListener("click", (event) => {
        event.preventDefault();
        show(i, true);
      });
      entry.append(link);
      return entry;
    });
    by("list").replaceChildren(...entries);
    by("previous-page").disabled = page === 0;
    by("next-page").disabled = page >= last;
  }

  function show(i, focus) {
    current = i;
    history.replaceState(null, "", permalink());
    list();
    if (i < 0) {
      by("item").replaceChildren(make("p", "No item fits the filters."));
      return;
    }
    const number = Math.floor(i / data.size);
    load(number, () => {
      if (current === i) draw(rows[i], chunks.get(number), i % data.size, focus);
    });
  }

  function step(by_) {
    const place = shown.indexOf(current) + by_;
    if (place < 0 || place >= shown.length) return;
    page = Math.floor(place / PAGE);
    show(shown[place], true);
  }

  function draw(row, chunk, place, focus) {
    const item = chunk.items[place];
    const text = (number) => chunk.texts[number];
    const [name, autonym, tag, direction] = languages[names[row[1]]];
    const main = by("item");
    const title = make("h2");
    title.append(make("bdi", row[2]));
    const about = make("p", names[row[0]] + " · " + name + " ", { class: "quiet" });
    about.append(make("bdi", autonym, { lang: tag, dir: direction }));
    about.append(" · " + pairOf(row) + (names[row[5]] ? " · " + names[row[5]] : ""));
    const moves = make("div", "", { class: "moves" });
    const back = make("button", "Previous item (k)", { type: "button" });
    const on = make("button", "Next item (j)", { type: "button" });
    back.addEventListener("click", () => step(-1));
    on.addEventListener("click", () => step(1));
    moves.append(back, on, make("a", "Link to this item", { href: permalink() }));
    const parts = [title, about, moves];
    if (item.withheld) {
      parts.push(make("p", "The texts are not shown: " + item.withheld + ". They are in the run folder."));
    } else {
      parts.push(make("h3", "Prompt"), block(text(item.prompt), tag, "Prompt"), make("h3", item.answers.length > 1 ? "Answers" : "Answer"));
      const pair = make("div", "", { class: "pair" });
      for (const [system, answer, thought, cut] of item.answers) {
        const box = make("section", "", { "aria-label": "Answer of " + system });
        const head = make("p");
        head.append(make("strong", system), cut ? " (cut off)" : "");
        box.append(head);
        if (text(thought)) {
          const fold = make("details");
          fold.append(make("summary", "Thought"), block(text(thought), "", "Thought of " + system));
          box.append(fold);
        }
        box.append(block(text(answer), tag, "Text of the answer of " + system));
        pair.append(box);
      }
      parts.push(pair);
    }
    if (item.verdicts.length) parts.push(make("h3", "Verdicts"));
    for (const [number, [judge, first, label, reply, error]] of item.verdicts.entries()) {
      const box = make("div", "", { class: "verdict" });
      const head = make("p");
      head.append(make("strong", judge), ": ", make("bdi", first), " shown first, ", make("strong", label), ...meaning(label, first, row), error ? " (" + error + ")" : "");
      box.append(head);
      if (text(reply)) {
        const fold = make("details");
        fold.append(make("summary", "What the judge wrote"), item.withheld ? make("p", "Not shown.") : block(text(reply), "", "Reply " + (number + 1) + " of the judge " + judge));
        box.append(fold);
      }
      parts.push(box);
    }
    main.replaceChildren(...parts);
    if (focus) main.focus({ preventScroll: window.innerWidth > 800 });
  }

  function meaning(label, first, row) {
    const both = [names[row[3]], row[4] < 0 ? "" : names[row[4]]];
    const other = both[0] === first ? both[1] : both[0];
    if (label === "A=B") return [": a tie"];
    const better = { "A>>B": first, "A>B": first, "B>A": other, "B>>A": other }[label];
    if (!better) return [];
    return [": ", make("bdi", better), label.includes(">>") ? " is much better" : " is better"];
  }

  function restore() {
    const state = new URLSearchParams(location.hash.slice(1));
    for (const id of filters) {
      const value = state.get(id);
      by(id).value = value === null ? (id === "flag" ? "0" : "") : value;
      if (by(id).value !== (value || (id === "flag" ? "0" : ""))) by(id).value = id === "flag" ? "0" : "";
    }
    filter();
    const wanted = found.get(state.get("item") || "");
    if (wanted !== undefined && !shown.includes(wanted)) {
      for (const id of filters) by(id).value = id === "flag" ? "0" : "";
      filter();
    }
    const start = wanted === undefined ? (shown.length ? shown[0] : -1) : wanted;
    page = Math.floor(Math.max(0, shown.indexOf(start)) / PAGE);
    show(start, false);
  }

  choices("task", distinct((row) => names[row[0]]), (value) => value);
  choices("language", distinct((row) => names[row[1]]), (value) => languages[value][0]);
  choices("pair", distinct(pairOf), (value) => value);
  choices("outcome", distinct((row) => names[row[5]]).filter(Boolean), (value) => value);
  for (const id of filters) {
    by(id).addEventListener("input", () => {
      filter();
      page = 0;
      show(shown.includes(current) ? current : shown.length ? shown[0] : -1, false);
    });
  }
  by("filters").addEventListener("submit", (event) => event.preventDefault());
  by("previous-page").addEventListener("click", () => { page -= 1; list(); });
  by("next-page").addEventListener("click", () => { page += 1; list(); });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
    if (event.key === "j") step(1);
    if (event.key === "k") step(-1);
  });
  window.addEventListener("hashchange", restore);
  restore();
})();
