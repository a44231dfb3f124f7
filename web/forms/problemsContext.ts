import { createContext, useContext } from "react";

/** Messages of problems by JSON pointer, for nested fields. */
export const ProblemsContext = createContext<ReadonlyMap<string, string>>(new Map());

export function useProblem(pointer: string): string | undefined {
  return useContext(ProblemsContext).get(pointer);
}
