import { computed, signal } from "@preact/signals";
import { ABORTED, ApiProblem, type Box, type Client } from "../api/client";
import type { Kept } from "./history";
import { Reporter } from "./interactions";
import {
  FILTER_FIELDS,
  type Facets,
  NO_WISHES,
  type SimilarTo,
  type Source,
  type View,
  viewOf,
  type Wishes,
} from "./model";
import { PhotoError, prepare } from "./photo";
import { ask, continued } from "./search";
import { without } from "./filters";

/** A page of results: enough for a phone's first screens, and the next is asked for before its end is seen. */
export const PAGE = 24;
/** The first page is smaller: the first pictures on a slow line matter more than the twentieth title. */
export const FIRST_PAGE = 12;

export type Busy = "no" | "preparing" | "searching" | "more";
export type Trouble = PhotoError | ApiProblem;

/** Remembers the way, so that "back" leads back: push for somewhere new, replace for what became of it. */
export interface Way {
  push(view: View): void;
  replace(view: View): void;
}

/** The shopper's way through a search: what is looked at now, what is going on, what went wrong. Components only read it. */
export class Shop {
  readonly view = signal<View | null>(null);
  readonly busy = signal<Busy>("no");
  readonly trouble = signal<Trouble | null>(null);
  /** Counts of filters as if each chosen field were open; see `widen`. */
  readonly wide = signal<Facets>({});
  readonly rejected = signal<ReadonlySet<string>>(new Set());
  readonly items = computed(() =>
    (this.view.value?.results?.items ?? []).filter((one) => !this.rejected.value.has(one.item.product.id)),
  );
  /** Whether a part of the search had no part in the last answer. */
  readonly degraded = signal(false);
  readonly reporter: Reporter;
  private running: AbortController | null = null;
  private again: () => Promise<void> = () => Promise.resolve();

  constructor(
    private readonly client: Client,
    private readonly way: Way,
    private readonly found: (view: View) => void = () => undefined,
    /** What a failure really was, where the surroundings can find out more. */
    private readonly explain: (problem: ApiProblem) => Promise<ApiProblem> = (problem) => Promise.resolve(problem),
  ) {
    this.reporter = new Reporter(client);
  }

  /** Search with a picture file. */
  async choose(file: Blob): Promise<void> {
    this.again = () => this.choose(file);
    this.trouble.value = null;
    this.busy.value = "preparing";
    try {
      await this.reopen({ ...(await prepare(file)), id: newId() });
    } catch (problem) {
      this.busy.value = "no";
      if (!(problem instanceof PhotoError)) throw problem;
      this.trouble.value = problem;
    }
  }

  /** `choose` as a listener that stays the same. */
  readonly choosing = (file: Blob): void => void this.choose(file);

  /** A photo kept on this device, once more. */
  async reopen({ id, photo, ratio }: Pick<Kept, "id" | "photo" | "ratio">): Promise<void> {
    const shown = ratio === null ? null : URL.createObjectURL(photo);
    await this.go({ kind: "photo", kept: id, photo, ratio, shown });
  }

  async words(text: string): Promise<void> {
    if (text.trim()) await this.go({ kind: "words" }, { ...NO_WISHES, text: text.trim() });
  }

  async similar(product: SimilarTo): Promise<void> {
    await this.go({ kind: "similar", product });
  }

  /** Somewhere new. */
  async go(source: Source, wishes: Wishes = NO_WISHES): Promise<void> {
    const view = viewOf(source, wishes);
    this.rejected.value = new Set();
    this.show(view);
    this.way.push(view);
    await this.search(view);
  }

  /** A view as it was left, or the start (null). Nothing is asked, unless it never had an answer. */
  show(view: View | null): void {
    this.running?.abort();
    this.busy.value = "no";
    this.trouble.value = null;
    this.wide.value = {};
    this.view.value = view;
  }

  /** The same source, with other wishes. */
  async refine(changes: Partial<Wishes>): Promise<void> {
    const before = this.view.value;
    if (!before) return;
    await this.search({ ...before, wishes: { ...before.wishes, ...changes } });
  }

  async crop(box: Box | null): Promise<void> {
    await this.refine({ crop: box });
  }

  /** The next page, where there is one and nothing else is asked. */
  async more(): Promise<void> {
    const view = this.view.value;
    const next = view?.results?.next;
    if (!view || !next || this.busy.value !== "no" || this.trouble.value) return;
    this.again = () => this.more();
    await this.run("more", async (signal) => {
      const page = await ask(this.client, view, next, PAGE, signal);
      if (signal.aborted) return; // answered, but too late
      this.view.value = { ...view, results: continued(view.results, page) };
      this.way.replace(this.view.value);
    });
  }

  /** Do again what failed. */
  async retry(): Promise<void> {
    this.trouble.value = null;
    await this.again();
  }

  reject(productId: string): void {
    const shown = this.items.value.find((one) => one.item.product.id === productId);
    if (!shown) return;
    this.reporter.note("reject", shown);
    this.rejected.value = new Set([...this.rejected.value, productId]);
  }

  /** Count the values of filters that are chosen as if they were not, so that one more can be chosen with its count. */
  async widen(): Promise<void> {
    const view = this.view.value;
    if (!view) return;
    const chosen = FILTER_FIELDS.filter((field) => view.wishes.filters[field]);
    const counted = await Promise.allSettled(
      chosen.map(async (field) => {
        const open = { ...view, wishes: { ...view.wishes, filters: without(view.wishes.filters, field) } };
        const page = await ask(this.client, open, null, 1, new AbortController().signal);
        return [field, page.facets[field] ?? []] as const;
      }),
    );
    if (this.view.value !== view) return;
    // A count that could not be had is left out: the values of the filtered answer are shown then.
    this.wide.value = Object.fromEntries(counted.flatMap((one) => (one.status === "fulfilled" ? [one.value] : [])));
  }

  private async search(view: View): Promise<void> {
    this.again = () => this.search(view);
    this.view.value = view;
    await this.run("searching", async (signal) => {
      const page = await ask(this.client, view, null, FIRST_PAGE, signal);
      if (signal.aborted) return;
      const whole = view.wishes.crop === null && page.analysis;
      const answered: View = {
        ...view,
        photoId: page.photo_id ?? view.photoId,
        objects: whole ? whole.objects : view.objects,
        results: continued(null, page),
      };
      this.view.value = answered;
      this.degraded.value = page.degraded.length > 0;
      this.way.replace(answered);
      this.found(answered);
    });
  }

  /** One question at a time: a new one takes the place of the one before. */
  private async run(busy: Busy, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    this.running?.abort();
    const mine = new AbortController();
    this.running = mine;
    this.busy.value = busy;
    this.trouble.value = null;
    try {
      await work(mine.signal);
    } catch (problem) {
      if (!(problem instanceof ApiProblem)) throw problem;
      if (problem.code === ABORTED) return;
      const explained = await this.explain(problem);
      if (this.running === mine) this.trouble.value = explained;
    } finally {
      if (this.running === mine) this.busy.value = "no";
    }
  }
}

/** Unlike crypto.randomUUID, also on pages that came over plain http. */
function newId(): string {
  return `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 10)}`;
}
