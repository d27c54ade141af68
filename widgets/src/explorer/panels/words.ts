import type { Operation } from "../state/selection";
import type { FitSummary } from "../traits";

const NUMBER = new Intl.NumberFormat("en-US");

export function count(n: number): string {
  return NUMBER.format(n);
}

/** The size of the selection, in words. */
export function selected(k: number, n: number): string {
  if (n === 0) return "No samples to show";
  if (k === 0) return `${plural(n, "sample")}, none selected`;
  const share = (100 * k) / n;
  const percent = share < 0.1 ? "< 0.1" : share < 10 ? share.toFixed(1) : share.toFixed(0);
  return `${count(k)} selected of ${count(n)} (${percent} %)`;
}

/** Why a gesture without samples had no effect. */
export function caughtNothing(operation: Operation, shape: "lasso" | "box"): string {
  const effect = {
    replace: "the selection stays",
    add: "none added",
    remove: "none removed",
    intersect: "the selection stays",
  };
  return `No samples in the ${shape}: ${effect[operation]}`;
}

function plural(n: number, noun: string): string {
  return `${count(n)} ${noun}${n === 1 ? "" : "s"}`;
}

/** The result of the last fit, in words. */
export function fitted({ n_factors, n_samples, seconds, converged }: FitSummary): string {
  const time = seconds < 0.05 ? "under 0.1" : seconds.toFixed(1);
  const doubt = converged ? "" : ", not converged: read with care";
  return `${plural(n_factors, "factor")} of ${plural(n_samples, "sample")} in ${time} s${doubt}`;
}
