import { afterEach, expect, test, vi } from "vitest";
import { ABORTED, answer, ApiProblem, client, explained, FOREIGN_PAGE, formOf, NOT_AKIN, UNREACHABLE } from "./client";

afterEach(() => vi.unstubAllGlobals());

const failing = (call: Promise<unknown>) =>
  call.then(
    () => Promise.reject(new Error("it was answered")),
    (failure: unknown) => failure as ApiProblem,
  );
const response = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

test("an answer is its data; one without a body is an empty one", async () => {
  expect(await answer(Promise.resolve({ data: { a: 1 }, response: response(200) }))).toEqual({ a: 1 });
  expect(await answer(Promise.resolve({ response: response(204) }))).toEqual({});
});

test("a problem of the server keeps its code, words, fix, id and patience", async () => {
  const error = { code: "overloaded", status: 503, detail: "Many are searching.", fix: "Wait.", request_id: "r1" };
  const told = await failing(answer(Promise.resolve({ error, response: response(503, { "retry-after": "7" }) })));
  expect(told).toBeInstanceOf(ApiProblem);
  const { request_id: requestId, ...words } = error;
  expect(told).toMatchObject({ ...words, requestId, retryAfter: 7 });
});

test("whoever else answers is named as somebody else", async () => {
  for (const error of ["<html>Bad gateway</html>", undefined, { message: "x" }]) {
    const told = await failing(answer(Promise.resolve({ error, response: response(502) })));
    expect([told.code, told.status, told.retryAfter]).toEqual([NOT_AKIN, 502, null]);
  }
  const empty = await failing(answer(Promise.resolve({ response: response(200) })));
  expect(empty.code).toBe(NOT_AKIN);
});

test("a lost connection is not a caller who gave up", async () => {
  expect((await failing(answer(Promise.reject(new TypeError("Failed to fetch"))))).code).toBe(UNREACHABLE);
  expect((await failing(answer(Promise.reject(new DOMException("stop", "AbortError"))))).code).toBe(ABORTED);
});

test("a server that is there but not for this page is told apart from one that is away", async () => {
  const lost = new ApiProblem(UNREACHABLE, 0, "Failed to fetch", null, "");
  const file = "https://akin.example/widget.js";
  vi.stubGlobal("fetch", () => Promise.resolve(new Response()));
  expect((await explained(lost, file)).code).toBe(FOREIGN_PAGE);
  expect(await explained(lost, `${location.origin}/widget.js`)).toBe(lost);
  const other = new ApiProblem("overloaded", 503, "", null, "");
  expect(await explained(other, file)).toBe(other);
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  expect(await explained(lost, file)).toBe(lost);
});

test("the key is asked for at every call and sent only where there is one", async () => {
  const seen: (string | null)[] = [];
  vi.stubGlobal("fetch", (request: Request) => {
    seen.push(request.headers.get("authorization"));
    return Promise.resolve(new Response("{}", { headers: { "content-type": "application/json" } }));
  });
  let key: string | null = null;
  const api = client({ base: "https://akin.example", key: () => key });
  await answer(api.GET("/generations"));
  key = "akin_live_x";
  await answer(api.GET("/generations"));
  expect(seen).toEqual([null, "Bearer akin_live_x"]);
});

test("a form leaves out what is not wanted", () => {
  const form = formOf({ text: "walnut", limit: 12, cursor: undefined, photo: new Blob(["x"]) });
  expect([...form.keys()]).toEqual(["text", "limit", "photo"]);
  expect(form.get("limit")).toBe("12");
});
