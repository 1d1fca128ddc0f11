const STORED = "akin.key";

/** The key this device was given for a search that asks for one. */
export function knownKey(): string | null {
  try {
    return localStorage.getItem(STORED);
  } catch {
    return null;
  }
}

export function rememberKey(key: string): void {
  try {
    localStorage.setItem(STORED, key);
  } catch {
    // storage can be forbidden; then it is asked for again
  }
}
