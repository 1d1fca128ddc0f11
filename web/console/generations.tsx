import { useRef, useState } from "preact/hooks";
import type { ApiProblem, Schemas } from "../api/client";
import { Button, Dialog } from "../design";
import { Loading, Section, Table, Trouble } from "./parts";
import { api, ask, asProblem, useAnswer } from "./session";
import { speaker } from "./texts";
import { CompareVersions } from "./versions";

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
  const [question, setQuestion] = useState<Question | null>(null);
  const [state, setState] = useState<{ busy: boolean; problem: ApiProblem | null }>({ busy: false, problem: null });
  const decide = ({ work }: Question) => {
    setQuestion(null);
    setState({ busy: true, problem: null });
    void work().then(
      () => {
        setState({ busy: false, problem: null });
        kept.again();
      },
      (failure: unknown) => {
        setState({ busy: false, problem: asProblem(failure) });
        kept.again(); // what stood in the way is in the list then
      },
    );
  };
  const put = (next: Question) => {
    setState({ busy: false, problem: null });
    setQuestion(next);
  };
  return (
    <>
      <Section
        title={t("generations.title")}
        extra={
          <span class="a-row">
            <Button
              size="small"
              disabled={state.busy || !rows.some((one) => one.state === "retired")}
              onClick={() => put(rollBack(tag.current))}
            >
              {t("generations.back")}
            </Button>
            <Button size="small" disabled={state.busy} onClick={() => put(prune())}>
              {t("generations.prune")}
            </Button>
          </span>
        }
      >
        <p class="c-soft">{t("generations.lead")}</p>
        <Trouble problem={kept.problem} again={kept.again} />
        <Trouble problem={state.problem} />
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
                line: true,
                cell: (one) => (one.published_at ? speaker.date(one.published_at) : ""),
              },
              {
                name: t("generations.do"),
                cell: (one) => (
                  <span class="a-row">
                    {stepsOf(one, published?.id ?? "–", tag.current).map((step) => (
                      <Button
                        key={step.label}
                        size="small"
                        kind={step.kind}
                        disabled={state.busy}
                        onClick={() => put(step)}
                      >
                        {step.label}
                      </Button>
                    ))}
                  </span>
                ),
              },
            ]}
          />
        )}
        {question && (
          <Dialog title={question.label} close={t("cancel")} onClose={() => setQuestion(null)}>
            <p>{question.text}</p>
            <div class="a-row c-actions">
              <Button onClick={() => setQuestion(null)}>{t("cancel")}</Button>
              <Button kind="danger" onClick={() => decide(question)}>
                {question.label}
              </Button>
            </div>
          </Dialog>
        )}
      </Section>
      {kept.data && (
        <CompareVersions versions={rows} publish={(one) => put(publishing(one, published?.id ?? "–", tag.current))} />
      )}
    </>
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

/**
 * A step that is asked about before it is taken. It speaks of the versions as they stood when it was asked: its
 * If-Match is that list's, however often the list is fetched again behind the dialog. So a step that somebody else
 * overtook is refused, and never means another version than the dialog named.
 */
interface Question {
  label: string;
  text: string;
  kind?: "primary" | "danger";
  work: () => Promise<unknown>;
}

function prune(): Question {
  return {
    label: t("generations.prune"),
    text: t("generations.prune.ask"),
    work: () => ask(api.POST("/generations/prune")),
  };
}

function rollBack(tag: string): Question {
  return {
    label: t("generations.back"),
    text: t("generations.back.ask"),
    work: () => ask(api.POST("/generations/rollback", { headers: { "if-match": tag } })),
  };
}

function publishing(one: Generation, published: string, tag: string): Question {
  const params = { path: { generation_id: one.id } };
  return {
    label: t("generations.publish"),
    text: t("generations.publish.ask", { id: one.id, now: published }),
    kind: "primary",
    work: () => ask(api.POST("/generations/{generation_id}/publish", { params, headers: { "if-match": tag } })),
  };
}

/** What can be done with a version in its state. */
function stepsOf(one: Generation, published: string, tag: string): Question[] {
  const at = { params: { path: { generation_id: one.id } } };
  const guarded = { ...at, headers: { "if-match": tag } };
  const abandon = (text: string, asked: typeof at): Question => ({
    label: t("generations.abandon"),
    text,
    kind: "danger",
    work: () => ask(api.DELETE("/generations/{generation_id}", asked)),
  });
  if (one.state === "verified")
    return [publishing(one, published, tag), abandon(t("generations.abandon.ready.ask", { id: one.id }), guarded)];
  if (one.state === "retired") return [publishing(one, published, tag)];
  if (one.state === "loading") return [abandon(t("generations.abandon.ask"), at)];
  return [];
}
