/** How far something is, 0..1; `undefined` where nobody knows. */
export function Progress({ label, share }: { label: string; share?: number | undefined }) {
  const known = share !== undefined;
  return (
    <div
      class="a-progress"
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={known ? Math.round(share * 100) : undefined}
      data-endless={known ? undefined : ""}
    >
      <div style={known ? { width: `${100 * share}%` } : undefined} />
    </div>
  );
}
