import { useEffect, useState } from "preact/hooks";
import { Button, IconButton, Icon, Select } from "../design";
import { useSurroundings } from "./context";
import { countOf, toggled, without } from "./filters";
import { FiltersPanel, valueLabel } from "./filters_panel";
import { FILTER_FIELDS, SORTS, type View } from "./model";
import { speaker } from "./texts";

const { t } = speaker;

/** Words that change the search, filters, order, and what is set now. */
export function Refine({ view }: { view: View }) {
  const { shop } = useSurroundings();
  const [open, setOpen] = useState(false);
  const { wishes } = view;
  const count = countOf(wishes.filters);
  return (
    <div class="s-refine">
      <Words view={view} />
      <div class="s-refine-row">
        <Button icon="filter" aria-haspopup="dialog" onClick={() => setOpen(true)}>
          {t("filter.open")}
          {count > 0 && (
            <span class="a-badge" data-kind="good" aria-label={t("filter.active", { count })}>
              {count}
            </span>
          )}
        </Button>
        <Select
          label={t("sort.label")}
          value={wishes.sort}
          options={SORTS.map((value) => ({ value, label: t(`sort.${value}`) }))}
          onChange={(sort) => void shop.refine({ sort })}
        />
      </div>
      <Chosen view={view} />
      {open && <FiltersPanel view={view} onClose={() => setOpen(false)} />}
    </div>
  );
}

function Words({ view }: { view: View }) {
  const { shop } = useSurroundings();
  const { text } = view.wishes;
  const [typed, setTyped] = useState(text);
  useEffect(() => setTyped(text), [text]);
  const words = view.source.kind === "words";
  const label = t(words ? "refine.words.label" : "refine.label");
  const send = (chosen: string) => {
    if (chosen.trim() !== text && !(words && !chosen.trim())) void shop.refine({ text: chosen.trim() });
  };
  return (
    <form
      class="s-words"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        send(typed);
      }}
    >
      <Icon name="search" />
      <input
        class="a-input"
        type="text"
        enterkeyhint="search"
        maxLength={500}
        aria-label={label}
        placeholder={t("refine.placeholder")}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
      {text && !words && (
        <IconButton
          icon="close"
          kind="plain"
          label={t("refine.clear")}
          onClick={() => {
            setTyped("");
            send("");
          }}
        />
      )}
      <Button type="submit" kind="primary">
        {t("refine.go")}
      </Button>
    </form>
  );
}

/** Each filter that is set, as a button that removes it. */
function Chosen({ view }: { view: View }) {
  const { shop } = useSurroundings();
  const { filters } = view.wishes;
  const chips = FILTER_FIELDS.flatMap((field) =>
    (filters[field] ?? []).map((value) => ({
      label: valueLabel(field, value),
      rest: toggled(filters, field, value),
    })),
  );
  if (filters.price_min !== undefined || filters.price_max !== undefined) {
    const any = t("filter.price.any");
    chips.push({
      label: `${filters.price_min ?? any} – ${filters.price_max ?? any}`,
      rest: without(filters, "price_min", "price_max"),
    });
  }
  if (chips.length === 0) return null;
  return (
    <div class="a-row s-chips">
      {chips.map(({ label, rest }) => (
        <Button
          key={label}
          size="small"
          aria-label={t("filter.remove", { value: label })}
          onClick={() => void shop.refine({ filters: rest })}
        >
          {label}
          <Icon name="close" />
        </Button>
      ))}
      {chips.length > 1 && (
        <Button size="small" kind="plain" onClick={() => void shop.refine({ filters: {} })}>
          {t("filter.clear")}
        </Button>
      )}
    </div>
  );
}
