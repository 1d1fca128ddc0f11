import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Button, Notice, Progress, Select } from "../design";
import { Deed, Loading, ProductTile, Room, Section, Trouble } from "./parts";
import { api, ask, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;
const CAUSES = [
  "no-picture",
  "tiny",
  "blurred",
  "never-shown",
  "color",
  "writing",
  "duplicate",
  "no-type",
  "one-picture",
] as const;
type Cause = (typeof CAUSES)[number];
const PAGE = 24;

/** Products that are hard to find, each with what to do; and pairs to decide about. */
export function Findability() {
  const [cause, setCause] = useState<Cause | "">("");
  const [offset, setOffset] = useState(0);
  const [round, setRound] = useState(0);
  const found = useAnswer(
    `findability ${cause} ${offset} ${round}`,
    () =>
      ask(
        api.GET("/insights/findability", { params: { query: { offset, limit: PAGE, ...(cause ? { cause } : {}) } } }),
      ),
    2_000,
    (one) => one.state === "surveying",
  );
  const { data } = found;
  return (
    <Room title={t("room.findability")} lead={t("find.lead")}>
      <div class="c-form">
        <Select
          label={t("find.cause")}
          value={cause}
          options={[
            { value: "", label: t("any") },
            ...CAUSES.map((value) => ({ value, label: `${t(`cause.${value}`)} (${data?.causes[value] ?? 0})` })),
          ]}
          onChange={(value) => {
            setCause(value);
            setOffset(0);
          }}
        />
        <Deed
          label={t("find.anew")}
          work={() => ask(api.GET("/insights/findability", { params: { query: { anew: true, limit: 1 } } }))}
          done={() => setRound(round + 1)}
        />
      </div>
      <Trouble problem={found.problem} again={found.again} />
      {found.loading && !data && <Loading />}
      {data?.state === "surveying" && (
        <Progress label={t("find.surveying")} share={data.products ? data.done / data.products : undefined} />
      )}
      {data?.state === "ready" && (
        <>
          <p role="status">
            {t("find.found", { count: data.total })}{" "}
            {data.made_at && t("find.made", { at: speaker.date(data.made_at) })}
          </p>
          {data.unknown_pictures > 0 && <Notice text={t("find.unknown", { count: data.unknown_pictures })} />}
          {data.total === 0 && <Notice kind="good" text={t("find.none")} />}
          <div class="c-tiles" data-wide="">
            {data.items.map((one) => (
              <ProductTile
                key={one.product.id}
                product={one.product}
                note={
                  <ul class="c-hindrances">
                    {one.hindrances.map((what) => (
                      <li key={what.cause}>
                        <span class="a-badge" data-kind="warn">
                          {t(`cause.${what.cause}`)}
                        </span>{" "}
                        {what.detail} <em>{what.fix}</em>
                      </li>
                    ))}
                  </ul>
                }
              />
            ))}
          </div>
          <div class="a-row">
            {offset > 0 && <Button onClick={() => setOffset(Math.max(0, offset - PAGE))}>{t("earlier")}</Button>}
            {data.next_offset !== null && <Button onClick={() => setOffset(data.next_offset ?? 0)}>{t("more")}</Button>}
          </div>
        </>
      )}
      <Twins />
    </Room>
  );
}

const DECIDED = ["open", "same", "different"] as const;

function Twins() {
  const [decided, setDecided] = useState<(typeof DECIDED)[number]>("open");
  const pairs = useAnswer(
    `twins ${decided}`,
    () => ask(api.GET("/insights/duplicates", { params: { query: { decided } } })),
    2_000,
    (one) => one.state === "surveying",
  );
  return (
    <Section title={t("twins.title")}>
      <p class="c-soft">{t("twins.lead")}</p>
      <Select
        label={t("twins.show")}
        value={decided}
        options={DECIDED.map((value) => ({ value, label: t(`twins.${value}`) }))}
        onChange={setDecided}
      />
      <Trouble problem={pairs.problem} again={pairs.again} />
      {pairs.loading && !pairs.data && <Loading />}
      {pairs.data?.state === "ready" && pairs.data.total === 0 && <Notice text={t("twins.none")} />}
      {pairs.data?.pairs.map((pair) => (
        <Pair key={`${pair.one.id} ${pair.other.id}`} pair={pair} again={pairs.again} />
      ))}
    </Section>
  );
}

function Pair({ pair, again }: { pair: Schemas["TwinModel"]; again: () => void }) {
  const decide = (same: boolean | null) =>
    ask(api.PUT("/insights/duplicates", { body: { one: pair.one.id, other: pair.other.id, same } }));
  return (
    <div class="c-pair">
      <ProductTile product={pair.one} />
      <ProductTile product={pair.other} />
      <div class="a-row">
        <span class="a-badge">{speaker.number(pair.likeness, { style: "percent", maximumFractionDigits: 1 })}</span>
        {pair.same !== true && <Deed label={t("twins.decide.same")} work={() => decide(true)} done={again} />}
        {pair.same !== false && <Deed label={t("twins.decide.different")} work={() => decide(false)} done={again} />}
        {pair.same !== null && <Deed label={t("twins.decide.back")} work={() => decide(null)} done={again} />}
      </div>
    </div>
  );
}
