import { useMemo, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Notice, Select } from "../design";
import { Chart, type Line } from "./chart";
import { Loading, Room, Section, Table, Trouble } from "./parts";
import { api, ask, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;
type HealthModel = Schemas["HealthModel"];
const HOURS = ["24", "72", "168"] as const;

/** How the server is: parts, queues, searching by the hour, problems, and what outside sources cost. */
export function Health() {
  const [hours, setHours] = useState<(typeof HOURS)[number]>("24");
  const health = useAnswer(
    `health ${hours}`,
    () => ask(api.GET("/insights/health", { params: { query: { hours: Number(hours) } } })),
    10_000,
  );
  return (
    <Room title={t("room.health")}>
      <div class="c-form">
        <Select
          label={t("health.span")}
          value={hours}
          options={HOURS.map((value) => ({ value, label: t("health.hours", { hours: Number(value) }) }))}
          onChange={setHours}
        />
      </div>
      <Trouble problem={health.problem} again={health.again} />
      {health.loading && !health.data && <Loading />}
      {health.data && <Told health={health.data} />}
    </Room>
  );
}

function Told({ health }: { health: HealthModel }) {
  const times = useMemo(() => health.hours.map((one) => one.at), [health]);
  const searches = useMemo<Line[]>(
    () => [
      { name: t("health.searches"), color: "--accent", values: health.hours.map((one) => one.searches) },
      { name: t("health.empty"), color: "--warn", values: health.hours.map((one) => one.empty) },
    ],
    [health],
  );
  const stages = useMemo(() => slowest(health), [health]);
  const slow = useMemo<Line[]>(
    () => [
      {
        name: t("health.p95"),
        color: "--bad",
        values: health.hours.map((one) =>
          one.searches ? Object.values(one.stages).reduce((sum, stage) => sum + stage.p95, 0) : null,
        ),
      },
      {
        name: t("health.p50"),
        color: "--good",
        values: health.hours.map((one) =>
          one.searches ? Object.values(one.stages).reduce((sum, stage) => sum + stage.p50, 0) : null,
        ),
      },
    ],
    [health],
  );
  const total = health.hours.reduce((sum, one) => sum + one.searches, 0);
  return (
    <>
      <Section title={t("health.parts")}>
        <ul class="c-parts">
          {Object.entries(health.parts).map(([name, part]) => (
            <li key={name} data-ok={part.ok ? "" : undefined}>
              <span class="a-badge" data-kind={part.ok ? "good" : "bad"}>
                {t(part.ok ? "health.well" : "health.ill")}
              </span>
              <strong>{name}</strong> {part.detail} {part.fix}
            </li>
          ))}
          {Object.entries(health.queues).map(([name, queue]) => (
            <li key={name}>
              <span class="a-badge" data-kind={queue.waiting ? "warn" : "good"}>
                {queue.working} / {queue.slots}
              </span>
              <strong>{t(`queue.${name as "searches" | "photos"}`)}</strong>{" "}
              {t("health.waiting", { count: queue.waiting })}
            </li>
          ))}
        </ul>
      </Section>
      <Section title={t("health.searching")}>
        {total === 0 ? (
          <Notice text={t("health.quiet")} />
        ) : (
          <>
            <div class="c-charts">
              <Chart title={t("health.searches")} times={times} lines={searches} />
              <Chart title={t("health.time")} times={times} lines={slow} unit=" ms" />
            </div>
            <Table
              caption={t("health.stages")}
              rows={stages}
              id={(one) => one.stage}
              columns={[
                { name: t("health.stage"), cell: (one) => one.stage },
                {
                  name: t("health.p50"),
                  number: true,
                  cell: (one) => `${speaker.number(one.p50, { maximumFractionDigits: 1 })} ms`,
                },
                {
                  name: t("health.p95"),
                  number: true,
                  cell: (one) => `${speaker.number(one.p95, { maximumFractionDigits: 1 })} ms`,
                },
              ]}
            />
          </>
        )}
      </Section>
      <Section title={t("health.problems")}>
        {health.failures.length === 0 ? (
          <Notice kind="good" text={t("health.noproblems")} />
        ) : (
          <Table
            caption={t("health.problems")}
            rows={health.failures}
            id={(one) => `${one.code} ${one.status}`}
            columns={[
              { name: t("health.code"), cell: (one) => <code>{one.code}</code> },
              { name: t("health.status"), number: true, cell: (one) => one.status },
              { name: t("health.times"), number: true, cell: (one) => speaker.number(one.times) },
              { name: t("health.last"), cell: (one) => speaker.date(one.last_hour) },
            ]}
          />
        )}
      </Section>
      <Section title={t("health.spending")}>
        {!health.spending ? <Notice text={t("health.nosources")} /> : <Spending spending={health.spending} />}
      </Section>
    </>
  );
}

function Spending({ spending }: { spending: Schemas["SpendingModel"] }) {
  const usd = (value: number) =>
    speaker.number(value, { style: "currency", currency: "USD", maximumFractionDigits: 4 });
  return (
    <>
      <p>
        {t("health.today", { usd: usd(spending.today_usd), units: spending.today_units })}{" "}
        {spending.budget_usd !== null && t("health.budget", { usd: usd(spending.budget_usd) })}
      </p>
      <ul class="a-row">
        {Object.entries(spending.breakers).map(([name, state]) => (
          <li key={name} class="a-badge" data-kind={state === "closed" ? "good" : "warn"}>
            {name}: {state}
          </li>
        ))}
      </ul>
      <Table
        caption={t("health.spending")}
        rows={spending.days}
        id={(one) => `${one.day} ${one.source}`}
        columns={[
          { name: t("health.day"), cell: (one) => one.day },
          { name: t("health.source"), cell: (one) => one.source },
          { name: "USD", number: true, cell: (one) => usd(one.usd) },
          { name: t("health.units"), number: true, cell: (one) => speaker.number(one.units) },
        ]}
      />
    </>
  );
}

/** The worst hour of each stage, the slowest stage first. */
function slowest(health: HealthModel): { stage: string; p50: number; p95: number }[] {
  const found = new Map<string, { p50: number; p95: number }>();
  for (const hour of health.hours)
    for (const [stage, one] of Object.entries(hour.stages)) {
      const before = found.get(stage);
      found.set(stage, { p50: Math.max(one.p50, before?.p50 ?? 0), p95: Math.max(one.p95, before?.p95 ?? 0) });
    }
  return [...found].map(([stage, one]) => ({ stage, ...one })).sort((a, b) => b.p95 - a.p95);
}
