import { useState } from "preact/hooks";
import { ApiProblem, type Schemas } from "../api/client";
import { Button, Notice, Progress, Select } from "../design";
import { Comparison } from "./evaluations";
import { Section, Trouble } from "./parts";
import { hrefOf } from "./route";
import { api, ask, asProblem, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;
type Generation = Schemas["KeptGeneration"];
type Evaluation = Schemas["EvaluationModel"];
type Split = "all" | "test" | "fit";
interface Way {
  busy: boolean;
  at: string;
  share: number;
  problem: ApiProblem | null;
}

const SEARCHABLE = new Set(["published", "verified", "retired"]);
const LOOK_EVERY_MS = 700;

/** Two versions on the judged photos, side by side, before shoppers see the second. */
export function CompareVersions({
  versions,
  publish,
}: {
  versions: readonly Generation[];
  /** Ask whether a version is to be published. */
  publish: (version: Generation) => void;
}) {
  const whole = versions.filter((one) => SEARCHABLE.has(one.state));
  const published = whole.find((one) => one.state === "published")?.id ?? "";
  const other = (whole.find((one) => one.state === "verified") ?? whole.find((one) => one.id !== published))?.id ?? "";
  const [chosen, setChosen] = useState({ earlier: "", later: "" });
  const [split, setSplit] = useState<Split>("all");
  const [way, setWay] = useState<Way>({ busy: false, at: "", share: 0, problem: null });
  const kept = useAnswer("evaluations", () => ask(api.GET("/evaluations")));
  const judged = useAnswer("judged", () => ask(api.GET("/judged-photos")));

  const known = (id: string, otherwise: string) => (whole.some((one) => one.id === id) ? id : otherwise);
  const earlier = known(chosen.earlier, published);
  const later = known(chosen.later, other);
  const candidate = whole.find((one) => one.id === later && one.state !== "published");
  const photos = judged.data?.photos ?? [];
  const count = (which: Split) => photos.filter((one) => which === "all" || one.split === which).length;
  const pair = [earlier, later].map((id) => measured(kept.data?.evaluations ?? [], id, split)) as [
    Evaluation | undefined,
    Evaluation | undefined,
  ];
  const measure = async () => {
    try {
      for (const id of [earlier, later]) {
        setWay({ busy: true, at: id, share: 0, problem: null });
        await followed(id, split, (share) => setWay({ busy: true, at: id, share, problem: null }));
      }
      setWay({ busy: false, at: "", share: 0, problem: null });
    } catch (failure) {
      setWay({ busy: false, at: "", share: 0, problem: asProblem(failure) });
    }
    kept.again();
  };
  const options = whole.map((one) => ({
    value: one.id,
    label: `${one.id} · ${t(`generation.${one.state}`)} · ${t("versions.products", { count: one.products })}`,
  }));
  return (
    <Section title={t("versions.title")}>
      <p class="c-soft">{t("versions.lead")}</p>
      <Trouble problem={judged.problem ?? kept.problem} again={judged.problem ? judged.again : kept.again} />
      {whole.length < 2 && <Notice text={t("versions.one")} />}
      {whole.length > 1 && judged.data && !photos.length && (
        <Notice text={t("versions.unjudged")}>
          <a href={hrefOf("lab")}>{t("room.lab")}</a>
        </Notice>
      )}
      {whole.length > 1 && photos.length > 0 && (
        <form
          class="c-form"
          data-wide=""
          onSubmit={(event) => {
            event.preventDefault();
            void measure();
          }}
        >
          <Select
            label={t("versions.earlier")}
            value={earlier}
            options={options}
            onChange={(value) => setChosen({ ...chosen, earlier: value })}
          />
          <Select
            label={t("versions.later")}
            value={later}
            options={options}
            onChange={(value) => setChosen({ ...chosen, later: value })}
          />
          <Select
            label={t("versions.photos")}
            value={split}
            options={(["all", "test", "fit"] as const).map((value) => ({
              value,
              label: `${t(`versions.split.${value}`)} (${speaker.number(count(value))})`,
            }))}
            onChange={setSplit}
          />
          <div class="a-row">
            <Button
              kind="primary"
              type="submit"
              disabled={way.busy || earlier === later || !count(split)}
              aria-busy={way.busy}
            >
              {t("versions.measure")}
            </Button>
          </div>
        </form>
      )}
      {way.busy && (
        <div class="c-way" role="status">
          <Progress label={t("versions.measuring", { id: way.at })} share={way.share} />
          <span class="c-soft">{t("versions.measuring", { id: way.at })}</span>
        </div>
      )}
      <Trouble problem={way.problem} />
      {!way.busy && earlier !== later && pair[0] && pair[1] && (
        <>
          <p>
            <code>{earlier}</code> ({speaker.date(pair[0].begun_at)}) → <code>{later}</code> (
            {speaker.date(pair[1].begun_at)})
          </p>
          <Comparison earlier={pair[0].id} later={pair[1].id} names={[earlier, later]} />
          {candidate && (
            <div class="a-row">
              <Button kind="primary" onClick={() => publish(candidate)}>
                {t("versions.publish", { id: candidate.id })}
              </Button>
            </div>
          )}
        </>
      )}
    </Section>
  );
}

/** The newest measurement of a version as it serves, on these photos. */
function measured(all: readonly Evaluation[], id: string, split: Split): Evaluation | undefined {
  const which = split === "all" ? null : split;
  return all.find(
    (one) => one.state === "done" && one.generation === id && one.split === which && !Object.keys(one.weights).length,
  );
}

/** Measure a version, and come back when that is over. Throws ApiProblem for a measurement that did not come to its end. */
async function followed(generation: string, split: Split, tell: (share: number) => void): Promise<void> {
  const body = { name: "", weights: {}, generation, split: split === "all" ? null : split };
  let now: Evaluation = await ask(api.POST("/evaluations", { body }));
  while (now.state === "running") {
    tell(now.done / Math.max(1, now.whole));
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    now = await ask(api.GET("/evaluations/{evaluation_id}", { params: { path: { evaluation_id: now.id } } }));
  }
  if (now.state !== "done") {
    const { code = now.state, detail = t(`evaluation.${now.state}`) } = now.problem ?? {};
    throw new ApiProblem(code, 0, detail, null, "");
  }
}
