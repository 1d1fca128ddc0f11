import { ApiProblem } from "../api/client";
import { MOST_UNREAD_BYTES, PhotoError, prepare } from "../shop/photo";

/**
 * A photo as it can be sent: as it is, so that the server sees the file itself; only what is too large for it is shrunk
 * here first, as the shopper's page does it. Throws ApiProblem with the codes the server would have answered.
 */
export async function sendable(file: File): Promise<File> {
  if (file.size <= MOST_UNREAD_BYTES) return file;
  try {
    const { photo } = await prepare(file);
    return new File([photo], file.name, { type: photo.type });
  } catch (failure) {
    if (!(failure instanceof PhotoError)) throw failure;
    const code = failure.trouble === "too-large" ? "photo-too-large" : "photo-unsupported-format";
    throw new ApiProblem(code, 0, failure.trouble, null, "");
  }
}
