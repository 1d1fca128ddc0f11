import { expect, test } from "vitest";
import { History, type Kept } from "./history";

const one = (number: number): Kept => ({ id: `k${number}`, at: number, photo: new Blob(), ratio: 1, type: "chair" });
const ids = (history: History) => history.kept.value.map((kept) => kept.id);

// This environment has no storage, as a private window may have none; real storage is used in tests/web.
test("the newest come first, each once, and no more than twelve", async () => {
  const history = new History();
  for (let number = 1; number <= 15; number += 1) await history.keep(one(number));
  await history.keep(one(10));
  expect(ids(history)).toEqual(["k10", "k15", "k14", "k13", "k12", "k11", "k9", "k8", "k7", "k6", "k5", "k4"]);
});

test("without storage everything works as long as the page", async () => {
  const history = new History();
  await history.read();
  await history.keep(one(1));
  expect(ids(history)).toEqual(["k1"]);
  await history.forget();
  expect(ids(history)).toEqual([]);
});
