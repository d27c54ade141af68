import { svg } from "../shared/dom";

const PATHS = {
  pan: "M8 1.5v13M1.5 8h13M6 3.5l2-2 2 2M6 12.500l2 2 2-2M3.500 6l-2 2 2 2M12.500 6l2 2-2 2",
  lasso:
    "M8 2.500c3.600 0 6.500 1.800 6.500 4.200S11.600 11 8 11 1.500 9.100 1.500 6.700 4.400 2.500 8 2.500zM4.600 10.300c-1 .7-1.200 2-.2 2.600.9.500 1.200 1.100.8 2",
  box: "M2.500 5V2.500H5M11 2.500h2.500V5M13.500 11v2.500H11M5 13.500H2.500V11M7 2.500h2M7 13.500h2M2.500 7v2M13.500 7v2",
  add: "M8 3v10M3 8h10",
  remove: "M3 8h10",
  undo: "M5.500 3 2.500 6l3 3M2.500 6H10a3.500 3.500 0 0 1 0 7H6",
  redo: "M10.500 3l3 3-3 3M13.500 6H6a3.500 3.500 0 0 0 0 7h4",
  clear: "M4 4l8 8M12 4l-8 8",
  zoom: "M7 2.500a4.500 4.500 0 1 1 0 9 4.500 4.500 0 0 1 0-9zM10.300 10.300l3.700 3.700M7 5v4M5 7h4",
  reset: "M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10M6 8h4M8 6v4",
} as const;

export type IconName = keyof typeof PATHS;

export function icon(name: IconName): SVGElement {
  return svg(
    "svg",
    { class: "nbi-icon", viewBox: "0 0 16 16", "aria-hidden": "true" },
    svg("path", { d: PATHS[name] }),
  );
}
