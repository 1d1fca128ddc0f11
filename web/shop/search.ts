import { answer, ApiProblem, type Client, formOf, type SearchAnswer } from "../api/client";
import { asJson } from "./filters";
import type { Box } from "../api/client";
import type { Results, Shown, View } from "./model";

/** What the server calls a photo it no longer keeps. */
const FORGOTTEN = "photo-not-found";

/** Ask for a page of what a view asks for. cursor: null asks for the first. Throws ApiProblem. */
export async function ask(
  client: Client,
  view: View,
  cursor: string | null,
  limit: number,
  signal: AbortSignal,
): Promise<SearchAnswer> {
  const { source, wishes } = view;
  const common = {
    text: wishes.text || undefined,
    filters: asJson(wishes.filters),
    cursor: cursor ?? undefined,
    sort: wishes.sort === "match" ? undefined : wishes.sort,
  };
  if (source.kind === "photo") {
    return byPhoto(client, source.photo, view.photoId, { ...common, crop: cropText(wishes.crop), limit }, signal);
  }
  const query = { ...defined(common), limit: String(limit) };
  if (source.kind === "words") return answer(client.GET("/search", { params: { query }, signal }));
  const path = { product_id: source.product.id };
  return answer(client.GET("/products/{product_id}/similar", { params: { path, query }, signal }));
}

/** By the id of an earlier answer where there is one; the picture goes again only where the server has forgotten it. */
async function byPhoto(
  client: Client,
  photo: Blob,
  photoId: string | null,
  fields: Record<string, string | number | undefined>,
  signal: AbortSignal,
): Promise<SearchAnswer> {
  const send = (form: FormData) =>
    answer(
      client.POST("/search-by-photo", {
        body: {} as never, // the form below is the body; its fields are those of docs/http.md
        bodySerializer: () => form,
        signal,
      }),
    );
  if (photoId !== null) {
    try {
      return await send(formOf({ ...fields, photo_id: photoId }));
    } catch (problem) {
      if (!(problem instanceof ApiProblem) || problem.code !== FORGOTTEN) throw problem;
    }
  }
  return send(formOf({ ...fields, photo }));
}

/** The results with a page put behind those that are there. */
export function continued(before: Results | null, page: SearchAnswer): Results {
  const earlier = before?.items ?? [];
  const known = new Set(earlier.map((one) => one.item.product.id));
  const items: Shown[] = page.items
    .map((item, index) => ({ item, searchId: page.search_id, position: earlier.length + index + 1 }))
    .filter((one) => !known.has(one.item.product.id));
  return {
    items: [...earlier, ...items],
    total: page.total,
    facets: page.facets,
    next: page.next_cursor,
    analysis: before?.analysis ?? page.analysis,
  };
}

export function cropText(crop: Box | null): string | undefined {
  return crop ? [crop.x, crop.y, crop.width, crop.height].map((part) => part.toFixed(4)).join(",") : undefined;
}

function defined<T extends Record<string, unknown>>(given: T): { [Name in keyof T]?: Exclude<T[Name], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as never;
}
