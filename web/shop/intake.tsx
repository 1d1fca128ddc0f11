import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { Button, IconButton } from "../design";
import { Camera } from "./camera";
import { useSurroundings } from "./context";
import { speaker } from "./texts";

const { t } = speaker;
const PICTURES = "image/*,.heic,.heif,.avif";

/** Buttons that lead to a picture: the phone's own camera app where there is one, else this page's; and any file. */
export function PictureButtons({ small = false }: { small?: boolean }) {
  const { shop } = useSurroundings();
  const camera = useRef<HTMLInputElement>(null);
  const file = useRef<HTMLInputElement>(null);
  const [live, setLive] = useState(false);
  const take = () => {
    // A phone's camera app focuses and exposes better than a page can, and asks for no permission.
    if (matchMedia("(pointer: coarse)").matches) camera.current?.click();
    else setLive(true);
  };
  const browse = () => file.current?.click();
  const choose = (input: HTMLInputElement) => {
    const picture = input.files?.[0];
    input.value = ""; // so that the same file can be chosen again
    if (picture) void shop.choose(picture);
  };
  return (
    <div class="a-row">
      {small ? (
        <>
          <IconButton icon="camera" kind="plain" label={t("start.camera")} onClick={take} />
          <IconButton icon="picture" kind="plain" label={t("start.file")} onClick={browse} />
        </>
      ) : (
        <>
          <Button icon="camera" kind="primary" onClick={take}>
            {t("start.camera")}
          </Button>
          <Button icon="picture" onClick={browse}>
            {t("start.file")}
          </Button>
        </>
      )}
      <input
        ref={camera}
        type="file"
        accept="image/*"
        capture="environment"
        hidden
        data-role="camera"
        onChange={(event) => choose(event.currentTarget)}
      />
      <input
        ref={file}
        type="file"
        accept={PICTURES}
        hidden
        data-role="file"
        onChange={(event) => choose(event.currentTarget)}
      />
      {live && (
        <Camera
          onTaken={(picture) => {
            setLive(false);
            void shop.choose(picture);
          }}
          onClose={() => setLive(false)}
        />
      )}
    </div>
  );
}

const over = signal(false);

/** Takes pictures that are dropped on or pasted into `target` (the window, or the widget). */
export function useDropped(target: EventTarget, onPicture: (picture: Blob) => void): boolean {
  useEffect(() => {
    const stop = new AbortController();
    const listen = (name: string, act: (event: Event) => void) =>
      target.addEventListener(name, act, { signal: stop.signal });
    const files = (event: Event) =>
      event instanceof DragEvent ? event.dataTransfer : event instanceof ClipboardEvent ? event.clipboardData : null;
    const carries = (event: Event) => files(event)?.types.includes("Files") ?? false;
    const take = (event: Event) => {
      over.value = false;
      const file = files(event)?.files[0];
      if (!file) return; // text is dropped and pasted as always
      event.preventDefault();
      onPicture(file);
    };
    listen("dragover", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      over.value = true;
    });
    listen("dragleave", (event) => {
      if (event instanceof DragEvent && event.relatedTarget === null) over.value = false;
    });
    listen("drop", take);
    listen("paste", take);
    return () => stop.abort();
  }, [target, onPicture]);
  return over.value;
}
