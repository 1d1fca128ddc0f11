import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { client } from "../api/client";
import { Shop } from "./shop";

interface Asked {
  path: string;
  fields: Record<string, string>;
  photo: boolean;
}

const PICTURE = { id: "kept", photo: new Blob(["photo"]), ratio: 1.5 };
const OBJECTS = [{ type: "chair", confidence: 0.9, box: { x: 0, y: 0, width: 1, height: 1 }, source: "local" }];
let asked: Asked[] = [];
let answers: ((one: Asked) => Response | Promise<Response>)[] = [];

/** A page of results as the server answers it. */
function page(ids: string[], more: object = {}): Response {
  const items = ids.map((id) => ({ product: { id }, score: 1, match: "exact", reasons: [] }));
  const body = {
    search_id: `s${asked.length}`,
    photo_id: "p1",
    items,
    total: 9,
    facets: {},
    next_cursor: null,
    analysis: { objects: OBJECTS },
    degraded: [],
    ...more,
  };
  return Response.json(body);
}

function problem(code: string, status: number): Response {
  return Response.json({ code, status, detail: code, fix: null, request_id: "r" }, { status });
}

async function shown(...next: typeof answers) {
  answers = next;
  const way = { push: vi.fn(), replace: vi.fn() };
  const shop = new Shop(client({ base: "https://akin.example", key: () => null }), way);
  await shop.reopen(PICTURE);
  return { shop, way };
}

const ids = (shop: Shop) => shop.items.value.map((one) => one.item.product.id);

beforeEach(() => {
  asked = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const url = new URL(request.url);
    const isForm = request.headers.get("content-type")?.startsWith("multipart/") ?? false;
    const form = isForm ? await request.formData() : url.searchParams;
    const fields = Object.fromEntries([...form].filter((one): one is [string, string] => typeof one[1] === "string"));
    const one = { path: url.pathname, fields, photo: form.has("photo") };
    asked.push(one);
    const answer = answers.shift();
    if (!answer) throw new Error("nobody expected this question");
    return answer(one);
  });
});
afterEach(() => vi.unstubAllGlobals());

test("the photo goes once; a crop, words and pages go by its id", async () => {
  const { shop, way } = await shown(
    () => page(["a"]),
    () => page(["b"], { next_cursor: "c2" }),
    () => page(["b", "c"]),
  );
  expect([asked[0]?.photo, asked[0]?.fields]).toEqual([true, { limit: "12" }]);
  await shop.refine({ crop: { x: 0.1, y: 0.2, width: 0.3, height: 0.4 }, text: "white" });
  expect(asked[1]).toMatchObject({ photo: false, fields: { photo_id: "p1", crop: "0.1000,0.2000,0.3000,0.4000" } });
  await shop.more();
  expect(asked[2]?.fields).toMatchObject({ photo_id: "p1", text: "white", cursor: "c2", limit: "24" });
  expect(ids(shop)).toEqual(["b", "c"]); // what stood on the page before comes once
  expect(shop.items.value.map((one) => one.position)).toEqual([1, 3]);
  expect(way.push).toHaveBeenCalledOnce();
  expect(shop.busy.value).toBe("no");
});

test("a photo the server forgot goes again, unasked", async () => {
  const { shop } = await shown(
    () => page(["a"]),
    () => problem("photo-not-found", 404),
    () => page(["b"]),
  );
  await shop.refine({ text: "white" });
  expect(asked.map((one) => one.photo)).toEqual([true, false, true]);
  expect([ids(shop), shop.trouble.value]).toEqual([["b"], null]);
});

test("a crop's answer does not hide the other things of the photo", async () => {
  const { shop } = await shown(
    () => page(["a"]),
    () => page(["b"], { analysis: { objects: [] } }),
  );
  await shop.crop({ x: 0, y: 0, width: 0.5, height: 0.5 });
  expect(shop.view.value?.objects).toEqual(OBJECTS);
});

test("what failed keeps what was shown, and is done again as it was", async () => {
  const { shop } = await shown(
    () => page(["a"]),
    () => problem("overloaded", 503),
    () => page(["b"]),
  );
  await shop.refine({ text: "white" });
  expect([ids(shop), shop.trouble.value]).toMatchObject([["a"], { code: "overloaded" }]);
  await shop.retry();
  expect([asked[2]?.fields["text"], ids(shop), shop.trouble.value]).toEqual(["white", ["b"], null]);
});

test("a new question takes the place of the one before, whichever is answered first", async () => {
  let release: (response: Response) => void = () => undefined;
  const { shop } = await shown(
    () => page(["a"]),
    () => new Promise<Response>((resolve) => (release = resolve)),
    () => page(["new"]),
  );
  const before = shop.refine({ text: "slow" });
  await vi.waitFor(() => expect(asked.length).toBe(2));
  await shop.refine({ text: "quick" });
  release(page(["old"]));
  await before;
  expect([ids(shop), shop.view.value?.wishes.text, shop.busy.value]).toEqual([["new"], "quick", "no"]);
});

test("no page is asked for while there is trouble, nor where there is none", async () => {
  const { shop } = await shown(
    () => page(["a"], { next_cursor: "c2" }),
    () => problem("overloaded", 503),
  );
  await shop.more();
  await shop.more();
  expect(asked.length).toBe(2);
});

test("what was rejected is gone and told", async () => {
  const { shop } = await shown(
    () => page(["a", "b"]),
    () => Response.json({ recorded: 1 }),
  );
  shop.reject("a");
  expect(ids(shop)).toEqual(["b"]);
  await vi.waitFor(() => expect(asked.at(-1)?.path).toBe("/searches/s1/interactions"));
});
