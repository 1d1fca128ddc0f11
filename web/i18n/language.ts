import { signal } from "@preact/signals";

export const LANGUAGES = ["en", "de"] as const;
export type Language = (typeof LANGUAGES)[number];
export type Values = Record<string, string | number>;

/** Texts of one page by language. English is there from the start; others come when they are asked for. */
export interface Texts<Key extends string> {
  readonly en: Record<Key, string>;
  readonly load: Record<Exclude<Language, "en">, () => Promise<Record<Key, string>>>;
}

/** The language chosen here, else the first of the browser's that we speak, else English. */
export function preferred(languages: readonly string[] = navigator.languages, chosen = remembered()): Language {
  const wanted = [...(chosen ? [chosen] : []), ...languages].map((one) => one.slice(0, 2).toLowerCase());
  return wanted.find((one): one is Language => (LANGUAGES as readonly string[]).includes(one)) ?? "en";
}

const STORED = "akin.language";

function remembered(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null; // storage can be forbidden; the browser's own language does then
  }
}

export function remember(language: Language): void {
  try {
    localStorage.setItem(STORED, language);
  } catch {
    // as above: the choice then lasts as long as the page
  }
}

/** What speaks to people: texts by key, numbers, prices and dates in one language. Reading it in a component subscribes to it. */
export class Speaker<Key extends string> {
  readonly language = signal<Language>("en");
  private readonly spoken = signal<Record<string, string>>({});

  constructor(private readonly texts: Texts<Key>) {
    this.spoken.value = texts.en;
  }

  async speak(language: Language): Promise<void> {
    const words = language === "en" ? this.texts.en : await this.texts.load[language]();
    this.spoken.value = { ...this.texts.en, ...words };
    this.language.value = language;
  }

  /** The text, `{name}` filled in. With `count`, the plural form of the language: `key_one`, `key_other`. */
  t = (key: Key | PluralOf<Key>, values: Values = {}): string => {
    const spoken = this.spoken.value;
    const count = values["count"];
    const form = typeof count === "number" ? new Intl.PluralRules(this.language.value).select(count) : null;
    const text = (form ? (spoken[`${key}_${form}`] ?? spoken[`${key}_other`]) : undefined) ?? spoken[key] ?? key;
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : typeof value === "number" ? this.number(value) : value;
    });
  };

  has(key: string): key is Key {
    return key in this.spoken.value;
  }

  number(value: number, options?: Intl.NumberFormatOptions): string {
    return new Intl.NumberFormat(this.language.value, options).format(value);
  }

  price({ amount, currency }: { amount: string; currency: string }): string {
    return this.number(Number(amount), { style: "currency", currency });
  }

  date(
    value: Date | string,
    options: Intl.DateTimeFormatOptions = { dateStyle: "medium", timeStyle: "short" },
  ): string {
    return new Intl.DateTimeFormat(this.language.value, options).format(new Date(value));
  }
}

type PluralOf<Key extends string> = Key extends `${infer Base}_other` ? Base : never;
