import { useEffect, useRef, useState } from "preact/hooks";
import { Button, chooseTheme, IconButton, isDark, Notice, TextField } from "../design";
import { LANGUAGES, remember } from "../i18n/language";
import { Catalog } from "./catalog";
import { Findability } from "./findability";
import { Health } from "./health";
import { Keys } from "./keys";
import { Lab } from "./lab";
import { LoadPage, Loads } from "./loads";
import { Room, Trouble } from "./parts";
import { ProductPage } from "./product";
import { hrefOf, ROOMS, route } from "./route";
import { key, locked, signIn, signOut } from "./session";
import { speaker } from "./texts";

const { t } = speaker;

export function Console() {
  const nav = useRef<HTMLElement>(null);
  const { room: shown } = route.value;
  useEffect(() => {
    // On a phone the rooms do not fit beside each other: the one that is shown must.
    const here = nav.current?.querySelector<HTMLElement>("[aria-current]");
    if (nav.current && here) nav.current.scrollLeft = here.offsetLeft - nav.current.offsetLeft - here.offsetWidth / 2;
  }, [shown]);
  return (
    <div class="a-root c-shell" key={speaker.language.value}>
      <a class="c-skip a-button" href="#main" onClick={skip}>
        {t("skip")}
      </a>
      <header class="c-top">
        <span class="c-name">Akin</span>
        {!locked.value && (
          <nav ref={nav} aria-label={t("title")}>
            {ROOMS.map((room) => (
              <a key={room} href={hrefOf(room)} aria-current={shown === room ? "page" : undefined}>
                {t(`room.${room}`)}
              </a>
            ))}
          </nav>
        )}
        <div class="a-row c-tools">
          {LANGUAGES.filter((one) => one !== speaker.language.value).map((one) => (
            <Button
              key={one}
              size="small"
              kind="plain"
              lang={one}
              onClick={() => {
                remember(one);
                void speaker.speak(one).then(() => {
                  document.documentElement.lang = one;
                });
              }}
            >
              {t("language")}
            </Button>
          ))}
          <IconButton
            icon={isDark() ? "sun" : "moon"}
            label={t("theme")}
            kind="plain"
            onClick={() => chooseTheme(isDark() ? "light" : "dark")}
          />
          {key.value && (
            <Button size="small" kind="plain" onClick={signOut}>
              {t("signout")}
            </Button>
          )}
        </div>
      </header>
      {locked.value ? <SignIn /> : <Shown />}
    </div>
  );
}

function skip(event: Event) {
  event.preventDefault();
  document.querySelector<HTMLElement>("#main h1")?.focus();
}

function Shown() {
  const { room, id } = route.value;
  switch (room) {
    case "catalog":
      return id === null ? <Catalog /> : <ProductPage key={id} id={id} />;
    case "loads":
      return id === null ? <Loads /> : <LoadPage key={id} id={id} />;
    case "lab":
      return <Lab />;
    case "findability":
      return <Findability />;
    case "health":
      return <Health />;
    case "keys":
      return <Keys />;
  }
}

function SignIn() {
  const [text, setText] = useState("");
  return (
    <Room title={t("signin")}>
      {key.value !== null && <Trouble problem={locked.value} />}
      {key.value === null && <Notice title={t("signin.why")} text={t("signin.how")} />}
      <form
        class="c-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (text.trim()) signIn(text);
        }}
      >
        <TextField label={t("key")} value={text} onInput={setText} type="password" autocomplete="off" required />
        <Button kind="primary" type="submit" icon="key">
          {t("signin")}
        </Button>
      </form>
    </Room>
  );
}
