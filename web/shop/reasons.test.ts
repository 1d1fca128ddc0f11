import { expect, test } from "vitest";
import { reasonsInWords } from "./reasons";
import { speaker } from "./texts";

const reason = (code: string, value: string, weight: number) => ({ code, value, weight }) as never;

test("what tells most is said, each thing once, nothing that spoke against", () => {
  const said = reasonsInWords([
    reason("look", "", 0.9),
    reason("attribute", "color=teal", 0.3),
    reason("attribute", "color=teal", 0.2),
    reason("type", "chair", -0.4),
    reason("attribute", "material=oak=wood", 0.1),
  ]);
  expect(said.length).toBe(3);
  expect(said[0]).toContain("teal");
  expect(said[1]).toContain("oak");
  expect(said.join()).not.toContain("chair");
});

test("a price follows the language", async () => {
  expect(speaker.price({ amount: "1299.9", currency: "USD" })).toBe("$1,299.90");
  await speaker.speak("de");
  expect(speaker.price({ amount: "1299.9", currency: "EUR" })).toMatch(/^1\.299,90\s€$/);
  await speaker.speak("en");
});
