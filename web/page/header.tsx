import { signal } from "@preact/signals";
import { Button, chooseTheme, IconButton, isDark, Notice, theme } from "../design";
import { LANGUAGES, remember } from "../i18n/language";
import { speaker } from "../shop/texts";
import type { Shop } from "../shop/shop";

const { t } = speaker;
const NAMES = { en: "English", de: "Deutsch" } as const;

/** The page's name, which leads to the start, and what a person may set: language, light or dark. */
export function Header({ shop }: { shop: Shop }) {
  const searching = shop.view.value !== null;
  const dark = theme.value === "system" ? isDark() : theme.value === "dark";
  const other = LANGUAGES.find((one) => one !== speaker.language.value) ?? "en";
  return (
    <header class="p-header">
      {searching && <IconButton icon="back" kind="plain" label={t("header.back")} onClick={() => history.back()} />}
      <button
        type="button"
        class="p-name"
        aria-label={`${t("app.name")}: ${t("header.new")}`}
        onClick={() => home(shop)}
      >
        <img src="/icon.svg" alt="" />
        {t("app.name")}
      </button>
      <Button
        kind="plain"
        lang={other}
        onClick={async () => {
          remember(other);
          await speaker.speak(other);
          document.documentElement.lang = other;
        }}
      >
        {NAMES[other]}
      </Button>
      <IconButton
        icon={dark ? "sun" : "moon"}
        kind="plain"
        label={t(dark ? "header.light" : "header.dark")}
        onClick={() => chooseTheme(dark ? "light" : "dark")}
      />
    </header>
  );
}

function home(shop: Shop): void {
  if (shop.view.value === null) return;
  history.pushState(null, "", location.pathname);
  shop.show(null);
  scrollTo({ top: 0 });
}

const online = signal(navigator.onLine);
addEventListener("online", () => (online.value = true));
addEventListener("offline", () => (online.value = false));

/** Says that there is no connection, as long as there is none. */
export function Offline() {
  return <div class="p-offline">{!online.value && <Notice kind="warn" text={t("offline.banner")} />}</div>;
}
