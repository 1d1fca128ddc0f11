import components from "../design/components.css?inline";
import tokens from "../design/tokens.css?inline";
import search from "../shop/shop.css?inline";
import own from "./widget.css?inline";
import { effect } from "@preact/signals";
import { render } from "preact";
import { client, explained } from "../api/client";
import { IconButton, Button } from "../design";
import { preferred } from "../i18n/language";
import { SurroundingsProvider } from "../shop/context";
import { Finder } from "../shop/finder";
import { Shop } from "../shop/shop";
import { speaker } from "../shop/texts";
import { WidgetWay } from "./way";
import type { Shown } from "../shop/model";

const { t } = speaker;
/** Where this script came from is where Akin is, unless the element says otherwise. */
const HOME = new URL(import.meta.url).origin;

/** What events tell of a product. */
export interface ProductDetail {
  readonly searchId: string;
  readonly position: number;
  readonly product: Shown["item"]["product"];
  readonly score: number;
  readonly match: Shown["item"]["match"];
}

/**
 * `<akin-search>`: search by photo inside any page. Attributes and events are in docs/widget.md.
 *
 * Styles come in as constructed sheets and no HTML is made from text, so it runs under a content security policy
 * without `unsafe-inline`, and under Trusted Types.
 */
export class AkinSearch extends HTMLElement {
  static readonly observedAttributes = ["lang"];
  private stop: (() => void) | null = null;

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [tokens, components, search, own].map(sheet);
    const way = new WidgetWay();
    const base = this.base();
    const shop = new Shop(client({ base, key: () => this.getAttribute("key") }), way, undefined, (problem) =>
      explained(problem, `${base}/widget.js`),
    );
    const surroundings = {
      shop,
      history: null,
      heading: "h2" as const,
      address: (path: string) => new URL(path, base).href,
      onOpen: (shown: Shown) => this.tell("akin-open", detailOf(shown)),
      onCart: this.hasAttribute("cart") ? (shown: Shown) => void this.tell("akin-cart", detailOf(shown)) : null,
      onKey: null,
    };
    const told = effect(() => {
      const view = shop.view.value;
      const first = view?.results?.items[0];
      if (view?.results && shop.busy.value === "no") {
        this.tell("akin-results", { searchId: first?.searchId ?? null, total: view.results.total });
      }
    });
    const failed = effect(() => {
      const trouble = shop.trouble.value;
      if (trouble) this.tell("akin-problem", { code: "code" in trouble ? trouble.code : trouble.trouble });
    });
    const leave = () => shop.reporter.flush();
    addEventListener("pagehide", leave);
    this.stop = () => {
      told();
      failed();
      leave();
      removeEventListener("pagehide", leave);
    };
    render(
      <SurroundingsProvider value={surroundings}>
        <div class="a-root w-widget">
          <Bar way={way} shop={shop} />
          <Finder target={this} />
        </div>
      </SurroundingsProvider>,
      root,
    );
    this.attributeChangedCallback();
  }

  disconnectedCallback(): void {
    this.stop?.();
    this.stop = null;
    if (this.shadowRoot) render(null, this.shadowRoot);
  }

  attributeChangedCallback(): void {
    const chosen = this.lang || document.documentElement.lang;
    void speaker.speak(preferred(chosen ? [chosen] : navigator.languages, null));
  }

  private base(): string {
    return new URL(this.getAttribute("src") ?? HOME, document.baseURI).href.replace(/\/$/, "");
  }

  /** Whether nobody said preventDefault(). */
  private tell(name: string, detail: unknown): boolean {
    return this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true, cancelable: true }));
  }
}

function Bar({ way, shop }: { way: WidgetWay; shop: Shop }) {
  if (way.views.value.length === 0) return null;
  return (
    <div class="w-bar">
      <IconButton icon="back" kind="plain" label={t("header.back")} onClick={() => way.back(shop)} />
      <Button kind="plain" onClick={() => way.start(shop)}>
        {t("header.new")}
      </Button>
    </div>
  );
}

function detailOf({ item, searchId, position }: Shown): ProductDetail {
  return { searchId, position, product: item.product, score: item.score, match: item.match };
}

function sheet(text: string): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(text);
  return made;
}

// A page may carry the tag twice; the first definition stays.
if (!customElements.get("akin-search")) customElements.define("akin-search", AkinSearch);
