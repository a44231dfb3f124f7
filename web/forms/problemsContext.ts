import { createContext, useContext } from "react";

/** What is wrong, by JSON pointer; for the fields inside of others. */
export const ProblemsContext = createContext<ReadonlyMap<string, string>>(new Map());

export function useProblem(pointer: string): string | undefined {
  return useContext(ProblemsContext).get(pointer);
}
