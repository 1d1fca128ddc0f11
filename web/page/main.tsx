import "../design/tokens.css";
import "../design/base.css";
import "../design/components.css";
import "../shop/shop.css";
import "./page.css";
import { render } from "preact";
import { client } from "../api/client";
import { applyTheme } from "../design";
import { preferred } from "../i18n/language";
import { SurroundingsProvider } from "../shop/context";
import { Finder } from "../shop/finder";
import { History } from "../shop/history";
import { Shop } from "../shop/shop";
import { speaker } from "../shop/texts";
import { Header, Offline } from "./header";
import { keyFromAddress, knownKey, rememberKey } from "./key";
import { startOffline } from "./offline";
import { arrive, PageWay } from "./way";
import type { View } from "../shop/model";

const api = client({ base: "", key: knownKey });
const way = new PageWay();
const kept = new History();
const shop = new Shop(api, way, keep);

/** A photo that was answered is remembered on this device, with what was seen in it. */
function keep({ source, wishes, results }: View): void {
  if (source.kind !== "photo" || wishes.crop || wishes.text) return;
  const type = results?.analysis?.type?.name ?? "";
  void kept.keep({ id: source.kept, at: Date.now(), photo: source.photo, ratio: source.ratio, type });
}

const surroundings = {
  shop,
  history: kept,
  heading: "h1" as const,
  address: (path: string) => path,
  onOpen: () => true,
  onCart: null,
  onKey: rememberKey,
};

function Page() {
  return (
    <SurroundingsProvider value={surroundings}>
      <div class="a-root p-page">
        <Header shop={shop} />
        <Offline />
        <main>
          <Finder target={window} />
        </main>
      </div>
    </SurroundingsProvider>
  );
}

async function start(): Promise<void> {
  applyTheme();
  keyFromAddress();
  way.listen(shop);
  await speaker.speak(preferred());
  document.documentElement.lang = speaker.language.value;
  const root = document.getElementById("app");
  if (root) render(<Page />, root);
  addEventListener("pagehide", () => shop.reporter.flush());
  await kept.read();
  await arrive(shop, api, kept);
  startOffline();
}

void start();
