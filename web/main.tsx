import "@mantine/core/styles.css";
import "./global.css";
import { ApolloProvider } from "@apollo/client/react";
import { MantineProvider } from "@mantine/core";
import { StrictMode, useMemo } from "react";
import { createRoot } from "react-dom/client";
import { createBrowserRouter } from "react-router";
import { RouterProvider } from "react-router/dom";
import { makeClient } from "./api/makeClient.ts";
import { useAuth } from "./auth/useAuth.ts";
import { routes } from "./routes.tsx";
import { theme, variables } from "./theme.ts";

// The nonce for inline styles from the Content-Security-Policy.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
// react-remove-scroll, which Mantine dialogs use, reads the nonce from this variable.
Object.assign(globalThis, { __webpack_nonce__: nonce });

const router = createBrowserRouter(routes);

function App() {
  const userId = useAuth().user?.userId;
  const client = useMemo(makeClient, [userId]);
  return (
    <ApolloProvider client={client}>
      <RouterProvider router={router} />
    </ApolloProvider>
  );
}

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <MantineProvider
        theme={theme}
        cssVariablesResolver={variables}
        defaultColorScheme="auto"
        getStyleNonce={() => nonce}
      >
        <App />
      </MantineProvider>
    </StrictMode>,
  );
}
