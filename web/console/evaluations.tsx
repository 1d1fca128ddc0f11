import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Notice, Progress, Select } from "../design";
import { Deed, Loading, Section, Table, Trouble } from "./parts";
import { api, ask, useAnswer } from "./session";
import { speaker } from "./texts";
import { changesOf, type Trial } from "./weights";

const { t } = speaker;
type Evaluation = Schemas["EvaluationModel"];
type Measure = Schemas["MeasureModel"];

/** Measure the search on the judged photos, and put two measurements side by side. */
export function Evaluations({ trial }: { trial: Trial }) {
  const kept = useAnswer(
    "evaluations",
    () => ask(api.GET("/evaluations")),
    1_500,
    (all) => all.evaluations.some((one) => one.state === "running"),
  );
  const [pair, setPair] = useState({ earlier: "", later: "" });
  const rows = kept.data?.evaluations ?? [];
  const done = rows.filter((one) => one.state === "done");
  const changes = changesOf(trial);
  const start = (name: string, weights: object) =>
    ask(api.POST("/evaluations", { body: { name, weights: weights as never } }));
  const named = (one: Evaluation) => `${one.name || t("evaluations.served")} · ${speaker.date(one.begun_at)}`;
  return (
    <Section
      title={t("evaluations.title")}
      extra={
        <span class="a-row">
          <Deed label={t("evaluations.now")} work={() => start(t("evaluations.served"), {})} done={kept.again} />
          <Deed
            label={t("evaluations.trial")}
            off={!changes}
            work={() => start(t("lab.trial"), changes ?? {})}
            done={kept.again}
          />
        </span>
      }
    >
      <p class="c-soft">{t("evaluations.lead")}</p>
      <Trouble problem={kept.problem} again={kept.again} />
      {kept.loading && !kept.data && <Loading />}
      {kept.data && !rows.length && <Notice text={t("evaluations.none")} />}
      {rows.length > 0 && (
        <Table
          caption={t("evaluations.title")}
          rows={rows}
          id={(one) => one.id}
          columns={[
            { name: t("judged.name"), cell: named },
            {
              name: t("loads.state"),
              cell: (one) =>
                one.state === "running" ? (
                  <Progress label={named(one)} share={one.done / Math.max(1, one.whole)} />
                ) : (
                  <>
                    {t(`evaluation.${one.state}`)}
                    {one.problem && <small class="c-why">{one.problem["detail"]}</small>}
                  </>
                ),
            },
            { name: t("generations.id"), cell: (one) => <code>{one.generation ?? ""}</code> },
            ...["hit@1", "hit@10", "ndcg@10", "no_match_recall"].map((name) => ({
              name,
              number: true,
              cell: (one: Evaluation) => <Figure measure={one.measures[name]} />,
            })),
          ]}
        />
      )}
      {done.length > 1 && (
        <div class="c-form">
          {(["earlier", "later"] as const).map((side) => (
            <Select
              key={side}
              label={t(`evaluations.${side}`)}
              value={pair[side]}
              options={[{ value: "", label: "–" }, ...done.map((one) => ({ value: one.id, label: named(one) }))]}
              onChange={(value) => setPair({ ...pair, [side]: value })}
            />
          ))}
        </div>
      )}
      {pair.earlier && pair.later && pair.earlier !== pair.later && (
        <Comparison {...pair} names={[t("evaluations.earlier"), t("evaluations.later")]} />
      )}
    </Section>
  );
}

const FIGURES = ["hit@1", "hit@5", "hit@10", "mrr", "ndcg@10", "no_match_recall"] as const;

/** A figure in words, with the name that docs/evaluation.md and the command line have for it. */
function Named({ figure }: { figure: string }) {
  const known = FIGURES.find((one) => one === figure);
  return (
    <>
      {known && `${t(`figure.${known}`)} `}
      <small>
        <code>{figure}</code>
      </small>
    </>
  );
}

function Figure({ measure, signed = false }: { measure: Measure | undefined; signed?: boolean }) {
  if (!measure) return null;
  const two = (value: number) =>
    speaker.number(value, {
      maximumFractionDigits: 2,
      minimumFractionDigits: 2,
      signDisplay: signed ? "exceptZero" : "auto",
    });
  return (
    <span class="c-figure-number">
      {two(measure.value)} <small>{`${two(measure.low)} … ${two(measure.high)}`}</small>
    </span>
  );
}

/** Two measurements side by side, with what got worse. */
export function Comparison({
  earlier,
  later,
  names,
}: {
  earlier: string;
  later: string;
  /** What the two are called. */
  names: readonly [string, string];
}) {
  const compared = useAnswer(`${earlier} ${later}`, () =>
    ask(
      api.GET("/evaluations/{evaluation_id}/comparison", {
        params: { path: { evaluation_id: later }, query: { earlier } },
      }),
    ),
  );
  const { data } = compared;
  const short = (value: number) => speaker.number(value, { maximumFractionDigits: 3, minimumFractionDigits: 3 });
  return (
    <>
      <Trouble problem={compared.problem} again={compared.again} />
      {compared.loading && <Loading />}
      {data && (
        <>
          <p>{t("evaluations.shared", { count: data.photos })}</p>
          <Table
            caption={t("evaluations.compared")}
            rows={Object.entries(data.changes)}
            id={([name]) => name}
            columns={[
              { name: t("evaluations.figure"), cell: ([name]) => <Named figure={name} />, wide: true },
              { name: names[0], number: true, cell: ([, one]) => <Figure measure={one.earlier} /> },
              { name: names[1], number: true, cell: ([, one]) => <Figure measure={one.later} /> },
              {
                name: t("evaluations.difference"),
                number: true,
                cell: ([, one]) => <Figure measure={one.difference} signed />,
              },
            ]}
          />
          {(["worse", "better"] as const).map((side) => (
            <div key={side}>
              <h3>{t(`evaluations.${side}`, { count: data[side].length })}</h3>
              <ul class="c-moved">
                {data[side].slice(0, 30).map((one) => (
                  <li key={one.photo}>
                    {one.name || one.photo.slice(0, 8)}: {one.figure} {short(one.earlier)} → {short(one.later)}
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </>
      )}
    </>
  );
}
