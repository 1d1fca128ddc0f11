import { signal } from "@preact/signals";

/** A search kept on this device only. */
export interface Kept {
  readonly id: string;
  readonly at: number;
  readonly photo: Blob;
  readonly ratio: number | null;
  /** What was seen, in the shop's words; "" where nothing was. */
  readonly type: string;
}

const MOST = 12;
const STORE = "searches";

/** The last photo searches, newest first. They never leave the device, and one button forgets them. */
export class History {
  readonly kept = signal<readonly Kept[]>([]);
  private opened: Promise<IDBDatabase> | undefined;

  constructor(private readonly name = "akin") {}

  async read(): Promise<void> {
    const found = await this.run("readonly", (store) => store.getAll() as IDBRequest<Kept[]>);
    this.kept.value = (found ?? []).sort((one, other) => other.at - one.at);
  }

  async keep(one: Kept): Promise<void> {
    const rest = this.kept.value.filter((other) => other.id !== one.id);
    const dropped = rest.slice(MOST - 1);
    this.kept.value = [one, ...rest.slice(0, MOST - 1)];
    await this.run("readwrite", (store) => {
      dropped.forEach((other) => store.delete(other.id));
      return store.put(one);
    });
  }

  async forget(): Promise<void> {
    this.kept.value = [];
    await this.run("readwrite", (store) => store.clear());
  }

  /** undefined where the browser keeps nothing (a private window, storage forbidden): the search works without. */
  private async run<Found>(
    mode: IDBTransactionMode,
    work: (store: IDBObjectStore) => IDBRequest<Found>,
  ): Promise<Found | undefined> {
    try {
      this.opened ??= this.open();
      const store = (await this.opened).transaction(STORE, mode).objectStore(STORE);
      return await done(work(store));
    } catch {
      return undefined;
    }
  }

  private open(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.name, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    return done(request);
  }
}

function done<Found>(request: IDBRequest<Found>): Promise<Found> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser's storage failed"));
  });
}
