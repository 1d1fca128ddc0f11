import { useEffect, useState } from "preact/hooks";
import { Button } from "../design";
import { useSurroundings } from "./context";
import { PictureButtons } from "./intake";
import { speaker } from "./texts";
import { TroubleNotice } from "./trouble";
import type { Kept } from "./history";

const { t } = speaker;

/** Where everything begins: a photo, a file, or words; and what was searched for before on this device. */
export function Start() {
  const { shop, history, heading: Title } = useSurroundings();
  const [words, setWords] = useState("");
  const trouble = shop.trouble.value;
  return (
    <div class="s-start">
      <Title class="s-title" tabIndex={-1}>
        {t("start.heading")}
      </Title>
      <p class="s-lead">{t("start.lead")}</p>
      {trouble && <TroubleNotice trouble={trouble} />}
      {shop.busy.value === "preparing" && <p role="status">{t("results.preparing")}</p>}
      <div class="s-start-box">
        <PictureButtons />
        <p class="s-soft s-drop-hint">{t("start.drop")}</p>
      </div>
      <form
        class="s-words"
        role="search"
        onSubmit={(event) => {
          event.preventDefault();
          void shop.words(words);
        }}
      >
        <input
          class="a-input"
          type="text"
          enterkeyhint="search"
          maxLength={500}
          aria-label={t("start.words")}
          placeholder={`${t("start.words")}: ${t("start.words.placeholder")}`}
          value={words}
          onInput={(event) => setWords(event.currentTarget.value)}
        />
        <Button type="submit">{t("start.words.go")}</Button>
      </form>
      <p class="s-soft">{t("start.privacy")}</p>
      {history && history.kept.value.length > 0 && <Before kept={history.kept.value} />}
    </div>
  );
}

function Before({ kept }: { kept: readonly Kept[] }) {
  const { history } = useSurroundings();
  return (
    <section class="s-before">
      <div class="a-row">
        <h2>{t("history.title")}</h2>
        <Button size="small" kind="plain" icon="trash" onClick={() => void history?.forget()}>
          {t("history.forget")}
        </Button>
      </div>
      <ul>
        {kept.map((one) => (
          <li key={one.id}>
            <Again one={one} />
          </li>
        ))}
      </ul>
      <p class="s-soft">{t("history.private")}</p>
    </section>
  );
}

function Again({ one }: { one: Kept }) {
  const { shop } = useSurroundings();
  const [address, setAddress] = useState<string>();
  useEffect(() => {
    const made = URL.createObjectURL(one.photo);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [one]);
  const label = t("history.again", { type: one.type || t("history.thing") });
  return (
    <button type="button" aria-label={label} title={label} onClick={() => void shop.reopen(one)}>
      {address && <img src={address} alt="" />}
    </button>
  );
}
