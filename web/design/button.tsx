import type { ButtonHTMLAttributes, ComponentChildren } from "preact";
import { Icon, type IconName } from "./icons";

type Native = Omit<ButtonHTMLAttributes, "icon" | "size" | "class">;

export interface ButtonProps extends Native {
  kind?: "primary" | "plain" | "danger" | undefined;
  size?: "small" | undefined;
  icon?: IconName | undefined;
  children?: ComponentChildren;
}

/** A button that submits nothing unless it is told to. */
export function Button({ kind, size, icon, children, ...native }: ButtonProps) {
  return (
    <button type="button" {...native} class="a-button" data-kind={kind} data-size={size}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A button that shows only a picture; `label` is what it is called aloud and in its tooltip. */
export function IconButton({ icon, label, kind, size, ...native }: ButtonProps & { icon: IconName; label: string }) {
  return (
    <button
      type="button"
      {...native}
      class="a-button"
      data-shape="icon"
      data-kind={kind}
      data-size={size}
      aria-label={label}
      title={label}
    >
      <Icon name={icon} />
    </button>
  );
}
