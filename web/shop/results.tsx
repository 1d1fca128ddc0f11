import type { VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Button, Notice, Progress } from "../design";
import { Card } from "./card";
import { useSurroundings } from "./context";
import { countOf } from "./filters";
import { speaker, type TextKey } from "./texts";
import { TroubleNotice } from "./trouble";
import type { Shown, View } from "./model";

const { t } = speaker;
/** How far below the screen the next page is asked for. */
const AHEAD = "900px";
/** Products that are laid out together: one grid of a thousand is laid out anew whole at every card that comes into sight.
    Every number of columns up to six divides it, so that no row has a gap. */
const IN_A_GRID = 60;
/** How long a product must be in sight to count as seen. */
const SEEN_AFTER_MS = 1000;

/** The answers: what is going on, what went wrong, the products, and more of them on the way down. */
export function Results({ view }: { view: View }) {
  const { shop } = useSurroundings();
  const busy = shop.busy.value;
  const trouble = shop.trouble.value;
  const items = shop.items.value;
  const results = view.results;
  const working = busy === "searching" || busy === "preparing";
  return (
    <section class="s-results" aria-label={t("results.label")} aria-busy={working}>
      <div class="s-progress">{working && <Progress label={t("results.searching")} />}</div>
      {trouble && busy === "no" && <TroubleNotice trouble={trouble} />}
      {!results && working && <Skeleton />}
      {results && (
        <>
          {results.total === 0 && !working && <Nothing view={view} />}
          {results.total > 0 && isDistant(items) && view.source.kind === "photo" && (
            <Notice title={t("results.distant.title")} text={t("results.distant.text")} />
          )}
          <Grid items={items} />
          <More next={results.next} failed={trouble !== null} />
        </>
      )}
    </section>
  );
}

function Grid({ items }: { items: readonly Shown[] }) {
  const list = useSeen(items);
  // A page more must not cost what all pages before it cost: what is drawn once stays the same node.
  const drawn = useRef(new WeakMap<Shown, VNode>());
  const entry = (shown: Shown) => {
    const known = drawn.current.get(shown);
    if (known) return known;
    const made = (
      <li key={shown.item.product.id} data-id={shown.item.product.id}>
        <Card shown={shown} />
      </li>
    );
    drawn.current.set(shown, made);
    return made;
  };
  const grids = Array.from({ length: Math.ceil(items.length / IN_A_GRID) }, (_, number) =>
    items.slice(number * IN_A_GRID, (number + 1) * IN_A_GRID),
  );
  return (
    <div ref={list} class="s-grids">
      {grids.map((part, number) => (
        <ul key={number} class="s-grid">
          {part.map(entry)}
        </ul>
      ))}
    </div>
  );
}

function More({ next, failed }: { next: string | null; failed: boolean }) {
  const { shop } = useSurroundings();
  const end = useRef<HTMLDivElement>(null);
  const loading = shop.busy.value === "more";
  useEffect(() => {
    if (!next || failed || !end.current) return;
    const watcher = new IntersectionObserver(
      (entries) => {
        if (entries.some((one) => one.isIntersecting)) void shop.more();
      },
      { rootMargin: AHEAD },
    );
    watcher.observe(end.current);
    return () => watcher.disconnect();
  }, [shop, next, failed]);
  return (
    <div ref={end} class="s-more">
      {next ? (
        <Button disabled={loading} onClick={() => void shop.more()}>
          {loading ? t("results.loading") : t("results.more")}
        </Button>
      ) : (
        shop.items.value.length > 0 && <p>{t("results.all")}</p>
      )}
    </div>
  );
}

function Nothing({ view }: { view: View }) {
  const { shop } = useSurroundings();
  const filtered = countOf(view.wishes.filters) > 0;
  const why: TextKey = filtered ? "results.none.filters" : `results.none.${view.source.kind}`;
  return (
    <Notice title={t(view.source.kind === "words" ? "results.none.title.words" : "results.none.title")} text={t(why)}>
      {filtered && <Button onClick={() => void shop.refine({ filters: {} })}>{t("filter.clear")}</Button>}
      {view.source.kind === "photo" && view.wishes.text && (
        <Button onClick={() => void shop.refine({ text: "" })}>{t("refine.clear")}</Button>
      )}
    </Notice>
  );
}

function Skeleton() {
  return (
    <div class="s-grid" aria-hidden="true">
      {Array.from({ length: 8 }, (_, index) => (
        <div key={index} class="s-card-ghost">
          <div class="a-skeleton" />
          <div class="a-skeleton" />
          <div class="a-skeleton" />
        </div>
      ))}
    </div>
  );
}

/** Whether even the best is only loosely alike: said, so that nobody takes the nearest for the same. */
function isDistant(items: readonly Shown[]): boolean {
  return items.length > 0 && items.every((one) => one.item.match === "loose");
}

/** Reports products as seen that stay in sight for a moment. One watcher for all pages of an answer. */
function useSeen(items: readonly Shown[]) {
  const { shop } = useSurroundings();
  const list = useRef<HTMLDivElement>(null);
  const known = useRef(new Map<string, Shown>());
  const watcher = useRef<IntersectionObserver | null>(null);
  known.current = new Map(items.map((one) => [one.item.product.id, one]));
  const answer = items[0]?.searchId;
  useEffect(() => {
    const timers = new Map<Element, ReturnType<typeof setTimeout>>();
    const watching = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) {
          clearTimeout(timers.get(target));
          if (!isIntersecting) continue;
          const seen = () => {
            const shown = known.current.get(target.getAttribute("data-id") ?? "");
            if (shown) shop.reporter.note("view", shown);
          };
          timers.set(target, setTimeout(seen, SEEN_AFTER_MS));
        }
      },
      { threshold: 0.5 },
    );
    watcher.current = watching;
    return () => {
      watching.disconnect();
      timers.forEach((timer) => clearTimeout(timer));
    };
  }, [shop, answer]); // what another answer shows is seen anew
  useEffect(() => {
    // Watching what is watched already changes nothing.
    list.current?.querySelectorAll("li[data-id]").forEach((one) => watcher.current?.observe(one));
  }, [items, answer]);
  return list;
}
