/** A number as read aloud and on labels: fixed digits, a true minus. */
export function number(value: number, digits: number): string {
  if (!Number.isFinite(value)) return "not known";
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}
