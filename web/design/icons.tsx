/** Line icons on a 24-unit grid, drawn for Akin. They say nothing to a screen reader: the button's label does. */
const PATHS = {
  camera:
    "M4 8h3l1.5-2.5h7L17 8h3a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1V9a1 1 0 0 1 1-1Z M12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7Z",
  picture: "M4 5h16v14H4Z M8.5 10.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z M4 16l4.5-4 4 3.5L16 12l4 4",
  search: "M11 17.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Z M16 16l4.5 4.5",
  close: "M6 6l12 12 M18 6L6 18",
  filter: "M4 6h16 M7 12h10 M10 18h4",
  crop: "M7 3v14h14 M3 7h14v14",
  back: "M15 5l-7 7 7 7",
  next: "M9 5l7 7-7 7",
  down: "M5 9l7 7 7-7",
  similar: "M4 4h10v10H4Z M14 10h6v10H10v-6",
  open: "M14 4h6v6 M20 4l-9 9 M18 14v5H5V6h5",
  history: "M4 12a8 8 0 1 0 2.5-5.8 M4 4v4h4 M12 8v4.5l3 2",
  warning: "M12 4l9 16H3Z M12 10v4.5 M12 17.4v.1",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Z M12 11v5.5 M12 7.6v.1",
  done: "M4.5 12.5l5 5 10-11",
  trash: "M5 7h14 M10 7V4.5h4V7 M7 7l1 13h8l1-13",
  sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8Z M12 2.5v2 M12 19.5v2 M2.5 12h2 M19.5 12h2 M5.3 5.3l1.4 1.4 M17.3 17.3l1.4 1.4 M5.3 18.7l1.4-1.4 M17.3 6.7l1.4-1.4",
  moon: "M20 14.5A8.5 8.5 0 0 1 9.5 4a8.5 8.5 0 1 0 10.5 10.5Z",
  bag: "M6 8h12l1 12H5Z M9 8a3 3 0 0 1 6 0",
  key: "M14.5 13.5a4.5 4.5 0 1 0-4-4L4 16v4h4v-2h2v-2h2Z M16 8v.1",
  upload: "M12 16V5 M7.5 9L12 4.5 16.5 9 M5 19.5h14",
  refresh: "M19.5 12a7.5 7.5 0 1 1-2.3-5.4 M19.5 4v4.5H15",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="a-icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}
