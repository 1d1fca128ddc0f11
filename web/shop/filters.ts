import { FILTER_FIELDS, type Facets, type FilterField, type Filters } from "./model";

/** The filters with a value put in or taken out. */
export function toggled(filters: Filters, field: FilterField, value: string): Filters {
  const chosen = filters[field] ?? [];
  const left = chosen.includes(value) ? chosen.filter((one) => one !== value) : [...chosen, value];
  return withField(filters, field, left);
}

export function withField(filters: Filters, field: FilterField, values: readonly string[]): Filters {
  const rest = { ...filters, [field]: values };
  return values.length > 0 ? rest : without(rest, field);
}

export function without(filters: Filters, ...names: (keyof Filters)[]): Filters {
  return Object.fromEntries(Object.entries(filters).filter(([name]) => !names.includes(name as keyof Filters)));
}

export function withPrice(filters: Filters, low: string, high: string): Filters {
  const rest = without(filters, "price_min", "price_max");
  return { ...rest, ...(low && { price_min: low }), ...(high && { price_max: high }) };
}

/** How many filters are set: each value counts, a price range once. */
export function countOf(filters: Filters): number {
  const values = FILTER_FIELDS.reduce((sum, field) => sum + (filters[field]?.length ?? 0), 0);
  return values + (filters.price_min !== undefined || filters.price_max !== undefined ? 1 : 0);
}

/** The JSON the API takes; undefined where nothing is filtered. */
export function asJson(filters: Filters): string | undefined {
  return countOf(filters) > 0 ? JSON.stringify(filters) : undefined;
}

/** A price typed by a person ("1.299,90", "12,5") as the API takes it; "" for nothing, null where it is no price. */
export function amountFrom(typed: string): string | null {
  const plain = typed.replace(/[^\d.,-]/g, "");
  if (typed.trim() === "") return "";
  const decimal = /[.,](\d{1,2})$/.exec(plain);
  const whole = (decimal ? plain.slice(0, decimal.index) : plain).replace(/[.,]/g, "");
  if (!/^\d{1,9}$/.test(whole)) return null;
  return decimal ? `${whole}.${decimal[1] ?? ""}` : whole;
}

/** What a filter offers: the counted values, and those chosen that found nothing (count 0), most products first. */
export function offered(facets: Facets, field: FilterField, filters: Filters): { value: string; count: number }[] {
  const counted = (facets[field] ?? []).map(({ value, count }) => ({ value, count }));
  const missing = (filters[field] ?? []).filter((value) => !counted.some((one) => same(one.value, value)));
  return [...counted, ...missing.map((value) => ({ value, count: 0 }))];
}

export function isChosen(filters: Filters, field: FilterField, value: string): boolean {
  return filters[field]?.some((one) => same(one, value)) ?? false;
}

function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
