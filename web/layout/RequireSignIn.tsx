import { Outlet } from "react-router";
import { SignInPage } from "../auth/SignInPage.tsx";
import { useAuth } from "../auth/useAuth.ts";

/** Shows the sign-in page at the address that was opened, and that page after the sign-in. */
export function RequireSignIn() {
  const { user } = useAuth();
  return user ? <Outlet key={user.userId} /> : <SignInPage />;
}
