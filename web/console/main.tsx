import "../design/tokens.css";
import "../design/base.css";
import "../design/components.css";
import { render } from "preact";
import { applyTheme, Notice } from "../design";
import { preferred } from "../i18n/language";
import { speaker } from "./texts";

function Console() {
  return (
    <main class="a-root">
      <h1>{speaker.t("title")}</h1>
      <Notice title={speaker.t("empty.title")} text={speaker.t("empty.text")} />
    </main>
  );
}

applyTheme();
await speaker.speak(preferred());
document.documentElement.lang = speaker.language.value;
const root = document.getElementById("app");
if (root) render(<Console />, root);
