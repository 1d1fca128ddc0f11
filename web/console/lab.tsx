import { useState } from "preact/hooks";
import { formOf, type ApiProblem, type Schemas } from "../api/client";
import { Button, Notice, Select, TextField } from "../design";
import { Evaluations } from "./evaluations";
import { JudgedPhotos } from "./judged";
import { FileField, Loading, Picture, Room, Section, Trouble } from "./parts";
import { sendable } from "./photo";
import { Seen } from "./product";
import { hrefOf } from "./route";
import { api, ask, asProblem, multipart, useAnswer } from "./session";
import { speaker } from "./texts";
import { changesOf, type Trial, Weights } from "./weights";

const { t } = speaker;
type LabAnswer = Schemas["LabAnswer"];
type Candidate = Schemas["CandidateModel"];
type Scoring = Schemas["ScoringModel"];

export const GRADES = [
  { grade: 3, word: "exact" },
  { grade: 2, word: "similar" },
  { grade: 1, word: "related" },
  { grade: 0, word: "wrong" },
] as const;

/** Take a search apart, try weights beside those that serve, judge what is right, and measure. */
export function Lab() {
  const weights = useAnswer("weights", () => ask(api.GET("/lab/weights")));
  const [photo, setPhoto] = useState<File | null>(null);
  const [text, setText] = useState("");
  const [trial, setTrial] = useState<Trial>({});
  const [round, setRound] = useState(0);
  const [found, setFound] = useState<LabAnswer | null>(null);
  const [state, setState] = useState<{ busy: boolean; problem: ApiProblem | null }>({ busy: false, problem: null });

  const search = async (file: File | null, tried: Trial) => {
    setState({ busy: true, problem: null });
    const known = file === null || file === photo ? found?.photo_id : null;
    const changes = changesOf(tried);
    const chosen = file ?? photo;
    try {
      const fields = {
        ...(known ? { photo_id: known } : { photo: chosen ? await sendable(chosen) : undefined }),
        text: text || undefined,
        weights: changes ? JSON.stringify(changes) : undefined,
      };
      setFound(await ask(api.POST("/lab/search", multipart(formOf(fields)))));
      setState({ busy: false, problem: null });
    } catch (failure) {
      setState({ busy: false, problem: asProblem(failure) });
    }
  };
  return (
    <Room title={t("room.lab")} lead={t("lab.lead")}>
      <form
        class="c-form"
        onSubmit={(event) => {
          event.preventDefault();
          void search(null, trial);
        }}
      >
        <FileField
          label={t("catalog.photo")}
          accept="image/*"
          onFile={(file) => {
            setPhoto(file);
            setFound(null);
            if (file) void search(file, trial);
          }}
        />
        <TextField label={t("lab.words")} value={text} maxLength={500} onInput={setText} />
        <div class="a-row">
          <Button kind="primary" type="submit" icon="search" disabled={!photo || state.busy}>
            {t("catalog.search")}
          </Button>
        </div>
      </form>
      <Trouble problem={weights.problem} again={weights.again} />
      {weights.data && (
        <Weights
          current={weights.data}
          trial={trial}
          onTry={(next) => {
            setTrial(next);
            if (found) void search(null, next);
          }}
        />
      )}
      <Trouble problem={state.problem} />
      {state.busy && !found && <Loading />}
      {!found && !state.busy && !state.problem && <Notice title={t("lab.empty")} text={t("lab.empty.fix")} />}
      {found && (
        <>
          {found.analysis && (
            <Section title={t("product.seen")}>
              <Seen analysis={found.analysis} />
            </Section>
          )}
          <Section title={t("lab.candidates")}>
            <p role="status">
              {t("lab.counts", { found: found.found, total: found.total })}{" "}
              {found.trial_total !== null && t("lab.counts.trial", { total: found.trial_total })}
            </p>
            <ol class="c-candidates" aria-busy={state.busy}>
              {found.candidates.map((one) => (
                <CandidateRow
                  key={one.product.id}
                  one={one}
                  photo={found.photo_id}
                  judged={() => setRound(round + 1)}
                />
              ))}
            </ol>
          </Section>
        </>
      )}
      <JudgedPhotos round={round} />
      <Evaluations trial={trial} />
    </Room>
  );
}

