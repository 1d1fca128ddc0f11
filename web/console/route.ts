import { signal } from "@preact/signals";

export const ROOMS = ["catalog", "loads", "lab", "findability", "health", "keys"] as const;
export type Room = (typeof ROOMS)[number];

export interface Route {
  room: Room;
  /** What follows the room: the id of a product or a load. */
  id: string | null;
}

function read(): Route {
  const [room = "", ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  const known = ROOMS.find((one) => one === room) ?? "catalog";
  return { room: known, id: rest.length ? decodeURIComponent(rest.join("/")) : null };
}

export const route = signal<Route>(read());

addEventListener("hashchange", () => {
  route.value = read();
});

export function hrefOf(room: Room, id?: string): string {
  return id === undefined ? `#/${room}` : `#/${room}/${encodeURIComponent(id)}`;
}

export function go(room: Room, id?: string): void {
  location.hash = hrefOf(room, id);
}
