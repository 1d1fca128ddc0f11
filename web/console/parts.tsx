import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ApiProblem, ProductCard } from "../api/client";
import { Button, Dialog, Notice } from "../design";
import { hrefOf } from "./route";
import { asProblem, fileAt } from "./session";
import { speaker } from "./texts";

const { t } = speaker;

/** A page with its heading, which takes the focus when the page is come to, so that it is read aloud. */
export function Room({ title, lead, children }: { title: string; lead?: string; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${t("title")}`;
    heading.current?.focus({ preventScroll: true });
  }, [title]);
  return (
    <main class="c-room" id="main">
      <h1 ref={heading} tabIndex={-1}>
        {title}
      </h1>
      {lead && <p class="c-lead">{lead}</p>}
      {children}
    </main>
  );
}

export function Section({
  title,
  children,
  extra,
}: {
  title: string;
  children: ComponentChildren;
  extra?: ComponentChildren;
}) {
  return (
    <section class="c-section">
      <div class="c-head">
        <h2>{title}</h2>
        {extra}
      </div>
      {children}
    </section>
  );
}

/** What went wrong and the way on. */
export function Trouble({ problem, again }: { problem: ApiProblem | null; again?: (() => void) | undefined }) {
  if (!problem) return null;
  const title = `problem.${problem.code}`;
  const fix = `fix.${problem.code}`;
  return (
    <Notice
      kind="bad"
      title={speaker.has(title) ? t(title) : problem.detail}
      text={speaker.has(fix) ? t(fix) : problem.fix}
    >
      {again && (
        <Button size="small" icon="refresh" onClick={again}>
          {t("again")}
        </Button>
      )}
    </Notice>
  );
}

export function Loading() {
  return (
    <div class="c-loading" role="status">
      <span class="a-hidden">{t("loading")}</span>
      <div class="a-skeleton" />
      <div class="a-skeleton" />
      <div class="a-skeleton" />
    </div>
  );
}

/** A product as a list shows it. */
export function ProductTile({ product, note }: { product: ProductCard; note?: ComponentChildren }) {
  const price = product.sale_price ?? product.price;
  return (
    <article class="c-tile">
      <a href={hrefOf("catalog", product.id)}>
        <Picture src={product.image} />
        <span class="c-tile-title">{product.title}</span>
      </a>
      <p>
        {[product.brand, product.type].filter(Boolean).join(" · ")}
        {price && <> · {speaker.price(price)}</>}
      </p>
      {product.availability !== "in_stock" && <span class="a-badge">{t(`availability.${product.availability}`)}</span>}
      {note}
    </article>
  );
}

/** A picture that says nothing more than the words beside it. */
export function Picture({ src }: { src: string | null }) {
  const [broken, setBroken] = useState(false);
  if (!src || broken) return <span class="c-picture" data-none="" />;
  return <img class="c-picture" src={src} alt="" loading="lazy" onError={() => setBroken(true)} />;
}

/** A picture behind the key. */
export function KeptPicture({ path, alt }: { path: string; alt: string }) {
  const [src, setSrc] = useState<string | null>(null);
  useEffect(() => {
    const shown = { url: "", over: false };
    void fileAt(path).then(
      (blob) => {
        if (shown.over) return;
        shown.url = URL.createObjectURL(blob);
        setSrc(shown.url);
      },
      () => setSrc(null),
    );
    return () => {
      shown.over = true;
      if (shown.url) URL.revokeObjectURL(shown.url);
    };
  }, [path]);
  return src ? <img class="c-picture" src={src} alt={alt} /> : <span class="c-picture" data-none="" />;
}

export interface Column<Row> {
  name: string;
  cell: (row: Row) => ComponentChildren;
  number?: boolean;
  /** Sentences, which want room. */
  wide?: boolean;
  /** One line, as dates are. */
  line?: boolean;
}

/** A table that scrolls by itself where it is too wide; the keyboard reaches its scrolling. */
export function Table<Row>({
  caption,
  columns,
  rows,
  id,
}: {
  caption: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  id: (row: Row) => string;
}) {
  return (
    <div class="c-scroll" tabIndex={0} role="region" aria-label={caption}>
      <table class="c-table">
        <caption class="a-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((one) => (
              <th key={one.name} scope="col" data-number={one.number ? "" : undefined}>
                {one.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)}>
              {columns.map((one) => (
                <td
                  key={one.name}
                  data-number={one.number ? "" : undefined}
                  data-wide={one.wide ? "" : undefined}
                  data-line={one.line ? "" : undefined}
                >
                  {one.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A button that does something on the server: off while it works, and says what went wrong beside itself. */
export function Deed({
  label,
  kind,
  confirm,
  done,
  work,
  off,
}: {
  label: string;
  kind?: "primary" | "plain" | "danger";
  /** Asked first, in a dialog, where given. */
  confirm?: string;
  done?: () => void;
  work: () => Promise<unknown>;
  off?: boolean;
}) {
  const [state, setState] = useState<{ busy: boolean; problem: ApiProblem | null; asks: boolean }>({
    busy: false,
    problem: null,
    asks: false,
  });
  const act = () => {
    setState({ busy: true, problem: null, asks: false });
    void work().then(
      () => {
        setState({ busy: false, problem: null, asks: false });
        done?.();
      },
      (failure: unknown) => setState({ busy: false, problem: asProblem(failure), asks: false }),
    );
  };
  return (
    <>
      <Button
        size="small"
        kind={kind}
        disabled={state.busy || off}
        aria-busy={state.busy}
        onClick={() => (confirm ? setState({ ...state, asks: true }) : act())}
      >
        {label}
      </Button>
      {state.asks && (
        <Dialog title={label} close={t("cancel")} onClose={() => setState({ ...state, asks: false })}>
          <p>{confirm}</p>
          <div class="a-row c-actions">
            <Button onClick={() => setState({ ...state, asks: false })}>{t("cancel")}</Button>
            <Button kind="danger" onClick={act}>
              {label}
            </Button>
          </div>
        </Dialog>
      )}
      {state.problem && <Trouble problem={state.problem} />}
    </>
  );
}

export function Check({
  label,
  value,
  onChange,
}: {
  label: string;
  value: boolean;
  onChange: (value: boolean) => void;
}) {
  return (
    <label class="c-check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

export function FileField({
  label,
  accept,
  onFile,
}: {
  label: string;
  accept?: string;
  onFile: (file: File | null) => void;
}) {
  return (
    <label class="a-field">
      <span>{label}</span>
      <input
        class="a-input"
        type="file"
        accept={accept}
        onChange={(event) => onFile(event.currentTarget.files?.[0] ?? null)}
      />
    </label>
  );
}
