import "../design/tokens.css";
import "../design/base.css";
import "../design/components.css";
import { render } from "preact";
import { applyTheme } from "../design";
import { preferred } from "../i18n/language";
import { speaker } from "../shop/texts";

function Page() {
  return (
    <main class="a-root">
      <h1>{speaker.t("title")}</h1>
      <p>{speaker.t("lead")}</p>
    </main>
  );
}

applyTheme();
await speaker.speak(preferred());
document.documentElement.lang = speaker.language.value;
const root = document.getElementById("app");
if (root) render(<Page />, root);
