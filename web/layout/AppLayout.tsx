import { ActionIcon, Anchor, Button, Container, Group, Text, useMantineColorScheme } from "@mantine/core";
import { type RefObject, useEffect, useRef } from "react";
import { Link, NavLink, Outlet, useLocation } from "react-router";
import { SignInAgain } from "../auth/SignInAgain.tsx";
import { signOut } from "../auth/signedIn.ts";
import { useAuth } from "../auth/useAuth.ts";
import classes from "./AppLayout.module.css";
import { Brand } from "./Brand.tsx";

/** The roles that may read the funnel. */
export const ANALYST_ROLES: readonly string[] = ["analyst", "service_role"];

export function AppLayout() {
  const { user } = useAuth();
  const content = useFocusOnContent();
  return (
    <>
      <a className={classes.skip} href="#content">
        Skip to content
      </a>
      <header className={classes.header}>
        <Container size="xl" px="md">
          <Group justify="space-between" h={56} wrap="nowrap" gap="xs">
            <Group gap="lg" wrap="nowrap">
              <Link to="/" className={classes.brand} aria-label="Stagekeep, your events">
                <Brand />
              </Link>
              {user && ANALYST_ROLES.includes(user.role) && (
                <nav aria-label="Pages">
                  <Anchor component={NavLink} to="/funnel" size="sm">
                    Funnel
                  </Anchor>
                </nav>
              )}
            </Group>
            <Group gap="xs" wrap="nowrap">
              <SchemeButton />
              {user && (
                <>
                  <Text size="sm" truncate maw={140} visibleFrom="xs">
                    {user.name ?? "Signed in"}
                  </Text>
                  <Button variant="default" size="xs" onClick={signOut}>
                    Sign out
                  </Button>
                </>
              )}
            </Group>
          </Group>
        </Container>
      </header>
      <Container
        component="main"
        id="content"
        ref={content}
        tabIndex={-1}
        size="xl"
        px="md"
        py="lg"
        className={classes.main}
      >
        <SignInAgain />
        <Outlet />
      </Container>
    </>
  );
}

/** Focuses the content after a navigation or a sign-in, because the element that had the focus is gone. */
function useFocusOnContent(): RefObject<HTMLDivElement | null> {
  const content = useRef<HTMLDivElement>(null);
  const { pathname } = useLocation();
  const { user, expired } = useAuth();
  const place = `${pathname} ${user?.userId}`;
  const before = useRef({ place, expired });
  useEffect(() => {
    const hasNavigated = before.current.place !== place;
    const hasSignedInAgain = before.current.expired && !expired && document.activeElement === document.body;
    before.current = { place, expired };
    if (hasNavigated || hasSignedInAgain) content.current?.focus();
  }, [place, expired]);
  return content;
}

const NEXT_SCHEME = { auto: "light", light: "dark", dark: "auto" } as const;
const SCHEME_ICON = { auto: "◐", light: "☀", dark: "☾" } as const;
const SCHEME_NAME = { auto: "system", light: "light", dark: "dark" } as const;

function SchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const label = `Colour scheme: ${SCHEME_NAME[colorScheme]}. Switch to ${SCHEME_NAME[NEXT_SCHEME[colorScheme]]}`;
  return (
    <ActionIcon
      variant="default"
      size={30}
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(NEXT_SCHEME[colorScheme])}
    >
      <span aria-hidden="true">{SCHEME_ICON[colorScheme]}</span>
    </ActionIcon>
  );
}
