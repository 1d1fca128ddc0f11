import en from "../i18n/shop/en.json";
import { Speaker } from "../i18n/language";

export type TextKey = keyof typeof en;

/** What the shopper reads. A new text goes into every file of i18n/shop; a test compares their keys. */
export const speaker = new Speaker<TextKey>({
  en,
  load: { de: async () => (await import("../i18n/shop/de.json")).default },
});
