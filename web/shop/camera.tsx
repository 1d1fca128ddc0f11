import { useEffect, useRef, useState } from "preact/hooks";
import { Button, Dialog, Notice } from "../design";
import { speaker } from "./texts";

const { t } = speaker;

type State = "starting" | "live" | "denied" | "missing";

/** The page's own camera, for devices without a camera app. A refusal is explained, with a way on. */
export function Camera({ onTaken, onClose }: { onTaken: (picture: Blob) => void; onClose: () => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [state, setState] = useState<State>("starting");

  useEffect(() => {
    let stream: MediaStream | null = null;
    let closed = false;
    const start = async () => {
      try {
        stream = await opened();
        if (closed) stop(stream);
        else if (video.current) {
          video.current.srcObject = stream;
          await video.current.play();
          setState("live");
        }
      } catch (problem) {
        const denied = problem instanceof DOMException && ["NotAllowedError", "SecurityError"].includes(problem.name);
        if (!closed) setState(denied ? "denied" : "missing");
      }
    };
    void start();
    return () => {
      closed = true;
      if (stream) stop(stream);
    };
  }, []);

  const take = () => {
    if (!video.current) return;
    const canvas = document.createElement("canvas");
    canvas.width = video.current.videoWidth;
    canvas.height = video.current.videoHeight;
    canvas.getContext("2d")?.drawImage(video.current, 0, 0);
    canvas.toBlob(
      (picture) => {
        if (picture) onTaken(picture);
      },
      "image/jpeg",
      0.92,
    );
  };

  return (
    <Dialog title={t("camera.title")} close={t("camera.close")} onClose={onClose}>
      {state === "denied" || state === "missing" ? (
        <Notice kind="warn" title={t(`camera.${state}.title`)} text={t(`camera.${state}.text`)} />
      ) : (
        <div class="s-camera">
          <video ref={video} muted playsInline aria-label={t("camera.title")} />
          <Button kind="primary" icon="camera" disabled={state !== "live"} onClick={take}>
            {state === "live" ? t("camera.take") : t("camera.starting")}
          </Button>
        </div>
      )}
    </Dialog>
  );
}

async function opened(): Promise<MediaStream> {
  // Undefined on pages that came over plain http from another machine.
  const devices = navigator.mediaDevices as MediaDevices | undefined;
  if (!devices) throw new Error("no camera interface");
  return devices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
}

function stop(stream: MediaStream): void {
  stream.getTracks().forEach((track) => track.stop());
}
