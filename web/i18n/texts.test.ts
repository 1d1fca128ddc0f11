import { expect, test } from "vitest";
import { preferred, Speaker } from "./language";

const files = import.meta.glob<Record<string, string>>("./*/*.json", { eager: true, import: "default" });
const pages = [...new Set(Object.keys(files).map((path) => path.split("/")[1] ?? ""))];
const placeholders = (text = "") => [...text.matchAll(/\{\w+\}/g)].map(String).sort();

test.each(pages)("%s says the same in every language", (page) => {
  const english = files[`./${page}/en.json`] ?? {};
  const others = Object.entries(files).filter(([path]) => path.startsWith(`./${page}/`) && !path.endsWith("/en.json"));
  expect(others.length).toBeGreaterThan(0);
  for (const [path, words] of others) {
    expect(Object.keys(words), path).toEqual(Object.keys(english));
    for (const [key, text] of Object.entries(words)) {
      expect(placeholders(text), `${path}: ${key}`).toEqual(placeholders(english[key]));
      expect(text.trim(), `${path}: ${key}`).not.toBe("");
    }
  }
});

test("a text takes values, and its plural follows the language", () => {
  const { t } = new Speaker({
    en: { found_one: "{count} thing in {place}", found_other: "{count} things in {place}" },
    load: { de: () => Promise.reject(new Error("not asked for")) },
  });
  expect(t("found", { count: 1, place: "a shop" })).toBe("1 thing in a shop");
  expect(t("found", { count: 1200, place: "{count}" })).toBe("1,200 things in {count}");
});

test("the first language that we speak is taken", () => {
  expect(preferred(["fr-CH", "de-AT", "en"], null)).toBe("de");
  expect(preferred(["fr"], null)).toBe("en");
  expect(preferred(["en"], "de")).toBe("de");
});
