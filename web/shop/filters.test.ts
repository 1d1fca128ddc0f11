import { expect, test } from "vitest";
import { amountFrom, asJson, countOf, isChosen, offered, toggled, without, withPrice } from "./filters";

test("a value goes in and out, and leaves nothing behind", () => {
  const chosen = toggled(toggled({}, "color", "teal"), "color", "gray");
  expect(chosen).toEqual({ color: ["teal", "gray"] });
  expect(toggled(toggled(chosen, "color", "teal"), "color", "gray")).toEqual({});
  expect(isChosen(chosen, "color", "Teal")).toBe(true);
  expect(isChosen(chosen, "brand", "teal")).toBe(false);
});

test("a price range counts once, and its ends can stand alone", () => {
  const both = withPrice({ brand: ["A", "B"] }, "10", "20.50");
  expect(both).toEqual({ brand: ["A", "B"], price_min: "10", price_max: "20.50" });
  expect(countOf(both)).toBe(3);
  expect(withPrice(both, "", "20")).toEqual({ brand: ["A", "B"], price_max: "20" });
  expect(without(both, "price_min", "price_max")).toEqual({ brand: ["A", "B"] });
});

test("no filter sends no JSON", () => {
  expect(asJson({})).toBeUndefined();
  expect(asJson({ color: ["teal"] })).toBe('{"color":["teal"]}');
});

test.each([
  ["12", "12"],
  ["12,5", "12.5"],
  ["12.50", "12.50"],
  ["1.299,90", "1299.90"],
  ["1,299.90", "1299.90"],
  ["1,299", "1299"],
  ["$ 40", "40"],
  ["", ""],
  ["  ", ""],
  ["a lot", null],
  ["-5", null],
  ["12345678901", null],
])("a price typed as %j is %j", (typed, amount) => {
  expect(amountFrom(typed)).toBe(amount);
});

test("what was chosen stays to be taken away when nothing has it any more", () => {
  const facets = { brand: [{ value: "Nordhem", count: 3 }] } as never;
  expect(offered(facets, "brand", { brand: ["nordhem", "Gone"] })).toEqual([
    { value: "Nordhem", count: 3 },
    { value: "Gone", count: 0 },
  ]);
  expect(offered({}, "brand", {})).toEqual([]);
});
