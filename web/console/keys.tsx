import { useState } from "preact/hooks";
import type { ApiProblem, Schemas } from "../api/client";
import { Button, Notice, TextField } from "../design";
import { Check, Deed, Loading, Room, Section, Table, Trouble } from "./parts";
import { api, ask, asProblem, key, signIn, useAnswer } from "./session";
import { speaker } from "./texts";

const { t } = speaker;
const SCOPES = ["search", "catalog:write", "insights:read", "admin"] as const;
type Scope = (typeof SCOPES)[number];
type Issued = Schemas["IssuedModel"];

/** Who may call: make keys, rotate them, revoke them. */
export function Keys() {
  const [issued, setIssued] = useState<Issued | null>(null);
  const keys = useAnswer("keys", () => ask(api.GET("/keys")));
  const show = (one: Issued) => {
    // The first key of an open server closes it, for this page too.
    if (key.value === null) signIn(one.text);
    setIssued(one);
    keys.again();
  };
  return (
    <Room title={t("room.keys")} lead={t("keys.lead")}>
      <Trouble problem={keys.problem} again={keys.again} />
      {issued && (
        <Notice kind="good" title={t("keys.once")}>
          <code class="c-secret">{issued.text}</code>
          <Deed label={t("keys.copy")} work={() => navigator.clipboard.writeText(issued.text)} />
        </Notice>
      )}
      <Section title={t("keys.new")}>
        <NewKey onMade={show} first={keys.data?.keys.length === 0} />
      </Section>
      <Section title={t("keys.list")}>
        {keys.loading && !keys.data && <Loading />}
        {keys.data?.keys.length === 0 && <Notice kind="warn" title={t("keys.open")} text={t("keys.open.fix")} />}
        {!!keys.data?.keys.length && (
          <Table
            caption={t("keys.list")}
            rows={keys.data.keys}
            id={(one) => one.id}
            columns={[
              { name: t("judged.name"), cell: (one) => one.name },
              { name: t("keys.id"), cell: (one) => <code>{one.id}</code> },
              {
                name: t("loads.state"),
                cell: (one) => (
                  <span class="a-badge" data-kind={one.state === "active" ? "good" : "bad"}>
                    {t(`key.${one.state}`)}
                  </span>
                ),
              },
              { name: t("keys.scopes"), cell: (one) => one.scopes.join(", ") },
              {
                name: t("keys.expires"),
                line: true,
                cell: (one) => (one.expires_at ? speaker.date(one.expires_at) : t("keys.never")),
              },
              {
                name: t("keys.used"),
                line: true,
                cell: (one) => (one.last_used_at ? speaker.date(one.last_used_at) : "–"),
              },
              {
                name: t("generations.do"),
                cell: (one) => one.state === "active" && <Steps id={one.id} onMade={show} again={keys.again} />,
              },
            ]}
          />
        )}
      </Section>
    </Room>
  );
}

function Steps({ id, onMade, again }: { id: string; onMade: (one: Issued) => void; again: () => void }) {
  const at = { params: { path: { key_id: id } } };
  return (
    <span class="a-row">
      <Deed
        label={t("keys.rotate")}
        confirm={t("keys.rotate.ask")}
        work={async () => onMade(await ask(api.POST("/keys/{key_id}/rotate", { ...at, body: { overlap_hours: 24 } })))}
      />
      <Deed
        label={t("keys.revoke")}
        kind="danger"
        confirm={t("keys.revoke.ask")}
        work={() => ask(api.DELETE("/keys/{key_id}", at))}
        done={again}
      />
    </span>
  );
}

function NewKey({ onMade, first }: { onMade: (one: Issued) => void; first: boolean }) {
  const [name, setName] = useState("");
  const [days, setDays] = useState("");
  const [origin, setOrigin] = useState("");
  const [scopes, setScopes] = useState<Scope[]>([]);
  const [problem, setProblem] = useState<ApiProblem | null>(null);
  const make = async () => {
    try {
      const order = {
        name,
        scopes,
        origins: origin.split(/[\s,]+/).filter(Boolean),
        expires_in_days: days ? Number(days) : null,
      };
      onMade(await ask(api.POST("/keys", { body: order })));
      setProblem(null);
      setName("");
      setScopes([]);
    } catch (failure) {
      setProblem(asProblem(failure));
    }
  };
  return (
    <form
      class="c-form"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      <TextField label={t("keys.name")} value={name} maxLength={100} required onInput={setName} />
      <TextField label={t("keys.days")} type="number" value={days} onInput={setDays} placeholder={t("keys.never")} />
      <TextField label={t("keys.origin")} value={origin} onInput={setOrigin} placeholder="https://www.shop.example" />
      <fieldset class="c-checks">
        <legend>{t("keys.scopes")}</legend>
        {SCOPES.map((scope) => (
          <Check
            key={scope}
            label={t(`scope.${scope}`)}
            value={scopes.includes(scope)}
            onChange={(on) => setScopes(on ? [...scopes, scope] : scopes.filter((one) => one !== scope))}
          />
        ))}
      </fieldset>
      {first && <Notice kind="warn" text={t("keys.first")} />}
      <div class="a-row">
        <Button kind="primary" type="submit" icon="key" disabled={!name || !scopes.length}>
          {t("keys.make")}
        </Button>
      </div>
      <Trouble problem={problem} />
    </form>
  );
}
