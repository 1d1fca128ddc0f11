import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { IconButton } from "./button";

/** A modal dialog on the browser's own: focus stays inside, Escape and the veil close it, focus returns afterwards. */
export function Dialog({
  title,
  close,
  onClose,
  children,
}: {
  title: string;
  /** What the closing button is called. */
  close: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const opened = dialog.current;
    // Inside a shadow root the document knows only the host.
    const root = opened?.getRootNode();
    const before = root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
    opened?.showModal();
    return () => {
      opened?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      class="a-dialog"
      aria-labelledby={heading}
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) onClose();
      }}
    >
      <header>
        <h2 id={heading}>{title}</h2>
        <IconButton icon="close" label={close} kind="plain" onClick={onClose} />
      </header>
      <div class="a-dialog-body">{children}</div>
    </dialog>
  );
}
