import type { ComponentChildren, InputHTMLAttributes } from "preact";

/** A label above what it names. */
export function Field({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <label class="a-field">
      <span>{label}</span>
      {children}
    </label>
  );
}

export interface TextFieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  type?: "text" | "search" | "url" | "password" | "number" | "email";
  name?: string;
  placeholder?: string;
  autocomplete?: string;
  maxLength?: number;
  required?: boolean;
  disabled?: boolean;
  invalid?: boolean;
}

export function TextField({ label, onInput, invalid = false, type = "text", ...native }: TextFieldProps) {
  // Preact types inputs by each single type; ours are all of those that take a line of text.
  const attributes = { type, ...native } as InputHTMLAttributes;
  return (
    <Field label={label}>
      <input
        class="a-input"
        {...attributes}
        aria-invalid={invalid}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
    </Field>
  );
}

export function Select<Value extends string>({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: Value;
  options: readonly { value: Value; label: string }[];
  onChange: (value: Value) => void;
}) {
  return (
    <Field label={label}>
      <select
        class="a-input"
        value={value}
        onChange={(event) => {
          const chosen = options.find((one) => one.value === event.currentTarget.value);
          if (chosen) onChange(chosen.value);
        }}
      >
        {options.map((one) => (
          <option key={one.value} value={one.value}>
            {one.label}
          </option>
        ))}
      </select>
    </Field>
  );
}
