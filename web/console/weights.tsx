import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Button } from "../design";
import { speaker } from "./texts";

const { t } = speaker;

/** Trial weights by stage and feature; what is not named serves as it is. */
export type Trial = Record<string, Record<string, number>>;

export function changesOf(trial: Trial): Record<string, { weights: Record<string, number> }> | null {
  const stages = Object.entries(trial).filter(([, weights]) => Object.keys(weights).length);
  return stages.length ? Object.fromEntries(stages.map(([stage, weights]) => [stage, { weights }])) : null;
}

/** A slider a feature; the same trial weight in every stage that uses the feature would hide what differs, so stages are apart. */
export function Weights({
  current,
  trial,
  onTry,
}: {
  current: Schemas["CalibrationModel"];
  trial: Trial;
  onTry: (trial: Trial) => void;
}) {
  const [shown, setShown] = useState<Trial>(trial);
  const set = (stage: string, feature: string, value: number) => {
    const others = Object.fromEntries(Object.entries(shown[stage] ?? {}).filter(([name]) => name !== feature));
    const own = current.stages[stage]?.weights[feature];
    const weights = value === own ? others : { ...others, [feature]: value };
    const next = { ...shown, [stage]: weights };
    setShown(next);
    return next;
  };
  return (
    <details class="c-weights">
      <summary>{t("lab.weights")}</summary>
      <p class="c-soft">{t("lab.weights.lead")}</p>
      {Object.entries(current.stages).map(([stage, own]) => (
        <fieldset key={stage}>
          <legend>{t(`stage.${stage as "fine" | "coarse" | "words"}`)}</legend>
          {Object.entries(own.weights).map(([feature, weight]) => {
            const value = shown[stage]?.[feature] ?? weight;
            return (
              <label key={feature} class="c-slider">
                <span>{feature}</span>
                <input
                  type="range"
                  min={0}
                  max={Math.max(10, Math.ceil(weight * 2))}
                  step={0.05}
                  value={value}
                  onInput={(event) => set(stage, feature, event.currentTarget.valueAsNumber)}
                  onChange={(event) => onTry(set(stage, feature, event.currentTarget.valueAsNumber))}
                />
                <output>
                  {speaker.number(value, { maximumFractionDigits: 2 })}
                  {value !== weight && ` (${speaker.number(weight, { maximumFractionDigits: 2 })})`}
                </output>
              </label>
            );
          })}
        </fieldset>
      ))}
      <Button
        onClick={() => {
          setShown({});
          onTry({});
        }}
      >
        {t("lab.weights.reset")}
      </Button>
    </details>
  );
}
