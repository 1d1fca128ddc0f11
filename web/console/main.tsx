import "../design/tokens.css";
import "../design/base.css";
import "../design/components.css";
import "uplot/dist/uPlot.min.css";
import "./console.css";
import { render } from "preact";
import { applyTheme } from "../design";
import { preferred } from "../i18n/language";
import { Console } from "./shell";
import { speaker } from "./texts";

applyTheme();
await speaker.speak(preferred());
document.documentElement.lang = speaker.language.value;
const root = document.getElementById("app");
if (root) render(<Console />, root);
