import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { answer, ApiProblem, client, NOT_AKIN } from "../api/client";

const STORED = "akin.console.key";

/** The key this tab is signed in with; null on a server that asks for none. It is forgotten with the tab. */
export const key = signal<string | null>(sessionStorage.getItem(STORED));

/** Why the server wants a key (another one), where it does. */
export const locked = signal<ApiProblem | null>(null);

export const api = client({ base: "", key: () => key.value });

export function signIn(text: string): void {
  key.value = text.trim();
  locked.value = null;
  sessionStorage.setItem(STORED, key.value);
}

export function signOut(): void {
  key.value = null;
  sessionStorage.removeItem(STORED);
  location.reload();
}

/** `answer`, which also notices when the key is missing, wrong or expired. */
export async function ask<Data>(call: Parameters<typeof answer<Data>>[0]): Promise<NonNullable<Data>> {
  try {
    return await answer(call);
  } catch (failure) {
    if (failure instanceof ApiProblem && (failure.code === "key-missing" || failure.code === "key-invalid"))
      locked.value = failure;
    throw failure;
  }
}

export function asProblem(failure: unknown): ApiProblem {
  return failure instanceof ApiProblem ? failure : new ApiProblem(NOT_AKIN, 0, String(failure), null, "");
}

export interface Asked<Data> {
  data: Data | null;
  problem: ApiProblem | null;
  loading: boolean;
  /** Ask again; what is shown stays until the answer comes. */
  again: () => void;
}

const UNREACHED_MS = 4_000;

/** What a call answers. It is asked anew when `name` changes, and every `everyMs` while `goesOn` says so. */
export function useAnswer<Data>(
  name: string,
  call: () => Promise<Data>,
  everyMs = 0,
  goesOn: (data: Data) => boolean = () => true,
): Asked<Data> {
  const [state, setState] = useState<Omit<Asked<Data>, "again">>({ data: null, problem: null, loading: true });
  const [round, setRound] = useState(0);
  const latest = useRef({ call, goesOn });
  latest.current = { call, goesOn };
  useEffect(() => setState({ data: null, problem: null, loading: true }), [name]);
  useEffect(() => {
    const asking = { over: false, timer: 0 };
    void latest.current.call().then(
      (data) => {
        if (asking.over) return;
        setState({ data, problem: null, loading: false });
        if (everyMs && latest.current.goesOn(data))
          asking.timer = window.setTimeout(() => setRound((before) => before + 1), everyMs);
      },
      (failure: unknown) => {
        if (asking.over) return;
        const problem = asProblem(failure);
        setState((before) => ({ ...before, problem, loading: false }));
        // What is watched, or was not reached, is asked for again by itself: a connection that comes back needs
        // nobody's hand.
        const pauseMs = everyMs ? 2 * everyMs : problem.status === 0 ? UNREACHED_MS : 0;
        if (pauseMs) asking.timer = window.setTimeout(() => setRound((before) => before + 1), pauseMs);
      },
    );
    return () => {
      asking.over = true;
      clearTimeout(asking.timer);
    };
  }, [name, round, everyMs]);
  return { ...state, again: () => setRound((before) => before + 1) };
}

/** Fetch a file that needs the key, as an address for this page. */
export async function fileAt(path: string): Promise<Blob> {
  const response = await fetch(path, { headers: key.value ? { authorization: `Bearer ${key.value}` } : {} });
  if (!response.ok) throw new ApiProblem(NOT_AKIN, response.status, response.statusText, null, "");
  return response.blob();
}

export async function download(path: string, name: string): Promise<void> {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await fileAt(path));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** A multipart body for openapi-fetch, whose types know only JSON bodies. */
export function multipart(form: FormData): { body: never; bodySerializer: () => FormData } {
  return { body: {} as never, bodySerializer: () => form };
}
