import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const STORED = "akin.theme";

/** The theme chosen on this device; "system" follows the device. */
export const theme = signal<Theme>(stored());

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  applyTheme();
  try {
    localStorage.setItem(STORED, chosen);
  } catch {
    // storage can be forbidden; the choice then lasts as long as the page
  }
}

/** Mark the document so that the tokens follow. */
export function applyTheme(): void {
  if (theme.value === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme.value;
}

/** Whether dark is shown now. */
export function isDark(): boolean {
  return theme.value === "dark" || (theme.value === "system" && matchMedia("(prefers-color-scheme: dark)").matches);
}

function stored(): Theme {
  try {
    const found = localStorage.getItem(STORED);
    return found === "light" || found === "dark" ? found : "system";
  } catch {
    return "system";
  }
}
