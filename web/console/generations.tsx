import { useRef } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Deed, Loading, Section, Table, Trouble } from "./parts";
import { api, ask, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;

/** The versions of the catalog: publish one, go back, delete old ones, give up an unfinished one. */
export function Generations() {
  const tag = useRef("");
  const kept = useAnswer(
    "generations",
    async () => {
      const outcome = await api.GET("/generations");
      tag.current = outcome.response.headers.get("etag") ?? "";
      return ask(Promise.resolve(outcome));
    },
    5_000,
  );
  const rows = kept.data?.generations ?? [];
  const published = rows.find((one) => one.state === "published");
  return (
    <Section
      title={t("generations.title")}
      extra={
        <span class="a-row">
          <Deed
            label={t("generations.back")}
            confirm={t("generations.back.ask")}
            off={!rows.some((one) => one.state === "retired")}
            work={() => ask(api.POST("/generations/rollback", { headers: { "if-match": tag.current } }))}
            done={kept.again}
          />
          <Deed
            label={t("generations.prune")}
            confirm={t("generations.prune.ask")}
            work={() => ask(api.POST("/generations/prune"))}
            done={kept.again}
          />
        </span>
      }
    >
      <p class="c-soft">{t("generations.lead")}</p>
      <Trouble problem={kept.problem} again={kept.again} />
      {kept.loading && <Loading />}
      {rows.length > 0 && (
        <Table
          caption={t("generations.title")}
          rows={rows}
          id={(one) => one.id}
          columns={[
            { name: t("generations.id"), cell: (one) => <code>{one.id}</code> },
            { name: t("loads.state"), cell: (one) => <State one={one} /> },
            { name: t("generations.products"), number: true, cell: (one) => speaker.number(one.products) },
            {
              name: t("generations.published"),
              cell: (one) => (one.published_at ? speaker.date(one.published_at) : ""),
            },
            {
              name: t("generations.do"),
              cell: (one) => <Step one={one} published={published?.id ?? null} tag={tag.current} again={kept.again} />,
            },
          ]}
        />
      )}
    </Section>
  );
}

type Generation = Schemas["KeptGeneration"];

function State({ one }: { one: Generation }) {
  return (
    <span class="a-badge" data-kind={one.state === "published" ? "good" : undefined}>
      {t(`generation.${one.state}`)}
    </span>
  );
}

function Step({
  one,
  published,
  tag,
  again,
}: {
  one: Generation;
  published: string | null;
  tag: string;
  again: () => void;
}) {
  const at = { params: { path: { generation_id: one.id } } };
  if (one.state === "verified" || one.state === "retired")
    return (
      <Deed
        label={t("generations.publish")}
        kind="primary"
        confirm={t("generations.publish.ask", { id: one.id, now: published ?? "–" })}
        // If-Match: somebody else may have published since this list was made; then nothing is done.
        work={() => ask(api.POST("/generations/{generation_id}/publish", { ...at, headers: { "if-match": tag } }))}
        done={again}
      />
    );
  if (one.state === "loading")
    return (
      <Deed
        label={t("generations.abandon")}
        kind="danger"
        confirm={t("generations.abandon.ask")}
        work={() => ask(api.DELETE("/generations/{generation_id}", at))}
        done={again}
      />
    );
  return null;
}
