// What all views share: the board, the state, and names by index.

import { writeState } from "./state.js";

export class Context {
  constructor(board, state, refresh) {
    this.board = board;
    this.state = state;
    this.refresh = refresh;
    this.codes = board.languages.map(({ code }) => code);
    this.systems = new Map(board.systems.map((system) => [system.name, system]));
    this.languages = new Map(board.languages.map((language) => [language.code, language]));
    this.columns = new Map(board.columns.map((column) => [column.key, column]));
  }

  title(name) {
    const system = this.systems.get(name);
    return (system && system.title) || name;
  }

  languageTitle(code) {
    const language = this.languages.get(code);
    return language ? language.name : code;
  }

  // Whether the makers of a system claim a language; null where nothing is known of that.
  claims(name, code) {
    const system = this.systems.get(name);
    return system && system.languages.length ? system.languages.includes(code) : null;
  }

  // The address of this board with some of the state changed.
  link(changes) {
    return writeState({ ...this.state, ...changes }, this.codes);
  }

  change(changes) {
    Object.assign(this.state, changes);
    history.replaceState(null, "", location.search + this.link({}));
    this.refresh();
  }
}
