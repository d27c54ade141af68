/** Okabe and Ito's colours, distinct under the common colour-vision deficiencies; grey for black. */
const OKABE_ITO = [
  "#0072b2",
  "#e69f00",
  "#009e73",
  "#cc79a7",
  "#d55e00",
  "#56b4e9",
  "#f0e442",
  "#7f7f7f",
] as const;

/**
 * For more categories: the same hues again, lighter and darker. Neighbouring entries differ in hue
 * and in lightness, so most can be told apart with any colour vision; labels are the second cue.
 */
const HUES: readonly string[] = [...OKABE_ITO.slice(0, 7), "#8c6bb1"];
const SHIFTS = [0, 0.42, -0.36, 0.66, -0.58] as const;

/** Control points of viridis (matplotlib, CC0), evenly spaced from 0 to 1. */
const VIRIDIS = [
  "#440154",
  "#482878",
  "#3e4989",
  "#31688e",
  "#26828e",
  "#1f9e89",
  "#35b779",
  "#6ece58",
  "#b5de2b",
  "#fde725",
] as const;

export type Rgb = readonly [red: number, green: number, blue: number];

export function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

export function hex([red, green, blue]: Rgb): string {
  const part = (value: number) => Math.round(value).toString(16).padStart(2, "0");
  return `#${part(red)}${part(green)}${part(blue)}`;
}

/** The colour `share` of the way from `from` to `to`, both as #rrggbb. */
export function mix(from: string, to: string, share: number): string {
  const [a, b] = [rgb(from), rgb(to)];
  return hex(
    [0, 1, 2].map((i) => (a[i] ?? 0) + ((b[i] ?? 0) - (a[i] ?? 0)) * share) as unknown as Rgb,
  );
}

function shifted(color: string, shift: number): string {
  return shift >= 0 ? mix(color, "#ffffff", shift) : mix(color, "#000000", -shift);
}

/**
 * `count` colours for categories: Okabe–Ito up to eight, then lighter and darker versions. On a
 * dark page, very dark colours are lightened.
 */
export function categorical(count: number, dark = false): string[] {
  const colors =
    count <= OKABE_ITO.length
      ? OKABE_ITO.slice(0, count)
      : Array.from({ length: count }, (_, i) => {
          const round = Math.floor(i / HUES.length) % SHIFTS.length;
          return shifted(HUES[i % HUES.length] as string, SHIFTS[round] as number);
        });
  return colors.map((color) =>
    dark && luminance(color) < 0.12 ? mix(color, "#ffffff", 0.3) : color,
  );
}

/** Viridis at `value`, clipped to [0, 1]. */
export function viridis(value: number): string {
  const at = Math.min(1, Math.max(0, value)) * (VIRIDIS.length - 1);
  const low = Math.min(VIRIDIS.length - 2, Math.floor(at));
  return mix(VIRIDIS[low] as string, VIRIDIS[low + 1] as string, at - low);
}

/** Below and above zero: Okabe and Ito's blue and vermilion; the middle is the page's neutral. */
const BELOW = { light: ["#7fb6d9", "#0072b2", "#00395a"], dark: ["#1d4a66", "#2a8fca", "#a9dcff"] };
const ABOVE = { light: ["#eaa97a", "#d55e00", "#6e2f00"], dark: ["#6b3a16", "#e07a2c", "#ffd2ae"] };

/** The colour of `value` from −1 to 1 (clipped), neutral at zero. */
export function diverging(value: number, dark: boolean): string {
  const side = (value < 0 ? BELOW : ABOVE)[dark ? "dark" : "light"];
  const stops = [dark ? "#2a2d33" : "#f2f2f2", ...side];
  const at = Math.min(1, Math.abs(value)) * (stops.length - 1);
  const low = Math.min(stops.length - 2, Math.floor(at));
  return mix(stops[low] as string, stops[low + 1] as string, at - low);
}

/** Relative luminance of a colour, 0 to 1 (WCAG 2). */
function luminance(color: string): number {
  const linear = rgb(color).map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const [r = 0, g = 0, b = 0] = linear;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Black or white, whichever reads better on `background` (#rrggbb). */
export function inkOn(background: string): string {
  return luminance(background) > 0.2 ? "#000000" : "#ffffff";
}
