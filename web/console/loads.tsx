import { useState } from "preact/hooks";
import { formOf, type ApiProblem, type Schemas } from "../api/client";
import { Button, Notice, Progress, Select, TextField } from "../design";
import { Generations } from "./generations";
import { Check, Deed, FileField, Loading, Room, Section, Table, Trouble } from "./parts";
import { go, hrefOf } from "./route";
import { api, ask, asProblem, download, fileAt, multipart, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;
type Load = Schemas["LoadModel"];
type RowProblem = Schemas["RowProblem"];

const TYPE_FROM = [
  "product_type",
  "custom_label_0",
  "custom_label_1",
  "custom_label_2",
  "custom_label_3",
  "custom_label_4",
] as const;
const UNDER_WAY = new Set(["running", "cancelling"]);
const GOOD = new Set(["published", "verified", "unchanged", "checked"]);

/** Load a feed, see how loads went, and the versions of the catalog they made. */
export function Loads() {
  const loads = useAnswer("loads", () => ask(api.GET("/loads")), 5_000);
  return (
    <Room title={t("room.loads")} lead={t("loads.lead")}>
      <Section title={t("loads.new")}>
        <NewLoad delta={false} />
      </Section>
      <Section title={t("loads.list")}>
        <Trouble problem={loads.problem} again={loads.again} />
        {loads.loading && <Loading />}
        {loads.data?.loads.length === 0 && <Notice title={t("loads.none")} text={t("loads.none.fix")} />}
        {!!loads.data?.loads.length && (
          <Table
            caption={t("loads.list")}
            rows={loads.data.loads}
            id={(one) => one.id}
            columns={[
              { name: t("loads.feed"), cell: (one) => <a href={hrefOf("loads", one.id)}>{one.name}</a> },
              { name: t("loads.state"), cell: (one) => <State load={one} /> },
              { name: t("loads.begun"), line: true, cell: (one) => speaker.date(one.created_at) },
              {
                name: t("loads.rows"),
                number: true,
                cell: (one) => speaker.number(one.summary?.rows.total ?? one.progress.done),
              },
              { name: t("loads.refused"), number: true, cell: (one) => speaker.number(one.summary?.rows.refused ?? 0) },
            ]}
          />
        )}
      </Section>
      <Generations />
    </Room>
  );
}

function State({ load }: { load: Load }) {
  const kind = GOOD.has(load.state) ? "good" : UNDER_WAY.has(load.state) ? undefined : "bad";
  return (
    <span class="a-badge" data-kind={kind}>
      {t(`load.${load.state}`)}
    </span>
  );
}

/** A feed as a file or as an address. delta: whether it is only the mended rows of another. */
function NewLoad({ delta }: { delta: boolean }) {
  const [file, setFile] = useState<File | null>(null);
  const [url, setUrl] = useState("");
  const [typeFrom, setTypeFrom] = useState<(typeof TYPE_FROM)[number]>("product_type");
  const [wish, setWish] = useState({ dry_run: false, images: false, delta, yes: false, publish: true });
  const [state, setState] = useState<{ busy: boolean; problem: ApiProblem | null }>({ busy: false, problem: null });
  const send = async () => {
    setState({ busy: true, problem: null });
    const wishes = { ...wish, images: wish.images && wish.dry_run, type_from: typeFrom };
    try {
      const begun = file
        ? await ask(
            api.POST(
              "/loads",
              multipart(
                formOf({
                  ...Object.fromEntries(Object.entries(wishes).map(([name, value]) => [name, String(value)])),
                  feed: file,
                }),
              ),
            ),
          )
        : await ask(api.POST("/loads", { body: { url, ...wishes } as never }));
      go("loads", begun.id);
    } catch (failure) {
      setState({ busy: false, problem: asProblem(failure) });
    }
  };
  return (
    <form
      class="c-form"
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <FileField label={t("loads.file")} accept=".tsv,.csv,.txt,.xml,.jsonl,.ndjson,.gz" onFile={setFile} />
      {!delta && (
        <TextField
          label={t("loads.url")}
          type="url"
          value={url}
          placeholder="https://"
          onInput={setUrl}
          disabled={!!file}
        />
      )}
      <Select
        label={t("loads.typefrom")}
        value={typeFrom}
        options={TYPE_FROM.map((value) => ({ value, label: value }))}
        onChange={setTypeFrom}
      />
      <fieldset class="c-checks">
        <legend class="a-hidden">{t("loads.wishes")}</legend>
        <Check label={t("loads.dry")} value={wish.dry_run} onChange={(dry_run) => setWish({ ...wish, dry_run })} />
        {wish.dry_run && (
          <Check label={t("loads.images")} value={wish.images} onChange={(images) => setWish({ ...wish, images })} />
        )}
        {!delta && (
          <Check label={t("loads.delta")} value={wish.delta} onChange={(value) => setWish({ ...wish, delta: value })} />
        )}
        <Check label={t("loads.yes")} value={wish.yes} onChange={(yes) => setWish({ ...wish, yes })} />
        {!wish.dry_run && (
          <Check
            label={t("loads.keep")}
            value={!wish.publish}
            onChange={(waits) => setWish({ ...wish, publish: !waits })}
          />
        )}
      </fieldset>
      <div class="a-row">
        <Button kind="primary" type="submit" icon="upload" disabled={state.busy || (!file && !url)}>
          {t(state.busy ? "loads.sending" : wish.dry_run ? "loads.check" : "loads.start")}
        </Button>
      </div>
      <Trouble problem={state.problem} />
    </form>
  );
}

/** One load: how it goes, what was refused and why, and the way to mend it. */
export function LoadPage({ id }: { id: string }) {
  const at = { params: { path: { load_id: id } } };
  const load = useAnswer(
    `load ${id}`,
    () => ask(api.GET("/loads/{load_id}", at)),
    1_000,
    (one) => UNDER_WAY.has(one.state),
  );
  const told = load.data;
  const under = told ? UNDER_WAY.has(told.state) : false;
  return (
    <Room title={told?.name ?? t("room.loads")}>
      <p>
        <a href={hrefOf("loads")}>{t("back.loads")}</a>
      </p>
      <Trouble problem={load.problem} again={load.again} />
      {load.loading && <Loading />}
      {told && (
        <>
          <p class="a-row" role="status">
            <State load={told} />
            {told.summary?.message}
          </p>
          {under && (
            <>
              <Progress
                label={told.progress.stage}
                share={told.progress.total ? told.progress.done / told.progress.total : undefined}
              />
              <p class="c-soft">
                {told.progress.stage} · {speaker.number(told.progress.done)}
                {told.progress.total !== null && ` / ${speaker.number(told.progress.total)}`} ·{" "}
                {t("loads.pictures", { count: told.progress.pictures })}
              </p>
              <Deed
                label={t("loads.cancel")}
                kind="danger"
                confirm={t("loads.cancel.ask")}
                work={() => ask(api.DELETE("/loads/{load_id}", at))}
                done={load.again}
              />
            </>
          )}
          {told.state === "verified" && (
            <Notice kind="good" title={t("loads.waits")} text={t("loads.waits.fix")}>
              <a href={hrefOf("loads")}>{t("versions.title")}</a>
            </Notice>
          )}
          {told.problem && <Notice kind="bad" title={told.problem.detail} text={told.problem.fix} />}
          {told.summary && (
            <dl class="c-facts">
              {(["total", "analyzed", "reused", "unchanged", "refused", "warned", "departed"] as const).map((name) => (
                <div key={name}>
                  <dt>{t(`rows.${name}`)}</dt>
                  <dd>{speaker.number(told.summary?.rows[name] ?? 0)}</dd>
                </div>
              ))}
            </dl>
          )}
          {!under && told.rejects && <Rejects load={told} />}
          {!under && !!told.summary?.samples.length && !told.rejects && <Problems rows={told.summary.samples} />}
        </>
      )}
    </Room>
  );
}

interface Refusal {
  line: number;
  problems: RowProblem[];
}

async function refusals(id: string): Promise<RowProblem[]> {
  const text = await (await fileAt(`/loads/${encodeURIComponent(id)}/rejects?reasons=true`)).text();
  const rows = text
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Refusal);
  return rows.flatMap((row) => row.problems.map((one) => ({ ...one, line: row.line })));
}

