import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { History } from "./history";
import type { Shown } from "./model";
import type { Shop } from "./shop";

/** What surrounds the search: its store, and what page and widget do differently. */
export interface Surroundings {
  readonly shop: Shop;
  readonly history: History | null;
  /** Level of the search's own heading; a product's is one below. */
  readonly heading: "h1" | "h2";
  /** Absolute address of a picture or page the API named. */
  readonly address: (path: string) => string;
  /** Told when a product is opened; false keeps its page from being opened. */
  readonly onOpen: (shown: Shown) => boolean;
  /** Put into the shop's cart; null where there is none. */
  readonly onCart: ((shown: Shown) => void) | null;
  /** Take a key typed by a person; null where keys are somebody else's business. */
  readonly onKey: ((key: string) => void) | null;
}

const Context = createContext<Surroundings | null>(null);
export const SurroundingsProvider = Context.Provider;

export function useSurroundings(): Surroundings {
  const found = useContext(Context);
  if (!found) throw new Error("used outside of SurroundingsProvider");
  return found;
}
