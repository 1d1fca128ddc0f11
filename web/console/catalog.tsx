import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { formOf, type ProductCard } from "../api/client";
import { Button, Notice, Select, TextField } from "../design";
import { sendable } from "./photo";
import { FileField, Loading, ProductTile, Room, Trouble } from "./parts";
import { api, ask, multipart, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;

interface Wanted {
  text: string;
  photo: File | null;
  type: string;
  brand: string;
  availability: string;
}

interface Found {
  products: { product: ProductCard; score: number | null; match: string | null }[];
  total: number;
  facets: Record<string, { value: string; count: number }[]>;
  next: string | null;
}

const NOTHING: Wanted = { text: "", photo: null, type: "", brand: "", availability: "" };
/** What was asked last, so that coming back from a product shows it again. */
const wanted = signal<Wanted>(NOTHING);
const asked = signal(0);

async function look(wish: Wanted, cursor: string): Promise<Found> {
  const chosen = Object.entries({ type: wish.type, brand: wish.brand, availability: wish.availability });
  const filters = JSON.stringify(
    Object.fromEntries(chosen.filter(([, value]) => value).map(([name, value]) => [name, [value]])),
  );
  const more = cursor ? { cursor } : {};
  if (wish.photo || wish.text) {
    const found = wish.photo
      ? await ask(
          api.POST(
            "/search-by-photo",
            multipart(formOf({ photo: await sendable(wish.photo), text: wish.text || undefined, filters, ...more })),
          ),
        )
      : await ask(api.GET("/search", { params: { query: { text: wish.text, filters, ...more } } }));
    return {
      products: found.items.map((item) => ({ product: item.product, score: item.score, match: item.match })),
      total: found.total,
      facets: found.facets,
      next: found.next_cursor,
    };
  }
  const listed = await ask(
    api.GET("/products", {
      params: { query: { filters, facets: "type,brand,availability", facet_limit: 100, ...more } },
    }),
  );
  return {
    products: listed.items.map((product) => ({ product, score: null, match: null })),
    total: listed.total,
    facets: listed.facets,
    next: listed.next_cursor,
  };
}

/** Search by words and by photo, filter, and go to a product. */
export function Catalog() {
  const [draft, setDraft] = useState(wanted.value);
  const [pages, setPages] = useState<Found[]>([]);
  const first = useAnswer(`catalog ${asked.value}`, () => look(wanted.value, ""));
  const all = first.data ? [first.data, ...pages] : [];
  const last = all.at(-1);
  const submit = (wish: Wanted) => {
    setPages([]);
    setDraft(wish);
    wanted.value = wish;
    asked.value += 1;
  };
  const choices = (field: "type" | "brand" | "availability") => [
    { value: "", label: t("any") },
    ...(first.data?.facets[field] ?? []).map((one) => ({
      value: one.value,
      label: `${field === "availability" && speaker.has(`availability.${one.value}`) ? t(`availability.${one.value}` as never) : one.value} (${one.count})`,
    })),
    ...(draft[field] && !(first.data?.facets[field] ?? []).some((one) => one.value === draft[field])
      ? [{ value: draft[field], label: draft[field] }]
      : []),
  ];
  return (
    <Room title={t("room.catalog")}>
      <form
        class="c-form"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          submit(draft);
        }}
      >
        <TextField
          label={t("catalog.words")}
          type="search"
          value={draft.text}
          maxLength={500}
          onInput={(text) => setDraft({ ...draft, text })}
        />
        <FileField label={t("catalog.photo")} accept="image/*" onFile={(photo) => submit({ ...draft, photo })} />
        {(["type", "brand", "availability"] as const).map((field) => (
          <Select
            key={field}
            label={t(`field.${field}`)}
            value={draft[field]}
            options={choices(field)}
            onChange={(value) => submit({ ...draft, [field]: value })}
          />
        ))}
        <div class="a-row">
          <Button kind="primary" type="submit" icon="search">
            {t("catalog.search")}
          </Button>
          <Button
            onClick={(event) => {
              event.currentTarget.form?.reset();
              submit(NOTHING);
            }}
          >
            {t("catalog.reset")}
          </Button>
        </div>
      </form>
      <Trouble problem={first.problem} again={first.again} />
      {first.loading && !first.data && <Loading />}
      {first.data && (
        <>
          <p role="status">{t("catalog.found", { count: first.data.total })}</p>
          {first.data.total === 0 && <Notice title={t("catalog.none")} text={t("catalog.none.fix")} />}
          <div class="c-tiles">
            {all.flatMap((page) =>
              page.products.map(({ product, score, match }) => (
                <ProductTile
                  key={product.id}
                  product={product}
                  note={
                    score !== null && (
                      <span class="a-badge" data-kind={match === "loose" ? undefined : "good"}>
                        {speaker.number(score, { style: "percent" })}
                      </span>
                    )
                  }
                />
              )),
            )}
          </div>
          {last?.next && (
            <Button
              onClick={() =>
                void look(wanted.value, last.next ?? "").then((page) => setPages([...pages, page]), first.again)
              }
            >
              {t("more")}
            </Button>
          )}
        </>
      )}
    </Room>
  );
}