function Rejects({ load }: { load: Load }) {
  const reasons = useAnswer(`rejects ${load.id}`, () => refusals(load.id));
  const path = `/loads/${encodeURIComponent(load.id)}/rejects`;
  return (
    <>
      <Section
        title={t("rejects.title")}
        extra={<Deed label={t("rejects.download")} work={() => download(path, `${load.name}.rejects`)} />}
      >
        <Trouble problem={reasons.problem} again={reasons.again} />
        {reasons.loading && <Loading />}
        {reasons.data && <Problems rows={reasons.data} />}
      </Section>
      <Section title={t("rejects.resend")}>
        <p class="c-soft">{t("rejects.resend.how")}</p>
        <NewLoad delta={true} />
      </Section>
    </>
  );
}

function Problems({ rows }: { rows: readonly RowProblem[] }) {
  const [most, setMost] = useState(100);
  return (
    <>
      <Table
        caption={t("rejects.title")}
        rows={rows.slice(0, most).map((one, number) => ({ ...one, number }))}
        id={(one) => String(one.number)}
        columns={[
          { name: t("rejects.line"), number: true, cell: (one) => one.line },
          { name: t("rejects.product"), cell: (one) => one.product_id },
          { name: t("rejects.field"), cell: (one) => <code>{one.field}</code> },
          { name: t("rejects.cause"), wide: true, cell: (one) => one.cause },
          { name: t("rejects.fix"), wide: true, cell: (one) => one.fix },
        ]}
      />
      {rows.length > most && <Button onClick={() => setMost(most + 500)}>{t("more")}</Button>}
    </>
  );
}
