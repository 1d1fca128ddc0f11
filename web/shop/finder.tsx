import { useEffect, useRef } from "preact/hooks";
import { Notice } from "../design";
import { useSurroundings } from "./context";
import { PictureButtons, useDropped } from "./intake";
import { Refine } from "./refine";
import { Results } from "./results";
import { Stage } from "./stage";
import { Start } from "./start";
import { speaker } from "./texts";
import type { View } from "./model";

const { t } = speaker;

/** The whole search: the start, or what was asked beside what was found. Pictures dropped on `target` are searched with. */
export function Finder({ target }: { target: EventTarget }) {
  const { shop } = useSurroundings();
  const view = shop.view.value;
  const over = useDropped(target, shop.choosing);
  const place = useRef<HTMLDivElement>(null);
  const source = view?.source;
  const begun = useRef(source);
  useEffect(() => {
    if (begun.current === source) return;
    begun.current = source;
    // What had the focus is gone; a screen reader goes on at the new heading.
    place.current?.querySelector<HTMLElement>(".s-title")?.focus({ preventScroll: true });
  }, [source]);
  return (
    <div ref={place} class="s-finder">
      {view ? <Found view={view} /> : <Start />}
      {over && (
        <div class="s-drop" role="status">
          {t("start.dropping")}
        </div>
      )}
    </div>
  );
}

function Found({ view }: { view: View }) {
  const { shop, address } = useSurroundings();
  const { source, results } = view;
  return (
    <div class="s-found" data-source={source.kind}>
      {source.kind !== "words" && (
        <aside class="s-asked">
          {source.kind === "photo" && source.shown && <Stage view={view} shown={source.shown} />}
          {source.kind === "photo" && !source.shown && (
            <Notice text={t("stage.unseen")}>
              <PictureButtons small />
            </Notice>
          )}
          {source.kind === "similar" && source.product.image && (
            <img class="s-like" src={address(source.product.image)} alt="" />
          )}
          <Seen view={view} />
        </aside>
      )}
      <div class="s-answers">
        <Heading view={view} />
        <Refine view={view} />
        {shop.degraded.value && <p class="s-soft">{t("results.degraded")}</p>}
        <Results view={view} />
        <p class="a-hidden" role="status">
          {shop.busy.value !== "no" ? t("results.searching") : results && t("results.count", { count: results.total })}
        </p>
      </div>
    </div>
  );
}

function Heading({ view }: { view: View }) {
  const { heading: Title } = useSurroundings();
  const { source, results } = view;
  const type = results?.analysis?.type;
  const title =
    source.kind === "similar"
      ? t("similar.to", { title: source.product.title })
      : source.kind === "words"
        ? view.wishes.text
        : (type?.name ?? t("stage.photo"));
  return (
    <header class="s-heading">
      <Title class="s-title" tabIndex={-1}>
        {title}
      </Title>
      {results && results.total > 0 && <p>{t("results.count", { count: results.total })}</p>}
    </header>
  );
}

/** What was seen: the kind, with a question mark where it is unsure, the colors, what else is known. */
function Seen({ view }: { view: View }) {
  const analysis = view.results?.analysis;
  if (!analysis || view.source.kind !== "photo") return null;
  const { type, colors, attributes } = analysis;
  const said = [
    ...new Set(attributes.filter((one) => one.confidence >= 0.5 && one.name !== "color").map((one) => one.value)),
  ];
  return (
    <ul class="a-row s-seen" aria-label={t("seen.label")}>
      {type && <li class="a-badge">{type.confidence < 0.5 ? t("seen.maybe", { type: type.name }) : type.name}</li>}
      {colors
        .filter((one) => one.share >= 0.1)
        .slice(0, 3)
        .map((one) => (
          <li key={one.hex} class="a-badge">
            <span class="s-swatch" style={{ background: one.hex }} />
            {one.name}
          </li>
        ))}
      {said.slice(0, 3).map((value) => (
        <li key={value} class="a-badge">
          {value}
        </li>
      ))}
    </ul>
  );
}
