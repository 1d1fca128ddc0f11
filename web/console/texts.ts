import en from "../i18n/console/en.json";
import { Speaker } from "../i18n/language";

export type TextKey = keyof typeof en;

/** What the console says. A new text goes into every file of i18n/console; a test compares their keys. */
export const speaker = new Speaker<TextKey>({
  en,
  load: { de: async () => (await import("../i18n/console/de.json")).default },
});
