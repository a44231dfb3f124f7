import { useSyncExternalStore } from "react";
import { type AuthState, authState, subscribe } from "./signedIn.ts";

export function useAuth(): AuthState {
  return useSyncExternalStore(subscribe, authState);
}
