import { useEffect, useState } from "preact/hooks";
import { Button, Dialog, TextField } from "../design";
import { useSurroundings } from "./context";
import { amountFrom, countOf, isChosen, offered, toggled, withPrice } from "./filters";
import { FILTER_FIELDS, type FilterField, type Filters, type View } from "./model";
import { speaker } from "./texts";

const { t } = speaker;
const FIRST_VALUES = 8;
const SEPARATOR = " > ";

/** All filters with their counts. Each choice is searched for at once; the results behind follow. */
export function FiltersPanel({ view, onClose }: { view: View; onClose: () => void }) {
  const { shop } = useSurroundings();
  const { filters } = view.wishes;
  const total = view.results?.total ?? 0;
  useEffect(() => {
    if (shop.busy.value === "no") void shop.widen();
  }, [shop, view]);
  const facets = { ...view.results?.facets, ...shop.wide.value };
  const choose = (chosen: Filters) => void shop.refine({ filters: chosen });
  return (
    <Dialog title={t("filter.open")} close={t("filter.close")} onClose={onClose}>
      <div class="s-filters" aria-busy={shop.busy.value !== "no"}>
        <PriceRange filters={filters} onChange={choose} />
        {FILTER_FIELDS.map((field) => (
          <Values
            key={field}
            field={field}
            filters={filters}
            values={offered(facets, field, filters)}
            onChange={choose}
          />
        ))}
        <div class="a-row s-filters-foot">
          <Button kind="primary" onClick={onClose}>
            {t("filter.show", { count: total })}
          </Button>
          {countOf(filters) > 0 && <Button onClick={() => choose({})}>{t("filter.clear")}</Button>}
        </div>
      </div>
    </Dialog>
  );
}

function Values({
  field,
  filters,
  values,
  onChange,
}: {
  field: FilterField;
  filters: Filters;
  values: { value: string; count: number }[];
  onChange: (filters: Filters) => void;
}) {
  const [all, setAll] = useState(false);
  if (values.length === 0) return null;
  const first = all ? values : values.slice(0, FIRST_VALUES);
  // A part of the shop stands below what it is a part of.
  const shown = field === "category" ? first.toSorted((one, other) => (one.value < other.value ? -1 : 1)) : first;
  return (
    <fieldset>
      <legend>{t(`filter.${field}`)}</legend>
      {shown.map(({ value, count }) => (
        <label key={value} class="s-check" data-depth={field === "category" ? depthOf(value) : undefined}>
          <input
            type="checkbox"
            checked={isChosen(filters, field, value)}
            onChange={() => onChange(toggled(filters, field, value))}
          />
          <span>{field === "category" ? value.split(SEPARATOR).at(-1) : valueLabel(field, value)}</span>
          <span>{speaker.number(count)}</span>
        </label>
      ))}
      {values.length > shown.length && (
        <Button size="small" kind="plain" icon="down" onClick={() => setAll(true)}>
          {t("filter.more", { count: values.length })}
        </Button>
      )}
    </fieldset>
  );
}

function PriceRange({ filters, onChange }: { filters: Filters; onChange: (filters: Filters) => void }) {
  const [low, setLow] = useState(filters.price_min ?? "");
  const [high, setHigh] = useState(filters.price_max ?? "");
  const [from, to] = [amountFrom(low), amountFrom(high)];
  const wrong = from === null || to === null;
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (from === null || to === null) return;
        const swapped = from && to && Number(from) > Number(to);
        onChange(swapped ? withPrice(filters, to, from) : withPrice(filters, from, to));
      }}
    >
      <fieldset>
        <legend>{t("filter.price")}</legend>
        <div class="s-price">
          <TextField label={t("filter.price.from")} value={low} invalid={from === null} onInput={setLow} />
          <TextField label={t("filter.price.to")} value={high} invalid={to === null} onInput={setHigh} />
          <Button type="submit" disabled={wrong}>
            {t("filter.price.go")}
          </Button>
        </div>
        {wrong && <p role="alert">{t("filter.price.wrong")}</p>}
      </fieldset>
    </form>
  );
}

function depthOf(category: string): number {
  return Math.min(category.split(SEPARATOR).length - 1, 3);
}

/** A value as people read it: the path of a category, the shop's words for availability. */
export function valueLabel(field: FilterField, value: string): string {
  if (field === "availability") {
    const key = `availability.${value}`;
    return speaker.has(key) ? t(key) : value;
  }
  return field === "category" ? value.replaceAll(SEPARATOR, " › ") : value;
}
