import type { ComponentType } from "react";
import type { RouteObject } from "react-router";
import { AppLayout } from "./layout/AppLayout.tsx";
import { ErrorPage } from "./layout/ErrorPage.tsx";
import { Loading } from "./layout/Loading.tsx";
import { Message } from "./layout/Message.tsx";
import { RequireSignIn } from "./layout/RequireSignIn.tsx";

// Each page is loaded when it is opened. The router waits for it, because React.lazy would show a fallback for at least
// 300 ms.
const page = (load: () => Promise<{ readonly default: ComponentType }>): RouteObject["lazy"] => {
  return async () => ({ Component: (await load()).default });
};

/** Keep in sync with the paths in server/http/webPage.ts. */
export const routes: RouteObject[] = [
  {
    element: <AppLayout />,
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
      { path: "*", element: <Message title="Page not found" /> },
    ],
  },
];
