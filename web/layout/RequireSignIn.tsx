import { Outlet } from "react-router";
import { SignInPage } from "../auth/SignInPage.tsx";
import { useAuth } from "../auth/useAuth.ts";

/** Asks who is there, at the very address that was opened; afterwards the page goes on from there. */
export function RequireSignIn() {
  const { user } = useAuth();
  return user ? <Outlet key={user.userId} /> : <SignInPage />;
}
