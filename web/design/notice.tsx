import type { ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons";

const ICONS: Record<NoticeKind, IconName> = { info: "info", good: "done", warn: "warning", bad: "warning" };

export type NoticeKind = "info" | "good" | "warn" | "bad";

/** What happened and the way on: a heading, a sentence, and what can be done (children). Errors are read out at once. */
export function Notice({
  kind = "info",
  title,
  text,
  children,
}: {
  kind?: NoticeKind;
  title?: string;
  text?: string | null | undefined;
  children?: ComponentChildren;
}) {
  return (
    <div class="a-notice" data-kind={kind} role={kind === "bad" ? "alert" : "status"}>
      <Icon name={ICONS[kind]} />
      <div>
        {title && <p class="a-notice-title">{title}</p>}
        {text && <p>{text}</p>}
        {children && <div class="a-row">{children}</div>}
      </div>
    </div>
  );
}
