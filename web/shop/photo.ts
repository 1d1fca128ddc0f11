/** Makes of any picture file what the server uses: upright, at most 800 pixels, without EXIF or GPS, a few ten kilobytes. */

/** Nothing that looks at photos needs more: the server reads large JPEGs at 800 pixels and more itself. */
export const LONGEST = 800;
/** A line of 400 kbit/s carries this in a second. */
export const AIM_BYTES = 45_000;
/** Never more than this, whatever the picture. */
export const MOST_BYTES = 300_000;
/** What the server takes of a file that this browser cannot read, e.g. HEIC. */
export const MOST_UNREAD_BYTES = 15 * 1024 * 1024;
/** What is tried first: answers are as good as those to the original (docs/decisions/0141). */
const BEST_QUALITY = 0.7;
const QUALITY_STEP = 0.2;
/** Lower is not tried: there the kind of thing is told wrong more often. */
const LEAST_QUALITY = 0.5;

export interface Prepared {
  readonly photo: Blob;
  /** width / height; null where this browser could not read it and the file is sent as it is. */
  readonly ratio: number | null;
}

export type PhotoTrouble = "no-picture" | "unreadable" | "too-large" | "too-small";

/** The file cannot be searched with; `trouble` says why. */
export class PhotoError extends Error {
  constructor(readonly trouble: PhotoTrouble) {
    super(trouble);
  }
}

/** Prepare a file. Throws PhotoError. A picture that only the server can read (HEIC in most browsers) goes as it is. */
export async function prepare(file: Blob): Promise<Prepared> {
  const head = new Uint8Array(await file.slice(0, 16).arrayBuffer());
  if (!looksLikePicture(head)) throw new PhotoError("no-picture");
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    if (!onlyServerReads(head)) throw new PhotoError("unreadable");
    if (file.size > MOST_UNREAD_BYTES) throw new PhotoError("too-large");
    return { photo: file, ratio: null };
  }
  try {
    if (Math.min(bitmap.width, bitmap.height) < 64) throw new PhotoError("too-small");
    return { photo: await shrunk(bitmap), ratio: bitmap.width / bitmap.height };
  } finally {
    bitmap.close();
  }
}

/** width and height that fit into the longest side, never larger than they are. */
export function fitted(width: number, height: number, longest = LONGEST): [number, number] {
  const scale = Math.min(1, longest / Math.max(width, height));
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
}

async function shrunk(bitmap: ImageBitmap): Promise<Blob> {
  const [width, height] = fitted(bitmap.width, bitmap.height);
  let canvas = drawn(bitmap, width, height);
  for (let quality = BEST_QUALITY; ; quality -= QUALITY_STEP) {
    const blob = await encoded(canvas, quality);
    if (blob.size <= AIM_BYTES) return blob;
    if (quality - QUALITY_STEP >= LEAST_QUALITY - 0.01) continue;
    if (blob.size <= MOST_BYTES) return blob;
    canvas = drawn(bitmap, Math.round(canvas.width * 0.75), Math.round(canvas.height * 0.75)); // noise: no photo is so rich
  }
}

function drawn(bitmap: ImageBitmap, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d", { alpha: false });
  if (!context) throw new PhotoError("unreadable");
  context.fillStyle = "#fff"; // behind a transparent picture, as the server does
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  return canvas;
}

/** WebP where the browser writes it (Safari answers with PNG instead), else JPEG. */
async function encoded(canvas: HTMLCanvasElement, quality: number): Promise<Blob> {
  const webp = await written(canvas, "image/webp", quality);
  if (webp?.type === "image/webp") return webp;
  const jpeg = await written(canvas, "image/jpeg", quality);
  if (!jpeg) throw new PhotoError("unreadable");
  return jpeg;
}

function written(canvas: HTMLCanvasElement, type: string, quality: number): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, type, quality));
}

/** By its first bytes, as the server does: names and types lie. */
export function looksLikePicture(head: Uint8Array): boolean {
  const text = latin(head);
  const riff = text.startsWith("RIFF") && text.slice(8, 12) === "WEBP";
  const bitmap = text.startsWith("BM") && head.length === 16;
  return (
    isJpeg(head) || text.startsWith("\x89PNG") || text.startsWith("GIF8") || riff || onlyServerReads(head) || bitmap
  );
}

function onlyServerReads(head: Uint8Array): boolean {
  return latin(head).slice(4, 8) === "ftyp"; // HEIC, HEIF, AVIF
}

function isJpeg(head: Uint8Array): boolean {
  return head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff;
}

function latin(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
