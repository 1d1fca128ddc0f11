import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { Analysis, Box } from "../api/client";
import { Button, Icon } from "../design";
import { useSurroundings } from "./context";
import { PictureButtons } from "./intake";
import { contained, CORNERS, dragged, type Grip, same } from "./crop";
import { speaker } from "./texts";
import type { View } from "./model";

const { t } = speaker;
const STEP = 0.01;
const LARGE_STEP = 0.05;
/** After the last key, as one press is often followed by the next. */
const SETTLED_MS = 450;

const MOVES: Record<string, readonly [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The photo with what was found in it: objects to tap, and a frame that finger, mouse and keys can move. */
export function Stage({ view, shown }: { view: View; shown: string }) {
  const { shop } = useSurroundings();
  const found = view.wishes.crop ?? view.results?.analysis?.region ?? null;
  return (
    <div class="s-stage">
      <div class="s-photo">
        <img src={shown} alt={t("stage.photo")} draggable={false} />
        {found && <Frame key={shown} found={found} objects={view.objects} onCrop={(box) => void shop.crop(box)} />}
      </div>
      <div class="a-row s-stage-foot">
        {view.wishes.crop ? (
          <Button size="small" icon="refresh" onClick={() => void shop.crop(null)}>
            {t("stage.whole")}
          </Button>
        ) : (
          <span>{t("stage.drag")}</span>
        )}
        <PictureButtons small />
      </div>
    </div>
  );
}

function Frame({ found, objects, onCrop }: { found: Box; objects: Analysis["objects"]; onCrop: (box: Box) => void }) {
  const area = useRef<HTMLDivElement>(null);
  const help = useId();
  const [moved, setMoved] = useState<Box | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const box = moved ?? found;

  // What was asked for has been answered, or something else was chosen: the frame follows again.
  useEffect(() => setMoved(null), [found]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const settle = (chosen: Box) => {
    clearTimeout(timer.current);
    if (!same(chosen, found)) onCrop(contained(chosen));
  };

  const onPointerDown = (grip: Grip) => (event: PointerEvent) => {
    const rect = area.current?.getBoundingClientRect();
    const target = event.currentTarget;
    if (!rect || !(target instanceof HTMLElement) || event.button !== 0) return;
    event.preventDefault();
    event.stopPropagation();
    target.focus({ preventScroll: true });
    target.setPointerCapture(event.pointerId);
    clearTimeout(timer.current);
    let latest = box;
    const stop = new AbortController();
    const listen = (name: "pointermove" | "pointerup" | "pointercancel", act: (event: PointerEvent) => void) =>
      target.addEventListener(name, act, { signal: stop.signal });
    const follow = (move: PointerEvent) => {
      const across = (move.clientX - event.clientX) / rect.width;
      const down = (move.clientY - event.clientY) / rect.height;
      latest = dragged(box, grip, across, down);
      setMoved(latest);
    };
    listen("pointermove", follow);
    listen("pointerup", (end) => {
      stop.abort();
      follow(end);
      settle(latest);
    });
    listen("pointercancel", () => {
      stop.abort();
      setMoved(null);
    });
  };

  const onKeyDown = (grip: Grip) => (event: KeyboardEvent) => {
    const move = MOVES[event.key];
    if (!move) return;
    event.preventDefault();
    const step = event.shiftKey ? LARGE_STEP : STEP;
    const next = dragged(box, grip, move[0] * step, move[1] * step);
    setMoved(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => settle(next), SETTLED_MS);
  };

  return (
    <div ref={area} class="s-frame-area">
      <div class="s-frame" style={placed(box)} role="group" aria-label={t("stage.frame")} aria-describedby={help}>
        <button
          type="button"
          class="s-frame-move"
          aria-label={t("stage.move")}
          onPointerDown={onPointerDown("move")}
          onKeyDown={onKeyDown("move")}
        />
        {CORNERS.map((corner) => (
          <button
            key={corner}
            type="button"
            class="s-corner"
            data-corner={corner}
            aria-label={t(`stage.corner.${corner}`)}
            onPointerDown={onPointerDown(corner)}
            onKeyDown={onKeyDown(corner)}
          />
        ))}
      </div>
      <span id={help} class="a-hidden">
        {t("stage.help")}
      </span>
      <span class="a-hidden" role="status">
        {moved && where(moved)}
      </span>
      <Objects objects={objects} box={box} onCrop={onCrop} />
    </div>
  );
}

/** A dot on each other thing of the photo, and its outline. */
function Objects({ objects, box, onCrop }: { objects: Analysis["objects"]; box: Box; onCrop: (box: Box) => void }) {
  const others = objects.filter((one) => !same(one.box, box));
  if (others.length === 0) return null;
  return (
    <ul aria-label={t("stage.objects")}>
      {others.map((one) => {
        const label = t("stage.object", { type: one.type ?? t("stage.object.unknown") });
        return (
          <li key={`${one.box.x},${one.box.y},${one.box.width}`} class="s-object" style={placed(one.box)}>
            <button type="button" aria-label={label} title={label} onClick={() => onCrop(contained(one.box))}>
              <Icon name="search" />
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function placed(box: Box): Record<string, string> {
  const percent = (share: number) => `${(100 * share).toFixed(2)}%`;
  return { left: percent(box.x), top: percent(box.y), width: percent(box.width), height: percent(box.height) };
}

function where(box: Box): string {
  const percent = (share: number) => Math.round(100 * share);
  return t("stage.at", {
    left: percent(box.x),
    top: percent(box.y),
    width: percent(box.width),
    height: percent(box.height),
  });
}
