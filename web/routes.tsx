import type { ComponentType } from "react";
import type { RouteObject } from "react-router";
import { Page } from "./layout/AppLayout.tsx";
import { ErrorPage } from "./layout/ErrorPage.tsx";
import { Loading } from "./layout/Loading.tsx";
import { Message } from "./layout/Message.tsx";
import { RequireSignIn } from "./layout/RequireSignIn.tsx";

// Each page is loaded when it is opened. The router waits for it: React would show what stands in for it for 300 ms at
// least.
const page = (load: () => Promise<{ readonly default: ComponentType }>): RouteObject["lazy"] => {
  return async () => ({ Component: (await load()).default });
};

/** Beside these, server/http/webPage.ts lists the addresses at which it serves the page. */
export const routes: RouteObject[] = [
  {
    element: <Page />,
    errorElement: <ErrorPage />,
    hydrateFallbackElement: <Loading />,
    children: [
      {
        element: <RequireSignIn />,
        children: [
          { path: "/", lazy: page(() => import("./pages/DraftsPage.tsx")) },
          { path: "/sessions/:id", lazy: page(() => import("./wizard/WizardPage.tsx")) },
          { path: "/funnel", lazy: page(() => import("./pages/FunnelPage.tsx")) },
        ],
      },
      { path: "/e/:slug", lazy: page(() => import("./pages/EventPage.tsx")) },
      { path: "*", element: <Message title="There is nothing here" /> },
    ],
  },
];
