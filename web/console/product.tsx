import { useState } from "preact/hooks";
import type { Analysis, ProductDetail, Schemas } from "../api/client";
import { Button, Notice, Select, TextField } from "../design";
import { Deed, Loading, Picture, ProductTile, Room, Section, Trouble } from "./parts";
import { go, hrefOf } from "./route";
import { api, ask, asProblem, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;
const EDITED = ["title", "brand", "type", "color", "material"] as const;
const STOCK = ["in_stock", "out_of_stock", "preorder", "backorder"] as const;

/** One product: its pictures with what was seen in each, its neighbors, and what can be changed. */
export function ProductPage({ id }: { id: string }) {
  const at = { params: { path: { product_id: id } } };
  const product = useAnswer(`product ${id}`, () => ask(api.GET("/products/{product_id}", at)));
  const seen = useAnswer(`seen ${id}`, () => ask(api.GET("/products/{product_id}/seen", at)));
  const near = useAnswer(`near ${id}`, () =>
    ask(api.GET("/products/{product_id}/similar", { params: { ...at.params, query: { limit: "12" } } })),
  );
  return (
    <Room title={product.data?.title ?? id}>
      <p>
        <a href={hrefOf("catalog")}>{t("back.catalog")}</a>
      </p>
      <Trouble problem={product.problem} again={product.again} />
      {product.loading && <Loading />}
      {product.data && <Edit key={product.data.title} product={product.data} changed={product.again} />}
      {product.data && (
        <Section title={t("product.seen")}>
          <Trouble problem={seen.problem} again={seen.again} />
          {seen.loading && <Loading />}
          <div class="c-seen">
            {seen.data?.pictures.map((picture, number) => (
              <SeenPicture key={number} picture={picture} number={number + 1} />
            ))}
          </div>
        </Section>
      )}
      {product.data && (
        <Section title={t("product.near")}>
          <Trouble problem={near.problem} again={near.again} />
          {near.loading && <Loading />}
          {near.data?.items.length === 0 && <Notice text={t("product.near.none")} />}
          <div class="c-tiles">
            {near.data?.items.map((item) => (
              <ProductTile
                key={item.product.id}
                product={item.product}
                note={<span class="a-badge">{speaker.number(item.score, { style: "percent" })}</span>}
              />
            ))}
          </div>
        </Section>
      )}
    </Room>
  );
}

function Edit({ product, changed }: { product: ProductDetail; changed: () => void }) {
  const [draft, setDraft] = useState(
    () =>
      ({
        ...Object.fromEntries(EDITED.map((name) => [name, product[name] ?? ""])),
        availability: product.availability,
        price: product.price?.amount ?? "",
      }) as Record<(typeof EDITED)[number] | "price", string> & { availability: (typeof STOCK)[number] },
  );
  const [state, setState] = useState<{ problem: ReturnType<typeof asProblem> | null; saved: boolean }>({
    problem: null,
    saved: false,
  });
  const at = { params: { path: { product_id: product.id } } };
  const save = async () => {
    const currency = product.price?.currency ?? "USD";
    const patch = {
      ...draft,
      type: draft.type || null,
      price: draft.price ? { amount: draft.price, currency } : null,
    };
    try {
      await ask(api.PATCH("/products/{product_id}", { ...at, body: patch as never }));
      setState({ problem: null, saved: true });
      changed();
    } catch (failure) {
      setState({ problem: asProblem(failure), saved: false });
    }
  };
  return (
    <Section title={t("product.edit")}>
      <form
        class="c-form"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        {EDITED.map((name) => (
          <TextField
            key={name}
            label={t(`field.${name}`)}
            value={draft[name]}
            required={name === "title"}
            onInput={(value) => setDraft({ ...draft, [name]: value })}
          />
        ))}
        <TextField
          label={`${t("field.price")} (${product.price?.currency ?? "USD"})`}
          value={draft.price}
          onInput={(price) => setDraft({ ...draft, price })}
        />
        <Select
          label={t("field.availability")}
          value={draft.availability}
          options={STOCK.map((value) => ({ value, label: t(`availability.${value}`) }))}
          onChange={(availability) => setDraft({ ...draft, availability })}
        />
        <div class="a-row">
          <Button kind="primary" type="submit">
            {t("save")}
          </Button>
          <Deed
            label={t("product.delete")}
            kind="danger"
            confirm={t("product.delete.ask", { title: product.title })}
            work={() => ask(api.DELETE("/products/{product_id}", at))}
            done={() => go("catalog")}
          />
        </div>
      </form>
      {state.saved && <Notice kind="good" text={t("saved")} />}
      <Trouble problem={state.problem} />
      <p class="c-soft">{t("product.edit.note")}</p>
    </Section>
  );
}

function SeenPicture({ picture, number }: { picture: Schemas["SeenPicture"]; number: number }) {
  const { analysis } = picture;
  return (
    <figure class="c-figure">
      <div class="c-boxed">
        <Picture src={picture.image} />
        {analysis?.objects.map((one, place) => (
          <span
            key={place}
            class="c-box"
            style={{
              left: `${100 * one.box.x}%`,
              top: `${100 * one.box.y}%`,
              width: `${100 * one.box.width}%`,
              height: `${100 * one.box.height}%`,
            }}
          />
        ))}
      </div>
      <figcaption>
        <h3>{t("product.picture", { number })}</h3>
        {!analysis && <p>{t("product.unseen")}</p>}
        {analysis && <Seen analysis={analysis} />}
        {picture.blur !== null && (
          <p class="c-soft">
            {picture.width} × {picture.height} ·{" "}
            {t("product.blur", {
              blur: picture.blur.toFixed(2),
              writing: speaker.number(picture.writing ?? 0, { style: "percent" }),
            })}
          </p>
        )}
      </figcaption>
    </figure>
  );
}

export function Seen({ analysis }: { analysis: Analysis }) {
  const sure = (value: number) => speaker.number(value, { style: "percent" });
  const rows: [string, string][] = [
    [
      t("field.type"),
      analysis.type_alternatives
        .filter((one) => one.confidence >= 0.005)
        .map((one) => `${one.name} ${sure(one.confidence)} (${one.source})`)
        .join(", "),
    ],
    [
      t("seen.attributes"),
      analysis.attributes.map((one) => `${one.name}: ${one.value} ${sure(one.confidence)} (${one.source})`).join(", "),
    ],
    [t("seen.labels"), analysis.labels.map((one) => `${one.name} ${sure(one.confidence)} (${one.source})`).join(", ")],
    [
      t("seen.boxes"),
      analysis.objects.map((one) => `${one.type ?? t("seen.thing")} ${sure(one.confidence)}`).join(", "),
    ],
  ];
  return (
    <>
      <dl class="c-facts">
        {rows
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
      <ul class="a-row">
        {analysis.colors.map((one) => (
          <li key={one.name} class="c-color">
            <span style={{ background: one.hex }} />
            {one.name} {sure(one.share)}
          </li>
        ))}
      </ul>
    </>
  );
}
