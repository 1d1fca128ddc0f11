import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type SearchAnswer = Schemas["SearchAnswer"];
export type Item = Schemas["ItemModel"];
export type ProductCard = Schemas["ProductCard"];
export type ProductDetail = Schemas["ProductDetail"];
export type Box = Schemas["BoxModel"];
export type Analysis = Schemas["AnalysisModel"];
export type ProblemBody = Schemas["Problem"];

/** What went wrong, in words that can be shown. `code` is one of docs/errors.md, or one of those made here. */
export class ApiProblem extends Error {
  constructor(
    readonly code: string,
    readonly status: number,
    readonly detail: string,
    readonly fix: string | null,
    readonly requestId: string,
    /** Seconds after which the server wants to be asked again; null where it did not say. */
    readonly retryAfter: number | null = null,
  ) {
    super(detail);
  }
}

/** The connection failed before an answer came: offline, or the server is away. */
export const UNREACHABLE = "unreachable";
/** An answer came that is not Akin's: a proxy's error page, for example. */
export const NOT_AKIN = "not-akin";
/** The server is there, but tells pages of this origin nothing: no key, or not the one shown, names the page. */
export const FOREIGN_PAGE = "origin-not-allowed";
/** The caller gave up. */
export const ABORTED = "aborted";

export interface Connection {
  /** Where Akin is: "" on its own pages, "https://akin.shop.example" for a widget. */
  readonly base: string;
  /** The key to show, asked at every call, so that a new sign-in needs no new client. */
  readonly key: () => string | null;
}

/** A client typed by docs/openapi.json. Ask it through `answer`, which turns every failure into an ApiProblem. */
export function client({ base, key }: Connection) {
  const made = createClient<paths>({ baseUrl: base || globalThis.location.origin, credentials: "omit" });
  const signing: Middleware = {
    onRequest({ request }) {
      const known = key();
      if (known) request.headers.set("authorization", `Bearer ${known}`);
      return request;
    },
  };
  made.use(signing);
  return made;
}

export type Client = ReturnType<typeof client>;

interface Outcome<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The data of a call. Throws ApiProblem for everything else, the network's failures included. */
export async function answer<Data>(call: Promise<Outcome<Data>>): Promise<NonNullable<Data>> {
  let outcome: Outcome<Data>;
  try {
    outcome = await call;
  } catch (failure) {
    if (failure instanceof DOMException && failure.name === "AbortError") throw problem(ABORTED, 0, failure.message);
    throw problem(UNREACHABLE, 0, failure instanceof Error ? failure.message : String(failure));
  }
  const { data, error, response } = outcome;
  if (response.ok && data !== undefined && data !== null) return data;
  if (response.ok && response.status === 204) return {} as NonNullable<Data>;
  if (isProblem(error)) {
    return Promise.reject(
      new ApiProblem(error.code, error.status, error.detail, error.fix, error.request_id, retryAfter(response)),
    );
  }
  throw problem(NOT_AKIN, response.status, response.statusText || String(response.status));
}

/**
 * A browser does not tell a server that is away from one that may not be read from this page. One question more does:
 * `file` (an address that every page may load) is asked for without looking at the answer.
 */
export async function explained(found: ApiProblem, file: string): Promise<ApiProblem> {
  if (found.code !== UNREACHABLE || new URL(file).origin === globalThis.location.origin) return found;
  try {
    await fetch(file, { mode: "no-cors", cache: "no-store", credentials: "omit" });
    return problem(FOREIGN_PAGE, 403, found.detail);
  } catch {
    return found;
  }
}

/** A form as `multipart/form-data` wants it; undefined members are left out. */
export function formOf(fields: Record<string, string | number | Blob | undefined>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) form.append(name, value instanceof Blob ? value : String(value));
  }
  return form;
}

function problem(code: string, status: number, detail: string): ApiProblem {
  return new ApiProblem(code, status, detail, null, "");
}

function isProblem(body: unknown): body is ProblemBody {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body;
}

function retryAfter(response: Response): number | null {
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds : null;
}
