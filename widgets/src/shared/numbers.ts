/** A number with a fixed number of decimals and a true minus sign. */
export function number(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "not known";
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

/** A number with this many significant digits, as a power of ten if very small or large. */
export function significant(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "not known";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const plain = size >= 1e-3 && size < 1e5;
  const text = plain
    ? String(Number(value.toPrecision(digits)))
    : value.toExponential(digits - 1).replace("e+", "e");
  return text.replaceAll("-", "−");
}
