// What is shown, kept in the address: a link shows the same board to somebody else.

const PLAIN = ["view", "task", "by", "q", "sort", "family", "script", "tier", "region", "provenance", "open", "from", "min", "max",
  "system", "pin", "language", "theme"];
const FEW = 40;

export const DEFAULTS = {
  view: "board", task: "", by: "tasks", q: "", sort: "", family: "", script: "", tier: "", region: "", provenance: "", open: "",
  from: "", min: "", max: "", system: "", pin: "", language: "", theme: "", languages: null, compare: [], embed: false,
};

// `codes` are all languages of the board, sorted; explicit languages are codes, or a bit set of them where they are many.
export function readState(search, hash, codes) {
  const given = new URLSearchParams(hash.replace(/^#/, ""));
  const state = { ...DEFAULTS, compare: [] };
  for (const key of PLAIN) if (given.has(key)) state[key] = given.get(key).slice(0, 300);
  const chosen = given.get("languages");
  if (chosen) state.languages = readLanguages(chosen, codes);
  state.compare = given.getAll("compare").slice(0, 4);
  state.embed = new URLSearchParams(search).get("embed") === "1" || given.get("embed") === "1";
  return state;
}

export function writeState(state, codes) {
  const given = new URLSearchParams();
  for (const key of PLAIN) if (state[key] !== DEFAULTS[key]) given.set(key, state[key]);
  if (state.languages) given.set("languages", writeLanguages(state.languages, codes));
  for (const name of state.compare) given.append("compare", name);
  const text = given.toString();
  return text ? `#${text}` : "#";
}

function readLanguages(text, codes) {
  if (!text.startsWith("~")) return new Set(text.split(".").filter((code) => codes.includes(code)));
  const [many, bits] = text.slice(1).split("~");
  if (Number(many) !== codes.length || !bits) return null;
  return new Set(codes.filter((_, i) => (parseInt(bits[i >> 2] || "0", 16) >> (i & 3)) & 1));
}

function writeLanguages(chosen, codes) {
  const own = codes.filter((code) => chosen.has(code));
  if (own.length <= FEW) return own.join(".");
  let bits = "";
  for (let i = 0; i < codes.length; i += 4) {
    let digit = 0;
    for (let k = 0; k < 4; k++) if (chosen.has(codes[i + k])) digit |= 1 << k;
    bits += digit.toString(16);
  }
  return `~${codes.length}~${bits}`;
}
