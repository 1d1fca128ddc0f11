import type { Analysis, Box, Item, Schemas } from "../api/client";

/** Filters as the API takes them (docs/http.md), less what the page never asks. */
export interface Filters {
  readonly category?: readonly string[];
  readonly type?: readonly string[];
  readonly brand?: readonly string[];
  readonly color?: readonly string[];
  readonly material?: readonly string[];
  readonly pattern?: readonly string[];
  readonly availability?: readonly string[];
  readonly price_min?: string;
  readonly price_max?: string;
}

export const FILTER_FIELDS = ["category", "type", "color", "material", "brand", "pattern", "availability"] as const;
export type FilterField = (typeof FILTER_FIELDS)[number];

/** What is searched with. */
export type Source =
  | {
      readonly kind: "photo";
      /** What was or will be sent: shrunk where the browser could. Kept so that it can be sent again when the server forgot it. */
      readonly photo: Blob;
      /** Address of `photo` for showing; null where this browser cannot show it. */
      readonly shown: string | null;
      /** Under which this device remembers it. */
      readonly kept: string;
      /** Width / height of the upright photo; null where unknown. */
      readonly ratio: number | null;
    }
  | { readonly kind: "words" }
  | { readonly kind: "similar"; readonly product: SimilarTo };

export interface SimilarTo {
  readonly id: string;
  readonly title: string;
  readonly image: string | null;
}

export const SORTS = ["match", "price_asc", "price_desc"] as const;
export type Sort = (typeof SORTS)[number];

/** What the shopper wants besides the source. crop: null lets Akin find the thing. */
export interface Wishes {
  readonly crop: Box | null;
  readonly text: string;
  readonly filters: Filters;
  readonly sort: Sort;
}

export const NO_WISHES: Wishes = { crop: null, text: "", filters: {}, sort: "match" };

export type Facets = Record<string, readonly Schemas["FacetCountModel"][]>;

/** An item with the answer it stood in, which is what an interaction is reported to. position: from 1, over all pages. */
export interface Shown {
  readonly item: Item;
  readonly searchId: string;
  readonly position: number;
}

/** The pages of one result set so far. */
export interface Results {
  readonly items: readonly Shown[];
  readonly total: number;
  readonly facets: Facets;
  readonly next: string | null;
  readonly analysis: Analysis | null;
}

/** One place in the shopper's way; going back shows it again without asking anew. */
export interface View {
  readonly source: Source;
  readonly wishes: Wishes;
  readonly photoId: string | null;
  /** The objects of the whole photo: an answer to a crop names only what is inside. */
  readonly objects: Analysis["objects"];
  readonly results: Results | null;
}

export function viewOf(source: Source, wishes: Wishes = NO_WISHES): View {
  return { source, wishes, photoId: null, objects: [], results: null };
}
