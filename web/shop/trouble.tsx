import { useState } from "preact/hooks";
import { type ApiProblem, NOT_AKIN, UNREACHABLE } from "../api/client";
import { Button, Notice, TextField } from "../design";
import { useSurroundings } from "./context";
import { PhotoError } from "./photo";
import { speaker } from "./texts";
import type { Trouble } from "./shop";

const { t } = speaker;

/** What went wrong in a clear sentence, and the way on. */
export function TroubleNotice({ trouble }: { trouble: Trouble }) {
  const { shop } = useSurroundings();
  const photo = trouble instanceof PhotoError;
  return (
    <Notice kind="bad" title={t("trouble.title")} text={inWords(trouble)}>
      {!photo && trouble.status === 401 ? (
        <KeyForm />
      ) : (
        !photo && <Button onClick={() => void shop.retry()}>{t("trouble.retry")}</Button>
      )}
      {!photo && trouble.requestId && <small>{t("trouble.reference", { id: trouble.requestId })}</small>}
    </Notice>
  );
}

/** Our own words where we have them, in the shopper's language; else what the server says and how to mend it. */
export function inWords(trouble: Trouble): string {
  if (trouble instanceof PhotoError) return t(`trouble.${trouble.trouble}`);
  const known = BY_CODE[trouble.code];
  if (known) return t(`trouble.${known}`);
  if (trouble.code === UNREACHABLE) return t(navigator.onLine ? "trouble.unreachable" : "trouble.offline");
  if (trouble.code === NOT_AKIN) return t("trouble.not-akin", { status: String(trouble.status) });
  if (trouble.status === 401 || trouble.status === 403) return t("trouble.signin");
  if (isBusy(trouble)) return t("trouble.busy");
  return trouble.fix ? `${trouble.detail} ${trouble.fix}` : trouble.detail;
}

const BY_CODE: Record<
  string,
  "no-picture" | "unreadable" | "too-large" | "too-small" | "empty" | "product-gone" | "foreign-page" | undefined
> = {
  "photo-unsupported-format": "no-picture",
  "photo-empty": "no-picture",
  "photo-truncated": "unreadable",
  "photo-corrupt": "unreadable",
  "photo-rejected": "unreadable",
  "photo-decode-crashed": "unreadable",
  "photo-decode-memory": "too-large",
  "photo-decode-timeout": "too-large",
  "photo-too-large": "too-large",
  "photo-too-many-pixels": "too-large",
  "body-too-large": "too-large",
  "photo-too-small": "too-small",
  "nothing-published": "empty",
  "product-not-found": "product-gone",
  "origin-not-allowed": "foreign-page",
};

function isBusy({ status, code }: ApiProblem): boolean {
  return status === 429 || code === "busy" || code === "photo-decoder-busy" || code === "overloaded";
}

function KeyForm() {
  const { onKey, shop } = useSurroundings();
  const [key, setKey] = useState("");
  if (!onKey) return null;
  return (
    <form
      class="s-key"
      onSubmit={(event) => {
        event.preventDefault();
        onKey(key.trim());
        void shop.retry();
      }}
    >
      <TextField label={t("trouble.key")} type="password" autocomplete="off" value={key} onInput={setKey} required />
      <Button type="submit" kind="primary">
        {t("trouble.key.use")}
      </Button>
    </form>
  );
}
