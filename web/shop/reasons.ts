import type { Item } from "../api/client";
import { speaker } from "./texts";

type Reason = Item["reasons"][number];

/** Reasons that say little by themselves and are told only where nothing better is known. */
const FAINT = new Set(["look", "label"]);

/** Why a product is shown, in plain words, the weightiest first: at most `most` of them, each once. */
export function reasonsInWords(reasons: readonly Reason[], most = 3): string[] {
  const telling = [...reasons.filter((one) => !FAINT.has(one.code)), ...reasons.filter((one) => FAINT.has(one.code))];
  return [...new Set(telling.filter((one) => one.weight > 0).map(inWords))].slice(0, most);
}

function inWords({ code, value }: Reason): string {
  if (code === "attribute") {
    const [name = "", said = ""] = value.split("=", 2);
    const key = `reason.attribute.${name}`;
    return speaker.has(key) ? speaker.t(key, { value: said }) : speaker.t("reason.attribute", { value: said });
  }
  const key = `reason.${code}`;
  return speaker.has(key) ? speaker.t(key, { value }) : speaker.t("reason.look");
}