function CandidateRow({ one, photo, judged }: { one: Candidate; photo: string | null; judged: () => void }) {
  const moved = one.trial ? one.now.place - one.trial.place : 0;
  return (
    <li class="c-candidate" data-below={one.now.match === null ? "" : undefined}>
      <Picture src={one.product.image} />
      <div>
        <h3>
          <a href={hrefOf("catalog", one.product.id)}>{one.product.title}</a>
        </h3>
        <p class="a-row">
          <Score scoring={one.now} name={t("lab.now")} />
          {one.trial && <Score scoring={one.trial} name={t("lab.trial")} />}
          {moved !== 0 && (
            <span class="a-badge" data-kind={moved > 0 ? "good" : "warn"}>
              {moved > 0 ? t("lab.up", { by: moved }) : t("lab.down", { by: -moved })}
            </span>
          )}
        </p>
        <details>
          <summary>{t("lab.how")}</summary>
          <Parts now={one.now} trial={one.trial} signals={one.signals} />
        </details>
      </div>
      {photo && <Mark product={one.product.id} photo={photo} judged={judged} />}
    </li>
  );
}

function Score({ scoring, name }: { scoring: Scoring; name: string }) {
  return (
    <span class="a-badge" data-kind={scoring.match && scoring.match !== "loose" ? "good" : undefined}>
      {name} {scoring.place}. · {speaker.number(scoring.score, { style: "percent", maximumFractionDigits: 1 })} ·{" "}
      {t(scoring.match ? `match.${scoring.match}` : "match.none")}
    </span>
  );
}

/** Every part of the logit, as a bar and as a number, now and on trial. */
function Parts({ now, trial, signals }: { now: Scoring; trial: Scoring | null; signals: Record<string, number> }) {
  const largest = Math.max(
    ...now.parts.map((part) => part.adds),
    ...(trial?.parts.map((part) => part.adds) ?? []),
    0.01,
  );
  const two = (value: number) => speaker.number(value, { maximumFractionDigits: 2, minimumFractionDigits: 2 });
  return (
    <div class="c-scroll" tabIndex={0} role="region" aria-label={t("lab.how")}>
      <table class="c-table">
        <thead>
          <tr>
            <th scope="col">{t("lab.feature")}</th>
            <th scope="col" data-number="">
              {t("lab.value")}
            </th>
            <th scope="col" data-number="">
              {t("lab.weight")}
            </th>
            <th scope="col">{t("lab.adds")}</th>
            {trial && <th scope="col">{t("lab.trial")}</th>}
          </tr>
        </thead>
        <tbody>
          {now.parts.map((part) => {
            const other = trial?.parts.find((one) => one.feature === part.feature);
            return (
              <tr key={part.feature}>
                <th scope="row">{part.feature}</th>
                <td data-number="">{two(part.value)}</td>
                <td data-number="">{two(part.weight)}</td>
                <td>
                  <Bar share={part.adds / largest} text={two(part.adds)} />
                </td>
                {trial && <td>{other && <Bar share={other.adds / largest} text={two(other.adds)} />}</td>}
              </tr>
            );
          })}
          <tr>
            <th scope="row">{t("lab.constant")}</th>
            <td colSpan={2} />
            <td>{two(now.constant)}</td>
            {trial && <td>{two(trial.constant)}</td>}
          </tr>
          <tr>
            <th scope="row">{t("lab.sum")}</th>
            <td colSpan={2} />
            <td>
              {two(now.logit)} → {speaker.number(now.score, { style: "percent", maximumFractionDigits: 1 })}
            </td>
            {trial && (
              <td>
                {two(trial.logit)} → {speaker.number(trial.score, { style: "percent", maximumFractionDigits: 1 })}
              </td>
            )}
          </tr>
        </tbody>
      </table>
      <p class="c-soft">
        {t("lab.signals")}:{" "}
        {Object.entries(signals)
          .map(([name, value]) => `${name} ${two(value)}`)
          .join(" · ")}
      </p>
    </div>
  );
}

function Bar({ share, text }: { share: number; text: string }) {
  return (
    <span class="c-bar">
      <span style={{ width: `${Math.max(0, Math.min(1, share)) * 72}px` }} />
      {text}
    </span>
  );
}

function Mark({ product, photo, judged }: { product: string; photo: string; judged: () => void }) {
  const [grade, setGrade] = useState("");
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const mark = async (chosen: string) => {
    setGrade(chosen);
    try {
      const told = JSON.stringify({ judgments: { [product]: chosen === "" ? null : Number(chosen) } });
      await ask(api.POST("/judged-photos", multipart(formOf({ photo_id: photo, judged: told }))));
      setProblem(null);
      judged();
    } catch (failure) {
      setProblem(asProblem(failure));
    }
  };
  return (
    <div class="c-mark">
      <Select
        label={t("lab.mark")}
        value={grade}
        options={[
          { value: "", label: "–" },
          ...GRADES.map((one) => ({ value: String(one.grade), label: t(`grade.${one.word}`) })),
        ]}
        onChange={(chosen) => void mark(chosen)}
      />
      <Trouble problem={problem} />
    </div>
  );
}
