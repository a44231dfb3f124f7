// A module of its own, so that the tables of all scripts are loaded only for a title that needs them.
export { transliterate } from "transliteration";
