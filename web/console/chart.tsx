import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import { theme } from "../design";
import { speaker } from "./texts";

export interface Line {
  name: string;
  /** A design token, so that the line follows the theme. */
  color: "--accent" | "--warn" | "--bad" | "--good";
  values: readonly (number | null)[];
}

/** A small chart over time. What it shows is also there as a table, for who does not see it. */
export function Chart({
  title,
  times,
  lines,
  unit = "",
}: {
  title: string;
  times: readonly string[];
  lines: readonly Line[];
  unit?: string;
}) {
  const place = useRef<HTMLDivElement>(null);
  const look = theme.value;
  useEffect(() => {
    const host = place.current;
    if (!host) return;
    const token = (name: string) => getComputedStyle(host).getPropertyValue(name).trim();
    const axis = {
      stroke: token("--ink-soft"),
      grid: { stroke: token("--line"), width: 1 },
      ticks: { stroke: token("--line") },
    };
    const chart = new uPlot(
      {
        width: host.clientWidth || 320,
        height: 150,
        legend: { show: false },
        cursor: { show: false },
        axes: [
          {
            ...axis,
            space: 72,
            values: (_, at) => at.map((one) => speaker.date(new Date(one * 1000), { hour: "numeric" })),
          },
          { ...axis, size: 72, values: (_, at) => at.map((one) => `${speaker.number(one)}${unit}`) },
        ],
        series: [
          {},
          ...lines.map((one) => ({
            label: one.name,
            stroke: token(one.color),
            width: 2,
            points: { show: true, size: 5 },
          })),
        ],
        scales: { y: { range: (_, __, high) => [0, Math.max(1, high * 1.1)] } },
      },
      [times.map((one) => new Date(one).getTime() / 1000), ...lines.map((one) => [...one.values])],
      host,
    );
    const resized = new ResizeObserver(() => chart.setSize({ width: host.clientWidth, height: 150 }));
    resized.observe(host);
    return () => {
      resized.disconnect();
      chart.destroy();
    };
  }, [times, lines, unit, look]);
  return (
    <figure class="c-chart">
      <figcaption>
        {title}
        <span class="a-row">
          {lines.map((one) => (
            <span key={one.name} class="c-color">
              <span style={{ background: `var(${one.color})` }} />
              {one.name}
            </span>
          ))}
        </span>
      </figcaption>
      <div ref={place} aria-hidden="true" />
      <div class="a-hidden">
        <table>
          <caption>{title}</caption>
          <tbody>
            {times.map((at, number) => (
              <tr key={at}>
                <th scope="row">{speaker.date(at)}</th>
                {lines.map((one) => (
                  <td key={one.name}>
                    {one.name} {one.values[number] ?? "–"}
                    {unit}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}
