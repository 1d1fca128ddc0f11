import { answer, type Client, type Schemas } from "../api/client";
import type { Shown } from "./model";

export type Kind = Schemas["InteractionModel"]["kind"];

const WAIT_MS = 1500;

/** Tells the server what was done with which answer: views in bundles, the rest at once. Never in the shopper's way. */
export class Reporter {
  private readonly waiting = new Map<string, Map<string, Schemas["InteractionModel"]>>();
  private readonly told = new Set<string>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly client: Client) {}

  /** Note what was done; a repetition is told once. */
  note(kind: Kind, { item, searchId, position }: Shown): void {
    const id = `${kind} ${item.product.id}`;
    if (this.told.has(`${searchId} ${id}`)) return;
    this.told.add(`${searchId} ${id}`);
    const answered = this.waiting.get(searchId) ?? new Map<string, Schemas["InteractionModel"]>();
    answered.set(id, { kind, product_id: item.product.id, position });
    this.waiting.set(searchId, answered);
    if (kind !== "view") this.flush();
    else this.timer ??= setTimeout(() => this.flush(), WAIT_MS);
  }

  /** Send what waits; also when the page is left, which is why the request outlives it. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const [searchId, noted] of this.waiting) {
      const call = this.client.POST("/searches/{search_id}/interactions", {
        params: { path: { search_id: searchId } },
        body: { interactions: [...noted.values()] },
        keepalive: true,
      });
      // A report that fails is lost: the shopper must not wait for it, and the next one tells enough.
      answer(call).catch(() => undefined);
    }
    this.waiting.clear();
  }
}
