const STORED = "akin.key";

/** The key this device was given for a search that asks for one. */
export function knownKey(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** Take a key from the address, `/#key=akin_live_…`, as a shop's link or QR code carries it; it is not sent with the request. */
export function keyFromAddress(): void {
  const key = new URLSearchParams(location.hash.slice(1)).get("key");
  if (!key) return;
  rememberKey(key);
  history.replaceState(history.state, "", location.pathname + location.search);
}

export function rememberKey(key: string): void {
  try {
    localStorage.setItem(STORED, key);
  } catch {
    // storage can be forbidden; then it is asked for again
  }
}
