import { Alert, type CSSVariablesResolver, createTheme, Drawer, Modal } from "@mantine/core";

export const theme = createTheme({
  primaryColor: "indigo",
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  // At this luminance, black and white text have the same contrast (WCAG 2). For components with `autoContrast`.
  luminanceThreshold: 0.179,
  headings: { fontWeight: "650" },
  components: {
    // The colour of an alert is visible in its background. Its title needs more contrast.
    Alert: Alert.extend({ styles: { title: { color: "var(--mantine-color-text)" } } }),
    // Mantine renders a <header>, which screen readers announce as the banner of the page.
    DrawerHeader: Drawer.Header.extend({ defaultProps: { role: "presentation" } }),
    ModalHeader: Modal.Header.extend({ defaultProps: { role: "presentation" } }),
  },
});

/** Mantine's grey and red texts have too little contrast. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-dimmed": "var(--mantine-color-gray-7)",
    "--mantine-color-placeholder": "var(--mantine-color-gray-7)",
    "--mantine-color-error": "var(--mantine-color-red-9)",
    "--mantine-color-indigo-light-color": "var(--mantine-color-indigo-9)",
    "--mantine-color-indigo-light-hover": "var(--mantine-color-indigo-1)",
  },
  dark: {
    "--mantine-color-dimmed": "var(--mantine-color-dark-1)",
    "--mantine-color-placeholder": "var(--mantine-color-dark-2)",
    "--mantine-color-error": "var(--mantine-color-red-4)",
    "--mantine-color-anchor": "var(--mantine-color-indigo-3)",
  },
});
