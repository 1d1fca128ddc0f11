import { signal } from "@preact/signals";
import type { View } from "../shop/model";
import type { Shop, Way } from "../shop/shop";

/** "Back" inside the widget: the shop page's own history is not touched. */
export class WidgetWay implements Way {
  readonly views = signal<readonly View[]>([]);

  push(view: View): void {
    this.views.value = [...this.views.value, view];
  }

  replace(view: View): void {
    this.views.value = [...this.views.value.slice(0, -1), view];
  }

  back(shop: Shop): void {
    this.views.value = this.views.value.slice(0, -1);
    shop.show(this.views.value.at(-1) ?? null);
  }

  start(shop: Shop): void {
    this.views.value = [];
    shop.show(null);
  }
}
