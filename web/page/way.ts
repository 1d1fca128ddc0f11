import { answer, type Client } from "../api/client";
import type { View } from "../shop/model";
import type { History } from "../shop/history";
import type { Shop, Way } from "../shop/shop";

interface Place {
  readonly akin: number;
}

/** The browser's own "back" and "forward", and addresses that can be sent to somebody: `?q=words`, `?like=product`. */
export class PageWay implements Way {
  private readonly views = new Map<number, View>();
  private last = 0;

  push(view: View): void {
    this.last += 1;
    this.views.set(this.last, view);
    history.pushState({ akin: this.last } satisfies Place, "", addressOf(view));
    scrollTo({ top: 0 });
  }

  replace(view: View): void {
    const place = placeOf(history.state);
    if (place === null) return;
    this.views.set(place, view);
    history.replaceState({ akin: place } satisfies Place, "", addressOf(view));
  }

  /** Follow "back" and "forward": a view is shown as it was left. */
  listen(shop: Shop): void {
    addEventListener("popstate", (event) => {
      const place = placeOf(event.state);
      shop.show(place === null ? null : (this.views.get(place) ?? null));
    });
  }
}

/** What the address asks for, when the page was opened with one; an address that leads nowhere shows the start. */
export async function arrive(shop: Shop, client: Client, kept: History): Promise<void> {
  const asked = new URLSearchParams(location.search);
  const [words, like, photo] = [asked.get("q"), asked.get("like"), asked.get("photo")];
  history.replaceState(null, "", location.pathname);
  if (words) {
    await shop.words(words);
  } else if (like) {
    const path = { product_id: like };
    const product = await answer(client.GET("/products/{product_id}", { params: { path } })).catch(() => null);
    if (product) await shop.similar({ id: product.id, title: product.title, image: product.image });
  } else if (photo) {
    const one = kept.kept.value.find((other) => other.id === photo);
    if (one) await shop.reopen(one);
  }
}

function addressOf({ source, wishes }: View): string {
  const asked = new URLSearchParams();
  if (source.kind === "words") asked.set("q", wishes.text);
  if (source.kind === "similar") asked.set("like", source.product.id);
  if (source.kind === "photo") asked.set("photo", source.kept);
  const text = asked.toString();
  return text ? `?${text}` : location.pathname;
}

function placeOf(state: unknown): number | null {
  return typeof state === "object" && state !== null && "akin" in state && typeof state.akin === "number"
    ? state.akin
    : null;
}
