// Which languages, systems and columns a state shows.

export const FACETS = ["family", "script", "tier", "region"];

export function facetValues(board, facet) {
  if (board.languages.length < 2) return [];
  const values = new Set(board.languages.flatMap((language) => (facet === "region" ? language.regions : [language[facet]])));
  values.delete("");
  return [...values].sort();
}

export function provenances(board) {
  return [...new Set(board.columns.flatMap((column) => Object.values(column.provenance)))].sort();
}

// The chosen languages as a set, or null for all.
export function chosenLanguages(board, state) {
  if (!state.languages && !FACETS.some((facet) => state[facet])) return null;
  return new Set(board.languages.filter((language) => (
    (!state.languages || state.languages.has(language.code))
    && FACETS.every((facet) => !state[facet] || (facet === "region" ? language.regions.includes(state.region) : language[facet] === state[facet]))
  )).map(({ code }) => code));
}

// The languages of one column, where its items have the chosen provenance.
export function columnLanguages(facts, state, languages) {
  if (!state.provenance) return languages;
  return new Set(facts.languages.filter((code) => (!languages || languages.has(code)) && facts.provenance[code] === state.provenance));
}

// The chosen systems as a set of names, or null for all. The search hides rows and does not change who is ranked.
export function chosenSystems(board, state) {
  if (!state.open && !state.from && !state.min && !state.max) return null;
  const least = state.min === "" ? -Infinity : Number(state.min);
  const most = state.max === "" ? Infinity : Number(state.max);
  return new Set(board.systems.filter((system) => (
    (!state.open || (state.open === "open") === system.open)
    && (!state.from || (system.date && system.date >= state.from))
    && ((state.min === "" && state.max === "") || (system.size !== null && system.size >= least && system.size <= most))
  )).map(({ name }) => name));
}

export function matches(system, query) {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const text = [system.name, system.title, system.organisation, system.family, system.licence].join(" ").toLowerCase();
  return words.every((word) => text.includes(word));
}

// The columns behind the average: one that is chosen, or all headline columns that share a scale.
export function averagedColumns(board, state) {
  const chosen = board.columns.filter(({ key }) => key === state.task);
  if (chosen.length) return chosen;
  const headline = board.columns.filter((column) => column.headline);
  return headline.length > 1 ? headline.filter((column) => column.averageable) : headline;
}
