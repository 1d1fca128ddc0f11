import { afterEach, expect, test, vi } from "vitest";
import {
  AIM_BYTES,
  fitted,
  LONGEST,
  looksLikePicture,
  MOST_BYTES,
  MOST_UNREAD_BYTES,
  PhotoError,
  prepare,
} from "./photo";

const bytes = (...parts: (string | number)[]) =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === "number" ? [part] : Array.from(part, (one) => one.charCodeAt(0)))),
  );
const JPEG = bytes(0xff, 0xd8, 0xff, 0xe0, "  JFIF      ");
const HEIC = bytes(0, 0, 0, 0x18, "ftypheic    ");

afterEach(() => vi.unstubAllGlobals());

/** A browser that reads every picture as one of this size and writes what `written` answers to (area, quality, type). */
function browser(width: number, height: number, written: (area: number, quality: number, type: string) => Blob | null) {
  const tried: { width: number; height: number; quality: number; type: string }[] = [];
  const close = vi.fn();
  vi.stubGlobal(
    "createImageBitmap",
    vi.fn(() => Promise.resolve({ width, height, close })),
  );
  vi.spyOn(HTMLCanvasElement.prototype, "getContext").mockReturnValue({
    fillRect: vi.fn(),
    drawImage: vi.fn(),
  } as never);
  vi.spyOn(HTMLCanvasElement.prototype, "toBlob").mockImplementation(function (
    this: HTMLCanvasElement,
    done,
    type,
    quality,
  ) {
    tried.push({ width: this.width, height: this.height, quality: quality ?? 1, type: type ?? "" });
    done(written(this.width * this.height, quality ?? 1, type ?? ""));
  });
  return { tried, close };
}

const sized = (size: number, type: string) => new Blob([new Uint8Array(size)], { type });

test.each([
  ["a JPEG", JPEG, true],
  ["a PNG", bytes(0x89, "PNG"), true],
  ["a GIF", bytes("GIF89a"), true],
  ["a WebP", bytes("RIFF", 1, 2, 3, 4, "WEBP"), true],
  ["a HEIC", HEIC, true],
  ["a BMP", bytes("BM", "  ".repeat(7)), true],
  ["a PDF", bytes("%PDF-1.7"), false],
  ["a sound", bytes("RIFF", 1, 2, 3, 4, "WAVE"), false],
  ["a web page", bytes("<!doctype html>"), false],
  ["two letters", bytes("BM"), false],
  ["nothing", bytes(), false],
])("%s is told by its first bytes", (_, head, picture) => {
  expect(looksLikePicture(head)).toBe(picture);
});

test("a picture is fitted into the longest side, never blown up, never nothing", () => {
  expect(fitted(4000, 3000)).toEqual([800, 600]);
  expect(fitted(3000, 4000)).toEqual([600, 800]);
  expect(fitted(640, 480)).toEqual([640, 480]);
  expect(fitted(90_000, 10)).toEqual([LONGEST, 1]);
});

test("the first form that is small enough is taken", async () => {
  const { tried, close } = browser(4000, 3000, (_, quality, type) =>
    sized(quality > 0.6 ? AIM_BYTES + 1 : AIM_BYTES, type),
  );
  const { photo, ratio } = await prepare(new Blob([JPEG]));
  expect(photo.size).toBe(AIM_BYTES);
  expect(ratio).toBeCloseTo(4 / 3);
  expect(tried.map((one) => [one.width, one.height, Math.round(10 * one.quality)])).toEqual([
    [800, 600, 7],
    [800, 600, 5],
  ]);
  expect(close).toHaveBeenCalledOnce();
});

test("a picture that stays large is drawn smaller until it may be sent", async () => {
  const { tried } = browser(4000, 3000, (area, _, type) => sized(area > 100_000 ? MOST_BYTES + 1 : MOST_BYTES, type));
  const { photo } = await prepare(new Blob([JPEG]));
  expect(photo.size).toBe(MOST_BYTES);
  expect(tried.at(-1)?.width).toBeLessThan(400);
});

test("where the browser writes no WebP it is a JPEG", async () => {
  const { tried } = browser(800, 600, (_, __, type) => sized(10, type === "image/webp" ? "image/png" : type));
  expect((await prepare(new Blob([JPEG]))).photo.type).toBe("image/jpeg");
  expect(tried.map((one) => one.type)).toEqual(["image/webp", "image/jpeg"]);
});

test("what cannot be searched with is refused by its reason", async () => {
  const refused = (file: Blob) => prepare(file).catch((failure: unknown) => (failure as PhotoError).trouble);
  browser(40, 2000, (_, __, type) => sized(10, type));
  expect(await refused(new Blob([JPEG]))).toBe("too-small");
  expect(await refused(new Blob(["%PDF-1.7"]))).toBe("no-picture");
  vi.stubGlobal("createImageBitmap", () => Promise.reject(new Error("no")));
  expect(await refused(new Blob([JPEG]))).toBe("unreadable");
  expect(await refused(new Blob([HEIC, new Uint8Array(MOST_UNREAD_BYTES)]))).toBe("too-large");
  const kept = new Blob([HEIC]);
  expect(await prepare(kept)).toEqual({ photo: kept, ratio: null });
});
